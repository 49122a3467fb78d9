package config_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"custody"
	"custody/config"
)

func proposal() *config.System {
	s := config.NewSystem()
	s.Database = config.Database{URL: "postgres://db.internal:5432/bodyshop"}
	s.Subjects = config.Subjects{Table: "public.customers", Key: "id"}
	s.Tables["public.customers"] = &config.Table{Key: "id",
		Columns:     map[string]string{"name": "name", "phone": "phone", "email": "email"},
		Identifiers: []string{"phone", "email"}}
	s.Tables["public.parts"] = &config.Table{None: true}
	return s
}

var reasons = map[string]string{
	"public.customers":       "12 rows\nsampled",
	"public.customers.phone": "12 of 12 values are telephone numbers",
	"public.parts":           "no column looks personal",
}

func merge(t *testing.T, text string, s *config.System) (string, []string) {
	t.Helper()
	out, added, err := config.Merge([]byte(text), "bodyshop", s, reasons)
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return string(out), added
}

func TestMergeNewSystem(t *testing.T) {
	out, added := merge(t, config.Example, proposal())
	if !slices.Contains(added, "bodyshop") || !slices.Contains(added, "public.customers.phone") {
		t.Errorf("added %q", added)
	}
	if !strings.Contains(out, "phone: phone # 12 of 12 values are telephone numbers") {
		t.Errorf("the reason is missing:\n%s", out)
	}
	if got, want := essentials(out), essentials(config.Example); !containsInOrder(got, want) {
		t.Errorf("lines of the file were lost:\n%s", out)
	}
	if again, added := merge(t, out, proposal()); again != out || added != nil {
		t.Errorf("a second run changed the file, added %q:\n%s", added, again)
	}
}

// essentials are a file's lines, empty ones included, without the one that changes.
func essentials(text string) []string {
	lines := strings.Split(strings.TrimRight(text, "\n"), "\n")
	return slices.DeleteFunc(lines, func(l string) bool { return strings.HasPrefix(l, "systems:") })
}

func containsInOrder(have, want []string) bool {
	for _, line := range have {
		if len(want) > 0 && line == want[0] {
			want = want[1:]
		}
	}
	return len(want) == 0
}

const decided = `# ours
listen: 127.0.0.1:7000

systems:
  bodyshop:
    # moved in May
    database: {url: "postgres://new.internal:5432/bodyshop"}

    subjects: {table: customers, key: id}
    tables:
      customers:
        key: id
        columns:
          name: free-text # decided by the DPO
          email: none
`

func TestMergeKeepsDecisions(t *testing.T) {
	out, added := merge(t, decided, proposal())
	if want := []string{"public.customers.phone", "public.parts"}; !slices.Equal(added, want) {
		t.Errorf("added %q, want %q", added, want)
	}
	if !containsInOrder(strings.Split(out, "\n"), strings.Split(strings.TrimSpace(decided), "\n")) {
		t.Errorf("lines were lost:\n%s", out)
	}
	c, err := config.Parse("c.yaml", []byte(out))
	if err != nil {
		t.Fatal(err)
	}
	table := c.Declare()[0].Tables[0]
	if table.Columns["name"] != custody.FreeText || table.Columns["phone"] != custody.Phone || len(table.Columns) != 2 {
		t.Errorf("columns %v", table.Columns)
	}
	if !slices.Equal(table.Identifiers, []string{"phone"}) {
		t.Errorf("identifiers %v", table.Identifiers)
	}
}

func TestMergeIntoOneLine(t *testing.T) {
	text := shop + "    tables: {customers: {key: id, columns: {name: name}, identifiers: []}, public.parts: none}\n"
	out, added := merge(t, text, proposal())
	if want := []string{"public.customers.email", "public.customers.phone"}; !slices.Equal(added, want) {
		t.Errorf("added %q, want %q\n%s", added, want, out)
	}
}

