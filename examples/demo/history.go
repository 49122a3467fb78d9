package main

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
)

// frank moved to another employer. Nobody told the administrator, and his login works.
const frank = "frank@northfield.example"

// colleagues work beside him, at one branch.
var colleagues = []string{"gwen@northfield.example", "hari@northfield.example", "iris@northfield.example", "jack@northfield.example", "kate@northfield.example", "liam@northfield.example"}

// branchID is the branch of Frank and his colleagues.
const branchID = 3

// reasonsText declares in custody.yaml what explains a look.
const reasonsText = `    explanations:
      - name: job-at-branch
        says: a job of this customer is at your branch
        path: [jobs.customer_id = subject, jobs.branch_id = branches.id, branches.name = person.branch]
`

// branchWork is what chapter 13 needs of the database.
type branchWork struct {
	branch  string
	before  []string // customers of the branch, looked at last month
	today   []string // more of them
	foreign []string // customers without any job at the branch
}

// survey reads the branch's customers from the database itself.
func (d *demo) survey() (*branchWork, error) {
	conn, err := pgx.Connect(d.ctx, d.pg.URLFor("bodyshop"))
	if err != nil {
		return nil, err
	}
	defer conn.Close(context.Background())
	w := &branchWork{}
	if err := conn.QueryRow(d.ctx, "SELECT name FROM branches WHERE id = $1", branchID).Scan(&w.branch); err != nil {
		return nil, err
	}
	list := func(sql string) ([]string, error) {
		rows, err := conn.Query(d.ctx, sql, branchID)
		if err != nil {
			return nil, err
		}
		return pgx.CollectRows(rows, pgx.RowTo[string])
	}
	own, err := list("SELECT DISTINCT c.id::text FROM customers c JOIN jobs j ON j.customer_id = c.id WHERE c.id > 20000 AND c.phone IS NOT NULL AND j.branch_id = $1 LIMIT 700")
	if err != nil {
		return nil, err
	}
	if w.foreign, err = list("SELECT id::text FROM customers c WHERE id > 20000 AND phone IS NOT NULL AND NOT EXISTS (SELECT FROM jobs WHERE customer_id = c.id AND branch_id = $1) LIMIT 5000"); err != nil {
		return nil, err
	}
	today := (len(colleagues) + 1) * 20
	if err := expect(len(own) > 2*today, "branch %d has %d customers", branchID, len(own)); err != nil {
		return nil, err
	}
	w.today, w.before = own[:today], own[today:]
	return w, nil
}

// lastMonth adds Frank's branch and reads the portal's own access log of three weeks
// into the ledger: the detectors know from it what is usual there.
func (d *demo) lastMonth() (err error) {
	if d.work, err = d.survey(); err != nil {
		return err
	}
	for _, who := range append([]string{frank}, colleagues...) {
		name := strings.ToUpper(who[:1]) + who[1:strings.IndexByte(who, '@')] + " Moss"
		if out, err := d.quiet("person", "add", who, "--name", name, "--organisation", "Northfield", "--branch", d.work.branch, "--role", "estimator", "--start", time.Now().AddDate(0, 0, -60).Format(time.DateOnly)); err != nil {
			return fmt.Errorf("person add: %s", out)
		}
	}
	path := filepath.Join(d.root, "portal-access.csv")
	if err := d.accessLog(path); err != nil {
		return err
	}
	out, err := d.custody("ledger", "import", "--system", "bodyshop", "--organisation", "Northfield", "--log", path)
	if err != nil {
		return err
	}
	lines := strings.Split(strings.TrimSpace(out), "\n")
	d.say("     %s", lines[len(lines)-1])
	return nil
}

// accessLog writes three weeks of ordinary work at the branch.
func (d *demo) accessLog(path string) error {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	defer f.Close()
	w := bufio.NewWriter(f)
	fmt.Fprintln(w, "time,login,customer,branch")
	first := time.Now().UTC().AddDate(0, 0, -22).Truncate(24 * time.Hour)
	n := 0
	for day := range 20 {
		if w := first.AddDate(0, 0, day).Weekday(); w == time.Saturday || w == time.Sunday {
			continue
		}
		for look := range 5 {
			for i, who := range append([]string{frank}, colleagues...) {
				at := first.AddDate(0, 0, day).Add(time.Duration(9+look)*time.Hour + time.Duration(7*i)*time.Minute)
				fmt.Fprintf(w, "%s,%s,%s,%s\n", at.Format(time.DateTime), who, d.work.before[n%len(d.work.before)], d.work.branch)
				n++
			}
		}
	}
	return w.Flush()
}
