package main

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"custody"
	"custody/accesslog"
	"custody/lab"
	"custody/subjects"
	"custody/trace"
	"custody/trace/found"
	"custody/trace/inquiry"
)

// filesRaw is where outcomes of found files are kept.
const filesRaw = "docs/evaluation-files.jsonl"

// fileTask is a file that is found: what is left of it, and what it still shows.
type fileTask struct {
	Scenario           string
	Share              float64 // of the rows
	Shuffled           bool
	Pseudonyms, Plants bool // are left in it
	Foreign            bool // as many rows of people whom nobody here knows are mixed in
	Other              bool // so many rows of another declared copy are
}

var fileTasks = func() (list []fileTask) {
	for _, marks := range [][2]bool{{true, true}, {false, true}, {false, false}} {
		for i, share := range []float64{1, 0.5, 0.1, 0.01} {
			list = append(list, fileTask{Scenario: "contractor", Share: share, Shuffled: i > 0, Pseudonyms: marks[0], Plants: marks[1]})
		}
	}
	list = append(list,
		fileTask{Scenario: "contractor", Share: 1, Shuffled: true},
		fileTask{Scenario: "contractor", Share: 0.1, Shuffled: true, Pseudonyms: true, Plants: true, Foreign: true},
		fileTask{Scenario: "contractor", Share: 0.1, Shuffled: true, Pseudonyms: true, Plants: true, Other: true},
		fileTask{Scenario: "contractor", Share: 0.1, Shuffled: true, Other: true})
	for i, share := range []float64{1, 0.5, 0.1, 0.01} {
		list = append(list, fileTask{Scenario: "portal-leaver", Share: share, Shuffled: i > 0})
	}
	return append(list, fileTask{Scenario: "portal-leaver", Share: 1, Shuffled: true, Foreign: true})
}()

func (t fileTask) name() string {
	order := "in order"
	if t.Shuffled {
		order = "shuffled"
	}
	shows := "mail and phone only"
	switch {
	case t.Pseudonyms:
		shows = "pseudonyms and planted customers"
	case t.Plants:
		shows = "planted customers"
	}
	switch {
	case t.Foreign:
		order += ", merged with a list of strangers"
	case t.Other:
		order += ", merged with another copy"
	}
	return fmt.Sprintf("%s | %g %% | %s | %s", t.Scenario, 100*t.Share, order, shows)
}

// fileOutcome is what came of one file.
type fileOutcome struct {
	Task    string `json:"task"`
	Seed    uint64 `json:"seed"`
	Rows    int    `json:"rows"`
	Right   bool   `json:"right"`   // the copy, the login, or all copies of which it is
	Wrong   bool   `json:"wrong"`   // another is named
	Among   bool   `json:"among"`   // the truth is among those who had seen all
	Holders int    `json:"holders"` // who had seen all
}

// filing is one seed's scenario with everything a data-protection lead would have.
type filing struct {
	run    *lab.Run
	q      *inquiry.Inquiry
	copies []*found.Copy
	by     map[string][]custody.SubjectID
}

// Find and Lookup make it the index of customers.
func (f *filing) Find(dst []custody.SubjectID, c custody.Category, value []byte) []custody.SubjectID {
	if form, ok := subjects.Canonical(nil, c, value); ok {
		dst = append(dst, f.by[string(form)]...)
	}
	return dst
}

func (f *filing) Lookup(key []byte) (custody.SubjectID, bool) { return f.q.Number(string(key)) }

