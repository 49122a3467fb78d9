package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"custody"
	"custody/notice"
	"custody/store"
)

// schema reads a schema of others.
func schema(t *testing.T, name string) *jsonschema.Schema {
	t.Helper()
	c := jsonschema.NewCompiler()
	c.AssertFormat()
	s, err := c.Compile(filepath.Join("testdata", "schema", name))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// generic is what a reader of the JSON sees.
func generic(t *testing.T, v any) any {
	t.Helper()
	text, ok := v.([]byte)
	if !ok {
		var err error
		if text, err = json.Marshal(v); err != nil {
			t.Fatal(err)
		}
	}
	out, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// everyEvent gives each kind of event by each route and with each code, of a person and
// of an application, with much known and with little.
func everyEvent() (list []*custody.Event) {
	for kind := custody.EventDisclosure; kind <= custody.EventRight; kind++ {
		for route := custody.RouteNone; route <= custody.RouteConsole; route++ {
			for code := custody.CodeNone; code <= custody.CodeTooLarge; code++ {
				for who := range 3 {
					e := &custody.Event{Kind: kind, Route: route, Code: code, Time: time.Date(2026, 3, 29, 1, 30, 0, 123456789, time.UTC), Session: custody.SessionID(who + 1), Grant: 3}
					if kind == custody.EventDisclosure || kind == custody.EventChange {
						e.Subjects, e.Clear, e.Masked = []custody.SubjectID{7, 12}, custody.Categories(custody.Name, custody.Phone), custody.Categories(custody.Email)
					}
					switch who {
					case 0:
						e.Person, e.Organisation, e.System, e.Reason = 1, 1, 1, 1
					case 1:
						e.Application, e.System = 1, 1
					case 2:
						e.Person = 9 // of whom, and of whose session, nothing is known
						e.Clear, e.Masked = 0, 0
					}
					list = append(list, e)
				}
			}
		}
	}
	return list
}

func knowing() *exporter {
	return &exporter{names: &names{
		people: map[custody.PersonID][2]string{1: {"alice@northfield.example", "Alice Smith"}}, orgs: map[custody.OrganisationID]string{1: "Northfield"},
		applications: map[custody.ApplicationID]string{1: "valuation"}, systems: map[custody.SystemID]string{1: "bodyshop"},
		sessions: map[custody.SessionID]*store.SessionRecord{1: {Session: custody.Session{Address: "2001:db8::7", AppName: "psql"}},
			2: {Session: custody.Session{Address: "10.0.0.7"}}, 3: {}}, reasons: map[custody.ReasonID]string{0: "", 1: "claim 88123"}}}
}

// TestEveryEventFitsOCSF holds what is exported, and every notice, to the schema of
// OCSF 1.3.0.
func TestEveryEventFitsOCSF(t *testing.T) {
	s, x, classes := schema(t, "ocsf-1.3.0.json"), knowing(), map[string]int{}
	check := func(what string, event any) {
		v := generic(t, event)
		if err := s.Validate(v); err != nil {
			t.Errorf("%s: %v\n%v", what, err, v)
		}
		e := v.(map[string]any)
		classes[fmt.Sprint(e["class_uid"])]++
		class, _ := e["class_uid"].(json.Number).Int64()
		activity, _ := e["activity_id"].(json.Number).Int64()
		if kind, _ := e["type_uid"].(json.Number).Int64(); kind != class*100+activity {
			t.Errorf("%s: type %d of class %d", what, kind, class)
		}
	}
	for i, e := range everyEvent() {
		if event := x.ocsf(uint64(i+1), e); event != nil {
			check(fmt.Sprintf("%v by %v with %v", e.Kind, e.Route, e.Code), event)
		}
		if t.Failed() {
			return
		}
	}
	for severity := notice.Info; severity <= notice.Critical; severity++ {
		for _, m := range []notice.Message{{}, {Path: "/people/7"}, {Text: "Ended: 2 live sessions.\n", Data: map[string]string{"person": "7"}, Customers: []custody.SubjectID{4}}} {
			m.Kind, m.Key, m.Subject, m.Severity = notice.PersonLeft, "cut-7", "Alice Smith has left", severity
			if err := notice.Prepare(&m, time.Now()); err != nil {
				t.Fatal(err)
			}
			if m.Data != nil {
				m.Path = "https://custody.example/people/7" // as it is when it is sent
			}
			check("a notice of severity "+severity.String(), notice.OCSF(&m))
		}
	}
	for _, class := range []string{"2004", "3002", "6005"} {
		if classes[class] == 0 {
			t.Errorf("no event of class %s: the test looks in the wrong place", class)
		}
	}
}

// TestSchemasRefuse shows that the schemas can be broken at all.
func TestSchemasRefuse(t *testing.T) {
	x, ocsf, fhir := knowing(), schema(t, "ocsf-1.3.0.json"), schema(t, "fhir-r4-auditevent.json")
	var refusal *custody.Event
	for _, e := range everyEvent() {
		if e.Kind == custody.EventRefusal {
			refusal = e
			break
		}
	}
	for name, spoil := range map[string]func(object){
		"no time":                     func(o object) { delete(o, "time") },
		"a time in words":             func(o object) { o["time"] = "now" },
		"an attribute of ours":        func(o object) { o["customers"] = 1 },
		"an unknown status":           func(o object) { o["status_id"] = 7 },
		"an address that is none":     func(o object) { o["src_endpoint"] = object{"ip": "here"} },
		"a source without any name":   func(o object) { o["src_endpoint"] = object{} },
		"a control without a profile": func(o object) { delete(o["metadata"].(object), "profiles") },
		"another version":             func(o object) { o["metadata"].(object)["version"] = "1.1.0" },
		"no database":                 func(o object) { delete(o, "database") },
	} {
		o := x.ocsf(1, refusal)
		spoil(o)
		if ocsf.Validate(generic(t, o)) == nil {
			t.Errorf("OCSF with %s was accepted", name)
		}
	}
	for name, spoil := range map[string]func(object){
		"no source":              func(o object) { delete(o, "source") },
		"an action in words":     func(o object) { o["action"] = "read it" },
		"a date without a zone":  func(o object) { o["recorded"] = "2026-03-29T01:30:00" },
		"a field of ours":        func(o object) { o["customer"] = "7" },
		"an empty text":          func(o object) { o["outcomeDesc"] = "" },
		"a type that is no code": func(o object) { o["type"] = object{"code": " rest"} },
	} {
		o := x.balp(1, &custody.Event{Kind: custody.EventDisclosure, Person: 1, Session: 1, Subjects: []custody.SubjectID{7}}, 7)
		spoil(o)
		if fhir.Validate(generic(t, o)) == nil {
			t.Errorf("an AuditEvent with %s was accepted", name)
		}
	}
}

// TestEveryLookFitsBALP holds each AuditEvent to FHIR R4's schema, and to the profiles
// Read and Update of IHE's Basic Audit Log Patterns if it claims one.
func TestEveryLookFitsBALP(t *testing.T) {
	s, x, claims := schema(t, "fhir-r4-auditevent.json"), knowing(), map[string]int{}
	for i, e := range everyEvent() {
		if e.Kind != custody.EventDisclosure && e.Kind != custody.EventChange {
			continue
		}
		for _, subject := range e.Subjects {
			o := x.balp(uint64(i+1), e, subject)
			v := generic(t, o).(map[string]any)
			if err := s.Validate(v); err != nil {
				t.Fatalf("%v by %v: %v\n%v", e.Kind, e.Route, err, v)
			}
			profile := claimed(v)
			claims[profile]++
			if what := fitsProfile(v, profile); what != "" {
				t.Fatalf("%v by %v does not fit %s: %s\n%v", e.Kind, e.Route, profile, what, v)
			}
		}
	}
	if claims["Read"] == 0 || claims["Update"] == 0 || claims[""] == 0 {
		t.Errorf("profiles claimed: %v", claims)
	}
}

// claimed is the profile that an AuditEvent says it follows; empty if none.
func claimed(v map[string]any) string {
	meta, _ := v["meta"].(map[string]any)
	if meta == nil {
		return ""
	}
	name, _ := meta["profile"].([]any)[0].(string)
	return strings.TrimPrefix(name, "https://profiles.ihe.net/ITI/BALP/StructureDefinition/IHE.BasicAudit.")
}

// fitsProfile says what an AuditEvent lacks of a profile: Read and Update of IHE ITI
// BALP 1.1 (https://profiles.ihe.net/ITI/BALP/), their rules written down anew.
func fitsProfile(v map[string]any, profile string) string {
	rules := map[string]struct{ interaction, action, client, server, user string }{
		"Read":   {"read", "R", "110152", "110153", "IRCP"},
		"Update": {"update", "U", "110153", "110152", "AUT"},
	}
	want, known := rules[profile]
	if !known {
		if profile == "" {
			return ""
		}
		return "it is no profile that is known here"
	}
	agents := byCode(v["agent"], "type", "coding", 0, "code")
	entities := byCode(v["entity"], "type", "code")
	dig := func(v any, path ...any) any { return at(v, path...) }
	switch client, server, data := agents[want.client], agents[want.server], entities["2"]; {
	case dig(v, "type", "code") != "rest" || dig(v, "subtype", 0, "code") != want.interaction || dig(v, "subtype", 0, "display") != want.interaction:
		return "type and subtype"
	case v["action"] != want.action || v["outcome"] != "0" || v["recorded"] == nil:
		return "action, outcome and time"
	case len(client) != 1 || len(server) != 1:
		return "one client and one server"
	case dig(client[0], "who") == nil || dig(client[0], "network") == nil || dig(client[0], "media") != nil:
		return "who and network of the client"
	case dig(client[0], "who", "identifier", "system") != "urn:custody:program" || dig(server[0], "who", "identifier", "system") != "urn:custody:system":
		return "the client where the client stands"
	case dig(server[0], "who") == nil || dig(server[0], "network") == nil || dig(server[0], "media") != nil:
		return "who and network of the server"
	case len(data) != 1 || dig(data[0], "what") == nil || !slices.Contains([]any{"4", "3", "20"}, dig(data[0], "role", "code")):
		return "one piece of data with its role"
	}
	for _, user := range agents[want.user] {
		if at(user, "who") == nil || at(user, "requestor") != true || at(user, "network") != nil || at(user, "media") != nil {
			return "the user"
		}
	}
	return ""
}

// byCode sorts a list's members by a code in them.
func byCode(list any, path ...any) map[string][]any {
	out := map[string][]any{}
	members, _ := list.([]any)
	for _, m := range members {
		code, _ := at(m, path...).(string)
		out[code] = append(out[code], m)
	}
	return out
}

// at finds a value by names and numbers; nil if it is not there.
func at(v any, path ...any) any {
	for _, p := range path {
		switch p := p.(type) {
		case string:
			m, _ := v.(map[string]any)
			v = m[p]
		case int:
			l, _ := v.([]any)
			if p >= len(l) {
				return nil
			}
			v = l[p]
		}
	}
	return v
}
