package main

import (
	"context"
	"fmt"
	"log"
	"os"
	"strings"
)

// row is one thing that is measured. Its demand is a sentence for the table and a
// check of the figure.
type row struct {
	name    string
	load    load
	demand  string
	least   float64 // the gate's tps must be this part of pgbouncer's; 0 if none is demanded
	measure func(ctx context.Context, w *world, r row) ([]result, error)
	alone   bool // needs no gate and no database
}

// result is one line of the table.
type result struct {
	name, direct, bouncer, gate string
	figure, demand              string
	met                         string // yes, no, or nothing where nothing is demanded
}

func (r *result) cells() []string {
	return []string{r.name, r.direct, r.bouncer, r.gate, r.figure, r.demand, r.met}
}

const (
	pointSelect = "\\set id random(1, 200000)\nSELECT id, name, phone FROM customers WHERE id = :id"
	selectOne   = "SELECT 1"
	branch      = "\\set id random(1, 10)\nSELECT id, name, town FROM branches WHERE id = :id"
)

// rows lists everything, in the order of the table. Memory comes first, while the
// gate has not yet served anybody.
func rows() []row {
	list := []row{
		{name: "memory", measure: measureMemory},
		{name: "long answer", measure: measureLong},
	}
	for _, mode := range []string{"simple", "prepared"} {
		list = append(list,
			row{name: "point SELECT, recorded, 1 client, " + mode, load: load{pointSelect, mode, 1, looker},
				demand: "median ≤ direct + one fdatasync + 60 µs", measure: measureLatency},
			row{name: "point SELECT, recorded, 8 clients, " + mode, load: load{pointSelect, mode, 8, looker}, least: 0.4, measure: measureRate},
			row{name: "point SELECT, recorded, 64 clients, " + mode, load: load{pointSelect, mode, 64, looker}, least: 0.7, measure: measureRate},
			row{name: "SELECT 1, 1 client, " + mode, load: load{selectOne, mode, 1, looker}, least: 0.75, measure: measureRate},
			row{name: "SELECT 1, 8 clients, " + mode, load: load{selectOne, mode, 8, looker}, least: 0.9, measure: measureRate},
			row{name: "undeclared table, 1 client, " + mode, load: load{branch, mode, 1, looker}, least: 0.75, measure: measureRate},
			row{name: "undeclared table, 8 clients, " + mode, load: load{branch, mode, 8, looker}, least: 0.9, measure: measureRate},
		)
	}
	list = append(list, kinds()...)
	list = append(list, row{name: "portal", measure: measurePortal}, row{name: "console", measure: measureConsole},
		row{name: "trace", measure: measureTrace, alone: true}, row{name: "watch", measure: measureWatch, alone: true})
	return append(list, row{name: "go benchmarks", measure: measureGo})
}

func yes(ok bool) string {
	if ok {
		return "yes"
	}
	return "**no**"
}

// measureRate asks the targets in turn and compares transactions per second.
func measureRate(ctx context.Context, w *world, r row) ([]result, error) {
	tps := make([][]float64, 3+len(w.others))
	var ratios []float64
	err := w.rounds(ctx, r, func(n int, rate, _ float64) { tps[n] = append(tps[n], rate) }, func() error {
		k := len(tps[2]) - 1
		ratios = append(ratios, tps[2][k]/tps[1][k])
		return nil
	})
	ratio := med(ratios)
	return []result{{r.name, rate(tps[0]), rate(tps[1]), rate(tps[2]),
		fmt.Sprintf("%.2f × pgbouncer", ratio) + w.beside(tps), fmt.Sprintf("≥%.2g ×", r.least), yes(ratio >= r.least)}}, err
}

func rate(list []float64) string { return fmt.Sprintf("%.1fk/s", med(list)/1000) }

// measureLatency compares medians with direct and one sync of the ledger's disk.
func measureLatency(ctx context.Context, w *world, r row) ([]result, error) {
	lat := make([][]float64, 3+len(w.others))
	var syncs, over []float64
	err := w.rounds(ctx, r, func(n int, _, median float64) { lat[n] = append(lat[n], median) }, func() error {
		s, err := syncTime(w.dir)
		if err != nil {
			return err
		}
		syncs = append(syncs, s)
		k := len(lat[2]) - 1
		over = append(over, lat[2][k]-lat[0][k]-s)
		return nil
	})
	return []result{{r.name, micros(lat[0]), micros(lat[1]), micros(lat[2]),
		fmt.Sprintf("direct + fdatasync (%.0f µs) %+.0f µs", med(syncs), med(over)), r.demand, yes(med(over) <= 60)}}, err
}

// beside compares other builds with pgbouncer, if there are any.
func (w *world) beside(tps [][]float64) (text string) {
	for n := range w.others {
		var ratios []float64
		for k := range tps[3+n] {
			ratios = append(ratios, tps[3+n][k]/tps[1][k])
		}
		text += fmt.Sprintf(" (other %.2f)", med(ratios))
	}
	return text
}

func micros(list []float64) string { return fmt.Sprintf("%.0f µs", med(list)) }

// rounds runs the row's load on each target in turn, for so many rounds.
func (w *world) rounds(ctx context.Context, r row, each func(n int, tps, median float64), end func() error) error {
	targets := w.targets(r.load.login)
	for k := range w.o.rounds {
		for n := range targets {
			if n == 2 && k == w.o.rounds-1 {
				w.profile(r.name)
			}
			before := effortOf(targets[n].pid)
			tps, median, err := w.pgbench(ctx, &targets[n], &r.load)
			if err != nil {
				return err
			}
			if w.o.effort {
				effortOf(targets[n].pid).say(&targets[n], before, tps, float64(w.seconds(&r.load)))
			}
			each(n, tps, median)
		}
		if err := end(); err != nil {
			return err
		}
	}
	return nil
}

// profile keeps profiles of the gate during the next run, if they are asked for.
func (w *world) profile(name string) {
	if w.o.profile == "" {
		return
	}
	if err := os.MkdirAll(w.o.profile, 0o700); err != nil {
		log.Print(err)
		return
	}
	name = strings.ReplaceAll(strings.ReplaceAll(name, ",", ""), " ", "-")
	w.gate.saveProfiles(w.o.profile, name, max(1, int(w.o.length.Seconds())-1))
}