// file plays a scenario into files and reads them as custody trace would.
func file(p lab.Params, scenario string, seed uint64) (*filing, error) {
	dir, err := os.MkdirTemp("", "eval")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	f := &filing{q: inquiry.New(time.UTC, func(string, accesslog.Bad) {}), by: map[string][]custody.SubjectID{}}
	if f.run, _, err = lab.Write(p, scenario, seed, dir); err != nil {
		return nil, err
	}
	log, err := accesslog.Open(filepath.Join(dir, lab.LogFile))
	if err != nil {
		return nil, err
	}
	defer log.Close()
	if err := f.q.Log(lab.LogFile, log, nil); err != nil {
		return nil, err
	}
	for n := range f.run.Jobs {
		if id, ok := f.q.Number(strconv.Itoa(n + 1)); ok {
			for c, value := range map[custody.Category]string{custody.Email: lab.Email(n), custody.Phone: lab.Phone(n)} {
				if form, ok := subjects.Canonical(nil, c, []byte(value)); ok {
					f.by[string(form)] = append(f.by[string(form)], id)
				}
			}
		}
	}
	if len(f.run.Copies) == 0 {
		return f, nil
	}
	list, err := accesslog.Open(filepath.Join(dir, lab.CopiesFile))
	if err != nil {
		return nil, err
	}
	defer list.Close()
	if f.copies, err = found.Copies(list, time.UTC, func(int, string) {}); err != nil {
		return nil, err
	}
	return f, f.q.Copies(f.copies)
}

// rows are the rows of a copy, or of the export, as they left the system.
func (f *filing) rows(t fileTask, name string, rng *rand.Rand) (list []string) {
	var taken []int
	for _, c := range f.run.Copies {
		if c.Name == name {
			taken = slices.Clone(c.Subjects)
			for _, s := range c.Canaries { // planted among the others
				if t.Plants {
					taken = slices.Insert(taken, rng.IntN(len(taken)+1), s)
				}
			}
		}
	}
	if name == "" {
		taken = slices.Clone(f.run.Taken)
	}
	for _, s := range taken {
		if rng.Float64() >= t.Share {
			continue
		}
		row := lab.Email(s) + ";" + lab.Phone(s)
		if t.Pseudonyms {
			row = lab.Pseudonym(f.run.Truth.Seed, name, s) + ";" + row
		}
		list = append(list, row)
	}
	return list
}

// text is the file.
func (f *filing) text(t fileTask, seed uint64) []byte {
	rng := rand.New(rand.NewPCG(seed, 9))
	rows := f.rows(t, f.run.Truth.Copy, rng)
	own := len(rows)
	if t.Other {
		rows = append(rows, f.rows(t, "print-shop", rng)...)
	}
	for n := range own {
		if t.Foreign {
			row := fmt.Sprintf("s%d@elsewhere.example;07700 900%03d", n, n%1000)
			if t.Pseudonyms {
				row = fmt.Sprintf("X%d;%s", n, row)
			}
			rows = append(rows, row)
		}
	}
	if t.Shuffled {
		rng.Shuffle(len(rows), func(i, j int) { rows[i], rows[j] = rows[j], rows[i] })
	}
	header := "mail;mobile"
	if t.Pseudonyms {
		header = "ref;" + header
	}
	return []byte(header + "\n" + strings.Join(rows, "\n") + "\n")
}

// try traces one file and compares with the truth.
func (f *filing) try(t fileTask, seed uint64) (*fileOutcome, error) {
	text := f.text(t, seed)
	out := &fileOutcome{Task: t.name(), Seed: seed, Rows: bytes.Count(text, []byte("\n")) - 1}
	read, err := found.Match(text, found.Options{Index: f, Copies: f.copies})
	if err != nil {
		return nil, err
	}
	a, err := f.q.Found("found.csv", read, f.run.Params.Start.AddDate(0, 0, f.run.Params.Days), trace.Options{Seed: seed, Redraws: 99})
	if custody.CodeOf(err) == custody.CodeNotFound { // nothing of it is of this system
		return out, nil
	}
	if err != nil {
		return nil, fmt.Errorf("%s, seed %d: %w", t.name(), seed, err)
	}
	truth := inquiry.Name{Kind: inquiry.Copy, Name: f.run.Truth.Copy}
	if truth.Name == "" {
		truth = inquiry.Name{Kind: inquiry.Login, Name: f.run.Truth.Person}
	}
	is := func(n inquiry.Name) bool {
		return n.Kind == truth.Kind && n.Name == truth.Name || t.Other && n.Name == "print-shop"
	}
	out.Holders = len(a.Found.Holders)
	out.Among = slices.ContainsFunc(a.Found.Holders, func(h inquiry.Holder) bool { return is(h.Name) })
	switch {
	case t.Other && len(a.Found.Several) > 0:
		out.Right = len(a.Found.Several) == 2 && slices.Contains(a.Found.Several, truth.Name) && slices.Contains(a.Found.Several, "print-shop")
		out.Wrong = !out.Right
	case a.Named != nil:
		out.Right = is(*a.Named) && !t.Other
		out.Wrong = !is(*a.Named)
	}
	return out, nil
}

