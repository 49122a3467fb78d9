package config_test

import (
	"errors"
	"reflect"
	"regexp"
	"strings"
	"testing"
	"time"

	"custody"
	"custody/config"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

var unexported = cmpopts.IgnoreUnexported(config.Config{}, config.System{}, config.Table{})

func TestExampleIsTheDefault(t *testing.T) {
	got, err := config.Parse("custody.example.yaml", []byte(config.Example))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(config.Default(), got, unexported); diff != "" {
		t.Errorf("the example differs from the defaults (-default +example):\n%s", diff)
	}
}

func TestEmptyFileIsTheDefault(t *testing.T) {
	for _, text := range []string{"", "\n", "# nothing\n", "---\n", "systems:\n", "tls:\n"} {
		got, err := config.Parse("custody.yaml", []byte(text))
		if err != nil {
			t.Fatalf("%q: %v", text, err)
		}
		if diff := cmp.Diff(config.Default(), got, unexported); diff != "" {
			t.Errorf("%q:\n%s", text, diff)
		}
	}
}

// fullExample is the example with its system brought to life.
func fullExample() string {
	before, after, _ := strings.Cut(config.Example, "systems: {}\n")
	return before + "systems:\n" + regexp.MustCompile(`(?m)^#`).ReplaceAllString(after, "")
}

func TestExampleOfASystem(t *testing.T) {
	c, err := config.Parse("custody.example.yaml", []byte(fullExample()))
	if err != nil {
		t.Fatal(err)
	}
	want := []*custody.System{{
		Name: "bodyshop",
		Tables: []custody.Table{
			{Schema: "public", Name: "customers", Key: "id", Subject: true, Identifiers: []string{"phone", "email"},
				Columns: map[string]custody.Category{"name": custody.Name, "phone": custody.Phone, "email": custody.Email, "notes": custody.FreeText}},
			{Schema: "public", Name: "vehicles", Key: "customer_id", Identifiers: []string{"registration"},
				Columns: map[string]custody.Category{"registration": custody.Vehicle, "vin": custody.Vehicle}},
		},
		SafeFunctions: []string{"vat_of"},
		Explanations: []custody.Template{{Name: "job-at-branch", Says: "a job of this customer is at your branch",
			Path: []custody.Join{
				{Left: custody.Column{Table: "jobs", Name: "customer_id"}, Right: custody.Column{Table: custody.TableSubject, Name: "key"}},
				{Left: custody.Column{Table: "jobs", Name: "branch_id"}, Right: custody.Column{Table: "branches", Name: "id"}},
				{Left: custody.Column{Table: "branches", Name: "name"}, Right: custody.Column{Table: custody.TablePerson, Name: "branch"}},
			}, Since: custody.Column{Table: "jobs", Name: "updated_at"}, Within: 90 * 24 * time.Hour}},
	}}
	if diff := cmp.Diff(want, c.Declare()); diff != "" {
		t.Error(diff)
	}
}

// TestExampleShowsEveryKey holds the example to the struct.
func TestExampleShowsEveryKey(t *testing.T) {
	text := fullExample()
	for _, key := range yamlKeys(reflect.TypeFor[config.Config]()) {
		if !regexp.MustCompile(`(?m)^\s*#?\s*` + key + `:`).MatchString(text) {
			t.Errorf("the example does not show the key %s", key)
		}
	}
}

func yamlKeys(t reflect.Type) []string {
	switch t.Kind() {
	case reflect.Map, reflect.Pointer:
		return yamlKeys(t.Elem())
	case reflect.Struct:
		var keys []string
		for i := range t.NumField() {
			if tag := t.Field(i).Tag.Get("yaml"); tag != "" {
				keys = append(append(keys, tag), yamlKeys(t.Field(i).Type)...)
			}
		}
		return keys
	}
	return nil
}

const shop = `systems:
  bodyshop:
    database: {url: "postgres://db.internal:5432/bodyshop"}
    subjects: {table: customers, key: id}
`

func TestMistakes(t *testing.T) {
	tests := []struct{ name, text, want string }{
		{"near key", "\nlistn: x\n", `c.yaml:2: unknown key "listn": did you mean "listen"?`},
		{"swapped letters", "sytsems: {}\n", `did you mean "systems"?`},
		{"nested key", "tls:\n  nmaes: []\n", `c.yaml:2: unknown key "nmaes": did you mean "names"?`},
		{"far key", "pineapple: 1\n", `unknown key "pineapple": it can be admin, complaints, console, detection, doctor, ledger, limits, listen, notices, people, revocation, scim, sign_in, systems, time_zone, tls`},
		{"twice", "listen: a:1\nlisten: b:2\n", `c.yaml:2: "listen" is here twice; first on line 1`},
		{"not a mapping", "- a\n", "c.yaml:1: keys and values are expected here"},
		{"not a value", "listen: [a]\n", "one value is expected here, not a list"},
		{"alias", "tls: &a {key: k}\nlimits: *a\n", "anchors and references are not read"},
		{"merge", "<<: {listen: a}\n", "c.yaml:1: this is not a key"},
		{"two documents", "listen: a:1\n---\nlisten: b:1\n", "more than one document"},
		{"listen", "listen: 6432\n", "write host:port"},
		{"port", "listen: localhost:66000\n", "write host:port"},
		{"zone", "time_zone: Europe/Londn\n", "c.yaml:1: time_zone: not a time zone"},
		{"number", "limits:\n  connections: many\n", `c.yaml:2: "many" is not a whole number`},
		{"range", "limits:\n  connections: 0\n", "c.yaml:2: limits.connections: it can be from 1 to 100000"},
		{"size", "limits: {message_size: 64MB}\n", `"64MB" is not a size`},
		{"slow revocation", "revocation:\n  poll: 2s\n", "c.yaml:2: revocation.poll: it can be from 10ms to 500ms"},
		{"duration", "ledger: {checkpoint_every: fast}\n", `"fast" is not a length of time`},
		{"complaints without TLS", "complaints: {listen: \"0.0.0.0:80\", public: https://c.example, tls: off, controller: A}\n", "complaints.tls: only a listener on the loopback"},
		{"complaints to nobody", "complaints: {listen: \"127.0.0.1:6490\", public: https://c.example}\n", "complaints.controller: say who answers"},
		{"complaints in the clear", "complaints: {listen: \"127.0.0.1:6490\", public: http://c.example, controller: A}\n", "complaints.public: write https"},
		{"checkpoints to nobody", "ledger: {send: {every: 1h}}\n", "ledger.send.every: say both how often and to whom"},
		{"checkpoints never", "ledger: {send: {folders: [kept]}}\n", "ledger.send.every: say both how often and to whom"},
		{"checkpoints too often", "ledger: {send: {every: 1s, folders: [kept]}}\n", "ledger.send.every: it can be from 1m"},
		{"checkpoints by no mail", "ledger: {send: {every: 1h, mail: [a@b.example]}}\n", "ledger.send.mail: notices.mail names no server"},
		{"checkpoints to an unknown hook", "ledger: {send: {every: 1h, webhooks: [none]}}\n", `ledger.send.webhooks: unknown webhook "none"`},
		{"checkpoints to an unknown collector", "ledger: {send: {every: 1h, syslog: [none]}}\n", `ledger.send.syslog: unknown collector "none"`},
		{"checkpoints to a folder twice", "ledger: {send: {every: 1h, folders: [a, a]}}\n", "ledger.send.folders: say which folder, each once"},
		{"origin", "ledger: {origin: a b}\n", "ledger.origin: letters"},
		{"names", "tls: {names: []}\n", "tls.names: at least one"},
		{"system name", strings.Replace(shop, "bodyshop:", "Body Shop:", 1), "c.yaml:3: systems.Body Shop: a system's name"},
		{"password in the url", strings.Replace(shop, "//db", "//u:p@db", 1), "user and password do not belong in this file"},
		{"password in the query", strings.Replace(shop, "/bodyshop\"", "/bodyshop?password=x\"", 1), "user and password do not belong in this file"},
		{"no database", strings.Replace(shop, "5432/bodyshop", "5432", 1), "c.yaml:3: systems.bodyshop.database.url: write postgres://"},
		{"other scheme", strings.Replace(shop, "postgres:", "mysql:", 1), "database.url: write postgres://"},
		{"sslmode", strings.Replace(shop, "bodyshop\"}", "bodyshop\", sslmode: verify-ful}", 1), `unknown sslmode "verify-ful": did you mean "verify-full"?`},
		{"half a client certificate", strings.Replace(shop, "bodyshop\"}", "bodyshop\", client_key: a}", 1), "come together"},
		{"no subjects", "systems:\n  b:\n    database: {url: postgres://h/d}\n", "c.yaml:3: systems.b.subjects: say where the customers are"},
		{"subjects word", strings.Replace(shop, "{table: customers, key: id}", "nothing", 1), "or none when the system holds no personal data"},
		{"none with tables", strings.Replace(shop, "{table: customers, key: id}", "none", 1) + "    tables: {a: {key: b}}\n", "contradict"},
		{"category", shop + "    tables:\n      customers:\n        columns:\n          n: nmae\n", `c.yaml:8: systems.bodyshop.tables.customers.columns.n: unknown category "nmae": did you mean "name"?`},
		{"far category", shop + "    tables: {customers: {columns: {n: secret}}}\n", `unknown category "secret": it can be accident, address`},
		{"no key", shop + "    tables:\n      vehicles: {columns: {vin: vehicle}}\n", "c.yaml:6: systems.bodyshop.tables.vehicles: key is missing"},
		{"identifier", shop + "    tables:\n      v: {key: k, identifiers: [phone]}\n", `"phone" is not among the columns with a category`},
		{"identifier none", shop + "    tables:\n      v: {key: k, columns: {phone: none}, identifiers: [phone]}\n", `"phone" is not among the columns with a category`},
		{"other key", shop + "    tables: {customers: {key: number}}\n", "key differs from subjects.key"},
		{"subject table none", shop + "    tables: {customers: none}\n", "the table of the subjects cannot be none"},
		{"table twice", shop + "    tables: {v: none, public.v: none}\n", "declared twice"},
		{"table word", shop + "    tables: {v: nothing}\n", "a table is {key: …, columns: …}, or none"},
		{"empty system", "systems:\n  b:\n", `c.yaml:2: "b" says nothing`},
		{"yaml", "listen: [\n", "c.yaml: yaml: line"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := config.Parse("c.yaml", []byte(tt.text))
			if err == nil {
				t.Fatalf("accepted:\n%s", tt.text)
			}
			if !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got  %s\nwant %s", err, tt.want)
			}
			if custody.CodeOf(err) != custody.CodeInvalid || custody.HintOf(err) == "" {
				t.Errorf("code %v, hint %q", custody.CodeOf(err), custody.HintOf(err))
			}
		})
	}
}

