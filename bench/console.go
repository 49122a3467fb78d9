package main

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"io"
	"log"
	"log/slog"
	"math/rand/v2"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"custody"
	"custody/console"
	"custody/identity"
	"custody/ledger"
	"custody/policy"
	"custody/signin"
	"custody/site"
	"custody/store"
)

// What the console is measured over.
const (
	deskPeople    = 10_000
	deskGrants    = 1_000
	deskCustomers = 200_000
	deskEvents    = 5_000_000 // of four customers each
	deskDays      = 90
	deskRounds    = 15
	deskBranches  = 50
	deskMost      = 100 * time.Millisecond
	deskLogin     = "person1@northfield.example"
	deskGroup     = 4096
	deskPerEvent  = 4
)

// frontDesk is a deployment with its console, in this process.
type frontDesk struct {
	dir    string
	store  *store.Store
	site   *site.Site
	listen net.Listener
	url    string
}

// measureConsole loads people, grants and disclosures, and asks each page of the console
// as the data-protection lead.
func measureConsole(ctx context.Context, w *world, _ row) (list []result, err error) {
	d := &frontDesk{dir: filepath.Join(w.dir, "console")}
	defer d.close()
	if err := d.open(ctx); err != nil {
		return nil, err
	}
	pages := []struct{ name, path string }{
		{"now", "/now"}, {"who saw a customer", "/customers/7"}, {"answer for a customer", "/customers/8/answer"}, {"people", "/people"},
		{"people, sought", "/people?q=person99"}, {"a person beside colleagues", "/people/3"}, {"rights", "/rights"},
		{"who can see", "/rights?category=phone&system=bodyshop"}, {"give a right", "/rights/give"}, {"why somebody sees", "/people/3?why=bodyshop"}, {"systems", "/systems"}, {"ledger", "/ledger"}, {"requests", "/requests"},
		{"reviews", "/reviews"}, {"alerts", "/alerts"}, {"complaints", "/complaints"}, {"me", "/me"},
	}
	for _, p := range pages {
		var times []float64
		cookie, err := d.cookie(ctx)
		if err != nil {
			return nil, err
		}
		for range deskRounds {
			took, err := d.ask(cookie, p.path)
			if err != nil {
				return nil, fmt.Errorf("%s: %w", p.path, err)
			}
			times = append(times, float64(took.Microseconds())/1000)
		}
		worst := slices.Max(times)
		list = append(list, result{name: "console: " + p.name, figure: fmt.Sprintf("%.1f ms, at most %.1f ms", med(times), worst), demand: "≤100 ms", met: yes(med(times) <= float64(deskMost.Milliseconds()))})
	}
	return list, nil
}

// open fills store and ledger and starts the site.
func (d *frontDesk) open(ctx context.Context) (err error) {
	if err = os.RemoveAll(d.dir); err == nil {
		err = os.MkdirAll(d.dir, 0o700)
	}
	if err != nil {
		return err
	}
	if d.store, err = store.Open(filepath.Join(d.dir, "custody.db")); err != nil {
		return err
	}
	began := time.Now()
	if err := d.fillStore(); err != nil {
		return err
	}
	if err := d.fillLedger(); err != nil {
		return err
	}
	log.Printf("  %d people, %d grants and %d disclosures loaded in %.0f s", deskPeople, deskGrants, deskEvents*deskPerEvent, time.Since(began).Seconds())
	return d.start(ctx)
}

func (d *frontDesk) key() []byte { return bytes.Repeat([]byte{7}, 32) }

// fillStore adds people, their branches, grants and customers.
func (d *frontDesk) fillStore() error {
	for _, name := range []string{"bodyshop", console.SystemName} {
		if _, err := d.store.EnsureSystem(name); err != nil {
			return err
		}
	}
	id, err := identity.New(identity.Options{Storage: d.store, Key: d.key()})
	if err != nil {
		return err
	}
	org, err := id.EnsureOrganisation("Northfield")
	if err != nil {
		return err
	}
	began := time.Now().AddDate(0, 0, -deskDays-1)
	for n := 1; n <= deskPeople; n++ {
		p := identity.Person{Login: fmt.Sprintf("person%d@northfield.example", n), FullName: fmt.Sprintf("Person %d", n), Added: began}
		e := identity.Engagement{Organisation: org, OrgName: "Northfield", Branch: fmt.Sprintf("Branch %d", n%deskBranches+1), Roles: []string{"role" + strconv.Itoa(n%10)}, Start: began}
		if err := d.store.AddPerson(&p, &e); err != nil {
			return err
		}
	}
	for n := range deskGrants {
		g := policy.Grant{Role: "role" + strconv.Itoa(n%10), System: "bodyshop", See: custody.Categories(custody.Category(n % 8)), Start: began}
		if n >= 100 {
			g.Role, g.Person = "", fmt.Sprintf("person%d@northfield.example", n)
		}
		if err := d.store.AddGrant(&g); err != nil {
			return err
		}
	}
	for from := 0; from < deskCustomers; from += 10_000 {
		keys := make([]string, 10_000)
		for i := range keys {
			keys[i] = strconv.Itoa(from + i + 1)
		}
		if _, err := d.store.Assign(1, keys); err != nil {
			return err
		}
	}
	return d.store.AddConsoleRole(&store.ConsoleRole{Person: 1, Role: string(console.Lead), Start: began})
}

