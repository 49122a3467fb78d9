package doctor_test

import (
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"custody/custodytest"
	"custody/doctor"
)

// TestRules: one line of pg_hba.conf each, judged by the server's own reading of it,
// then replaced by what the report says, and gone.
func TestRules(t *testing.T) {
	pg := custodytest.Postgres(t, custodytest.WithHBA("local all postgres peer"))
	pg.Exec(t, "postgres", "CREATE DATABASE clinic", "CREATE ROLE staff", "CREATE ROLE clerk LOGIN IN ROLE staff")
	pg.Exec(t, "clinic", clinic)
	setUp(t, pg, "clinic", doctor.RoleRequest{Name: "clinic_gate", Password: "pencil-1234567890"})
	h := &rules{t: t, admin: connect(t, pg.URLFor("clinic")), file: filepath.Join(pg.Dir, "pg_hba.conf"), gate: netip.MustParseAddr("192.0.2.7")}
	for _, c := range []struct {
		line     string
		severity doctor.Severity // 0: nothing is wrong
		says     string
	}{
		{"host all all 0.0.0.0/0 trust", doctor.Critical, "asks for no password"},
		{"host all all ::/0 scram-sha-256", doctor.Serious, "lets clerk, postgres in directly from ::/0; does not ask for TLS"},
		{"hostssl all all 10.0.0.0/8 scram-sha-256", doctor.Serious, "from 10.0.0.0/8"},
		{"hostssl clinic +staff 10.0.0.0 255.0.0.0 scram-sha-256", doctor.Serious, "lets clerk in"},
		{"hostssl clinic clerk samenet scram-sha-256", doctor.Serious, "from samenet"},
		{"hostssl clinic clerk branch.example scram-sha-256", doctor.Serious, "from branch.example"},
		{"hostssl clinic clinic_gate 192.0.2.0/24 scram-sha-256", doctor.Warning, "not from the gate's address alone"},
		{"host clinic clinic_gate 192.0.2.7/32 scram-sha-256", doctor.Warning, "does not ask for TLS"},
		{"hostnossl clinic clerk 10.1.0.0/16 password", doctor.Serious, "sends passwords in clear"},
		{"hostssl clinic clerk 10.1.0.0/16 md5", doctor.Serious, "MD5"},
		{"host all all 127.0.0.1/32 md5", doctor.Warning, "MD5"},
		{"host clinic clerk 127.0.0.1/32 ident", doctor.Serious, "believes"},
		{"local all all trust", doctor.Serious, "asks nobody on the server"},
		{"hostssl replication all 10.0.0.0/8 scram-sha-256", doctor.Serious, "copy the whole server"},
		{"local all all scram-sha-256", doctor.Note, "on the server itself"},
		{"hostssl clinic clinic_gate 192.0.2.7/32 scram-sha-256", 0, ""},
		{"local all all peer", 0, ""},
		{"hostssl other clerk 10.0.0.0/8 scram-sha-256", 0, ""},
		{"host all all 10.0.0.0/8 reject", 0, ""},
		{"host all all 10.0.0.0/8 reject\nhostssl clinic clerk 10.2.0.0/16 scram-sha-256", 0, ""},
		{"hostssl all all 10.2.0.0/16 reject\nhost clinic clerk 10.2.0.0/16 scram-sha-256", doctor.Serious, "lets clerk in"},
	} {
		t.Run(c.line, func(t *testing.T) {
			h.t = t
			h.write(c.line)
			found := h.look()
			if c.severity == 0 {
				if len(found) > 0 {
					t.Errorf("%+v", found)
				}
				return
			}
			if len(found) != 1 || found[0].Severity != c.severity || !strings.Contains(found[0].Message, c.says) {
				t.Fatalf("%+v", found)
			}
			if c.severity == doctor.Note {
				return
			}
			h.mend(&found[0])
			for _, f := range h.look() {
				if f.Severity > doctor.Note {
					t.Errorf("it is still there: %+v", f)
				}
			}
		})
	}
	h.t = t
	h.write("host all all nonsense/33 scram-sha-256")
	if found := h.look(); len(found) != 1 || !strings.Contains(found[0].Message, "does not parse") {
		t.Errorf("a broken line: %+v", found)
	}
}

// rules is a server whose pg_hba.conf a test writes. The administrator of the test
// comes by its own line, which is in front and is left out of the findings.
type rules struct {
	t     *testing.T
	admin *pgx.Conn
	file  string
	gate  netip.Addr
}

const ownLine = "host all postgres 127.0.0.1/32 scram-sha-256 # of the test"

func (h *rules) write(lines string) {
	h.t.Helper()
	h.put(ownLine + "\n" + lines + "\n")
}

func (h *rules) put(text string) {
	h.t.Helper()
	if err := os.WriteFile(h.file, []byte(text), 0o600); err != nil {
		h.t.Fatal(err)
	}
}

