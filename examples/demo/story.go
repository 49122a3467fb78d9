package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"custody/custodytest"
	"custody/examples/bodyshop"
)

// The people of the story.
const (
	alice = "alice@northfield.example" // an estimator
	bob   = "bob@northfield.example"   // an estimator who leaves
	carol = "carol@claims.example"     // a partner's clerk, who needs less
	dave  = "dave@temps.example"       // a contractor who wants everything
)

// database starts a private PostgreSQL and fills it the first time.
func (d *demo) database() error {
	if err := d.place(); err != nil {
		return err
	}
	d.title(fmt.Sprintf("1. A repair group's database: %d customers, their vehicles, accidents, claims, estimates", customers))
	var err error
	if d.pg, err = custodytest.StartPostgres(custodytest.InDir(filepath.Join(d.root, "postgres"))); err != nil {
		return err
	}
	conn, err := pgx.Connect(d.ctx, d.pg.URL)
	if err != nil {
		return err
	}
	defer conn.Close(d.ctx)
	whole, err := d.loaded(conn)
	if err != nil {
		return err
	}
	if !whole {
		return d.fill(conn)
	}
	d.say("   PostgreSQL runs on port %d, with the data of the last time.", d.pg.Port)
	return nil
}

// loaded says whether the sample data is there. Data that an earlier release loaded,
// without the accounts of the web application, is dropped to be loaded again.
func (d *demo) loaded(conn *pgx.Conn) (bool, error) {
	var there bool
	if err := conn.QueryRow(d.ctx, "SELECT EXISTS (SELECT FROM pg_database WHERE datname = 'bodyshop')").Scan(&there); err != nil || !there {
		return false, err
	}
	old, err := pgx.Connect(d.ctx, d.pg.URLFor("bodyshop"))
	if err != nil {
		return false, err
	}
	err = old.QueryRow(d.ctx, "SELECT to_regclass('web_accounts') IS NOT NULL").Scan(&there)
	old.Close(context.Background())
	if err != nil || there {
		return there, err
	}
	_, err = conn.Exec(d.ctx, "DROP DATABASE bodyshop WITH (FORCE)")
	return false, err
}

// fill loads the sample data under another name first, so that a load that was
// interrupted is never taken for a whole one.
func (d *demo) fill(conn *pgx.Conn) error {
	for _, sql := range []string{"DROP DATABASE IF EXISTS loading", "CREATE DATABASE loading"} {
		if _, err := conn.Exec(d.ctx, sql); err != nil {
			return err
		}
	}
	start := time.Now()
	loading, err := pgx.Connect(d.ctx, d.pg.URLFor("loading"))
	if err != nil {
		return err
	}
	err = bodyshop.Load(d.ctx, loading, customers, 1)
	loading.Close(context.Background())
	if err != nil {
		return err
	}
	_, err = conn.Exec(d.ctx, "ALTER DATABASE loading RENAME TO bodyshop")
	d.say("   PostgreSQL runs on port %d; the sample data took %.0f s to load.", d.pg.Port, time.Since(start).Seconds())
	return err
}

// setUp is what an administrator does once.
func (d *demo) setUp() error {
	d.title("2. The administrator puts a gate in front of it")
	os.Setenv("CUSTODY_DIR", d.dir)
	if _, err := d.custody("init"); err != nil {
		return err
	}
	out, err := d.custody("discover", "--write", d.pg.URLFor("bodyshop"))
	if err != nil {
		return err
	}
	d.indent(out, 12)
	// The gate gets a role that can do only what people need; the administrator's
	// credential is not kept.
	if _, err := d.custody("setup", "postgres", "bodyshop", "--admin", d.pg.URLFor("bodyshop"), "--yes", "--public"); err != nil {
		return err
	}
	for _, args := range [][]string{
		{"person", "add", alice, "--name", "Alice Smith", "--organisation", "Northfield", "--role", "estimator"},
		{"person", "add", bob, "--name", "Bob Jones", "--organisation", "Northfield", "--role", "estimator"},
		{"person", "add", carol, "--name", "Carol White", "--organisation", "Acorn Claims", "--role", "clerk"},
		{"person", "add", dave, "--name", "Dave Brown", "--organisation", "Temps", "--role", "contractor", "--end", tomorrow()},
		{"grant", "add", "--role", "estimator", "--system", "bodyshop", "--see", "name,vehicle,phone", "--subjects-per-day", "200", "--subjects-per-hour", "150"},
		{"grant", "add", "--role", "clerk", "--system", "bodyshop", "--see", "name", "--mask", "phone,email", "--require-reason"},
		{"grant", "add", "--role", "contractor", "--system", "bodyshop", "--see", "name,phone", "--subjects-per-day", "100"},
	} {
		if _, err := d.custody(args...); err != nil {
			return err
		}
	}
	if err := d.serve(); err != nil {
		return err
	}
	for _, login := range []string{alice, bob, carol, dave} {
		token, err := d.quiet("token", "issue", "--person", login, "--system", "bodyshop", "--ttl", "8h")
		if err != nil {
			return fmt.Errorf("token issue: %s", token)
		}
		d.tokens[login] = tokenIn(token)
		if err := expect(d.tokens[login] != "", "no token for %s in %q", login, token); err != nil {
			return err
		}
	}
	d.say("   $ custody token issue --person … --system bodyshop --ttl 8h      # once for each of the four, shown once, never stored")
	return nil
}

