package lineage_test

import (
	"testing"

	"custody/pgproxy/lineage"
)

// FuzzAnalyse: whatever comes in, the analyser answers.
func FuzzAnalyse(f *testing.F) {
	_, a := garage(f)
	for _, s := range tableOfStatements(f) {
		f.Add(s)
	}
	f.Add("SELECT 1; SELECT id, name FROM customers;; --")
	f.Fuzz(func(t *testing.T, sql string) {
		list, err := a.Analyse(sql)
		if err != nil {
			return
		}
		for i := range list {
			st := &list[i]
			if st.Refusal != nil {
				continue
			}
			for _, s := range st.Sources {
				if len(s.Keys)+len(s.Sets) == 0 && s.Pin == nil && !s.ByIdentifier {
					t.Errorf("unattributed, but passes: %s", describe(st))
				}
				for _, k := range append(append([]int(nil), s.Keys...), s.Identifiers...) {
					if k >= len(st.Outputs) {
						t.Errorf("key %d of %d outputs", k, len(st.Outputs))
					}
				}
			}
		}
	})
}

// FuzzNormalise: a text of a known shape gets what a full analysis says.
func FuzzNormalise(f *testing.F) {
	_, a := garage(f)
	for _, s := range tableOfStatements(f) {
		f.Add(s, s)
	}
	f.Fuzz(func(t *testing.T, one, two string) {
		x, ok1 := lineage.Normalise(one)
		y, ok2 := lineage.Normalise(two)
		if !ok1 || !ok2 || x != y {
			return
		}
		p, err1 := a.Analyse(one)
		q, err2 := a.Analyse(two)
		if (err1 == nil) != (err2 == nil) {
			t.Fatalf("%q: %v\n%q: %v", one, err1, two, err2)
		}
		if err1 != nil || p[0].LiteralsMatter || q[0].LiteralsMatter {
			return
		}
		if len(p) != 1 || len(q) != 1 || len(p[0].Sources) != len(q[0].Sources) || (p[0].Refusal == nil) != (q[0].Refusal == nil) {
			t.Fatalf("%q: %s\n%q: %s", one, describe(&p[0]), two, describe(&q[0]))
		}
	})
}
