package main

import (
	"bufio"
	"context"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"custody"
	"custody/identity"
	"custody/lab"
	"custody/lab/live"
	"custody/policy"
)

// labLive is what the command line says of a live run.
type labLive struct {
	on, prepare bool
	system      string
	gate        string
	pace        duration
}

// The people of a live run; the first is the insider.
const (
	labEmployer = "Laboratory"
	labRole     = "laboratory"
	labStaff    = 8
	labBranch   = 3 // of the sample's branches
)

func labLogin(run string, i int) string { return fmt.Sprintf("%s-%d@laboratory.example", run, i) }

// labLive plays a scenario on the gate that runs.
func (a *app) labLive(ctx context.Context, name string, seed uint64, out string, l *labLive) error {
	if !slices.Contains(live.Stories(), name) {
		return custody.E(custody.CodeNotFound, fmt.Sprintf("the scenario %q cannot be played live", name), "those that can are "+strings.Join(live.Stories(), ", "))
	}
	w, err := a.open()
	if err != nil {
		return err
	}
	defer w.close()
	d, err := w.liveDoors(l)
	if err != nil {
		return err
	}
	work, err := w.sampleWork(ctx, d.system)
	if err != nil {
		return err
	}
	run := fmt.Sprintf("%s-%d", name, seed)
	if out == "" {
		out = run + "-live"
	}
	if err := os.MkdirAll(out, 0o755); err != nil {
		return &custody.Error{Code: custody.CodeInvalid, Message: "the folder cannot be made", Hint: "check --out", Err: err}
	}
	if l.prepare {
		return w.labPrepare(d, work, name, run, out)
	}
	staff := make([]string, labStaff)
	for i := range staff {
		staff[i] = labLogin(run, i)
		if _, err := w.person(staff[i]); err != nil {
			return custody.E(custody.CodeConflict, "the people of this run are not there yet", fmt.Sprintf("custody lab run %s --seed %d --live --prepare adds them, and their past", name, seed))
		}
	}
	pace := l.pace.Duration
	if pace == 0 {
		pace = 50 * time.Millisecond
	}
	record, err := live.PlayStory(ctx, name, d, live.Plan{Seed: seed, Staff: staff, Own: work.own, Past: work.past, Foreign: work.foreign, Pace: pace, Desk: "127.0.2.%d"})
	if err != nil {
		return err
	}
	if err := writeLive(out, record); err != nil {
		return err
	}
	if a.json {
		return a.object(map[string]any{"truth": record, "folder": out})
	}
	a.sayLive(name, out, d.system, record)
	return nil
}

// sayLive tells what was played, and what to do with it.
func (a *app) sayLive(name, out, system string, record *live.Record) {
	a.say("%s", lab.About(name))
	a.say("%d looks at the real gate, %d of them taken from customers of others; the truth is in %s", record.Looks, len(record.Taken), filepath.Join(out, lab.TruthFile))
	for _, t := range record.Tried {
		word := "let through"
		if t.Refused {
			word = "refused"
		}
		a.say("  %s: %s: %s", t.What, word, printable(t.Answer))
	}
	lag := (2*record.Last.Sub(record.First) + 20*time.Second).Truncate(time.Second)
	a.say("\nNext: custody alert list")
	if len(record.Taken) > 0 {
		a.say("      custody complaint import %s", filepath.Join(out, lab.ComplaintsFile))
		a.say("      custody trace --system %s --lag %s", system, lag)
	}
}

// sampleWork is what the sample's database has for a live run.
type sampleWork struct {
	branch             string
	past, own, foreign []string
}

// sampleWork reads it with the gate's own credential. Only the sample repair group will
// do: looks at real customers are no game.
func (w *workspace) sampleWork(ctx context.Context, system string) (*sampleWork, error) {
	systems, err := w.siteSystems()
	if err != nil {
		return nil, err
	}
	notSample := custody.E(custody.CodeForbidden, "a live run is for the sample repair group alone", "load it with examples/bodyshop and put a gate in front of it: looks at real customers are no game")
	for i := range systems {
		s := &systems[i]
		if s.Name != system {
			continue
		}
		if s.Upstream == nil {
			return nil, notSample
		}
		conn, err := pgx.ConnectConfig(ctx, s.Upstream.Copy())
		if err != nil {
			return nil, &custody.Error{Code: custody.CodeUnavailable, Message: "the guarded database cannot be reached", Hint: "start it", Err: err}
		}
		defer conn.Close(context.WithoutCancel(ctx))
		x := &sampleWork{}
		var processor bool
		err = conn.QueryRow(ctx, "SELECT name, EXISTS (SELECT FROM organisations WHERE name = 'Calder Estimating') FROM branches WHERE id = $1", labBranch).Scan(&x.branch, &processor)
		if err != nil || !processor {
			return nil, notSample
		}
		for _, q := range []struct {
			list *[]string
			sql  string
		}{
			{&x.own, "SELECT DISTINCT c.id::text FROM customers c JOIN jobs j ON j.customer_id = c.id WHERE c.phone IS NOT NULL AND j.branch_id = $1 ORDER BY 1 LIMIT 600"},
			{&x.foreign, "SELECT c.id::text FROM customers c WHERE c.phone IS NOT NULL AND NOT EXISTS (SELECT FROM jobs j WHERE j.customer_id = c.id AND j.branch_id = $1) ORDER BY 1 LIMIT 2000"},
		} {
			rows, err := conn.Query(ctx, q.sql, labBranch)
			if err == nil {
				*q.list, err = pgx.CollectRows(rows, pgx.RowTo[string])
			}
			if err != nil {
				return nil, &custody.Error{Code: custody.CodeForbidden, Message: "the gate's role cannot read the sample's jobs", Hint: "custody setup postgres with the sample as it is", Err: err}
			}
		}
		if n := len(x.own) * 2 / 5; n > 0 {
			x.past, x.own = x.own[:n], x.own[n:]
		} else {
			return nil, notSample
		}
		return x, nil
	}
	return nil, notSample
}

