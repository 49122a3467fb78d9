package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// web is a web application with the gate in front, each in a process of its own, and
// a reverse proxy that looks at nothing beside it.
type web struct {
	dir         string
	app, proxy  *helper
	gate        *gateProcess
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
		var direct, bare, gate, ratios []float64
		for k := range w.o.rounds {
			cookie := x.clear
			if r.veiled {
				cookie = x.veil
			}
			for _, t := range x.ways(cookie, &direct, &bare, &gate) {
				if t.pid == x.gate.cmd.Process.Pid && k == w.o.rounds-1 {
					x.profile(w, r.name)
				}
				before := effortOf(t.pid)
				rate, err := wrk(ctx, t.base+r.path, t.cookie, w.o.length)
				if err != nil {
					return list, err
				}
				if w.o.effort {
					effortOf(t.pid).say(&target{name: t.name, pid: t.pid}, before, rate, max(1, w.o.length.Seconds()))
				}
				*t.into = append(*t.into, rate)
			}
			ratios = append(ratios, gate[k]/direct[k])
		}
		line := result{name: r.name, direct: rate(direct), bouncer: rate(bare), gate: rate(gate), figure: fmt.Sprintf("%.2f × direct", med(ratios))}
		if r.least > 0 {
			line.demand, line.met = fmt.Sprintf("≥%.2g ×", r.least), yes(med(ratios) >= r.least)
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
	into               *[]float64
}

func (x *web) ways(cookie string, direct, bare, gate *[]float64) []way {
	return []way{{"direct", x.app.url, "", x.app.cmd.Process.Pid, direct}, {"bare proxy", x.proxy.url, "", x.proxy.cmd.Process.Pid, bare},
		{"gate", x.gate.portal, cookie, x.gate.cmd.Process.Pid, gate}}
}

// fileSize is the large file, in megabytes.
const fileSize = 1000

// file downloads a large CSV of customers.
func (x *web) file(ctx context.Context, w *world) ([]result, error) {
	var direct, bare, gate, ratios []float64
	if err := x.gate.restart(); err != nil { // its memory is the file's then, not that of the looks before
		return nil, err
	}
	for k := range max(1, w.o.rounds/3) {
		for _, t := range x.ways(x.clear, &direct, &bare, &gate) {
			if t.pid == x.gate.cmd.Process.Pid {
				x.profile(w, "portal: a large file")
			}
			rate, err := download(ctx, t.base+"/customers.csv?mb="+strconv.Itoa(fileSize), t.cookie)
			if err != nil {
				return nil, err
			}
			*t.into = append(*t.into, rate)
		}
		ratios = append(ratios, gate[k]/bare[k])
	}
	most, err := highest(x.gate.cmd.Process.Pid)
	speed := func(list []float64) string { return fmt.Sprintf("%.0f MB/s", med(list)) }
	return []result{
		{webFile, speed(direct), speed(bare), speed(gate), fmt.Sprintf("%.2f × bare proxy", med(ratios)), "≥0.5 ×", yes(med(ratios) >= 0.5)},
		{"portal: most memory meanwhile", "", "", megabytes(most), "", "≤64 MB", yes(most <= 64<<20)},
	}, err
}

// wrk asks a path over 16 connections and gives answers a second. Answers that are
// not 200 are an error.
func wrk(ctx context.Context, url, cookie string, length time.Duration) (float64, error) {
	out, err := exec.CommandContext(ctx, "wrk", "-t2", "-c16", "-d"+strconv.Itoa(max(1, int(length.Seconds())))+"s", "-H", "Cookie: "+cookie, url).CombinedOutput()
	found := wrkLine.FindSubmatch(out)
	if err != nil || found == nil || strings.Contains(string(out), "Non-2xx") {
		return 0, fmt.Errorf("wrk: %v\n%s", err, out)
	}
	return strconv.ParseFloat(string(found[1]), 64)
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

// highest is the most memory in RAM that a process ever had, bytes.
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
	x.gate.saveProfiles(w.o.profile, name, max(2, int(w.o.length.Seconds())))
}

func (x *web) close() {
	for _, h := range []*helper{x.app, x.proxy} {
		if h != nil {
			h.stop()
		}
	}
	if x.gate != nil {
		x.gate.stop()
	}
	os.RemoveAll(filepath.Join(x.dir, "ledger"))
}
