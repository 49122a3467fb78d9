package clients

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"custody"
	"custody/custodytest"
)

func portText(port int) string { return strconv.Itoa(port) }

// restrictKey makes dumps repeatable where pg_dump guards them with a random word.
func restrictKey(t *testing.T) []string {
	t.Helper()
	help, err := run(t, os.Environ(), "", "pg_dump", "--help")
	if err != nil {
		t.Fatalf("%v\n%s", err, help)
	}
	if strings.Contains(help, "--restrict-key") {
		return []string{"--restrict-key=custody"}
	}
	return nil
}

// TestPgDump: to somebody who may see and export everything, a dump through the gate
// is the direct one byte for byte, in every format, and everybody in it is recorded.
func TestPgDump(t *testing.T) {
	s := bodyshop(t)
	key := restrictKey(t)
	for format, more := range map[string][]string{
		"plain": nil, "inserts": {"--inserts"}, "serializable": {"--serializable-deferrable"}, "schema": {"--schema-only"},
		"columns": {"--column-inserts", "--rows-per-insert=50"},
	} {
		t.Run(format, func(t *testing.T) {
			login := "alice-" + format
			token := s.Person(login, everything())
			direct, err := run(t, directEnv(s), "", "pg_dump", append(more, key...)...)
			if err != nil {
				t.Fatalf("%v\n%.2000s", err, direct)
			}
			gated, err := run(t, s.Env(login, token), "", "pg_dump", append(more, key...)...)
			if err != nil {
				t.Fatalf("%v\n%.2000s", err, gated)
			}
			sameText(t, direct, gated)
			want := 1000
			if format == "schema" {
				want = 0
			}
			if n := len(s.Saw(login)); n != want {
				t.Errorf("%d people are recorded", n)
			}
		})
	}
	for _, format := range []string{"custom", "directory"} {
		t.Run(format, func(t *testing.T) {
			login := "bob-" + format
			token := s.Person(login, everything())
			direct := restored(t, s, directEnv(s), format, key)
			gated := restored(t, s, s.Env(login, token), format, key)
			sameText(t, direct, gated)
			if n := len(s.Saw(login)); n != 1000 {
				t.Errorf("%d people are recorded", n)
			}
		})
	}
}

// restored dumps in a format of files, restores that into a database of its own
// and dumps it as text.
func restored(t *testing.T, s *custodytest.Site, env []string, format string, key []string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "dump")
	if out, err := run(t, env, "", "pg_dump", "--format="+format, "--jobs=1", "--file="+file); err != nil {
		t.Fatalf("%v\n%.2000s", err, out)
	}
	database := s.PG.CreateDatabase(t)
	env = append(directEnv(s), "PGDATABASE="+database)
	if out, err := run(t, env, "", "pg_restore", "--dbname="+database, "--exit-on-error", file); err != nil {
		t.Fatalf("%v\n%.2000s", err, out)
	}
	out, err := run(t, env, "", "pg_dump", key...)
	if err != nil {
		t.Fatalf("%v\n%.2000s", err, out)
	}
	return out
}

// sameText compares two long texts and shows the first lines that differ.
func sameText(t *testing.T, direct, gated string) {
	t.Helper()
	gated = withoutGreeting(gated)
	if direct == gated {
		return
	}
	a, b := strings.Split(direct, "\n"), strings.Split(gated, "\n")
	for i := range min(len(a), len(b)) {
		if a[i] != b[i] {
			t.Fatalf("line %d:\n%.300s\nthrough the gate:\n%.300s", i+1, a[i], b[i])
		}
	}
	t.Fatalf("%d lines directly, %d through the gate", len(a), len(b))
}

// withoutGreeting takes away the notices of the gate, which programs write beside
// their output.
func withoutGreeting(text string) string {
	for strings.HasPrefix(text, "NOTICE:  custody:") {
		_, text, _ = strings.Cut(text, "\n")
	}
	return text
}

// TestPgDumpStopsAtTheLimit: a dump ends at the limit, with a clear error, and
// everybody that it holds is recorded.
func TestPgDumpStopsAtTheLimit(t *testing.T) {
	s := bodyshop(t)
	grant := everything()
	grant.Limits.PerDay = 100
	token := s.Person("alice", grant)
	out, err := run(t, s.Env("alice", token), "", "pg_dump")
	if err == nil {
		t.Fatal("the dump succeeded")
	}
	has(t, out, "your limit of 100 customers per day is reached; the answer stops here")
	if n := len(s.Saw("alice")); n != 100 {
		t.Errorf("%d people are recorded", n)
	}
	narrow := s.Person("bob", see(contacts))
	out, err = run(t, s.Env("bob", narrow), "", "pg_dump", "--table=customers")
	if err == nil || strings.Contains(out, "COPY public.customers") && strings.Contains(out, "@example") {
		t.Errorf("somebody without the export right dumped:\n%.500s", out)
	}
	has(t, out, "your grant does not")
	if n := len(s.Saw("bob")); n != 0 {
		t.Errorf("%d people are recorded for a refused dump", n)
	}
}

// TestPgRestoreThroughTheGate: a dump is restored through a gate in front of a new
// database, in which nothing is declared yet, and directly. Dumps of both are the same.
func TestPgRestoreThroughTheGate(t *testing.T) {
	s := bodyshop(t)
	key := restrictKey(t)
	file := filepath.Join(t.TempDir(), "dump")
	if out, err := run(t, directEnv(s), "", "pg_dump", "--format=custom", "--file="+file); err != nil {
		t.Fatalf("%v\n%.2000s", err, out)
	}
	fresh := custodytest.NewSite(t, s.PG, s.PG.CreateDatabase(t), custody.System{}, custodytest.Superuser(t, s.PG))
	token := fresh.Person("alice")
	want := restoredInto(t, s, directEnv(s), s.PG.CreateDatabase(t), file, key)
	got := restoredInto(t, s, fresh.Env("alice", token), fresh.Database, file, key)
	sameText(t, want, got)
}

// restoredInto restores a file by way of env and gives a dump of what is there then.
func restoredInto(t *testing.T, s *custodytest.Site, env []string, database, file string, key []string) string {
	t.Helper()
	env = append(env, "PGDATABASE="+database)
	if out, err := run(t, env, "", "pg_restore", "--dbname="+database, "--exit-on-error", "--no-owner", "--jobs=2", file); err != nil {
		t.Fatalf("%v\n%.2000s", err, out)
	}
	out, err := run(t, append(directEnv(s), "PGDATABASE="+database), "", "pg_dump", key...)
	if err != nil {
		t.Fatalf("%v\n%.2000s", err, out)
	}
	return out
}
