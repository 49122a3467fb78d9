package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"regexp"
	"strconv"
	"strings"
)

// goBench is a benchmark of a package with its demand.
type goBench struct {
	pkg, name string // name as go test prints it, without the processor count
	label     string
	unit      string // of the figure that counts: ns/op, commits/s, …
	most      float64
	least     float64
}

var goBenches = []goBench{
	{pkg: "./pgproxy", name: "BenchmarkDecideKnown/simple", label: "deciding a known statement shape", unit: "ns/op", most: 2e3},
	{pkg: "./pgproxy", name: "BenchmarkDecideKnown/prepared", label: "deciding a prepared statement again", unit: "ns/op", most: 2e3},
	{pkg: "./pgproxy", name: "BenchmarkDecideNew/point", label: "deciding a new shape, point SELECT", unit: "ns/op", most: 200e3},
	{pkg: "./pgproxy", name: "BenchmarkDecideNew/join", label: "deciding a new shape, join of three tables", unit: "ns/op", most: 200e3},
	{pkg: "./pgproxy", name: "BenchmarkDecideKnown/hidden", label: "deciding a known shape, hidden key added", unit: "ns/op", most: 5e3},
	{pkg: "./pgproxy", name: "BenchmarkDecideNew/hidden", label: "deciding a new shape, hidden key added", unit: "ns/op", most: 600e3},
	{pkg: "./pgproxy", name: "BenchmarkDecideRefused", label: "refusing a known shape, recorded", unit: "ns/op", most: 1e6},
	{pkg: "./subjects/body", name: "BenchmarkGate/json-64k", label: "recognising a 64 kB dense body, JSON, one core", unit: "ns/op", most: 100e3},
	{pkg: "./subjects/body", name: "BenchmarkGate/json-64k-masked", label: "the same, two columns masked", unit: "ns/op"},
	{pkg: "./subjects/body", name: "BenchmarkDense/text-identifiers", label: "the same size of text with three identifiers a line, nothing configured", unit: "ns/op"},
	{pkg: "./subjects/body", name: "BenchmarkGate/page", label: "a 4 kB page without personal data", unit: "ns/op"},
	{pkg: "./detect", name: "BenchmarkTake", label: "detection, an event of a thousand people at work; 100 µs are a tenth of a core at 1,000 events/s", unit: "ns/op", most: 100e3},
	{pkg: "./ledger", name: "BenchmarkAppend/committers=64", label: "ledger, single-disclosure commits, 64 committers", unit: "commits/s", least: 100e3},
	{pkg: "./ledger", name: "BenchmarkWhoSaw/answer=20/frame=8/subjects=200000", label: "ledger, who saw a customer, 20 million disclosures", unit: "ns/op", most: 1e6},
	{pkg: "./ledger", name: "BenchmarkReplay/answer=20/frame=8/subjects=200000", label: "ledger, replay at start, answers of 20 customers", unit: "Mdisclosures/s", least: 10},
	{pkg: "./ledger", name: "BenchmarkReplay/answer=1/frame=32/subjects=200000", label: "ledger, replay at start, answers of one customer", unit: "Mdisclosures/s", least: 10},
}

// measureGo runs the benchmarks of the packages and takes their medians.
func measureGo(ctx context.Context, w *world, r row) ([]result, error) {
	var list []result
	for _, pkg := range []string{"./pgproxy", "./subjects/body", "./detect", "./ledger"} {
		found := map[string][]float64{}
		for _, b := range goBenches {
			if b.pkg == pkg && found[b.name+" "+b.unit] == nil {
				if err := runGo(ctx, pkg, b.name, found); err != nil {
					return list, err
				}
			}
		}
		for _, b := range goBenches {
			if b.pkg == pkg {
				list = append(list, b.result(found[b.name+" "+b.unit]))
			}
		}
	}
	return list, nil
}

var cpuSuffix = regexp.MustCompile(`-\d+$`)

// runGo adds the figures of a benchmark, by name and unit.
func runGo(ctx context.Context, pkg, name string, found map[string][]float64) error {
	pattern := "^" + strings.ReplaceAll(name, "/", "$/^") + "$"
	cmd := exec.CommandContext(ctx, "go", "test", "-run", "^$", "-bench", pattern, "-benchtime", "1s", "-count", "3", "-timeout", "15m", pkg)
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err != nil {
		return fmt.Errorf("go test %s: %w\n%s", pkg, err, out)
	}
	for line := range strings.Lines(string(out)) {
		f := strings.Fields(line)
		if len(f) < 4 || !strings.HasPrefix(f[0], "Benchmark") {
			continue
		}
		name := cpuSuffix.ReplaceAllString(f[0], "")
		for i := 2; i+1 < len(f); i += 2 {
			if v, err := strconv.ParseFloat(f[i], 64); err == nil {
				found[name+" "+f[i+1]] = append(found[name+" "+f[i+1]], v)
			}
		}
	}
	return nil
}

func (b *goBench) result(figures []float64) result {
	if len(figures) == 0 {
		return result{name: b.label, figure: "not measured", demand: b.bound(), met: "**no**"}
	}
	m := med(figures)
	if b.most == 0 && b.least == 0 { // for the record
		return result{name: b.label, gate: human(m, b.unit)}
	}
	ok := b.most != 0 && m <= b.most || b.least != 0 && m >= b.least
	return result{name: b.label, gate: human(m, b.unit), demand: b.bound(), met: yes(ok)}
}

func (b *goBench) bound() string {
	if b.most != 0 {
		return "≤" + human(b.most, b.unit)
	}
	return "≥" + human(b.least, b.unit)
}

func human(v float64, unit string) string {
	switch {
	case unit == "ns/op" && v >= 1e6:
		return fmt.Sprintf("%.3g ms", v/1e6)
	case unit == "ns/op":
		return fmt.Sprintf("%.3g µs", v/1e3)
	case strings.HasPrefix(unit, "M"):
		return fmt.Sprintf("%.3g million %s", v, unit[1:])
	case v >= 1e6:
		return fmt.Sprintf("%.3g M %s", v/1e6, unit)
	}
	return fmt.Sprintf("%.3g k %s", v/1e3, unit)
}