func TestAllMistakesAtOnce(t *testing.T) {
	_, err := config.Parse("c.yaml", []byte("a: 1\nb: 2\nlisten: x\n"))
	if err == nil || strings.Count(err.Error(), "\n") != 2 {
		t.Errorf("want three lines, got:\n%v", err)
	}
	_, err = config.Parse("c.yaml", []byte(strings.Repeat("- \n", 5)+strings.Repeat("x: ", 1)))
	if err == nil {
		t.Error("accepted")
	}
}

func TestTooLong(t *testing.T) {
	_, err := config.Parse("c.yaml", make([]byte, config.MaxSize+1))
	if custody.CodeOf(err) != custody.CodeTooLarge {
		t.Errorf("got %v", err)
	}
}

func TestNoPersonalData(t *testing.T) {
	c, err := config.Parse("c.yaml", []byte(strings.Replace(shop, "{table: customers, key: id}", "none", 1)))
	if err != nil {
		t.Fatal(err)
	}
	if s := c.Declare()[0]; len(s.Tables) != 0 || s.Name != "bodyshop" {
		t.Errorf("got %+v", s)
	}
}

// TestSubjectTableNeedNotBeListed: its key is known from subjects.
func TestSubjectTableNeedNotBeListed(t *testing.T) {
	for _, text := range []string{shop, shop + "    tables: {customers: {columns: {n: name}}}\n"} {
		c, err := config.Parse("c.yaml", []byte(text))
		if err != nil {
			t.Fatal(err)
		}
		tables := c.Declare()[0].Tables
		if len(tables) != 1 || !tables[0].Subject || tables[0].Key != "id" || tables[0].FullName() != "public.customers" {
			t.Errorf("got %+v", tables)
		}
	}
}

