package lineage_test

import (
	"context"
	"os"
	"testing"

	"github.com/jackc/pgx/v5"

	"custody"
	"custody/custodytest"
	"custody/pgproxy/lineage"
)

// fuzzGarage gives the analyser of garage. Inputs are tried by processes of their own:
// these look at the database that the first one started, for the time that a start takes
// counts as fuzzing.
func fuzzGarage(f *testing.F) *lineage.Analyser {
	const known = "CUSTODY_FUZZ_GARAGE"
	if os.Getenv(known) == "" {
		pg := custodytest.Postgres(f)
		f.Setenv(known, pg.URLFor(pg.CreateDatabase(f, schema)))
	}
	ctx := context.Background()
	conn, err := pgx.Connect(ctx, os.Getenv(known))
	if err != nil {
		f.Fatal(err)
	}
	defer conn.Close(ctx)
	cat, err := lineage.LoadCatalogue(ctx, conn, system())
	if err != nil {
		f.Fatal(err, custody.HintOf(err))
	}
	return lineage.New(cat)
}

// FuzzAnalyse: whatever comes in, the analyser answers.
func FuzzAnalyse(f *testing.F) {
	a := fuzzGarage(f)
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
	a := fuzzGarage(f)
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
