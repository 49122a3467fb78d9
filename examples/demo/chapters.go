package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// enrol gives somebody a one-time code with which they set up how they sign in.
func (d *demo) enrol(who string, show bool) (code string, err error) {
	if show {
		d.say("   $ custody person enrol %s      # a one-time code; the rest she does herself", who)
	}
	out, err := d.quiet("--json", "person", "enrol", who)
	if err != nil {
		return "", fmt.Errorf("person enrol: %w\n%s", err, out)
	}
	_, rest, _ := strings.Cut(out, `"code":"`)
	code, _, _ = strings.Cut(rest, `"`)
	return code, expect(code != "", "no code in %q", out)
}

// arrive sets somebody up and leaves them signed in, with the notice accepted.
func (d *demo) arrive(who, password, weak string) (b *browser, refused string, err error) {
	code, err := d.enrol(who, weak != "")
	if err != nil {
		return nil, "", err
	}
	l := &login{name: who, password: password}
	d.logins[who] = l
	b = newBrowser(d.portal)
	if refused, err = b.setUp(d.ctx, l, code, weak); err != nil {
		return nil, refused, err
	}
	_, err = b.accept(d.ctx)
	return b, refused, err
}

// signsIn: Alice and the door.
func (d *demo) signsIn() error {
	d.title("3. Alice signs in at the portal as herself")
	b, refused, err := d.arrive(alice, "kettle marmot dusk", "Northfield1")
	if err != nil {
		return err
	}
	d.say("   She chooses the password that the whole branch had, Northfield1:")
	d.say("     %s", refused)
	if err := expect(strings.Contains(refused, "password"), "a weak password was answered with %q", refused); err != nil {
		return err
	}
	d.say("   Three random words and an authenticator app will do; she reads the notice on use and accepts it. Next morning:")
	if _, err := b.send(d.ctx, "/.custody/sign-out"); err != nil {
		return err
	}
	l := d.logins[alice]
	wrong, err := b.send(d.ctx, "/.custody/sign-in", "login", alice, "password", l.password, "code", "000000")
	if err != nil {
		return err
	}
	d.say("     password, wrong code:  %s", wrong.message())
	p, err := b.send(d.ctx, "/.custody/sign-in", "login", alice, "password", l.password, "code", l.code(), "next", "/board")
	if err != nil {
		return err
	}
	if p, err = b.open(d.ctx, "/board"); err != nil {
		return err
	}
	d.say("     password, right code:  she is at %s, and the gate has signed in at the portal for her", p.path)
	d.browser = b
	if err := expect(wrong.status == http.StatusUnauthorized && p.status == http.StatusOK && p.path == "/board", "she is at %s (%d): %s", p.path, p.status, p.message()); err != nil {
		return err
	}
	return d.sharedLogin()
}

// sharedLogin: the portal's own sign-in is not for people any more.
func (d *demo) sharedLogin() error {
	user, password, _ := strings.Cut(sharedAccount, ":")
	p, err := d.browser.send(d.ctx, "/login", "user", user, "password", password)
	if err != nil {
		return err
	}
	d.say("   The branch's shared account, typed into the portal's own form: %s", p.message())
	return expect(p.status == http.StatusForbidden, "the shared account was answered with %d", p.status)
}

// works: an ordinary morning.
func (d *demo) works() error {
	d.title("4. She works as ever, and sees what the job needs")
	found, err := d.browser.open(d.ctx, "/search?q=oliver+turner")
	if err != nil {
		return err
	}
	d.say("   She searches for Oliver Turner: %d customers, each recorded before the page left.", len(found.holders()))
	p, err := d.browser.open(d.ctx, "/customers/4711")
	if err != nil {
		return err
	}
	f := p.fields()
	d.say("   Customer 4711 on her screen (email masked, address and date of birth not her business):")
	for _, name := range []string{"phone", "email", "address", "date_of_birth"} {
		d.say("     %-14s %s", strings.ReplaceAll(name, "_", " "), f[name])
	}
	return expect(found.status == http.StatusOK && len(found.holders()) > 1 && p.status == http.StatusOK && strings.Contains(p.text, "Oliver Turner") && len(f["phone"]) > 8 &&
		!strings.Contains(f["phone"], "•") && strings.Contains(f["email"], "•") && f["address"] != "" && strings.Trim(f["address"], "• ") == "" && strings.Trim(f["date_of_birth"], "• ") == "",
		"the page of customer 4711 (%d) says %v", p.status, f)
}