func TestMissingFile(t *testing.T) {
	_, err := config.Load(t.TempDir())
	var e *custody.Error
	if !errors.As(err, &e) || e.Code != custody.CodeNotFound || !strings.Contains(e.Hint, "custody init") {
		t.Errorf("got %v", err)
	}
}

func TestZone(t *testing.T) {
	c, err := config.Parse("c.yaml", nil)
	if err != nil {
		t.Fatal(err)
	}
	summer := time.Date(2026, 7, 1, 12, 0, 0, 0, time.UTC).In(c.Zone())
	if summer.Hour() != 13 {
		t.Errorf("noon UTC in summer is %s in London", summer)
	}
}

func TestNew(t *testing.T) {
	c, err := config.Parse("c.yaml", []byte(config.New("0.0.0.0:7000", "northfield/ledger", []string{"db.example", "10.0.0.1", "::1", "on"})))
	if err != nil {
		t.Fatal(err)
	}
	if c.Listen != "0.0.0.0:7000" || c.Ledger.Origin != "northfield/ledger" || !reflect.DeepEqual(c.TLS.Names, []string{"db.example", "10.0.0.1", "::1", "on"}) {
		t.Errorf("got %+v", c)
	}
}

func FuzzParse(f *testing.F) {
	for _, s := range []string{config.Example, fullExample(), shop, "a: [", "{", "? - a\n: b", "a: !!binary x", "&a [*a]", "\xff\xfe", "systems: {b: {tables: {c: {columns: {d: none}}}}}"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		c, err := config.Parse("f", data)
		if err != nil {
			if code := custody.CodeOf(err); code != custody.CodeInvalid && code != custody.CodeTooLarge {
				t.Fatalf("code %v: %v", code, err)
			}
			return
		}
		for _, s := range c.Declare() {
			for _, table := range s.Tables {
				if table.Key == "" {
					t.Fatal("a table without a key was accepted")
				}
			}
		}
	})
}
