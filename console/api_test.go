package console_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"custody"
	"custody/console"
	"custody/site"
)

// program is a program with a token.
type program struct {
	w     *world
	token string
}

func (w *world) program(name string, scopes ...string) *program {
	w.t.Helper()
	if len(scopes) == 0 {
		scopes = console.Scopes()
	}
	token, err := site.MakeAPIToken(w.Identity, w.Store, w.login(name), "", "test", scopes, 24*time.Hour)
	if err != nil {
		w.t.Fatal(err)
	}
	w.Reload()
	return &program{w, token}
}

// call asks; body is sent as JSON if it is not nil. It gives status, answer and headers.
func (p *program) call(method, path string, body any, headers ...string) (int, map[string]any, http.Header) {
	p.w.t.Helper()
	status, text, h := p.raw(method, path, body, headers...)
	var out map[string]any
	if err := json.Unmarshal(text, &out); err != nil {
		p.w.t.Fatalf("%s %s: %d, %v", method, path, status, err)
	}
	return status, out, h
}

// raw asks and holds the answer to the description of the interface.
func (p *program) raw(method, path string, body any, headers ...string) (int, []byte, http.Header) {
	p.w.t.Helper()
	var send []byte
	if body != nil {
		var err error
		if send, err = json.Marshal(body); err != nil {
			p.w.t.Fatal(err)
		}
		headers = append([]string{"Content-Type", "application/json"}, headers...)
	}
	return p.bytes(method, path, send, headers...)
}

// bytes asks with a body as it is.
func (p *program) bytes(method, path string, body []byte, headers ...string) (int, []byte, http.Header) {
	p.w.t.Helper()
	r, err := http.NewRequest(method, p.w.URL+"/api/v1/"+path, bytes.NewReader(body))
	if err != nil {
		p.w.t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+p.token)
	for i := 0; i+1 < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	resp, err := http.DefaultTransport.RoundTrip(r)
	if err != nil {
		p.w.t.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		p.w.t.Fatal(err)
	}
	p.w.held(method, path, resp.StatusCode, text, resp.Header)
	return resp.StatusCode, text, resp.Header
}

func items(out map[string]any) []any { list, _ := out["items"].([]any); return list }

