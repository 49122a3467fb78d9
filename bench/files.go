package main

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"syscall"
	"time"

	"custody"
	"custody/trace"
)

// measureTrace traces 500 complaints over 20 million disclosures of 1,000 logins with 999
// redraws, as an inquiry does when its looks are in memory.
func measureTrace(context.Context, *world, row) ([]result, error) {
	const subjects, logins, days, disclosures = 72_000, 1000, 300, 20_000_000
	epoch, day := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC), 24*time.Hour
	rng := rand.New(rand.NewPCG(7, 7))
	l := trace.NewLooks(epoch)
	var complaints []trace.Complaint
	for s := range custody.SubjectID(subjects) {
		born := epoch.Add(time.Duration(s) * (days * day / subjects))
		branch := rng.IntN(50)
		for range disclosures / subjects {
			c := trace.Candidate(branch*19 + rng.IntN(19))
			if rng.IntN(4) == 0 {
				c = trace.Candidate(logins - 50 + rng.IntN(50))
			}
			if err := l.Add(c, s, born.Add(time.Duration(rng.Int64N(int64(20*day))))); err != nil {
				return nil, err
			}
		}
		if s%(subjects/500) == 0 {
			complaints = append(complaints, trace.Complaint{Subject: s, Called: born.Add(time.Duration(1+rng.IntN(40)) * day)})
		}
	}
	start := time.Now()
	l.Freeze()
	sorted := time.Since(start)
	var memory int64
	var took, used []float64
	for range 3 {
		start, before := time.Now(), spent()
		r, err := trace.Run(l, complaints, trace.Options{})
		if err != nil {
			return nil, err
		}
		took, used = append(took, time.Since(start).Seconds()), append(used, spent()-before)
		memory = r.Memory
	}
	return []result{{name: "trace: 500 complaints over 20 million disclosures, 999 redraws", gate: fmt.Sprintf("%.1f s", med(took)),
		figure: fmt.Sprintf("%.1f s of processor time on %d; %d MB of looks and tables; putting the looks in order %.1f s", med(used), runtime.GOMAXPROCS(0), memory/1_000_000, sorted.Seconds()),
		demand: "≤5 s", met: yes(med(took) <= 5)}}, nil
}

// spent is the processor time of this program until now, in seconds.
func spent() float64 {
	var u syscall.Rusage
	if syscall.Getrusage(syscall.RUSAGE_SELF, &u) != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano()).Seconds()
}

// measureWatch reads a log of ten million lines: for misuse, and for a leak.
func measureWatch(ctx context.Context, w *world, _ row) ([]result, error) {
	dir := filepath.Join(w.dir, "watch")
	program := filepath.Join(w.dir, "custody")
	defer os.RemoveAll(dir)
	if out, err := exec.CommandContext(ctx, "go", "build", "-o", program, "./cmd/custody").CombinedOutput(); err != nil {
		return nil, fmt.Errorf("go build: %w\n%s", err, out)
	}
	out, err := exec.CommandContext(ctx, program, "lab", "run", "null", "--days", "390", "--out", dir, "--json").Output()
	var run struct{ Looks float64 }
	if err == nil {
		err = json.Unmarshal(out, &run)
	}
	if err != nil {
		return nil, fmt.Errorf("custody lab run: %w", err)
	}
	file := func(name string) string { return filepath.Join(dir, name) }
	info, err := os.Stat(file("access.csv"))
	if err != nil {
		return nil, err
	}
	var list []result
	for _, x := range []struct {
		name string
		args []string
	}{
		{"watch: a year's log of a thousand people", []string{"watch", "--log", file("access.csv"), "--jobs", file("jobs.csv"), "--shifts", file("shifts.csv"), "--page", file("watch.html"), "--bad-lines", file("bad.txt"), "--json"}},
		{"trace: the same log and complaints, from files", []string{"trace", "--log", file("access.csv"), "--complaints", file("complaints.csv"), "--page", file("trace.html"), "--bad-lines", file("bad.txt"), "--json"}},
	} {
		cmd := exec.CommandContext(ctx, program, x.args...)
		start := time.Now()
		if out, err := cmd.CombinedOutput(); err != nil {
			return list, fmt.Errorf("custody %s: %w\n%s", x.args[0], err, out)
		}
		wall := time.Since(start).Seconds()
		use, _ := cmd.ProcessState.SysUsage().(*syscall.Rusage)
		list = append(list, result{name: x.name, gate: fmt.Sprintf("%.0f s", wall),
			figure: fmt.Sprintf("%.1f million lines, %d MB; %.0f s of processor time, %d MB at most", run.Looks/1e6, info.Size()/1_000_000,
				(cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()).Seconds(), use.Maxrss>>10),
			demand: "≤60 s for ten million", met: yes(wall*1e7/run.Looks <= 60)})
	}
	return list, nil
}