func tomorrow() string { return time.Now().AddDate(0, 0, 1).Format(time.DateOnly) }

// tokenIn finds the token in what the command printed.
func tokenIn(out string) string {
	for word := range strings.FieldsSeq(out) {
		if strings.HasPrefix(word, "cst_") {
			return word
		}
	}
	return ""
}

// work: an ordinary morning, with psql as ever.
func (d *demo) work() error {
	d.title("3. Alice works as ever, with her own psql")
	out, err := d.psql(alice, "SELECT c.id, c.name, c.phone, v.registration, v.make FROM customers c JOIN vehicles v ON v.customer_id = c.id WHERE c.id = 4711")
	if err != nil {
		return fmt.Errorf("%w\n%s", err, out)
	}
	d.indent(out, 12)
	if err := expect(strings.Contains(out, "4711") && strings.Contains(out, "you are Alice Smith"), "psql printed %q", out); err != nil {
		return err
	}
	out, err = d.psql(alice, "SELECT id, name, email FROM customers WHERE id = 4711")
	d.indent(out, 6)
	return expect(err != nil && strings.Contains(out, "does not include email"), "an email was not refused: %q", out)
}

// masked: a partner's clerk sees what the job needs.
func (d *demo) masked() error {
	d.title("4. Carol, at a partner, sees less, and says why she looks")
	out, err := d.psql(carol, "SELECT id, name, phone FROM customers WHERE id = 4711")
	d.indent(out, 5)
	if err := expect(err != nil && strings.Contains(out, "requires a reason"), "no reason was asked for: %q", out); err != nil {
		return err
	}
	conn, err := pgx.Connect(d.ctx, d.url(carol))
	if err != nil {
		return err
	}
	defer conn.Close(d.ctx)
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

// takeEverything: a contractor with a valid login and basic skills.
func (d *demo) takeEverything() error {
	d.title("5. Dave, a contractor, tries to take everything")
	out, err := d.psql(dave, "COPY customers (id, name, phone) TO STDOUT")
	d.indent(out, 5)
	if err := expect(err != nil && strings.Contains(out, "export"), "an export was not refused: %q", out); err != nil {
		return err
	}
	out, err = d.psql(dave, "SELECT string_agg(phone, ',') FROM customers")
	d.indent(out, 5)
	if err := expect(err != nil, "an aggregate of phones was not refused: %q", out); err != nil {
		return err
	}
	d.say("   dave (a script, pgx)> for every id from 1 on: SELECT id, name, phone FROM customers WHERE id = $1")
	conn, err := pgx.Connect(d.ctx, d.url(dave))
	if err != nil {
		return err
	}
	defer conn.Close(d.ctx)
	got, err := d.harvest(conn)
	var pe *pgconn.PgError
	if errors.As(err, &pe) {
		d.say("     after %d customers: %s", got, pe.Message)
	}
	return expect(got == 100 && pe != nil && pe.Code == "53400", "he got %d customers, then %v", got, err)
}

// harvest reads one customer after the other until something stops it.
func (d *demo) harvest(conn *pgx.Conn) (int, error) {
	for id := 1; id <= customers; id++ {
		var key int64
		var name string
		var phone *string
		err := conn.QueryRow(d.ctx, "SELECT id, name, phone FROM customers WHERE id = $1", id).Scan(&key, &name, &phone)
		if err != nil {
			return id - 1, err
		}
	}
	return customers, nil
}

// leaver: Bob leaves while a statement of his runs.
func (d *demo) leaver() error {
	d.title("6. Bob leaves. His running statement stops, and his token is worth nothing")
	conn, err := pgx.Connect(d.ctx, d.url(bob))
	if err != nil {
		return err
	}
	defer conn.Close(context.Background())
	d.say("   bob (pgx)> SELECT c.id, c.name, pg_sleep(0.2) FROM customers c WHERE c.id BETWEEN 900 AND 1040")
	ended := make(chan error, 1)
	go func() {
		_, err := conn.Exec(d.ctx, "SELECT c.id, c.name, pg_sleep(0.2) FROM customers c WHERE c.id BETWEEN 900 AND 1040")
		ended <- err
	}()
	time.Sleep(300 * time.Millisecond) // his statement is under way
	if _, err := d.custody("person", "leave", bob); err != nil {
		return err
	}
	start := time.Now()
	select {
	case err = <-ended:
	case <-time.After(2 * time.Second):
		return expect(false, "his statement still runs")
	}
	d.say("     his statement ended %d ms later: %v", time.Since(start).Milliseconds(), oneLine(err))
	if err := expect(err != nil && time.Since(start) < time.Second, "his statement ended after %v with %v", time.Since(start), err); err != nil {
		return err
	}
	out, err := d.psql(bob, "SELECT 1")
	d.indent(out, 3)
	return expect(err != nil, "a leaver was let in: %q", out)
}

func oneLine(err error) string {
	if err == nil {
		return "complete"
	}
	text, _, _ := strings.Cut(err.Error(), "\n")
	return text
}

// whoSaw: a customer asks.
func (d *demo) whoSaw() error {
	d.title("7. Customer 4711 asks who has seen her data")
	out, err := d.custody("ledger", "who-saw", "--system", "bodyshop", "--subject", "4711")
	if err != nil {
		return err
	}
	d.indent(out, 14)
	if err := expect(strings.Contains(out, alice) && strings.Contains(out, carol) && strings.Contains(out, "claim 88123") && !strings.Contains(out, dave),
		"who-saw printed %q", out); err != nil {
		return err
	}
	out, err = d.custody("ledger", "saw", "--person", dave, "--since", "24h")
	if err != nil {
		return err
	}
	d.indent(out, 6)
	return nil
}

// complaints: three customers are called by strangers.
func (d *demo) complaints() error {
	d.title("8. Customers 17, 42 and 88 complain of nuisance calls. Who had their numbers?")
	out, err := d.custody("ledger", "complaints", "--system", "bodyshop", "--subject", "17", "--subject", "42", "--subject", "88")
	if err != nil {
		return err
	}
	d.indent(out, 6)
	return expect(strings.Contains(out, dave) && strings.Contains(out, "3 of 3") && !strings.Contains(out, alice), "complaints printed %q", out)
}

// prove: what a third party can check.
func (d *demo) prove() error {
	d.title("9. Anyone can check it, offline, with the public key alone")
	if err := d.awaitCheckpoint(); err != nil {
		return err
	}
	extract := filepath.Join(d.root, "subject-4711.extract")
	_ = os.Remove(extract)
	if out, err := d.custody("ledger", "extract", "--system", "bodyshop", "--subject", "4711", "--out", extract); err != nil {
		return fmt.Errorf("%w\n%s", err, out)
	}
	out, err := d.custody("ledger", "verify", "--extract", extract)
	if err != nil {
		return err
	}
	d.indent(out, 4)
	out, err = d.custody("ledger", "verify")
	if err != nil {
		return err
	}
	d.indent(out, 6)
	return d.forge(extract)
}

// awaitCheckpoint waits until the gate has signed what happened so far.
func (d *demo) awaitCheckpoint() error {
	select {
	case <-d.ctx.Done():
		return d.ctx.Err()
	case <-time.After(1500 * time.Millisecond): // the gate signs every second
		return nil
	}
}

// forge changes one byte of the extract, and the check must notice.
func (d *demo) forge(extract string) error {
	b, err := os.ReadFile(extract)
	if err != nil {
		return err
	}
	i := len(b) / 2
	b[i] ^= 1
	forged := extract + ".forged"
	if err := os.WriteFile(forged, b, 0o600); err != nil {
		return err
	}
	out, err := d.quiet("ledger", "verify", "--extract", forged)
	d.say("   the same with one bit changed:")
	d.indent(out, 3)
	return expect(err != nil, "a forged extract was accepted: %q", out)
}

func (d *demo) summary() {
	d.title(fmt.Sprintf("Done in %.0f s. Everything above was checked as it happened.", time.Since(d.began).Seconds()))
	if d.once {
		return
	}
	host, port, _ := strings.Cut(d.address, ":")
	d.say(`
The gate stays up. Try, in another terminal:

  export CUSTODY_DIR=%s PATH=%s:$PATH
  export PGPASSWORD=%s
  psql "host=%s port=%s user=%s dbname=bodyshop sslmode=require"
  custody ledger who-saw --system bodyshop --subject 4711
  custody ledger saw --person %s --since 24h
  custody policy explain --person %s --system bodyshop
  custody person leave %s

Ctrl-C ends it.`, d.dir, filepath.Dir(d.binary), d.tokens[alice], host, port, alice, alice, carol, alice)
}
