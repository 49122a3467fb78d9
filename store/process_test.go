package store_test

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"testing"

	"custody"
	"custody/store"
)

// TestMain is also the other process that some tests need: it does what its
// environment says and nothing else.
func TestMain(m *testing.M) {
	do, ok := map[string]func(*store.Store) error{"organisation": addOrganisation, "numbers": numberForEver}[os.Getenv("CUSTODY_STORE_CHILD")]
	if !ok {
		os.Exit(m.Run())
	}
	s, err := store.Open(os.Getenv("CUSTODY_STORE_PATH"))
	if err == nil {
		err = do(s)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func addOrganisation(s *store.Store) error {
	_, err := s.EnsureOrganisation("Eastfield", t0)
	return err
}

// numberForEver says each number once it is durable, until it is killed.
func numberForEver(s *store.Store) error {
	sys, err := s.EnsureSystem("bodyshop")
	for i := 0; err == nil; i++ {
		var ids []custody.SubjectID
		ids, err = s.Assign(sys, []string{fmt.Sprint("a", i), fmt.Sprint("b", i)})
		if err == nil {
			fmt.Println(i, ids[1])
		}
	}
	return err
}

func child(t *testing.T, do, path string) *exec.Cmd {
	t.Helper()
	self, err := os.Executable()
	must(t, err)
	cmd := exec.Command(self)
	cmd.Env = append(os.Environ(), "CUSTODY_STORE_CHILD="+do, "CUSTODY_STORE_PATH="+path)
	return cmd
}

// inAnotherProcess does one thing from outside.
func inAnotherProcess(t *testing.T, do, path string) {
	t.Helper()
	if out, err := child(t, do, path).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
}

// TestKilledWriterLosesNothing kills a process that numbers subjects: every number
// that it said is there, groups are whole, and each has its naming.
func TestKilledWriterLosesNothing(t *testing.T) {
	s, path := open(t)
	cmd := child(t, "numbers", path)
	out, err := cmd.StdoutPipe()
	must(t, err)
	must(t, cmd.Start())
	said := map[string]string{}
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		var i, id string
		if n, _ := fmt.Sscan(lines.Text(), &i, &id); n == 2 {
			said["b"+i] = id
		}
		if len(said) == 50 {
			must(t, cmd.Process.Kill())
		}
	}
	if cmd.Wait() == nil || len(said) < 50 {
		t.Fatalf("the writer said %d numbers and was not killed", len(said))
	}
	sys := system(t, s, "bodyshop")
	kept := map[string]string{}
	for subject, err := range s.Subjects(sys) {
		must(t, err)
		kept[subject.Key] = strconv.Itoa(int(subject.Number))
	}
	for key, id := range said {
		if kept[key] != id {
			t.Errorf("the number of %s was said to be %s and is %q", key, id, kept[key])
		}
	}
	namings, err := s.PendingNamings()
	must(t, err)
	if len(kept) != 2*len(namings) || len(kept) < 100 {
		t.Errorf("%d subjects, %d namings of two", len(kept), len(namings))
	}
}
