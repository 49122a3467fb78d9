package main

import (
	"context"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"custody/lab/live"
)

// insider: a week's work in seconds. He is noticed while he works; complaints come, and
// where they point is where the alert pointed.
func (d *demo) insider() error {
	d.title("13. Frank has moved to a claims company. His login still works, and he sells what he looks up")
	if err := d.watches(); err != nil {
		return err
	}
	staff, mine, b, err := d.atWork()
	if err != nil {
		return err
	}
	before, err := d.alerts()
	if err != nil {
		return err
	}
	began := make(chan time.Time, 1)
	done, noticed := make(chan struct{}), make(chan error, 1)
	go func() { noticed <- d.notice(before, began, done) }()
	start := time.Now()
	truth, err := live.Play(d.ctx, live.Options{Seed: uint64(start.UnixNano()), Staff: staff, Own: d.work.today, Foreign: d.work.foreign,
		Each: 15, Taken: 60, Pause: 20 * time.Millisecond, Began: began, Victims: 10})
	close(done)
	if err != nil {
		return err
	}
	took := time.Since(start)
	if err := <-noticed; err != nil {
		return err
	}
	d.say("   %d looks by %d estimators with psql and the portal, every one on record. %d of Frank's belong to no job of his branch.", truth.Looks, len(staff), len(truth.Taken))
	lag := 2*took.Truncate(time.Second) + 8*time.Second // a month in life
	if err := d.complain(truth); err != nil {
		return err
	}
	out, err := d.custody("trace", "--system", "bodyshop", "--lag", lag.String(), "--page", filepath.Join(d.root, "leak.html"))
	if err != nil {
		return err
	}
	d.indent(out[strings.Index(out, "CANDIDATE"):], 30)
	if err := expect(strings.Contains(out, "The complaints name the login "+frank), "the trace says %q", out); err != nil {
		return err
	}
	if err := d.unseal(); err != nil {
		return err
	}
	return d.cutOff(mine, b)
}

// watches lets Lena in at the console.
func (d *demo) watches() error {
	portal := d.portal
	d.portal = d.console // where she signs in
	b, _, err := d.arrive(lena, "harbour biscuit lamp", "")
	d.portal = portal
	if err != nil {
		return err
	}
	p, err := b.open(d.ctx, "/alerts")
	if err == nil {
		err = expect(p.status == http.StatusOK && p.path == "/alerts", "the console shows her %s (%d)", p.path, p.status)
	}
	return err
}

// atWork lets Frank and his colleagues in; Frank comes by psql and by the portal.
func (d *demo) atWork() (staff []live.Look, mine *pgx.Conn, b *browser, err error) {
	const query = "SELECT id, phone FROM customers WHERE id = $1::text::int"
	for i, who := range append([]string{frank}, colleagues...) {
		token, err := d.quiet("token", "issue", "--person", who, "--system", "bodyshop", "--ttl", "8h")
		if err != nil {
			return nil, nil, nil, fmt.Errorf("token issue: %s", token)
		}
		d.tokens[who] = wordIn(token, "cst_")
		config, err := pgx.ParseConfig(d.url(who))
		if err != nil {
			return nil, nil, nil, err
		}
		config.DialFunc = desk(i).DialContext
		conn, err := pgx.ConnectConfig(d.ctx, config)
		if err != nil {
			return nil, nil, nil, err
		}
		staff = append(staff, live.SQL(conn, query))
		if who == frank {
			mine = conn
		}
	}
	if b, _, err = d.arrive(frank, "orchid tunnel brass", ""); err != nil {
		return nil, nil, nil, err
	}
	b.Transport = &http.Transport{DialContext: desk(0).DialContext}
	sql, n := staff[0], 0
	staff[0] = func(ctx context.Context, key string) (live.Shown, error) {
		if n++; n%4 == 0 {
			if p, err := b.open(ctx, "/customers/"+key); err != nil || p.status == http.StatusOK {
				return live.Shown{Key: key, Phone: p.fields()["phone"]}, err
			}
		}
		return sql(ctx, key)
	}
	return staff, mine, b, nil
}

// desk dials from a machine of its own: each of them sits at one.
func desk(n int) *net.Dialer {
	return &net.Dialer{LocalAddr: &net.TCPAddr{IP: net.IPv4(127, 0, 1, byte(10+n))}}
}

// alert is what the list of alerts says of one.
type alert struct {
	ID     int64  `json:"id"`
	Person string `json:"person"`
	Sealed bool   `json:"sealed"`
	Says   string `json:"says"`
}

