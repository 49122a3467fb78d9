package console_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"custody"
	"custody/console"
	"custody/identity"
	"custody/policy"
	"custody/site"
	"custody/store"
)

// suspects are two people whom nobody could fail to recognise in an answer.
var suspects = []identity.NewPerson{
	{Login: "zebedee.quillfeather@northfield.example", FullName: "Zebedee Quillfeather", Organisation: "Northfield", Branch: "Quillby", Roles: []string{"bellringer"}},
	{Login: "wilhelmina.thistlewood@northfield.example", FullName: "Wilhelmina Thistlewood", Organisation: "Northfield", Branch: "Thistleham", Roles: []string{"lamplighter"}},
}

// telling are the words that give a suspect away: names, logins, branches, roles, and the
// address of their device.
var telling = []string{"Zebedee", "Quill", "zebedee", "Wilhelmina", "Thistle", "wilhelmina", "bellringer", "lamplighter", "198.51.100.77"}

// tells is the first telling word of an answer.
func tells(text string) string {
	for _, word := range telling {
		if strings.Contains(text, word) {
			return word
		}
	}
	return ""
}

// sealedWorld is a world with three alerts: about the first suspect, about a device on
// which both looked, and once more about the first.
type sealedWorld struct {
	*world
	people []*identity.Person
	alerts []int64
	entry  uint64
}

func newSealed(t *testing.T) *sealedWorld {
	t.Helper()
	s := &sealedWorld{world: newWorld(t)}
	<-s.DetectionReady()
	now := s.now()
	for _, p := range suspects {
		made, err := s.Identity.AddPerson(p)
		if err != nil {
			t.Fatal(err)
		}
		s.people = append(s.people, made)
	}
	s.Reload()
	grant := s.Grant(policy.Grant{Person: suspects[0].Login, See: custody.Categories(custody.Name), Limits: custody.Limits{PerHour: 60}, Start: now.Add(-time.Hour)})
	s.Site.As(suspects[0].Login, s.Token(suspects[0].Login))
	live, err := s.Store.LiveSessions()
	if err != nil {
		t.Fatal(err)
	}
	session := live[len(live)-1].ID
	var entries []uint64
	for i := range 6 {
		p := s.people[i%2]
		e := &custody.Event{Kind: custody.EventDisclosure, Route: custody.RoutePage, Time: now.Add(time.Duration(i-30) * 17 * time.Second), Person: p.ID, Organisation: 1,
			System: s.system, Session: session, Clear: custody.Categories(custody.Name), Subjects: []custody.SubjectID{custody.SubjectID(200 + i)}}
		if err := s.Ledger.Append(e); err != nil {
			t.Fatal(err)
		}
		n, _ := s.Ledger.Index().Len()
		entries = append(entries, uint64(n))
	}
	s.entry = entries[0]
	for i, logins := range [][]store.AlertLogin{nil, {{Person: s.people[0].ID, Looks: 3}, {Person: s.people[1].ID, Looks: 3}}, nil} {
		body, _ := json.Marshal(obj{"key": fmt.Sprintf("login-%d-x", s.people[0].ID), "says": "Looked at 6 customers.", "entries": entries, "entries_in_all": 6, "session": session, "grant": grant,
			"from": now.Add(-9 * time.Minute), "until": now, "findings": []obj{{"rule": "unexplained", "says": "6 customers", "of": "customers", "expected": 1, "observed": 6}}})
		a := store.Alert{Key: fmt.Sprintf("login-%d-%d", s.people[0].ID, i), Person: s.people[0].ID, Session: session, Grant: grant, Logins: logins, System: s.system, Device: "198.51.100.77",
			Rules: []string{"unexplained"}, Says: "Looked at 6 customers.", Strength: float64(3 + i), Raised: now, Made: now, Body: body}
		if logins != nil {
			a.Person, a.Session, a.Grant = 0, 0, 0
		}
		if _, err := s.Store.PutAlert(&a); err != nil {
			t.Fatal(err)
		}
		if _, err := s.Store.AlertActed(a.ID, site.ActionLowerLimit, now); err != nil {
			t.Fatal(err)
		}
		s.alerts = append(s.alerts, a.ID)
	}
	if err := s.Store.AddRestraint(&store.Restraint{Alert: s.alerts[0], Person: s.people[0].ID, PerHour: 4, Start: now, End: now.Add(time.Hour)}); err != nil {
		t.Fatal(err)
	}
	s.Reload()
	return s
}

// bearer is a program of one of the suspects.
func (s *sealedWorld) bearer(login string) *program {
	s.t.Helper()
	token, err := site.MakeAPIToken(s.Identity, s.Store, login, "", "test", console.Scopes(), 24*time.Hour)
	if err != nil {
		s.t.Fatal(err)
	}
	s.Reload()
	return &program{s.world, token}
}

// channel is one way by which something of alerts is said.
type channel struct {
	name string
	ask  func() (int, string)
}

