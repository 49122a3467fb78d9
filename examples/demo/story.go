package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"custody/custodytest"
	"custody/examples/bodyshop"
)

// The people of the story.
const (
	alice = "alice@northfield.example" // an estimator
	bob   = "bob@northfield.example"   // a manager who leaves
	carol = "carol@claims.example"     // a partner's clerk, who needs less
	dave  = "dave@temps.example"       // a contractor who wants everything
	lena  = "lena@northfield.example"  // leads data protection
	kim   = "kim@northfield.example"   // her deputy
	you   = "you@northfield.example"   // an estimator who has not signed in yet
)

// opening says what is about to happen, and to whom.
func (d *demo) opening() error {
	d.title("Custody at work: a repair group, its customers' data, and five people who want it")
	d.say(`   Custody stands between people and what holds customers' records. Whatever they open is theirs to see,
   is written down by customer before they see it, and ends the second their right ends.

     Alice  an estimator, who only wants to work          Dave   a contractor, who wants everything
     Bob    a manager, who leaves today                   Frank  sells what he looks up
     Carol  a clerk at a partner, who needs less          Lena   leads data protection

   The people are invented; all else is real: PostgreSQL, a web portal, psql, browsers' requests, the gate.
   $ is a command of custody, alice> a statement of hers in psql; what is set in under them is the answer.`)
	return nil
}

// database starts a private PostgreSQL and fills it the first time.
func (d *demo) database() error {
	if err := d.place(); err != nil {
		return err
	}
	d.title(fmt.Sprintf("1. A repair group: %d customers in PostgreSQL, and the portal on which two repairers estimate", customers))
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
		err = d.fill(conn)
	} else {
		d.say("   PostgreSQL runs on port %d, with the data of the last time.", d.pg.Port)
	}
	if err != nil {
		return err
	}
	return d.application()
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
	d.title("2. The administrator puts a gate in front of both")
	os.Setenv("CUSTODY_DIR", d.dir)
	if _, err := d.custody("init"); err != nil {
		return err
	}
	out, err := d.custody("discover", "--write", d.pg.URLFor("bodyshop"))
	if err != nil {
		return err
	}
	d.indent(out, 6)
	// The gate gets a role that can do only what people need; the administrator's
	// credential is not kept.
	if _, err := d.custody("setup", "postgres", "bodyshop", "--admin", d.pg.URLFor("bodyshop"), "--yes", "--public"); err != nil {
		return err
	}
	if err := d.guard(); err != nil {
		return err
	}
	if err := d.connect(); err != nil {
		return err
	}
	if err := d.lastMonth(); err != nil {
		return err
	}
	if err := d.serve(); err != nil {
		return err
	}
	if err := d.provision(); err != nil {
		return err
	}
	if err := d.rights(); err != nil {
		return err
	}
	return d.leads()
}

// leads watch: two, for the name behind an alert takes two people.
func (d *demo) leads() error {
	for who, name := range map[string]string{lena: "Lena Hart", kim: "Kim Vale"} {
		if out, err := d.quiet("person", "add", who, "--name", name, "--organisation", "Northfield", "--role", "office"); err != nil {
			return fmt.Errorf("person add: %s", out)
		}
	}
	if out, err := d.quiet("console", "role", "give", "--person", kim, "--role", "lead"); err != nil {
		return fmt.Errorf("console role give: %s", out)
	}
	_, err := d.custody("console", "role", "give", "--person", lena, "--role", "lead")
	return err
}

// rights are given to roles: nobody has more than the job needs.
func (d *demo) rights() error {
	for _, args := range [][]string{
		{"grant", "add", "--role", "estimator", "--system", "bodyshop", "--see", "name,vehicle,phone,accident", "--mask", "email", "--subjects-per-day", "200", "--subjects-per-hour", "150"},
		{"grant", "add", "--role", "manager", "--system", "bodyshop", "--see", "name,vehicle,phone", "--export"},
		{"grant", "add", "--role", "clerk", "--system", "bodyshop", "--see", "name", "--mask", "phone,email", "--require-reason"},
		{"grant", "add", "--role", "contractor", "--system", "bodyshop", "--see", "name,phone", "--subjects-per-day", "160"},
	} {
		if _, err := d.custody(args...); err != nil {
			return err
		}
	}
	for _, who := range []string{alice, bob, carol, dave} {
		token, err := d.quiet("token", "issue", "--person", who, "--system", "bodyshop", "--ttl", "8h")
		if err != nil {
			return fmt.Errorf("token issue: %s", token)
		}
		d.tokens[who] = wordIn(token, "cst_")
		if err := expect(d.tokens[who] != "", "no token for %s in %q", who, token); err != nil {
			return err
		}
	}
	d.say("   $ custody token issue --person … --system bodyshop --ttl 8h      # for psql, once for each; shown once, never stored")
	return nil
}

func tomorrow() string { return time.Now().AddDate(0, 0, 1).Format(time.DateOnly) }

// wordIn finds the word that begins so in what a command printed.
func wordIn(out, begins string) string {
	for word := range strings.FieldsSeq(out) {
		if strings.HasPrefix(word, begins) {
			return word
		}
	}
	return ""
}