// export: a contractor with a valid login and basic skills.
func (d *demo) export() error {
	d.title("5. Dave, a contractor with a valid login, tries to take everything")
	b, _, err := d.arrive(dave, "velvet anchor plum", "")
	if err != nil {
		return err
	}
	p, err := b.open(d.ctx, "/export/customers.csv")
	if err != nil {
		return err
	}
	d.say("   The button \"Export CSV\":     %s", p.message())
	if err := expect(p.status == http.StatusForbidden && strings.Contains(p.text, "export"), "the export was answered with %d", p.status); err != nil {
		return err
	}
	for n := 1; ; n++ {
		if p, err = b.open(d.ctx, "/customers?page="+strconv.Itoa(n)); err != nil {
			return err
		}
		if p.status != http.StatusOK || n > 10 {
			break
		}
		d.seen = append(d.seen, p.holders()...)
	}
	d.say("   Page by page instead: %d customers, and those on the board where he began. The next page:\n     %s", len(d.seen), p.message())
	if err := expect(p.status == http.StatusTooManyRequests && len(d.seen) == 100 && len(p.holders()) == 0, "after %d customers came %d", len(d.seen), p.status); err != nil {
		return err
	}
	return d.otherDoor()
}

// otherDoor: the limit counts people, whatever way they are seen.
func (d *demo) otherDoor() error {
	conn, err := pgx.Connect(d.ctx, d.url(dave))
	if err != nil {
		return err
	}
	defer conn.Close(context.Background())
	var pe *pgconn.PgError
	for _, sql := range []string{"COPY customers (id, name, phone) TO STDOUT", "SELECT string_agg(phone, ',') FROM customers"} {
		_, err := conn.Exec(d.ctx, sql)
		d.say("   dave (pgx)> %s", sql)
		if !errors.As(err, &pe) {
			return expect(false, "%s was answered: %v", sql, err)
		}
		d.say("     %s", pe.Message)
	}
	d.say("   dave (a script)> for every id from 1 on: SELECT id, name, phone FROM customers WHERE id = $1")
	more, err := d.harvest(conn)
	if !errors.As(err, &pe) || pe.Code != "53400" || more < 1 || more > 60 {
		return expect(false, "a script got %d customers more, then %v", more, err)
	}
	d.say("     after %d more: %s", more, pe.Message)
	d.say("   The limit counts people, not rows, and through whichever door.")
	return nil
}

// harvest reads one customer after the other until something stops it, and says how
// many it had who were not seen before.
func (d *demo) harvest(conn *pgx.Conn) (more int, err error) {
	for id := 1; id <= customers; id++ {
		rows, err := conn.Query(d.ctx, "SELECT id, name, phone FROM customers WHERE id = $1", id)
		if err == nil {
			rows.Close()
			err = rows.Err()
		}
		if err != nil {
			return more, err
		}
		if !slices.Contains(d.seen, strconv.Itoa(id)) {
			more++
		}
	}
	return more, nil
}

// leaver: Bob's employer closes his account while a download and a statement of his run.
func (d *demo) leaver() error {
	d.title("6. Bob leaves: his employer's directory says so. His download breaks off, his running statement stops, he is out")
	b, _, err := d.arrive(bob, "copper lantern fog", "")
	if err != nil {
		return err
	}
	fast := *b.Client
	b.slow()
	resp, err := b.begin(d.ctx, http.MethodGet, "/export/customers.csv", nil)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if err := expect(resp.StatusCode == http.StatusOK, "a manager's export was answered with %d", resp.StatusCode); err != nil {
		return err
	}
	got := make([]byte, 1500<<10)
	if _, err := io.ReadFull(resp.Body, got); err != nil {
		return err
	}
	d.say("   He may export, and does: customers.csv is on its way to him, over a slow line.")
	statement, err := d.longStatement()
	if err != nil {
		return err
	}
	start := time.Now()
	if err := d.directories["northfield"].leaves(bob); err != nil {
		return err
	}
	if err := d.statementEnds(statement, start); err != nil {
		return err
	}
	rest, cut := io.ReadAll(resp.Body)
	rows := strings.Count(string(got)+string(rest), "\r\n") - 1
	d.say("     his download broke off after %d of some 46,000 customers: %v", rows, oneLine(cut))
	if err := expect(cut != nil && rows > 0 && rows < 40000, "his download ended after %d rows with %v", rows, cut); err != nil {
		return err
	}
	if err := d.reached(rows); err != nil {
		return err
	}
	b.Client = &fast
	p, err := b.open(d.ctx, "/customers/4711")
	if err != nil {
		return err
	}
	d.say("     his next click leads to %s", p.path)
	if err := expect(p.path == "/.custody/sign-in", "a leaver's click leads to %s (%d)", p.path, p.status); err != nil {
		return err
	}
	out, err := d.psql(bob, "SELECT 1")
	d.indent(out, 1)
	if err := expect(err != nil, "a leaver was let in: %q", out); err != nil {
		return err
	}
	return d.onRecord()
}