// channels are all pages and calls that say anything of an alert.
func (s *sealedWorld) channels(d *desk, p *program) (all []channel) {
	page := func(path string) {
		all = append(all, channel{"GET " + path, func() (int, string) { return d.get(path) }})
	}
	call := func(method, path string, body any) {
		all = append(all, channel{method + " api " + path, func() (int, string) {
			status, text, _ := p.raw(method, path, body)
			return status, string(text)
		}})
	}
	page("/alerts")
	page("/alerts?all=yes")
	call("GET", "alerts?all=yes", nil)
	for _, id := range s.alerts {
		at := fmt.Sprintf("/alerts/%d", id)
		page(at)
		all = append(all, channel{"POST " + at + "/review without a reason", func() (int, string) { return d.post(at+"/review", "state", "looking", "reason", "") }},
			channel{"the way to a look of " + at, func() (int, string) { return d.get(at + "/looks/1") }},
			channel{"a look of " + at, func() (int, string) {
				d.post(at+"/looks/1/reason", "reason", "Review of an alert")
				return d.get(at + "/looks/1")
			}})
		call("GET", at[1:], nil)
		call("GET", at[1:]+"/looks", nil)
		call("POST", at[1:]+"/looks/1/customers", obj{"reason": "review of an alert"})
		call("POST", at[1:]+"/review", obj{"state": "looking", "reason": ""})
	}
	return all
}

// TestSealedNames asks for alerts in every way there is. What is said before two people
// have asked for the name has no word by which their suspects are known, nor a number by
// which another list has them; afterwards it says it to those who reach them, and to nobody
// else.
func TestSealedNames(t *testing.T) {
	s := newSealed(t)
	lena, program := s.at("lena"), s.program("lena")
	for _, c := range s.channels(lena, program) {
		status, text := c.ask()
		if word := tells(text); word != "" || status == http.StatusNotFound || status >= 500 {
			t.Errorf("%s: %d says %q", c.name, status, word)
		}
	}
	t.Run("no number leads there", s.noNumbers)
	t.Run("limits", func(t *testing.T) {
		for _, path := range []string{"/now"} { // a limit that an alert has lowered
			if _, text := lena.get(path); strings.Contains(text, "of 4 this hour") {
				t.Errorf("%s shows the lowered limit", path)
			}
		}
	})
	t.Run("one's own", s.ownAlert)
	t.Run("one has asked", func(t *testing.T) {
		for _, id := range s.alerts[:2] {
			if status, text, _ := program.raw("POST", fmt.Sprintf("alerts/%d/unseal", id), obj{"reason": "to talk to them"}); status != http.StatusOK || tells(string(text)) != "" {
				t.Errorf("the first to ask: %d %s", status, text)
			}
			if status, text, _ := program.raw("POST", fmt.Sprintf("alerts/%d/unseal", id), obj{"reason": "once more"}); status != http.StatusConflict || tells(string(text)) != "" {
				t.Errorf("the same again: %d %s", status, text)
			}
		}
		for _, c := range s.channels(lena, program) {
			if _, text := c.ask(); tells(text) != "" {
				t.Errorf("%s says %q", c.name, tells(text))
			}
		}
	})
	t.Run("two have asked", s.unsealed)
	if word := tells(s.Log.String()); word != "" {
		t.Errorf("the log says %q", word)
	}
}

// noNumbers: a sealed alert has no number of an entry, a session or a right, by which a
// list of looks has the name, and no time to the second.
func (s *sealedWorld) noNumbers(t *testing.T) {
	p := s.program("lena")
	pseudonyms := map[string]bool{}
	for i, id := range s.alerts {
		_, a, _ := p.call("GET", fmt.Sprintf("alerts/%d", id), nil)
		if a["session"] != nil || a["right"] != nil || a["device"] != nil || len(a["entries"].([]any)) != 0 || a["entries_in_all"] != 6.0 || !wholeMinute(a["from"]) || !wholeMinute(a["raised"]) {
			t.Errorf("alert %d: %v", id, a)
		}
		if i != 1 {
			pseudonyms[a["who"].(string)] = true
		} else if a["who"] != "a device used by 2 logins" || a["logins_on_device"] != 2.0 {
			t.Errorf("about a device: %v", a)
		}
		_, looks, _ := p.call("GET", fmt.Sprintf("alerts/%d/looks", id), nil)
		for _, l := range items(looks) {
			if l := l.(obj); l["event"] != 0.0 || l["session"] != 0.0 || l["login"] != nil || !wholeMinute(l["time"]) {
				t.Errorf("alert %d: look %v", id, l)
			}
		}
		if _, text := s.at("lena").get(fmt.Sprintf("/alerts/%d", id)); strings.Contains(text, `"/looks/`) || strings.Contains(text, "/people/") {
			t.Errorf("the page of alert %d leads to the name", id)
		}
	}
	made := site.AlertPseudonym(s.Identity, s.people[0].ID)
	if len(pseudonyms) != 1 || !pseudonyms[made] {
		t.Errorf("one person's pseudonyms: %v", pseudonyms)
	}
	other, err := identity.New(identity.Options{Storage: s.Store, Key: []byte("another deployment's secret, long enough"), Now: s.now})
	if err != nil || site.AlertPseudonym(other, s.people[0].ID) == made || site.AlertPseudonym(s.Identity, s.people[1].ID) == made {
		t.Error("a pseudonym is made without the deployment's key, or of nothing", err)
	}
}

