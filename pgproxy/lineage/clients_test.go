package lineage_test

import (
	"os"
	"strings"
	"testing"

	"custody"
)

// TestClientsOwnQueries: what psql and pg_dump ask of the catalogues discloses
// nothing and passes. Only whole-table COPY may disclose.
func TestClientsOwnQueries(t *testing.T) {
	_, a := garage(t)
	text, err := os.ReadFile("testdata/clients.sql")
	if err != nil {
		t.Fatal(err)
	}
	for _, q := range strings.Split(string(text), "--;\n")[1:] {
		list, err := a.Analyse(q)
		if err != nil {
			t.Errorf("%v\n%.300s", err, q)
			continue
		}
		for _, st := range list {
			if st.Refusal != nil {
				t.Errorf("%v (%s)\n%.1500s", st.Refusal, custody.HintOf(st.Refusal), q)
			}
			if len(st.Sources) > 0 && !strings.HasPrefix(q, "COPY ") && !strings.HasPrefix(q, "DECLARE _pg_dump_cursor") {
				t.Errorf("discloses %+v\n%.300s", st.Sources, q)
			}
		}
	}
}