// onRecord shows what the leaving took away.
func (d *demo) onRecord() error {
	out, err := d.custody("person", "cuts")
	if err != nil {
		return err
	}
	d.indent(out, 6)
	return expect(strings.Contains(out, bob), "what was cut is not on record: %q", out)
}

// reached checks that all whom a download that broke off may have shown are recorded.
func (d *demo) reached(rows int) error {
	out, err := d.quiet("ledger", "saw", "--person", bob, "--since", "1h")
	if err != nil {
		return fmt.Errorf("ledger saw: %s", out)
	}
	at := max(0, strings.LastIndex(out, " customers in "))
	written, _ := strconv.Atoi(out[strings.LastIndexByte(out[:at], '\n')+1 : at])
	d.say("     the ledger names %d whom he may have had: no record, no release", written)
	return expect(written >= rows, "he had %d customers and the ledger names %d", rows, written)
}

// longStatement starts one that runs for half a minute.
func (d *demo) longStatement() (chan error, error) {
	conn, err := pgx.Connect(d.ctx, d.url(bob))
	if err != nil {
		return nil, err
	}
	const sql = "SELECT c.id, c.name, pg_sleep(0.2) FROM customers c WHERE c.id BETWEEN 900 AND 1040"
	d.say("   bob (pgx)> %s", sql)
	ended := make(chan error, 1)
	go func() {
		_, err := conn.Exec(d.ctx, sql)
		_ = conn.Close(context.Background())
		ended <- err
	}()
	time.Sleep(300 * time.Millisecond) // the statement is under way
	return ended, nil
}

func (d *demo) statementEnds(ended chan error, start time.Time) (err error) {
	select {
	case err = <-ended:
	case <-time.After(2 * time.Second):
		return expect(false, "his statement still runs")
	}
	d.say("     his statement ended %d ms after the directory began to say it: %v", time.Since(start).Milliseconds(), oneLine(err))
	return expect(err != nil && time.Since(start) < time.Second, "his statement ended after %v with %v", time.Since(start), err)
}

func oneLine(err error) string {
	if err == nil {
		return "complete"
	}
	text, _, _ := strings.Cut(err.Error(), "\n")
	return text
}

// sql: the same people with psql.
func (d *demo) sql() error {
	d.title("7. The same rights hold for SQL, with the tools people have")
	out, err := d.psql(alice, "SELECT c.id, c.name, c.phone, v.registration, v.make FROM customers c JOIN vehicles v ON v.customer_id = c.id WHERE c.id = 4711")
	if err != nil {
		return fmt.Errorf("%w\n%s", err, out)
	}
	d.indent(out, 12)
	if err := expect(strings.Contains(out, "4711") && strings.Contains(out, "you are Alice Smith"), "psql printed %q", out); err != nil {
		return err
	}
	out, err = d.psql(alice, "SELECT id, name, date_of_birth FROM customers WHERE id = 4711")
	d.indent(out, 6)
	return expect(err != nil && strings.Contains(out, "does not include date-of-birth"), "a date of birth was not refused: %q", out)
}

// masked: a partner's clerk sees what the job needs.
func (d *demo) masked() error {
	d.title("8. Carol, at a partner, sees less, and says why she looks")
	out, err := d.psql(carol, "SELECT id, name, phone FROM customers WHERE id = 4711")
	d.indent(out, 5)
	if err := expect(err != nil && strings.Contains(out, "requires a reason"), "no reason was asked for: %q", out); err != nil {
		return err
	}
	conn, err := pgx.Connect(d.ctx, d.url(carol))
	if err != nil {
		return err
	}
	defer conn.Close(context.Background())
	d.say("   carol (pgx)> SET custody.reason = 'claim 88123'; SELECT id, name, phone, email FROM customers WHERE id = 4711")
	if _, err := conn.Exec(d.ctx, "SET custody.reason = 'claim 88123'"); err != nil {
		return err
	}
	var id int64
	var name, phone, email string
	if err := conn.QueryRow(d.ctx, "SELECT id, name, coalesce(phone, ''), email FROM customers WHERE id = 4711").Scan(&id, &name, &phone, &email); err == nil {
		return expect(false, "a masked phone was used in an expression")
	}
	if err := conn.QueryRow(d.ctx, "SELECT id, name, phone, email FROM customers WHERE id = 4711").Scan(&id, &name, &phone, &email); err != nil {
		return err
	}
	d.say("     %d | %s | %s | %s", id, name, phone, email)
	return expect(strings.Contains(phone, "•") && strings.Contains(email, "•"), "phone and email were not masked: %s %s", phone, email)
}