// fillLedger writes three months of looks of a thousand busy people: a few see much.
func (d *frontDesk) fillLedger() error {
	o := ledger.Options{Origin: "custody.example/bench"}
	dir := filepath.Join(d.dir, "ledger")
	if err := ledger.Create(dir, o); err != nil {
		return err
	}
	l, err := ledger.Open(dir, o)
	if err != nil {
		return err
	}
	r := rand.New(rand.NewPCG(1, 2))
	busy := rand.NewZipf(r, 1.2, 30, 999)
	at := time.Now().AddDate(0, 0, -deskDays)
	gap := time.Since(at) / (deskEvents + 1)
	group := make([]*custody.Event, 0, deskGroup)
	for n := range deskEvents {
		at = at.Add(gap)
		e := &custody.Event{Kind: custody.EventDisclosure, Route: custody.RoutePage, Time: at, Person: custody.PersonID(busy.Uint64() + 2), Organisation: 1,
			System: 1, Clear: custody.Categories(custody.Name, custody.Phone), Subjects: make([]custody.SubjectID, deskPerEvent)}
		first := custody.SubjectID(r.IntN(deskCustomers - deskPerEvent))
		for i := range e.Subjects {
			e.Subjects[i] = first + custody.SubjectID(i) + 1
		}
		if group = append(group, e); len(group) == deskGroup || n == deskEvents-1 {
			if err := l.Append(group...); err != nil {
				return err
			}
			group = group[:0]
		}
	}
	return l.Close()
}

func (d *frontDesk) start(ctx context.Context) (err error) {
	if d.listen, err = net.Listen("tcp", "127.0.0.1:0"); err != nil {
		return err
	}
	public := &url.URL{Scheme: "http", Host: net.JoinHostPort("localhost", strconv.Itoa(d.listen.Addr().(*net.TCPAddr).Port))}
	d.url = public.String()
	d.site, err = site.Open(ctx, site.Options{Store: d.store, LedgerDir: filepath.Join(d.dir, "ledger"), Origin: "custody.example/bench", Key: d.key(),
		Systems: []site.System{{System: custody.System{Name: "bodyshop"}}}, Console: &site.Console{Public: public}, Detection: site.Detection{Off: true},
		Zone: time.UTC, Log: slog.New(slog.NewTextHandler(io.Discard, nil))})
	if err != nil {
		return err
	}
	go d.site.ServeConsole(d.listen)
	cookie, err := d.cookie(ctx)
	if err != nil {
		return err
	}
	for began := time.Now(); ; time.Sleep(200 * time.Millisecond) {
		body, err := d.get(cookie, "/now")
		if err != nil {
			return err
		}
		if !strings.Contains(body, "still being read") {
			log.Printf("  the figures were read in %.1f s after the start", time.Since(began).Seconds())
			return nil
		}
	}
}

// cookie signs the lead in and states why customers are looked at.
func (d *frontDesk) cookie(ctx context.Context) (string, error) {
	value, _, sess, err := d.site.Identity.SignInBrowser(ctx, identity.SignIn{Login: deskLogin, System: console.SystemName, Method: identity.MethodPassword, Address: "127.0.0.1", TTL: time.Hour})
	if err != nil {
		return "", err
	}
	notice := signin.DefaultNotice()
	if err := cmp.Or(d.site.Identity.AcceptNotice(sess, notice.Version, notice.Text), d.site.Identity.Close(sess, custody.CodeNone)); err != nil {
		return "", err
	}
	cookie := "__Host-custody_" + console.SystemName + "=" + value
	for _, n := range []int{7, 8} {
		r, err := http.NewRequest(http.MethodPost, fmt.Sprintf("%s/customers/%d/reason", d.url, n), strings.NewReader("reason=measuring"))
		if err != nil {
			return "", err
		}
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		r.Header.Set("Sec-Fetch-Site", "same-origin")
		r.Header.Set("Cookie", cookie)
		resp, err := http.DefaultTransport.RoundTrip(r)
		if err != nil {
			return "", err
		}
		resp.Body.Close()
	}
	return cookie, nil
}

func (d *frontDesk) get(cookie, path string) (string, error) {
	r, err := http.NewRequest(http.MethodGet, d.url+path, nil)
	if err != nil {
		return "", err
	}
	r.Header.Set("Cookie", cookie)
	resp, err := http.DefaultTransport.RoundTrip(r)
	if err != nil {
		return "", err
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err == nil && resp.StatusCode != http.StatusOK {
		err = fmt.Errorf("status %d", resp.StatusCode)
	}
	return string(b), err
}

// ask gives how long a page takes, from the request to its last byte.
func (d *frontDesk) ask(cookie, path string) (time.Duration, error) {
	began := time.Now()
	body, err := d.get(cookie, path)
	took := time.Since(began)
	if err == nil && strings.Contains(body, "Why do you look") {
		err = fmt.Errorf("the page asks for a reason")
	}
	return took, err
}

func (d *frontDesk) close() {
	if d.listen != nil {
		d.listen.Close()
	}
	if d.site != nil {
		d.site.Close()
	}
	if d.store != nil {
		d.store.Close()
	}
	os.RemoveAll(d.dir)
}
