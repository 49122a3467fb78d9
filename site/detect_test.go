package site

import (
	"strings"
	"testing"

	"custody"
	"custody/detect"
	"custody/store"
)

// TestNoticesNameNobody: every channel is given these words and these data, and nothing
// else; of a device on which several logins looked they say so.
func TestNoticesNameNobody(t *testing.T) {
	a := &detect.Alert{Says: "Looked at 39 customers.", Person: 7, Findings: []detect.Finding{{Rule: detect.Slow, Says: "39 customers."}}, Innocent: []string{"overtime"}}
	for _, logins := range [][]store.AlertLogin{nil, {{Person: 7, Login: "zebedee@northfield.example"}, {Person: 8, Login: "wilhelmina@northfield.example"}}} {
		k := &store.Alert{ID: 12, Person: 7, Login: "zebedee@northfield.example", Device: "198.51.100.77", Key: "login-7-slow-exfiltration-4", Session: 4242, Logins: logins, Rules: []string{"slow-exfiltration"}}
		if logins != nil {
			k.Person = 0
		}
		text := describe(k, a)
		for _, word := range []string{"zebedee", "wilhelmina", "198.51", "login-7", "4242"} {
			if strings.Contains(text, word) {
				t.Errorf("a notice says %s: %s", word, text)
			}
		}
		if strings.Contains(text, "a device used by 2 logins") != (logins != nil) {
			t.Errorf("of %d logins: %s", len(logins), text)
		}
		k.Seal()
		if k.Login+k.Device+k.Key != "" || k.Session != 0 || logins != nil && k.Logins[0].Login != "" || len(k.About()) == 0 {
			t.Errorf("sealed: %+v", k)
		}
	}
	nobody := &store.Alert{Device: "198.51.100.77"}
	if nobody.Seal(); nobody.Device == "" || nobody.Sealed() {
		t.Error("what is about nobody is sealed")
	}
	several := &store.Alert{Logins: []store.AlertLogin{{Person: 7}, {Person: 8}}}
	if about := several.About(); len(about) != 2 || about[1] != custody.PersonID(8) || !several.Sealed() {
		t.Errorf("about %v", about)
	}
}
