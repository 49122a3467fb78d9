package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// load is what pgbench runs.
type load struct {
	script  string
	mode    string // simple or prepared
	clients int
	login   string
}

var tpsLine = regexp.MustCompile(`tps = ([0-9.]+) \(without initial`)

// pgbench runs a load against a target once and gives transactions per second
// and, for one client, the median latency in microseconds.
func (w *world) pgbench(ctx context.Context, t *target, l *load) (tps, median float64, err error) {
	script := filepath.Join(w.dir, "script.sql")
	if err := os.WriteFile(script, []byte(l.script+"\n"), 0o600); err != nil {
		return 0, 0, err
	}
	length := w.seconds(l)
	args := []string{"-n", "-f", script, "-M", l.mode, "-c", strconv.Itoa(l.clients), "-j", strconv.Itoa(min(2, l.clients)),
		"-T", strconv.Itoa(length)}
	prefix := filepath.Join(w.dir, "latency")
	if l.clients == 1 {
		args = append(args, "-l", "--log-prefix="+prefix)
	}
	cmd := exec.CommandContext(ctx, "pgbench", args...)
	cmd.Env, cmd.Dir = t.env(), w.dir
	out, err := cmd.CombinedOutput()
	found := tpsLine.FindSubmatch(out)
	if err != nil || found == nil {
		return 0, 0, fmt.Errorf("pgbench on %s: %v\n%s", t.name, err, out)
	}
	if tps, err = strconv.ParseFloat(string(found[1]), 64); err != nil {
		return 0, 0, err
	}
	if l.clients == 1 {
		median, err = medianLatency(prefix)
	}
	return tps, median, err
}

// seconds is how long pgbench runs; its clock runs while it connects.
func (w *world) seconds(l *load) int { return max(1, int(w.o.length.Seconds())) + l.clients/20 }

// medianLatency reads the logs that pgbench left and removes them.
func medianLatency(prefix string) (float64, error) {
	files, err := filepath.Glob(prefix + ".*")
	if err != nil {
		return 0, err
	}
	var all []float64
	for _, name := range files {
		b, err := os.ReadFile(name)
		if err != nil {
			return 0, err
		}
		os.Remove(name)
		for line := range strings.Lines(string(b)) {
			fields := strings.Fields(line)
			if len(fields) < 3 {
				continue
			}
			us, err := strconv.ParseFloat(fields[2], 64)
			if err != nil {
				return 0, err
			}
			all = append(all, us)
		}
	}
	return med(all), nil
}

// med gives the median; 0 of nothing.
func med(list []float64) float64 {
	if len(list) == 0 {
		return 0
	}
	s := slices.Sorted(slices.Values(list))
	return (s[(len(s)-1)/2] + s[len(s)/2]) / 2
}
