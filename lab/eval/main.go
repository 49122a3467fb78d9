// Command eval runs the laboratory's scenarios on reporting seeds, traces each, and
// writes what came out, beside simpler ways of counting, into docs/evaluation.md. No
// setting of the model was chosen on these seeds: they begin at 3000.
package main

import (
	"bufio"
	"cmp"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"runtime"
	"strings"
	"time"

	"custody/lab"
)

// Where reporting seeds begin: settings of detection were tried on seeds below 100, those
// of tracing on seeds below traceSeed. Seeds that were reported on before a model was
// changed are not used again: of detection those from 1000 and 5000, of tracing those
// from 2000.
const (
	firstSeed = 6000
	traceSeed = 3000
)

func main() {
	seeds := flag.Int("seeds", 0, "how many seeds; 200 if 0, and of detection as many as each scenario asks")
	from := flag.Uint64("from", 0, "the first seed; where reporting seeds begin if 0")
	days := flag.Int("days", 0, "days to simulate; those of lab/eval/eval.yaml if 0")
	only := flag.String("only", "", "run only scenarios whose names contain one of these, parted by commas")
	dry := flag.Bool("print", false, "print what comes out, and write nothing")
	redraws := flag.Int("redraws", 199, "how many redraws for the family-wise p")
	small := flag.Bool("small", false, "the smaller group of lab/eval/small.yaml, for more runs")
	foundFiles := flag.Bool("files", false, "evaluate found files instead of complaints")
	again := flag.Bool("report", false, "run nothing; write the document again from the outcomes that are kept")
	flag.Parse()
	var err error
	switch raw := rawFull; {
	case *again:
		err = errors.Join(report(), detections(firstSeed, 0, nobodys, false), files(traceSeed, 0, false))
	case *foundFiles:
		err = files(cmp.Or(*from, traceSeed), cmp.Or(*seeds, 12), *dry)
	case *detection:
		err = detections(cmp.Or(*from, firstSeed), *seeds, *only, *dry)
	default:
		if *small {
			raw = rawSmall
		}
		err = run(cmp.Or(*seeds, 200), cmp.Or(*from, traceSeed), *days, *only, *redraws, raw, *dry)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "eval:", err)
		os.Exit(1)
	}
}

// nobodys is part of no scenario's name.
const nobodys = "\x00"

func run(seeds int, from uint64, days int, only string, redraws int, raw string, dry bool) error {
	p, err := settings(raw == rawSmall)
	if err != nil {
		return err
	}
	if days > 0 {
		p.Days = days
	}
	var list []task
	for _, t := range tasks {
		if wanted(t.name(), only) {
			list = append(list, t)
		}
	}
	var outcomes []outcome
	if !dry {
		if outcomes, err = readLines[outcome](raw); err != nil {
			return err
		}
	}
	done := map[uint64]map[string]bool{}
	for _, o := range outcomes {
		if done[o.Seed] == nil {
			done[o.Seed] = map[string]bool{}
		}
		done[o.Seed][o.Task] = true
	}
	for seed := from; seed < from+uint64(seeds); seed++ {
		var open []task
		for _, t := range list {
			if !done[seed][t.name()] {
				open = append(open, t)
			}
		}
		if len(open) == 0 {
			continue
		}
		some, err := one(p, seed, open, redraws)
		if err != nil {
			return err
		}
		outcomes = append(outcomes, some...)
		if !dry {
			for _, o := range some {
				if err := appendLine(raw, o); err != nil {
					return err
				}
			}
		}
	}
	for _, t := range list {
		fmt.Println(gather(t, outcomes).line())
	}
	if dry {
		return nil
	}
	return report()
}

// wanted says whether a name contains one of the parts; all do if there is none.
func wanted(name, parts string) bool {
	for part := range strings.SplitSeq(parts, ",") {
		if strings.Contains(name, part) {
			return true
		}
	}
	return false
}

// report writes the document from all outcomes that are kept.
func report() error {
	var groups []outcomesOf
	for _, small := range []bool{false, true} {
		g := outcomesOf{raw: rawFull}
		if small {
			g.raw = rawSmall
		}
		var err error
		if g.p, err = settings(small); err != nil {
			return err
		}
		if g.all, err = readLines[outcome](g.raw); err != nil {
			return err
		}
		if len(g.all) > 0 {
			groups = append(groups, g)
		}
	}
	return write("docs/evaluation.md", "docs/img", groups)
}

// The files of outcomes.
const (
	rawFull  = "docs/evaluation.jsonl"
	rawSmall = "docs/evaluation-small.jsonl"
)

// outcomesOf is what came out in one group.
type outcomesOf struct {
	raw string
	p   lab.Params
	all []outcome
}

// sums gathers the outcomes by task.
func (g *outcomesOf) sums() (list []*sum) {
	for _, t := range tasks {
		if s := gather(t, g.all); s.runs > 0 {
			list = append(list, s)
		}
	}
	return list
}

// one plays and traces one seed.
func one(p lab.Params, seed uint64, list []task, redraws int) ([]outcome, error) {
	f, err := play(p, seed, list)
	if err != nil {
		return nil, err
	}
	var some []outcome
	for i, t := range list {
		o, err := f.try(i, t, seed, redraws)
		if err != nil {
			return nil, err
		}
		some = append(some, *o)
	}
	return some, nil
}

// settings are lab.yaml's, with those of eval.yaml, or of small.yaml, over them.
func settings(small bool) (lab.Params, error) {
	file := "lab/eval/eval.yaml"
	if small {
		file = "lab/eval/small.yaml"
	}
	text, err := os.ReadFile(file)
	if err != nil {
		return lab.Params{}, err
	}
	return lab.ParseParams(text)
}

// readLines reads a file of outcomes, one a line; there may be none yet.
func readLines[T any](path string) (list []T, err error) {
	f, err := os.Open(path)
	if os.IsNotExist(err) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	defer f.Close()
	for s := bufio.NewScanner(f); s.Scan(); {
		var o T
		if err := json.Unmarshal(s.Bytes(), &o); err != nil {
			return nil, fmt.Errorf("%s: %w", path, err)
		}
		list = append(list, o)
	}
	return list, nil
}

// appendLine adds an outcome to a file.
func appendLine(path string, o any) error {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	if err != nil {
		return err
	}
	defer f.Close()
	return json.NewEncoder(f).Encode(o)
}

func machine() string {
	return fmt.Sprintf("%s, %d processors, %s", runtime.Version(), runtime.NumCPU(), time.Now().UTC().Format("2 January 2006"))
}