// look gives what is found in the file; the server reads it for the question itself.
func (h *rules) look() []doctor.Finding {
	h.t.Helper()
	o := clinicOptions()
	o.GateAddress = h.gate
	report, err := doctor.ExamineOne(ctx, h.admin, o, "hba")
	if err != nil {
		h.t.Fatal(err)
	}
	var found []doctor.Finding
	for _, f := range find(report, "hba", "") {
		if !strings.HasSuffix(f.Where, ":1") {
			found = append(found, f)
		}
	}
	return found
}

// mend writes the lines of the report in place of the one that it names.
func (h *rules) mend(f *doctor.Finding) {
	h.t.Helper()
	file, number, _ := strings.Cut(f.Where, ":")
	if got, want := file, h.file; !sameFile(got, want) {
		h.t.Fatalf("the report names %s, the file is %s", got, want)
	}
	n, err := strconv.Atoi(number)
	if err != nil || len(f.Replace) == 0 {
		h.t.Fatalf("%+v", f)
	}
	text, err := os.ReadFile(h.file)
	if err != nil {
		h.t.Fatal(err)
	}
	lines := strings.Split(string(text), "\n")
	lines[n-1] = strings.Join(f.Replace, "\n")
	h.put(strings.Join(lines, "\n"))
}

func sameFile(a, b string) bool {
	x, err1 := os.Stat(a)
	y, err2 := os.Stat(b)
	return err1 == nil && err2 == nil && os.SameFile(x, y)
}

// TestKnocking signs in to a real server without being able to read its verifiers.
func TestKnocking(t *testing.T) {
	pg := custodytest.Postgres(t, custodytest.WithHBA("host all open 127.0.0.1/32 trust", "host all never 127.0.0.1/32 reject"))
	pg.Exec(t, "postgres", "CREATE DATABASE clinic")
	pg.Exec(t, "clinic", clinic, "CREATE ROLE weak LOGIN PASSWORD 'changeme'", "CREATE ROLE strong LOGIN PASSWORD '"+fmt.Sprint(time.Now().UnixNano())+"'",
		"CREATE ROLE open LOGIN", "CREATE ROLE never LOGIN PASSWORD 'never'", "CREATE ROLE apart LOGIN PASSWORD 'apart'", "REVOKE CONNECT ON DATABASE clinic FROM PUBLIC")
	setUp(t, pg, "clinic", doctor.RoleRequest{Name: "clinic_gate", Password: "pencil-1234567890"})
	conn := connect(t, pg.UserURL("clinic_gate", "pencil-1234567890", "clinic"))
	o := clinicOptions()
	o.Guess = &doctor.Guess{Server: conn.Config(), Pause: time.Millisecond}
	report, err := doctor.Examine(ctx, conn, o)
	if err != nil {
		t.Fatal(err)
	}
	for object, want := range map[string]int{`"weak"`: 1, `"strong"`: 0, `"open" without`: 1, `"never"`: 0, `"apart"`: 1, `"clinic_gate"`: 0} {
		if got := find(report, "passwords", object); len(got) != want {
			t.Errorf("%s: %+v", object, got)
		}
	}
	if log := pg.Log(1 << 20); strings.Contains(log, "changeme") {
		t.Error("a password is in the server's log")
	}
}

// TestVerifier holds our verifiers to the server's: it lets the password in by ours,
// and we know the password by its.
func TestVerifier(t *testing.T) {
	pg := custodytest.Postgres(t)
	database := pg.CreateDatabase(t)
	name := database + "_v"
	pg.Exec(t, database, "CREATE ROLE "+name+" LOGIN PASSWORD '"+doctor.Verifier("pencil")+"'")
	connect(t, pg.UserURL(name, "pencil", database))
	pg.Exec(t, database, "ALTER ROLE "+name+" PASSWORD 'crayon'", "SET password_encryption = 'md5'; CREATE ROLE "+name+"5 PASSWORD 'chalk'")
	for role, password := range map[string]string{name: "crayon", name + "5": "chalk"} {
		var stored string
		if err := pg.Conn(t, database).QueryRow(ctx, "SELECT rolpassword FROM pg_authid WHERE rolname = $1", role).Scan(&stored); err != nil {
			t.Fatal(err)
		}
		if !doctor.Opens(stored, role, password) || doctor.Opens(stored, role, "pencil") {
			t.Errorf("%s is not told apart", role)
		}
	}
	for _, odd := range []string{"", "md5", "SCRAM-SHA-256$", "SCRAM-SHA-256$99999999:AA==$x:y", "SCRAM-SHA-256$-1:AA==$x:y", "SCRAM-SHA-256$4096:!!$x:y"} {
		if doctor.Opens(odd, "x", "x") {
			t.Errorf("%q opens", odd)
		}
	}
}
