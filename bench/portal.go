package main

import (
	"context"
	"fmt"
	"io"
	"log"
	"net/http"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// web is a web application with the gate in front, each in a process of its own, and
// a reverse proxy that looks at nothing beside it.
type web struct {
	dir        string
	app, proxy *helper
	gates      []guarded // this build's, and others on request
}

// guarded is a gate in front of the application.
type guarded struct {
	*gateProcess
	clear, veil string // cookies: of who sees everything, of who sees it masked
}

// webRow is a path that is asked with 16 connections.
type webRow struct {
	name, path string
	veiled     bool
	least      float64
}

var webRows = []webRow{
	{"portal: 100 customers as JSON, recorded", "/customers.json", false, 0.18},
	{"portal: 100 customers as JSON, masked", "/customers.json", true, 0.13},
	{"portal: a page without personal data", "/page", false, 0.45},
	{"portal: the same page, different each time", "/changing", false, 0},
}

// measurePortal compares the portal with the application asked directly, by wrk, and a
// large file with the bare reverse proxy.
func measurePortal(ctx context.Context, w *world, _ row) (list []result, err error) {
	x, err := newWeb(ctx, w)
	if err != nil {
		return nil, err
	}
	defer x.close()
	for _, r := range webRows {
		if !w.o.only.MatchString(r.name) {
			continue
		}
		rates := make([][]float64, 2+len(x.gates))
		for k := range w.o.rounds {
			for n, t := range x.ways(r.veiled) {
				if n == 2 && k == w.o.rounds-1 {
					x.profile(w, r.name)
				}
				rate, err := x.ask(ctx, w, t, r.path)
				if err != nil {
					return list, err
				}
				rates[n] = append(rates[n], rate)
			}
		}
		ratio := med(ratiosOf(rates[2], rates[0]))
		line := result{name: r.name, direct: rate(rates[0]), bouncer: rate(rates[1]), gate: rate(rates[2]), figure: fmt.Sprintf("%.2f × direct", ratio) + besideDirect(rates)}
		if r.least > 0 {
			line.demand, line.met = fmt.Sprintf("≥%.2g ×", r.least), yes(ratio >= r.least)
		}
		list = append(list, line)
	}
	if !w.o.only.MatchString(webFile) {
		return list, nil
	}
	file, err := x.file(ctx, w)
	return append(list, file...), err
}

const webFile = "portal: a CSV of 1 GB, recorded"

// webWanted says whether one of the portal's rows is wanted.
func webWanted(only *regexp.Regexp) bool {
	return only.MatchString(webFile) || slices.ContainsFunc(webRows, func(r webRow) bool { return only.MatchString(r.name) })
}

// way is one of those that are compared.
type way struct {
	name, base, cookie string
	pid                int
}

func (x *web) ways(veiled bool) []way {
	list := []way{{"direct", x.app.url, "", x.app.cmd.Process.Pid}, {"bare proxy", x.proxy.url, "", x.proxy.cmd.Process.Pid}}
	for i, g := range x.gates {
		w := way{"gate", g.portal, g.clear, g.cmd.Process.Pid}
		if veiled {
			w.cookie = g.veil
		}
		if i > 0 {
			w.name = fmt.Sprint("gate ", i+1)
		}
		list = append(list, w)
	}
	return list
}

// ask gives answers a second over one way.
func (x *web) ask(ctx context.Context, w *world, t way, path string) (float64, error) {
	before, app, idle := effortOf(t.pid), effortOf(x.app.cmd.Process.Pid), idleTime()
	rate, client, err := wrk(ctx, t.base+path, t.cookie, w.o.length)
	if seconds := max(1, w.o.length.Seconds()); err == nil && w.o.effort {
		n := rate * seconds
		effortOf(t.pid).say(&target{name: t.name, pid: t.pid}, before, rate, seconds)
		log.Printf("               beside it: application %.1f µs, client %.1f µs, nobody %.1f µs", effortOf(x.app.cmd.Process.Pid).since(app)/n, client/n, (idleTime()-idle)/n)
	}
	return rate, err
}

func ratiosOf(a, b []float64) (list []float64) {
	for k := range a {
		list = append(list, a[k]/b[k])
	}
	return list
}

// fileSize is the large file, in megabytes.
const fileSize = 1000

// file downloads a large CSV of customers.
func (x *web) file(ctx context.Context, w *world) ([]result, error) {
	var direct, bare, gate, ratios []float64
	into := []*[]float64{&direct, &bare, &gate}
	if err := x.gates[0].fresh(); err != nil {
		return nil, err
	}
	rest, err := settled(x.gates[0].gateProcess)
	if err != nil {
		return nil, err
	}
	forgetHighest(x.gates[0].cmd.Process.Pid)
	for k := range max(1, w.o.rounds/3) {
		for n, t := range x.ways(false)[:len(into)] {
			if n == 2 {
				x.profile(w, "portal: a large file")
			}
			rate, err := download(ctx, t.base+"/customers.csv?mb="+strconv.Itoa(fileSize), t.cookie)
			if err != nil {
				return nil, err
			}
			*into[n] = append(*into[n], rate)
		}
		ratios = append(ratios, gate[k]/bare[k])
	}
	most, err := highest(x.gates[0].cmd.Process.Pid)
	speed := func(list []float64) string { return fmt.Sprintf("%.0f MB/s", med(list)) }
	return []result{
		{webFile, speed(direct), speed(bare), speed(gate), fmt.Sprintf("%.2f × bare proxy", med(ratios)), "≥0.5 ×", yes(med(ratios) >= 0.5)},
		{"portal: most memory meanwhile", "", "", megabytes(most), "at rest " + megabytes(rest), "≤64 MB", yes(most <= 64<<20)},
	}, err
}

// wrk asks a path over 16 connections and gives answers a second, and the processor time
// that asking took, µs. Answers that are not 200 are an error.
func wrk(ctx context.Context, url, cookie string, length time.Duration) (each, effort float64, err error) {
	cmd := exec.CommandContext(ctx, "wrk", "-t2", "-c16", "-d"+strconv.Itoa(max(1, int(length.Seconds())))+"s", "-H", "Cookie: "+cookie, url)
	out, err := cmd.CombinedOutput()
	found := wrkLine.FindSubmatch(out)
	if err != nil || found == nil || strings.Contains(string(out), "Non-2xx") {
		return 0, 0, fmt.Errorf("wrk: %v\n%s", err, out)
	}
	each, err = strconv.ParseFloat(string(found[1]), 64)
	return each, float64((cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()).Microseconds()), err
}

var wrkLine = regexp.MustCompile(`Requests/sec:\s+([0-9.]+)`)

// download reads a file and gives megabytes a second.
func download(ctx context.Context, url, cookie string) (float64, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return 0, err
	}
	req.Header.Set("Cookie", cookie)
	began := time.Now()
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return 0, err
	}
	defer resp.Body.Close()
	n, err := io.Copy(io.Discard, resp.Body)
	if err == nil && (resp.StatusCode != http.StatusOK || n < fileSize<<20) {
		err = fmt.Errorf("download: %s, %d bytes", resp.Status, n)
	}
	return float64(n) / (1 << 20) / time.Since(began).Seconds(), err
}

// forgetHighest begins highest anew: a start reads all customers, which takes more than to
// hold them.
func forgetHighest(pid int) {
	_ = os.WriteFile(fmt.Sprintf("/proc/%d/clear_refs", pid), []byte("5"), 0)
}

// highest is the most memory in RAM that a process had since, bytes.
func highest(pid int) (int64, error) {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0, err
	}
	for line := range strings.Lines(string(b)) {
		if rest, ok := strings.CutPrefix(line, "VmHWM:"); ok {
			var kb int64
			_, err := fmt.Sscan(rest, &kb)
			return kb << 10, err
		}
	}
	return 0, fmt.Errorf("no VmHWM")
}

func (x *web) profile(w *world, name string) {
	if w.o.profile == "" || os.MkdirAll(w.o.profile, 0o700) != nil {
		return
	}
	name = strings.NewReplacer(",", "", " ", "-", ":", "").Replace(name)
	x.gates[0].saveProfiles(w.o.profile, name, max(2, int(w.o.length.Seconds())))
}

func (x *web) close() {
	for _, h := range []*helper{x.app, x.proxy} {
		if h != nil {
			h.stop()
		}
	}
	for _, g := range x.gates {
		g.stop()
		os.RemoveAll(g.spec.Ledger)
	}
}