// TestTokens holds tokens to their scopes, their person's roles and their end.
func TestTokens(t *testing.T) {
	w := newWorld(t)
	t.Run("scopes", func(t *testing.T) {
		p := w.program("lena", "ledger")
		if status, _, _ := p.call("GET", "ledger", nil); status != http.StatusOK {
			t.Error(status)
		}
		if status, out, _ := p.call("GET", "people", nil); status != http.StatusForbidden || out["code"] != "forbidden" {
			t.Errorf("outside its scope: %d %v", status, out)
		}
	})
	t.Run("roles", func(t *testing.T) {
		for who, paths := range map[string][]string{"alice": {"people", "ledger", "sessions", "grants"}, "adam": {"people/" + w.login("bob") + "/looks"}, "mara": {"ledger", "people/" + w.login("carol")}, "rosa": {"people/" + w.login("bob")}} {
			for _, path := range paths {
				if status, _, _ := w.program(who).call("GET", path, nil); status != http.StatusForbidden && status != http.StatusNotFound {
					t.Errorf("%s asks %s: %d", who, path, status)
				}
			}
		}
		for _, who := range []string{"adam", "mara", "alice"} {
			if status, _, _ := w.program(who).call("POST", "who-saw", map[string]any{"system": w.Database, "key": "120", "reason": "x"}); status != http.StatusForbidden {
				t.Errorf("%s asks who saw a customer: %d", who, status)
			}
		}
		if status, _, _ := w.program("mara").call("POST", "people/"+w.login("bob")+"/leave", map[string]any{"login": w.login("bob")}); status != http.StatusForbidden {
			t.Errorf("a manager ends an engagement: %d", status)
		}
	})
	t.Run("none", func(t *testing.T) {
		for _, token := range []string{"", "x", "cstd_" + strings.Repeat("A", 43), w.Token(w.login("bob")), strings.Repeat("y", 5000)} {
			status, out, h := (&program{w, token}).call("GET", "me", nil)
			if status != http.StatusUnauthorized || out["code"] != "unauthorised" || h.Get("Content-Type") != "application/problem+json" || h.Get("WWW-Authenticate") == "" {
				t.Errorf("%.10s: %d %v", token, status, out)
			}
		}
		// A cookie is for pages: another site's page could send it along.
		if status, _ := w.at("lena").get("/api/v1/me"); status != http.StatusUnauthorized {
			t.Errorf("a browser's cookie opens the interface for programs: %d", status)
		}
	})
	t.Run("ends", func(t *testing.T) {
		p := w.program("erin")
		if status, _, _ := p.call("GET", "me", nil); status != http.StatusOK {
			t.Fatal(status)
		}
		if err := w.Identity.Leave(w.login("erin")); err != nil {
			t.Fatal(err)
		}
		w.Reload()
		if status, _, _ := p.call("GET", "me", nil); status != http.StatusUnauthorized {
			t.Errorf("the token of somebody who left: %d", status)
		}
	})
	t.Run("made and revoked on a page", func(t *testing.T) {
		otto := w.at("otto")
		if status, body := otto.post("/me/tokens", "name", "x", "days", "30"); status != http.StatusBadRequest {
			t.Errorf("without a scope: %d %.80s", status, body)
		}
		status, body := otto.post("/me/tokens", "name", "nightly report", "days", "30", "scope", "ledger")
		at := strings.Index(body, "cstd_")
		if status != http.StatusOK || at < 0 {
			t.Fatalf("%d: no token", status)
		}
		w.Reload()
		p := &program{w, body[at : at+48]}
		if status, _, _ := p.call("GET", "ledger", nil); status != http.StatusOK {
			t.Error(status)
		}
		if _, again := otto.get("/me/tokens"); strings.Contains(again, "cstd_") || !strings.Contains(again, "nightly report") {
			t.Error("the token is shown twice, or not listed")
		}
		list, err := w.Store.APITokens(w.ids["otto"])
		if err != nil || len(list) != 1 {
			t.Fatal(list, err)
		}
		if status, _ := w.at("alice").post(fmt.Sprintf("/me/tokens/%d/revoke", list[0].Credential)); status != http.StatusNotFound {
			t.Errorf("alice revokes otto's token: %d", status)
		}
		if status, _ := otto.post(fmt.Sprintf("/me/tokens/%d/revoke", list[0].Credential)); status != http.StatusSeeOther {
			t.Error(status)
		}
		w.Reload()
		if status, _, _ := p.call("GET", "ledger", nil); status != http.StatusUnauthorized {
			t.Errorf("a revoked token: %d", status)
		}
	})
}

// TestTheSameAgain sends writes twice under one idempotency key.
func TestTheSameAgain(t *testing.T) {
	w := newWorld(t)
	alice := w.program("alice")
	request := map[string]any{"kind": "more", "system": w.Database, "subjects": 40, "until": w.Options.Now().Add(2 * time.Hour), "reason": "claim 123"}
	status, first, _ := alice.call("POST", "requests", request, "Idempotency-Key", "k1")
	if status != http.StatusOK {
		t.Fatal(status, first)
	}
	status, again, h := alice.call("POST", "requests", request, "Idempotency-Key", "k1")
	if status != http.StatusOK || again["id"] != first["id"] || h.Get("Idempotency-Replayed") != "true" {
		t.Errorf("the same again: %d %v", status, again)
	}
	request["subjects"] = 41
	if status, out, _ := alice.call("POST", "requests", request, "Idempotency-Key", "k1"); status != http.StatusBadRequest {
		t.Errorf("another request under the key: %d %v", status, out)
	}
	if status, out, _ := alice.call("POST", "requests", request, "Idempotency-Key", "k2"); status != http.StatusOK || out["id"] == first["id"] {
		t.Errorf("another key: %d %v", status, out)
	}
	if status, out, _ := w.program("bob").call("POST", "requests", request, "Idempotency-Key", "k1"); status != http.StatusOK || out["id"] == first["id"] {
		t.Errorf("somebody else's key of the same text: %d %v", status, out)
	}
	if _, out, _ := alice.call("GET", "requests", nil); len(items(out)) != 2 {
		t.Errorf("alice has %d requests, want 2", len(items(out)))
	}
	if status, _, _ := alice.call("POST", "requests", request, "Idempotency-Key", strings.Repeat("k", 101)); status != http.StatusBadRequest {
		t.Errorf("a key that is too long: %d", status)
	}
}