func wholeMinute(v any) bool {
	at, err := time.Parse(time.RFC3339Nano, fmt.Sprint(v))
	return err == nil && at.Equal(at.Truncate(time.Minute))
}

// ownAlert: a lead under review finds nothing of it, and is told what everybody is told
// of an alert that is not there.
func (s *sealedWorld) ownAlert(t *testing.T) {
	s.Role(suspects[0].Login, console.Lead, "")
	s.Reload()
	d, p := &desk{s.world, s.Client(suspects[0].Login)}, s.bearer(suspects[0].Login)
	if _, text := d.get("/alerts?all=yes"); strings.Contains(text, "Looked at 6 customers") {
		t.Error("the list has it")
	}
	open, err := s.Store.OpenAlerts()
	if err != nil {
		t.Fatal(err)
	}
	others := len(open) - len(s.alerts) // the detectors found some in the world's month
	_, text := d.get("/me")
	_, nav, _ := strings.Cut(text, `href="/alerts"`)
	if nav, _, _ = strings.Cut(nav, "</a>"); others > 0 && !strings.Contains(nav, fmt.Sprintf(`>%d<`, others)) || others == 0 && nav != ">Alerts" {
		t.Errorf("counted for them: %s, not %d", nav, others)
	}
	for _, id := range s.alerts {
		for _, path := range []string{"/alerts/%d", "/alerts/%d/looks/1"} {
			status, text := d.get(fmt.Sprintf(path, id))
			_, none := d.get(fmt.Sprintf(path, 999999))
			if status != http.StatusNotFound || strings.ReplaceAll(text, fmt.Sprint(id), "999999") != strings.ReplaceAll(none, fmt.Sprint(id), "999999") {
				t.Errorf("%s: %d, and not what is said of none", path, status)
			}
		}
		for _, path := range []string{"alerts/%d", "alerts/%d/looks", "alerts/%d/review", "alerts/%d/unseal"} {
			method, body := "GET", any(nil)
			if strings.HasSuffix(path, "w") || strings.HasSuffix(path, "l") {
				method, body = "POST", obj{"reason": "curious"}
				if strings.HasSuffix(path, "review") {
					body = obj{"reason": "curious", "state": "mistaken"}
				}
			}
			status, text, _ := p.raw(method, fmt.Sprintf(path, id), body)
			was, none, _ := p.raw(method, fmt.Sprintf(path, 999999), body)
			if status != http.StatusNotFound || was != status || string(text) != string(none) {
				t.Errorf("%s: %d %s, of none %s", path, status, text, none)
			}
		}
	}
	if err := s.Store.ReviewAlert(s.alerts[1], s.people[1].ID, store.AlertMistaken, "me", s.now()); custody.CodeOf(err) != custody.CodeForbidden || strings.Contains(err.Error()+custody.HintOf(err), "themselves") {
		t.Errorf("one of several logins decides: %v", err)
	}
}

// unsealed: the names are there for those who reach the people, in whatever way they ask.
func (s *sealedWorld) unsealed(t *testing.T) {
	second := s.program("otto")
	for _, id := range s.alerts[:2] {
		if status, text, _ := second.raw("POST", fmt.Sprintf("alerts/%d/unseal", id), obj{"reason": "the branch must know"}); status != http.StatusOK || tells(string(text)) == "" {
			t.Errorf("the second to ask: %d %s", status, text)
		}
	}
	_, a, _ := second.call("GET", fmt.Sprintf("alerts/%d", s.alerts[1]), nil)
	if names, _ := a["logins"].([]any); len(names) != 2 || a["login"] != nil || a["device"] != "198.51.100.77" {
		t.Errorf("about a device: %v", a)
	}
	if _, text := s.at("lena").get(fmt.Sprintf("/alerts/%d", s.alerts[0])); !strings.Contains(text, "Zebedee Quillfeather") || !strings.Contains(text, "198.51.100.77") {
		t.Error("the page has no name")
	}
	if _, text := s.at("lena").get(fmt.Sprintf("/alerts/%d", s.alerts[2])); tells(text) != "" {
		t.Error("another alert was unsealed with it")
	}
	for _, who := range []string{"rosa", "mara", "adam", "alice"} {
		for _, c := range s.channels(s.at(who), s.program(who)) {
			s.ahead.Add(int64(5 * time.Second))
			if status, text := c.ask(); tells(text) != "" || strings.Contains(text, "Looked at 6") || status == http.StatusOK && strings.Contains(c.name, fmt.Sprint(s.alerts[0])) {
				t.Errorf("%s: %s: %d", who, c.name, status)
			}
		}
	}
}