// labPrepare adds the people of a run with a right, and writes three weeks of their past.
func (w *workspace) labPrepare(d *liveDoors, work *sampleWork, name, run, out string) error {
	began := w.now().AddDate(0, 0, -60)
	for i := range labStaff {
		if _, err := w.person(labLogin(run, i)); err == nil {
			continue
		}
		if _, err := w.identity.AddPerson(identity.NewPerson{Login: labLogin(run, i), FullName: fmt.Sprintf("Laboratory Person %c", 'A'+i), Organisation: labEmployer,
			Branch: work.branch, Roles: []string{labRole}, Start: began}); err != nil {
			return err
		}
	}
	have, err := w.grants(func(g *policy.Grant) bool { return g.Role == labRole && g.System == d.system })
	if err != nil {
		return err
	}
	if len(have) == 0 {
		if err := w.store.AddGrant(&policy.Grant{Role: labRole, System: d.system, See: custody.Categories(custody.Name, custody.Phone, custody.Vehicle, custody.Accident), Start: w.now().Add(-time.Minute)}); err != nil {
			return err
		}
	}
	past := filepath.Join(out, "past.csv")
	if err := writePast(past, run, work, pastStart(name, w.now()), w.now()); err != nil {
		return err
	}
	return w.done(map[string]any{"people": labStaff, "past": past}, "%d people are added, with the role %s. Give the detectors their past before the gate runs:\n  custody ledger import --system %s --organisation %s --log %s\nThen custody serve, and the same command without --prepare.",
		labStaff, labRole, d.system, labEmployer, past)
}

// pastStart is the hour at which the people of a run began to work in their past: such
// that they are at work now, or, for the insider of the night, that nobody is for the next
// nine hours. So a story is the same at whatever time of day it is played.
func pastStart(name string, now time.Time) int {
	start := now.UTC().Hour() - 3
	if name == "after-hours" {
		start = now.UTC().Hour() + 10
	}
	return (start + 24) % 24
}

// writePast writes fifteen working days of ordinary looks, as a platform's log has them:
// six hours a day from the hour start on.
func writePast(path, run string, work *sampleWork, start int, now time.Time) error {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err != nil {
		return &custody.Error{Code: custody.CodeInvalid, Message: "the past cannot be written", Hint: "check --out", Err: err}
	}
	defer f.Close()
	b := bufio.NewWriter(f)
	fmt.Fprintln(b, "time,login,customer,branch,device")
	first, n := now.UTC().AddDate(0, 0, -22).Truncate(24*time.Hour), 0
	for day := range 21 {
		at := first.AddDate(0, 0, day)
		if at.Weekday() == time.Saturday || at.Weekday() == time.Sunday {
			continue
		}
		for look := range 6 {
			for i := range labStaff {
				fmt.Fprintf(b, "%s,%s,%s,%s,127.0.2.%d\n", at.Add(time.Duration(start+look)*time.Hour+time.Duration(5*i)*time.Minute).Format(time.DateTime), labLogin(run, i), work.past[n%len(work.past)], work.branch, i)
				n++
			}
		}
	}
	if err := b.Flush(); err != nil {
		return err
	}
	return f.Close()
}

// writeLive writes the truth, and the complaints as they come by mail.
func writeLive(dir string, r *live.Record) error {
	text, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(dir, lab.TruthFile), append(text, '\n'), 0o600); err != nil {
		return err
	}
	f, err := os.OpenFile(filepath.Join(dir, lab.ComplaintsFile), os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	defer f.Close()
	c := csv.NewWriter(f)
	_ = c.Write([]string{"reference", "phone", "customer", "called", "knew"})
	for i, x := range r.Complaints {
		_ = c.Write([]string{fmt.Sprintf("%s-%d", r.Scenario, i+1), x.Phone, x.Key, x.Called.Format(time.RFC3339), x.Knew})
	}
	if c.Flush(); c.Error() != nil {
		return c.Error()
	}
	return f.Close()
}