// alerts lists those that wait for review.
func (d *demo) alerts() (list []alert, err error) {
	out, err := d.quiet("alert", "list", "--json")
	if err != nil {
		return nil, fmt.Errorf("alert list: %s", out)
	}
	for line := range strings.Lines(out) {
		var a alert
		if err := json.Unmarshal([]byte(line), &a); err != nil {
			return nil, fmt.Errorf("alert list printed %q", line)
		}
		list = append(list, a)
	}
	return list, nil
}

// notice is the screen of whoever watches: it shows the alert that was not there before,
// while the work goes on.
func (d *demo) notice(before []alert, began <-chan time.Time, done <-chan struct{}) error {
	known := map[int64]bool{}
	for _, a := range before {
		known[a.ID] = true
	}
	first, working := <-began, true
	for end := time.Now().Add(time.Minute); time.Now().Before(end); {
		list, err := d.alerts()
		if err != nil {
			return err
		}
		for _, a := range list {
			if known[a.ID] {
				continue
			}
			when := "while he is at work"
			if !working {
				when = "just after"
			}
			d.alert = a.ID
			d.say("   On Lena's screen, %.1f s after his first look without a job, %s:", time.Since(first).Seconds(), when)
			d.say("     \033[1mAlert %d. %s\033[0m", a.ID, a.Says)
			d.say("     About: %s (sealed until two people ask). %s/alerts/%d", a.Person, d.console, a.ID)
			return expect(a.Sealed && (strings.Contains(a.Says, "without any reason") || strings.Contains(a.Says, "no job")), "alert says %q", a.Says)
		}
		select {
		case <-done:
			working, done = false, nil
		case <-time.After(100 * time.Millisecond):
		}
	}
	return expect(false, "nobody noticed")
}

// complain puts the complaints in a list, as they come by mail, and takes it in: of those
// who were called, and of some whom strangers called for another reason.
func (d *demo) complain(truth *live.Truth) error {
	path := filepath.Join(d.root, "complaints.csv")
	f, err := os.OpenFile(path, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	defer f.Close()
	w := csv.NewWriter(f)
	_ = w.Write([]string{"reference", "name", "phone", "customer", "called", "knew", "what happened"})
	called := truth.Last.Add(time.Second).UTC().Format(time.RFC3339)
	for i, c := range truth.Complaints {
		_ = w.Write([]string{fmt.Sprint(i + 1), "", c.Phone, c.Key, called, "my accident", "They would not say where they had my number."})
	}
	for i, key := range d.work.before[:3] {
		_ = w.Write([]string{fmt.Sprint(101 + i), "", "", key, called, "", "A recorded voice."})
	}
	if w.Flush(); w.Error() != nil {
		return w.Error()
	}
	out, err := d.custody("complaint", "import", path)
	if err != nil {
		return err
	}
	lines := strings.Split(strings.TrimSpace(out), "\n")
	d.say("     %s", lines[len(lines)-1])
	if out, err = d.custody("complaint", "list", "--open"); err != nil {
		return err
	}
	d.indent(out, 3)
	return expect(strings.Contains(out, "ACKNOWLEDGE BY") && !strings.Contains(out, "OVERDUE"), "the list of complaints is %q", out)
}

// unseal: who is behind the alert is shown when two people ask for it, on record.
func (d *demo) unseal() error {
	d.say("   The trace and the alert came by different ways. Is it the same login? Two people have to ask:")
	for _, by := range []string{lena, kim} {
		out, err := d.custody("alert", "unseal", fmt.Sprint(d.alert), "--by", by, "--reason", "customers complain")
		if err != nil {
			return err
		}
		d.indent(out, 2)
		if err := expect(strings.Contains(out, frank) == (by == kim), "unsealing by %s says %q", by, out); err != nil {
			return err
		}
	}
	return nil
}

// cutOff: the login that the trace points at is ended, at both doors.
func (d *demo) cutOff(mine *pgx.Conn, b *browser) error {
	if _, err := d.custody("person", "leave", frank); err != nil {
		return err
	}
	ended := time.Now()
	for {
		if _, err := mine.Exec(d.ctx, "SELECT 1"); err != nil {
			d.say("     when the command has returned his connection is gone: %v", oneLine(err))
			break
		}
		if time.Since(ended) > 2*time.Second {
			return expect(false, "he is still connected")
		}
	}
	p, err := b.open(d.ctx, "/board")
	if err != nil {
		return err
	}
	d.say("     his browser is shown %s. The page to print for the case: %s", p.path, filepath.Join(d.root, "leak.html"))
	return expect(p.path == "/.custody/sign-in", "his browser is at %s", p.path)
}
