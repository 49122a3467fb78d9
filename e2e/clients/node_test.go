package clients

import (
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"custody"
	"custody/custodytest"
)

// nodeModules installs what the lock file names into a folder of its own, beside a
// copy of the script.
func nodeModules(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	for _, name := range []string{"package.json", "package-lock.json", "clients.js"} {
		b, err := os.ReadFile(filepath.Join("node", name))
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, name), b, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	cmd := exec.Command("npm", "ci", "--no-audit", "--no-fund", "--ignore-scripts", "--prefer-offline")
	cmd.Dir = dir
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("scripts/setup.sh installs node and npm: %v\n%s", err, out)
	}
	return dir
}

// TestNodePostgres runs node/clients.js, which asserts for itself, and then
// asks the ledger who was seen.
func TestNodePostgres(t *testing.T) {
	dir := nodeModules(t)
	s := bodyshop(t)
	grant := see(contacts)
	grant.Export = true
	token := s.Person("alice", grant)
	pg := custodytest.Postgres(t)
	plain := custodytest.NewSite(t, pg, pg.CreateDatabase(t), custody.System{}, custodytest.Superuser(t, pg))
	f := clientFiles(t, s, "alice")
	cmd := exec.Command("node", "clients.js")
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "GUARDED="+s.URL("alice", token), "PLAIN="+plain.URL("bob", plain.Person("bob")),
		"AUTHORITY="+f.ca, "CERTIFICATE="+f.cert, "KEY="+f.key)
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	if n := strings.Count(string(out), "ok "); n != 12 {
		t.Errorf("%d steps passed:\n%s", n, out)
	}
	saw := s.Saw("alice")
	for _, seen := range [][2]int{{1, 7}, {200, 204}, {300, 301}, {400, 499}} {
		for id := seen[0]; id <= seen[1]; id++ {
			if saw[strconv.Itoa(id)] == 0 {
				t.Errorf("customer %d was shown and is not recorded", id)
			}
		}
	}
	for _, id := range []string{"8", "205", "302", "500"} {
		if saw[id] != 0 {
			t.Errorf("customer %s is recorded and was not shown", id)
		}
	}
}
