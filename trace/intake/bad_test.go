package intake_test

import (
	"strings"
	"testing"

	"custody/accesslog"
	"custody/trace/intake"
)

// TestHostileLists: what cannot be taken of a list is said with its line and what to do,
// and the lines beside it are taken.
func TestHostileLists(t *testing.T) {
	const good = "07700 900100,30/10/2026 18:10,my accident\n"
	for name, c := range map[string]struct {
		line        string
		taken, says string // what is taken of it, or what is said of it; neither: it is the good one again
	}{
		"the same again":           {line: good},
		"a quote left open":        {line: "07700 900101,30/10/2026,\"never closed\n", says: "quotes"},
		"a comma without quotes":   {line: "07700 900101,30/10/2026,my car, my name\n", says: "into quotes"},
		"cut off":                  {line: "07700 900101\n", says: "1 columns"},
		"zeros":                    {line: "07700 900101,30/10/2026,\x00\x00\n", says: "zeros"},
		"no day":                   {line: "07700 900101,31/02/2026,x\n", says: "not a time of the form"},
		"a call far in the future": {line: "07700 900101,30/10/2096,x\n", says: "at most the present"},
		"a call before anything":   {line: "07700 900101,30/10/1993,x\n", says: "before the year 2000: check its date"},
		"nobody":                   {line: ",30/10/2026,my accident\n", says: "give the phone"},
		"a huge field":             {line: "07700 900101,30/10/2026," + strings.Repeat("w", accesslog.MaxValue+1) + "\n", says: "longer than"},
		"a long phone":             {line: strings.Repeat("7", intake.MaxLine+1) + ",30/10/2026,x\n", says: "shorten it"},
		"an unknown customer":      {line: "07700 900999,30/10/2026,x\n", taken: "x"},
		"markup":                   {line: "07700 900101,30/10/2026,<script>alert(1)</script>\n", taken: "<script>alert(1)</script>"},
		"a formula":                {line: "07700 900101,30/10/2026,\"=HYPERLINK(\"\"x\"\")\"\n", taken: `=HYPERLINK("x")`},
		"a terminal's signs":       {line: "07700 900101,30/10/2026,my \x1b[2J\u202ecar\n", taken: "my [2Jcar"},
	} {
		d := newDesk(t)
		var bad []accesslog.Bad
		fresh := 0
		_, err := intake.ReadList(strings.NewReader("phone,called,knew\n"+good+c.line+"07700 900102,30/10/2026 18:10,my name\n"),
			accesslog.Options{Bad: func(b accesslog.Bad) { bad = append(bad, b) }}, func(k *intake.Complaint) error {
				is, err := d.Add(t.Context(), k)
				if is {
					fresh++
				}
				return err
			})
		list, lerr := d.List(intake.Filter{})
		if err != nil || lerr != nil || len(list) != fresh {
			t.Errorf("%s: %v %v, %d of %d", name, err, lerr, len(list), fresh)
		}
		switch {
		case c.says != "":
			if fresh != 2 || len(bad) != 1 || bad[0].Line != 3 || !strings.Contains(bad[0].Reason, c.says) || strings.Contains(bad[0].Reason, "900101") {
				t.Errorf("%s: %d taken, %v", name, fresh, bad)
			}
		case c.taken != "":
			if fresh != 3 || len(bad) != 0 || list[1].Body.Knew != c.taken {
				t.Errorf("%s: %d taken, %v: %+v", name, fresh, bad, list)
			}
		case fresh != 2 || len(bad) != 0:
			t.Errorf("%s: %d taken, %v", name, fresh, bad)
		}
	}
}

// TestOneHome: an import and a trace take a caller's words for the same.
func TestOneHome(t *testing.T) {
	for text, want := range map[string]intake.Knew{"my card": intake.KnewNothing, "said to make a claim": intake.KnewAccident, "not my car, but my name": intake.KnewName,
		"nothing": intake.KnewNothing, "name": intake.KnewName, "vehicle": intake.KnewVehicle, "accident": intake.KnewAccident, "canary": intake.KnewCanary} {
		if got := intake.ParseKnew(text); got != want {
			t.Errorf("%q: %v, want %v", text, got, want)
		}
	}
}
