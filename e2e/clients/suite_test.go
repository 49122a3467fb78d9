package clients

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
)

// goSuite is the test suite of a driver: where its source lies, with the files its
// tests read, and the binaries made of it.
type goSuite struct {
	name, source, binaries string
	packages               []string
	skip                   string // pattern of what is not run at all, in no run
}

// suiteRun is one run of the suite.
type suiteRun struct {
	name, logs    string
	env, packages []string
	waits         map[string]string // by package, a pattern: tests that wait minutes for what does not come
	mu            sync.Mutex
	verdicts      map[string]string
}

// moduleDir gives the folder of a module that the module in dir requires.
func moduleDir(t *testing.T, dir, module string) string {
	t.Helper()
	cmd := exec.Command("go", "list", "-m", "-f", "{{.Dir}}", module)
	cmd.Dir = dir
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(string(out))
}

// build makes the test binary of one package, named from a folder dir in a module.
func (s goSuite) build(t *testing.T, dir, path, p string) {
	t.Helper()
	cmd := exec.Command("go", "test", "-c", "-trimpath", "-o", s.binary(p), path)
	cmd.Dir = dir
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%s: %v\n%s", p, err, out)
	}
}

func (s goSuite) binary(p string) string {
	return filepath.Join(s.binaries, strings.ReplaceAll(p, ".", s.name)+".test")
}

// key names a test of a package in verdicts and in lists of what differs.
func (s goSuite) key(p, test string) string { return filepath.Join(s.name, p) + "." + test }

// runAll runs them, two at a time, and beside them what only waits.
func (s goSuite) runAll(t *testing.T, runs []*suiteRun) {
	slots := make(chan struct{}, 2)
	var group sync.WaitGroup
	for _, r := range runs {
		s.begin(t, r)
		for p, pattern := range r.waits {
			group.Go(func() { s.run(t, r, p, "-test.run="+pattern) })
		}
	}
	for _, r := range runs {
		slots <- struct{}{}
		group.Go(func() {
			defer func() { <-slots }()
			for _, p := range r.packages {
				s.run(t, r, p, "-test.skip="+anyOf(s.skip, r.waits[p]))
			}
		})
	}
	group.Wait()
	for _, r := range runs {
		t.Logf("%s: %s", r.name, tally(r.verdicts))
	}
}

// anyOf joins patterns, of which one may be empty.
func anyOf(a, b string) string {
	if a != "" && b != "" {
		return a + "|" + b
	}
	return a + b
}

var suiteVerdict = regexp.MustCompile(`(?m)^\s*--- (PASS|FAIL|SKIP): (\S+)`)

// suiteRandom are the numbers of temporary folders in names of tests.
var suiteRandom = regexp.MustCompile(`[0-9]{6,}`)

// begin makes the folder of a run's output. That of a test that failed stays there for
// whoever must find out why.
func (s goSuite) begin(t *testing.T, r *suiteRun) {
	t.Helper()
	var err error
	if r.logs, err = os.MkdirTemp("", s.name+"-"+r.name+"-"); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if !t.Failed() {
			os.RemoveAll(r.logs)
		}
	})
	r.verdicts = map[string]string{}
}

// run runs some tests of a package and notes each one's verdict.
func (s goSuite) run(t *testing.T, r *suiteRun, p, which string) {
	cmd := exec.Command(s.binary(p), "-test.v", "-test.timeout=400s", "-test.parallel=4", which)
	cmd.Dir, cmd.Env = filepath.Join(s.source, p), r.env
	out, err := cmd.CombinedOutput()
	if at := bytes.Index(out, []byte("panic: ")); at >= 0 {
		t.Errorf("%s, %s: %v\n%.3000s", r.name, p, err, out[at:])
	}
	log, err := os.CreateTemp(r.logs, strings.ReplaceAll(p, ".", s.name)+"-*.log")
	if err == nil {
		_, err = log.Write(out)
		log.Close()
	}
	if err != nil {
		t.Error(err)
	}
	t.Logf("%s, %s: output in %s", r.name, p, r.logs)
	r.note(s, p, out)
}

// note takes over the verdicts of a package's output.
func (r *suiteRun) note(s goSuite, p string, out []byte) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, m := range suiteVerdict.FindAllSubmatch(out, -1) {
		name := suiteRandom.ReplaceAllString(string(m[2]), "N")
		r.verdicts[s.key(p, name)] = string(m[1])
	}
}

// again gives tests that differ two more tries, by themselves: some of the suite's
// tests hold clocks against a machine that runs three suites at once. What differs
// because of the gate differs each time.
func (s goSuite) again(t *testing.T, direct map[string]string, r *suiteRun, known map[string]string) {
	t.Helper()
	for range 2 {
		for _, p := range r.packages {
			var names []string
			for name, verdict := range direct {
				if test, ok := s.topTest(name, p); ok && verdict == "PASS" && r.verdicts[name] != "PASS" && known[s.key(p, test)] == "" {
					names = append(names, test)
				}
			}
			if len(names) == 0 {
				continue
			}
			slices.Sort(names)
			names = slices.Compact(names)
			t.Logf("%s, %s: once more: %s", r.name, p, strings.Join(names, ", "))
			cmd := exec.Command(s.binary(p), "-test.v", "-test.timeout=200s", "-test.run", "^("+strings.Join(names, "|")+")$")
			cmd.Dir, cmd.Env = filepath.Join(s.source, p), r.env
			out, _ := cmd.CombinedOutput()
			r.note(s, p, out)
		}
	}
}

// topTest gives the name of the test function that a verdict of a package is about.
func (s goSuite) topTest(name, p string) (string, bool) {
	rest, ok := strings.CutPrefix(name, s.key(p, ""))
	test, _, _ := strings.Cut(rest, "/")
	return test, ok
}

func tally(verdicts map[string]string) string {
	n := map[string]int{}
	for _, v := range verdicts {
		n[v]++
	}
	return fmt.Sprintf("%d passed, %d failed, %d skipped", n["PASS"], n["FAIL"], n["SKIP"])
}

// compare demands of each test of a run the verdict that it has without the gate,
// but for those that known names with its reason; those must really differ.
func (s goSuite) compare(t *testing.T, what string, direct map[string]string, r *suiteRun, known map[string]string) {
	t.Helper()
	for name, why := range known {
		if direct[name] == r.verdicts[name] {
			t.Errorf("%s: %s is listed as different (%s) and is not", what, name, why)
		}
	}
	var list []string
	for name, verdict := range direct {
		whole, _, _ := strings.Cut(name[strings.IndexByte(name, '.'):], "/")
		whole = name[:strings.IndexByte(name, '.')] + whole
		if r.ran(s, name) && verdict == "PASS" && r.verdicts[name] != verdict && known[whole] == "" {
			list = append(list, fmt.Sprintf("%s: %s directly, %s through the gate", name, verdict, r.verdicts[name]))
		}
	}
	slices.Sort(list)
	if len(list) > 0 {
		t.Errorf("%s:\n%s", what, strings.Join(list, "\n"))
	}
}

// ran says whether the test's package was part of the run.
func (r *suiteRun) ran(s goSuite, name string) bool {
	p, _, _ := strings.Cut(name, ".")
	return slices.ContainsFunc(r.packages, func(own string) bool { return filepath.Join(s.name, own) == p })
}