// TestNobodyDecidesTheirOwn tries each way to decide a request that is not one's to decide.
func TestNobodyDecidesTheirOwn(t *testing.T) {
	w := newWorld(t)
	request := map[string]any{"kind": "more", "system": w.Database, "subjects": 40, "until": w.Options.Now().Add(2 * time.Hour), "reason": "claim 123"}
	_, own, _ := w.program("mara").call("POST", "requests", request)
	_, other, _ := w.program("carol").call("POST", "requests", request) // of another branch
	_, hers, _ := w.program("alice").call("POST", "requests", request)
	mara := w.at("mara")
	for what, path := range map[string]string{"her own": fmt.Sprintf("/requests/%v/approve", own["id"]), "another branch's": fmt.Sprintf("/requests/%v/approve", other["id"])} {
		if status, _ := mara.post(path); status != http.StatusForbidden {
			t.Errorf("mara approves %s: %d", what, status)
		}
		if status, _, _ := w.program("mara").call("POST", strings.TrimPrefix(path, "/"), map[string]any{}); status != http.StatusForbidden {
			t.Errorf("mara approves %s by a program: %d", what, status)
		}
	}
	for _, who := range []string{"lena", "adam", "otto", "alice", "rosa"} {
		if status, _ := w.at(who).post(fmt.Sprintf("/requests/%v/approve", hers["id"])); status != http.StatusForbidden {
			t.Errorf("%s, who manages nobody, approves: %d", who, status)
		}
	}
	if _, body := mara.get("/requests"); !strings.Contains(body, "Waiting for you") || !strings.Contains(body, "Alice Smith") || strings.Contains(body, "Carol Cole") {
		t.Error("mara's page does not show what waits for her, or more")
	}
	if status, to := mara.post(fmt.Sprintf("/requests/%v/approve", hers["id"]), "subjects", "25", "note", "for claim 123"); status != http.StatusSeeOther {
		t.Fatal(status, to)
	}
	grants, err := w.Store.Grants()
	if err != nil {
		t.Fatal(err)
	}
	if g := grants[len(grants)-1]; g.Person != w.login("alice") || g.End.IsZero() {
		t.Errorf("the approval gave %+v", g)
	}
	if _, body := w.at("alice").get("/requests"); !strings.Contains(body, "approved") {
		t.Error("alice does not see the answer")
	}
}

// TestPages walks through a list part by part.
func TestPages(t *testing.T) {
	w := newWorld(t)
	lena := w.program("lena")
	seen, cursor := map[string]bool{}, ""
	for range 100 {
		status, out, _ := lena.call("GET", "people/"+w.login("bob")+"/looks?limit=40&cursor="+cursor, nil)
		if status == http.StatusTooManyRequests {
			t.Fatal("paging through a month is too fast")
		}
		for _, i := range items(out) {
			seen[fmt.Sprint(i.(map[string]any)["event"])] = true
		}
		cursor, _ = out["next"].(string)
		if cursor == "" {
			break
		}
	}
	want := 0
	for range w.Ledger.Index().SawBy(w.ids["bob"], time.Time{}, time.Time{}) {
		want++
	}
	if len(seen) != want || want < 100 {
		t.Errorf("%d looks in parts, want %d", len(seen), want)
	}
	for _, path := range []string{"people?limit=0", "people?limit=501", "people?cursor=x", "people/" + w.login("bob") + "/looks?since=yesterday"} {
		if status, out, _ := lena.call("GET", path, nil); status != http.StatusBadRequest || out["status"] != float64(400) {
			t.Errorf("%s: %d %v", path, status, out)
		}
	}
	if status, _, _ := lena.call("POST", "who-saw", map[string]any{"system": w.Database, "key": "1", "reason": "x", "evil": true}); status != http.StatusBadRequest {
		t.Errorf("an unknown field: %d", status)
	}
	var look custody.SubjectID = 120
	before := w.looksOf("lena", look)
	if status, out, _ := lena.call("POST", "who-saw", map[string]any{"system": w.Database, "key": "120", "reason": "Subject access request"}); status != http.StatusOK || len(items(out)) < 2 {
		t.Error(status, out)
	}
	if w.looksOf("lena", look) != before+1 {
		t.Error("a look by a program is not on record")
	}
	if status, _, _ := lena.call("POST", "who-saw", map[string]any{"system": w.Database, "key": "120"}); status != http.StatusUnprocessableEntity {
		t.Errorf("without a reason: %d", status)
	}
}