func TestMergeRespectsNone(t *testing.T) {
	text := strings.Replace(shop, "{table: customers, key: id}", "none", 1)
	if out, added := merge(t, text, proposal()); out != text || added != nil {
		t.Errorf("added %q to a system declared to hold nothing:\n%s", added, out)
	}
}

func TestMergeIntoNothing(t *testing.T) {
	for _, text := range []string{"", "# ours\n", "# ours"} {
		out, _ := merge(t, text, proposal())
		if !strings.HasPrefix(out, strings.TrimSpace(text)) || !strings.Contains(out, "systems:\n  bodyshop:\n") {
			t.Errorf("%q became:\n%s", text, out)
		}
	}
}

func FuzzMerge(f *testing.F) {
	for _, s := range []string{config.Example, decided, shop, "", "systems: x", "systems: {bodyshop: 1}", "a: |\n  x\n\n  y\n"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		if _, err := config.Parse("f", data); err != nil {
			return
		}
		out, added, err := config.Merge(data, "bodyshop", proposal(), reasons)
		if err != nil {
			return // what does not fit is told, not written
		}
		again, more, err := config.Merge(out, "bodyshop", proposal(), reasons)
		if err != nil || len(more) > 0 || string(again) != string(out) {
			t.Fatalf("a second merge adds %q after %q, error %v\n%s", more, added, err, out)
		}
	})
}

func TestConnString(t *testing.T) {
	dir := t.TempDir()
	secret := filepath.Join(dir, "secret")
	if err := os.WriteFile(secret, []byte("gate:p@ss:w/rd\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv("CUSTODY_TEST_UPSTREAM", "gate:x")
	tests := []struct {
		name string
		db   config.Database
		want string
	}{
		{"remote", config.Database{URL: "postgres://db.internal/d", Credential: "secret"},
			"postgres://gate:p%40ss%3Aw%2Frd@db.internal/d?sslmode=require"},
		{"root", config.Database{URL: "postgres://db.internal/d", Credential: "env:CUSTODY_TEST_UPSTREAM", RootCertificate: "/ca.crt"},
			"postgres://gate:x@db.internal/d?sslmode=verify-full&sslrootcert=%2Fca.crt"},
		{"loopback", config.Database{URL: "postgres://127.0.0.1:5433/d", Credential: "env:CUSTODY_TEST_UPSTREAM"},
			"postgres://gate:x@127.0.0.1:5433/d?sslmode=prefer"},
		{"said", config.Database{URL: "postgres://localhost/d", Credential: "env:CUSTODY_TEST_UPSTREAM", SSLMode: "disable"},
			"postgres://gate:x@localhost/d?sslmode=disable"},
		{"client certificate", config.Database{URL: "postgres:///d?host=/run/pg", Credential: "env:CUSTODY_TEST_UPSTREAM", ClientCertificate: "/c", ClientKey: "/k"},
			"postgres://gate:x@/d?host=%2Frun%2Fpg&sslcert=%2Fc&sslkey=%2Fk&sslmode=prefer"},
	}
	for _, tt := range tests {
		if got, err := tt.db.ConnString(dir); err != nil || got != tt.want {
			t.Errorf("%s: %s, %v; want %s", tt.name, got, err, tt.want)
		}
	}
}

func TestConnStringRefuses(t *testing.T) {
	dir := t.TempDir()
	write := func(name, text string, mode os.FileMode) {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), mode); err != nil {
			t.Fatal(err)
		}
	}
	write("open", "a:b", 0o644)
	write("bare", "ab", 0o600)
	for credential, code := range map[string]custody.Code{
		"open": custody.CodeForbidden, "bare": custody.CodeInvalid,
		"absent": custody.CodeNotFound, "env:CUSTODY_TEST_ABSENT": custody.CodeNotFound,
	} {
		d := config.Database{URL: "postgres://h/d", Credential: credential}
		if _, err := d.ConnString(dir); custody.CodeOf(err) != code || custody.HintOf(err) == "" {
			t.Errorf("%s: %v, want code %v and a hint", credential, err, code)
		}
	}
}
