package main

import (
	"context"
	"encoding/csv"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"custody/lab/live"
)

// frank moved to another employer. Nobody told the administrator, and his login works.
const frank = "frank@northfield.example"

// colleagues work beside him.
var colleagues = []string{"gwen@northfield.example", "hari@northfield.example", "iris@northfield.example", "jack@northfield.example", "kate@northfield.example", "liam@northfield.example"}

// insider: a week's work in a second, the complaints that follow, and where they point.
func (d *demo) insider() error {
	d.title("13. Frank has moved to a claims company. His login still works, and he sells what he looks up")
	staff, mine, b, err := d.atWork()
	if err != nil {
		return err
	}
	keys, err := d.keys()
	if err != nil {
		return err
	}
	truth, err := live.Play(d.ctx, live.Options{Seed: uint64(time.Now().UnixNano()), Staff: staff, Keys: keys, Each: 15, Taken: 60, Victims: 10, Others: 3})
	if err != nil {
		return err
	}
	d.say("   %d looks by %d estimators with psql and the portal, every one on record. %d of Frank's belong to no job of his.", truth.Looks, len(staff), len(truth.Taken))
	if err := d.complain(truth); err != nil {
		return err
	}
	out, err := d.custody("trace", "--system", "bodyshop", "--lag", "2s", "--page", filepath.Join(d.root, "leak.html"))
	if err != nil {
		return err
	}
	d.indent(out[strings.Index(out, "CANDIDATE"):], 30)
	if err := expect(strings.Contains(out, "The complaints name the login "+frank), "the trace says %q", out); err != nil {
		return err
	}
	return d.cutOff(mine, b)
}

// atWork lets Frank and his colleagues in; Frank comes by psql and by the portal.
func (d *demo) atWork() (staff []live.Look, mine *pgx.Conn, b *browser, err error) {
	const query = "SELECT id, phone FROM customers WHERE id = $1::text::int"
	for _, who := range append([]string{frank}, colleagues...) {
		name := strings.ToUpper(who[:1]) + who[1:strings.IndexByte(who, '@')] + " Moss"
		if out, err := d.quiet("person", "add", who, "--name", name, "--organisation", "Northfield", "--role", "estimator"); err != nil {
			return nil, nil, nil, fmt.Errorf("person add: %s", out)
		}
		token, err := d.quiet("token", "issue", "--person", who, "--system", "bodyshop", "--ttl", "8h")
		if err != nil {
			return nil, nil, nil, fmt.Errorf("token issue: %s", token)
		}
		d.tokens[who] = wordIn(token, "cst_")
		conn, err := pgx.Connect(d.ctx, d.url(who))
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

// keys are customers whom nobody has looked at in this story.
func (d *demo) keys() (list []string, err error) {
	conn, err := pgx.Connect(d.ctx, d.pg.URLFor("bodyshop"))
	if err != nil {
		return nil, err
	}
	defer conn.Close(context.Background())
	rows, err := conn.Query(d.ctx, "SELECT id::text FROM customers WHERE id > 20000 AND phone IS NOT NULL")
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowTo[string])
}

// complain puts the complaints in a list, as they come by mail, and takes it in.
func (d *demo) complain(truth *live.Truth) error {
	path := filepath.Join(d.root, "complaints.csv")
	f, err := os.OpenFile(path, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	defer f.Close()
	w := csv.NewWriter(f)
	_ = w.Write([]string{"reference", "name", "phone", "customer", "called", "knew", "what happened"})
	for i, c := range truth.Complaints {
		knew := ""
		if c.Leaked {
			knew = "my accident"
		}
		_ = w.Write([]string{fmt.Sprint(i + 1), "", c.Phone, c.Key, truth.Last.Add(2 * time.Second).UTC().Format(time.RFC3339), knew, "They would not say where they had my number."})
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

// cutOff: the login that the trace points at is ended, at both doors.
func (d *demo) cutOff(mine *pgx.Conn, b *browser) error {
	if _, err := d.custody("person", "leave", frank); err != nil {
		return err
	}
	start := time.Now()
	for {
		if _, err := mine.Exec(d.ctx, "SELECT 1"); err != nil {
			d.say("     his connection broke off %d ms later: %v", time.Since(start).Milliseconds(), oneLine(err))
			break
		}
		if time.Since(start) > 2*time.Second {
			return expect(false, "he is still connected")
		}
	}
	p, err := b.open(d.ctx, "/board")
	if err != nil {
		return err
	}
	d.say("     his browser is at %s. The page for the file: %s", p.path, filepath.Join(d.root, "leak.html"))
	return expect(p.path == "/.custody/sign-in", "his browser is at %s", p.path)
}
