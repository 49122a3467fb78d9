package inquiry_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"custody"
	"custody/accesslog"
	"custody/trace"
	"custody/trace/inquiry"
)

// files makes an access log of a small group and complaints: n of customers whom the
// login "n.vole" saw, and others of anybody.
func files(seed uint64, n, others int) (log, complaints string) {
	rng := rand.New(rand.NewPCG(seed, 2))
	var a, b strings.Builder
	a.WriteString("Viewed at;User;Branch;Customer no\n")
	b.WriteString("Reference;Customer no;Date of call;Caller knew\n")
	start := time.Date(2026, 1, 5, 8, 0, 0, 0, time.UTC)
	form := "02/01/2006 15:04"
	leaked := 0
	for c := range 3000 {
		born := start.Add(time.Duration(c) * 90 * time.Minute)
		branch, told := rng.IntN(12), false
		for range 4 {
			who := fmt.Sprintf("b%d.staff%d", branch, rng.IntN(8))
			if branch == 7 && rng.IntN(4) == 0 {
				who = "n.vole"
			}
			at := born.Add(time.Duration(rng.IntN(6*24*60)) * time.Minute)
			fmt.Fprintf(&a, "%s;%s;Branch %d;%d\n", at.Format(form), who, branch, 5000+c)
			if who == "n.vole" && leaked < n && !told && rng.IntN(2) == 0 {
				leaked, told = leaked+1, true
				fmt.Fprintf(&b, "C%d;%d;%s;my accident\n", leaked, 5000+c, at.Add(time.Duration(24+rng.IntN(500))*time.Hour).Format(form))
			}
		}
		if rng.IntN(3000) < others {
			fmt.Fprintf(&b, "X%d;%d;%s;\n", c, 5000+c, born.Add(time.Duration(200+rng.IntN(900))*time.Hour).Format(form))
		}
	}
	return a.String(), b.String()
}

func answer(t *testing.T, log, complaints string) (*inquiry.Answer, []string) {
	t.Helper()
	var bad []string
	q := inquiry.New(time.UTC, func(file string, b accesslog.Bad) {
		bad = append(bad, fmt.Sprintf("%s:%d: %s", file, b.Line, b.Reason))
	})
	if err := q.Log("access.csv", strings.NewReader(log), nil); err != nil {
		t.Fatal(err)
	}
	if err := q.Complaints("complaints.csv", strings.NewReader(complaints), nil); err != nil {
		t.Fatal(err)
	}
	a, err := q.Run(trace.Options{Redraws: 199, Seed: 4})
	if err != nil {
		t.Fatal(err)
	}
	return a, bad
}

func TestALoginIsNamedAndNotAPerson(t *testing.T) {
	log, complaints := files(3, 20, 20)
	a, _ := answer(t, log, complaints)
	if a.Named == nil || a.Named.Name != "n.vole" || a.Named.Kind != inquiry.Login {
		t.Fatalf("named %v; %s %v; first %+v", a.Named, a.Conclusion, a.Against, a.Ranked[0])
	}
	if !strings.Contains(a.Conclusion, "do not name a person") {
		t.Error(a.Conclusion)
	}
}

func TestComplaintsFromElsewhere(t *testing.T) {
	log, complaints := files(4, 0, 60)
	a, _ := answer(t, log, complaints)
	if a.Named != nil || a.Elsewhere < 0.5 || !strings.Contains(a.Conclusion, "elsewhere") {
		t.Errorf("elsewhere %.3f: %s", a.Elsewhere, a.Conclusion)
	}
}

// TestThePage: the page holds the answer, has no scripts and loads nothing, and what
// files say stays text.
func TestThePage(t *testing.T) {
	log, complaints := files(3, 20, 20)
	log = strings.ReplaceAll(log, "n.vole", "<script>alert(1)</script>")
	complaints = strings.ReplaceAll(complaints, "C1;", "<img src=x>;")
	a, _ := answer(t, log, complaints)
	var page bytes.Buffer
	if err := a.WriteHTML(&page, time.UTC, time.Now()); err != nil {
		t.Fatal(err)
	}
	for _, bad := range []string{"<script", "<img", "http:", "https:"} {
		if strings.Contains(page.String(), bad) {
			t.Errorf("the page holds %q", bad)
		}
	}
	for _, want := range []string{"&lt;script&gt;alert(1)", "<svg", "What this does not say"} {
		if !strings.Contains(page.String(), want) {
			t.Errorf("the page lacks %q", want)
		}
	}
	if _, err := json.Marshal(a); err != nil {
		t.Error(err)
	}
}

// TestNothingIsLost: lines that are not understood and complaints that say nothing are
// told one by one.
func TestNothingIsLost(t *testing.T) {
	log, complaints := files(3, 20, 0)
	log += "never;x;Branch 1;5\n"
	complaints += "B1;999999;01/05/2026 10:00;\nB2;5001;01/01/2001 10:00;\nB3;;01/05/2026 10:00;\n"
	a, bad := answer(t, log, complaints)
	if len(bad) != 1 || !strings.Contains(bad[0], "access.csv:12002: the time") {
		t.Errorf("bad lines: %q", bad)
	}
	if len(a.Left) != 3 || a.Left[2].Reason != "nothing in the line says whose the complaint is" || a.Left[0].Ref != "B1" || a.Left[1].Ref != "B2" || a.Used != 20 {
		t.Errorf("%d used, left out %+v", a.Used, a.Left)
	}
}

func TestNothingToTrace(t *testing.T) {
	if _, err := inquiry.New(time.UTC, nil).Run(trace.Options{}); custody.CodeOf(err) != custody.CodeInvalid || custody.HintOf(err) == "" {
		t.Errorf("%v", err)
	}
}