// files runs what is not done yet.
func files(from uint64, seeds int, dry bool) error {
	p, err := settings(true)
	if err != nil {
		return err
	}
	list, err := readLines[fileOutcome](filesRaw)
	if err != nil {
		return err
	}
	done := map[uint64]bool{}
	for _, o := range list {
		done[o.Seed] = true
	}
	for seed := from; seed < from+uint64(seeds); seed++ {
		if done[seed] && !dry {
			continue
		}
		some, err := filesOf(p, seed)
		if err != nil {
			return err
		}
		for _, o := range some {
			if dry {
				fmt.Printf("%+v\n", *o)
			} else if err := appendLine(filesRaw, o); err != nil {
				return err
			}
		}
	}
	if dry {
		return nil
	}
	if list, err = readLines[fileOutcome](filesRaw); err != nil {
		return err
	}
	return putBetween("docs/evaluation.md", beginFiles, endFiles, filesText(p, list))
}

// filesOf runs all files of one seed.
func filesOf(p lab.Params, seed uint64) (some []*fileOutcome, err error) {
	for _, scenario := range []string{"contractor", "portal-leaver"} {
		f, err := file(p, scenario, seed)
		if err != nil {
			return nil, err
		}
		for _, t := range fileTasks {
			if t.Scenario != scenario {
				continue
			}
			o, err := f.try(t, seed)
			if err != nil {
				return nil, err
			}
			some = append(some, o)
		}
	}
	return some, nil
}

// Marks between which found files are reported in docs/evaluation.md.
const (
	beginFiles = "<!-- found files: written by make eval -->"
	endFiles   = "<!-- end of found files -->"
)

func filesText(p lab.Params, list []fileOutcome) string {
	var b strings.Builder
	fmt.Fprintf(&b, `
## Files that are found

Parts of the contractor's second copy, one of four that are declared, and of what the leaver exported from the portal, with everything that was left in them; %d logins,
seeds from %d on, the settings being those of tracing. What names a copy is a mark that no other has. Where no mark is left only looks speak: "had seen all" lists the candidates, copies among them,
that had all customers of the file. Of a file of two copies both are asked. Outcomes: [evaluation-files.jsonl](evaluation-files.jsonl).

| scenario | rows kept | order | what it shows | rows | runs | rightly named | wrongly | the truth among those who had seen all | how many these are |
| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |
`, p.Staff, traceSeed)
	for _, t := range fileTasks {
		runs, rows, right, wrong, among, holders := 0, 0, 0, 0, 0, 0
		for i := range list {
			o := &list[i]
			if o.Task != t.name() {
				continue
			}
			runs, rows, holders = runs+1, rows+o.Rows, holders+o.Holders
			for _, x := range []struct {
				n  *int
				is bool
			}{{&right, o.Right}, {&wrong, o.Wrong}, {&among, o.Among}} {
				if x.is {
					*x.n++
				}
			}
		}
		if runs > 0 {
			fmt.Fprintf(&b, "| %s | %d | %d | %s | %d | %d | %.1f |\n", t.name(), rows/runs, runs, share(right, runs), wrong, among, float64(holders)/float64(runs))
		}
	}
	return b.String()
}
