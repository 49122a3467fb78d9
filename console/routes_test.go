package console_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"custody/console"
	"custody/identity"
	"custody/store"
)

// filled gives every page and form with the numbers of things that are there.
func (w *world) filled(x *things) (list [][2]string) {
	numbers := strings.NewReplacer("{$}", "", "{subject}", "120", "{event}", fmt.Sprint(x.event), "{person}", fmt.Sprint(w.ids["bob"]), "{session}", fmt.Sprint(x.session), "{system}", fmt.Sprint(w.system),
		"{grant}", fmt.Sprint(x.grant), "{role}", fmt.Sprint(x.role), "{request}", fmt.Sprint(x.request[0]), "{emergency}", fmt.Sprint(x.emergency), "{campaign}", fmt.Sprint(x.campaign),
		"{item}", fmt.Sprint(x.item), "{alert}", fmt.Sprint(x.alert), "{look}", "1", "{canary}", fmt.Sprint(x.canary), "{reference}", x.complaint, "{processor}", fmt.Sprint(x.processor), "{rule}", fmt.Sprint(x.rule), "{token}", fmt.Sprint(x.token))
	for _, pattern := range console.PagePatterns() {
		method, path, _ := strings.Cut(pattern, " ")
		list = append(list, [2]string{method, numbers.Replace(path)})
	}
	return list
}

// careful holds an answer to the headers that keep browsers careful.
func careful(t *testing.T, what string, h http.Header) {
	t.Helper()
	policy := h.Get("Content-Security-Policy")
	for _, must := range []string{"default-src 'none'", "frame-ancestors 'none'", "base-uri 'none'", "form-action 'self'"} {
		if !strings.Contains(policy, must) {
			t.Errorf("%s: the policy lacks %s", what, must)
		}
	}
	for header, want := range map[string]string{"X-Content-Type-Options": "nosniff", "X-Frame-Options": "DENY", "Referrer-Policy": "same-origin", "Cache-Control": "no-store",
		"Cross-Origin-Opener-Policy": "same-origin", "Cross-Origin-Resource-Policy": "same-origin", "Access-Control-Allow-Origin": "", "Server": "", "X-Powered-By": ""} {
		if got := h.Get(header); got != want {
			t.Errorf("%s: %s is %q, want %q", what, header, got, want)
		}
	}
}

// TestEveryRouteIsGuarded walks through the tables of pages, forms and operations: none
// answers who is not signed in, none takes a form of another site, and each answer,
// whatever it is, carries the headers.
func TestEveryRouteIsGuarded(t *testing.T) {
	w := newWorld(t)
	x := w.things()
	name, value := w.ConsoleCookie(w.login("lena"))
	ask := func(method, path, cookie string, headers ...string) (int, http.Header) {
		t.Helper()
		w.ahead.Add(int64(2100 * time.Millisecond))
		r, _ := http.NewRequest(method, w.URL+path, nil)
		if cookie != "" {
			r.Header.Set("Cookie", cookie)
		}
		for i := 0; i+1 < len(headers); i += 2 {
			r.Header.Set(headers[i], headers[i+1])
		}
		resp, err := http.DefaultTransport.RoundTrip(r)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		return resp.StatusCode, resp.Header
	}
	signed, same := name+"="+value, []string{"Sec-Fetch-Site", "same-origin", "Content-Type", "application/x-www-form-urlencoded"}
	before := w.state()
	for _, route := range w.filled(&x) {
		method, path := route[0], route[1]
		what := method + " " + path
		status, h := ask(method, path, "", same...)
		if status < 300 || status == http.StatusNotFound || status >= 500 {
			t.Errorf("%s answers who is not signed in: %d", what, status)
		}
		careful(t, what+" for nobody", h)
		if method == http.MethodGet {
			_, h = ask(method, path, signed)
			careful(t, what, h)
			continue
		}
		for _, from := range [][]string{nil, {"Origin", "https://evil.example"}, {"Origin", "null"}, {"Sec-Fetch-Site", "cross-site"}, {"Sec-Fetch-Site", "same-site"}, {"Sec-Fetch-Site", "none"},
			{"Sec-Fetch-Site", "same-origin", "Origin", "https://evil.example"}} {
			status, h := ask(method, path, signed, append(from, "Content-Type", "application/x-www-form-urlencoded")...)
			if status != http.StatusForbidden {
				t.Errorf("%s takes a form from %v: %d", what, from, status)
			}
			careful(t, what, h)
		}
		if status, _ := ask(http.MethodGet, path, signed); status < 400 && !slices.ContainsFunc(w.filled(&x), func(r [2]string) bool { return r == [2]string{"GET", path} }) {
			t.Errorf("%s is done by GET: %d", path, status)
		}
	}
	list, _ := w.description()
	ops := w.operations(&x)
	for _, d := range list {
		status, h := ask(d.method, "/api/v1/"+ops[d.id].path, signed, "Content-Type", "application/json")
		if status != http.StatusUnauthorized {
			t.Errorf("%s takes a cookie, or nothing: %d", d.id, status)
		}
		careful(t, d.id, h)
	}
	for _, odd := range [][2]string{{"GET", "/nothing"}, {"GET", "/api/nothing"}, {"GET", "/api/v1/"}, {"DELETE", "/api/v1/people"}, {"OPTIONS", "/api/v1/people"}, {"PUT", "/people"}, {"TRACE", "/now"}, {"GET", "/people/%2e%2e/ledger"}, {"HEAD", "/now"}} {
		status, h := ask(odd[0], odd[1], signed, "Origin", "https://evil.example")
		if odd[0] != "HEAD" && status < 300 {
			t.Errorf("%v: %d", odd, status)
		}
		careful(t, odd[0]+" "+odd[1], h)
	}
	for table, now := range w.state() {
		if before[table] != now && table != "reasons" {
			t.Errorf("%s is not what it was:\n%s", table, strings.TrimPrefix(now, before[table]))
		}
	}
}

// TestAnswersTellNotWhatIsThere asks each operation that names something for what belongs
// to others, and for what is not there at all: the two answers are the same.
func TestAnswersTellNotWhatIsThere(t *testing.T) {
	w := newWorld(t)
	x := w.things()
	ops := w.operations(&x)
	list, _ := w.description()
	others := map[string][2]string{ // the parameter: of others, and of nobody
		"{login}": {w.login("carol"), "nobody@northfield.example"}, "{session}": {fmt.Sprint(x.session), "999999"}, "{event}": {fmt.Sprint(x.event), "99999999"}, "{grant}": {fmt.Sprint(x.grant), "999999"},
		"{role}": {fmt.Sprint(x.role), "999999"}, "{request}": {fmt.Sprint(x.request[3]), "999999"}, "{emergency}": {fmt.Sprint(x.emergency), "999999"}, "{item}": {fmt.Sprint(x.item), "999999"},
		"{alert}": {fmt.Sprint(x.alert), "999999"}, "{canary}": {fmt.Sprint(x.canary), "999999"}, "{training}": {fmt.Sprint(x.training), "999999"}, "{reference}": {x.complaint, "C-AAAAA-AAAAA"}, "{manager}": {fmt.Sprint(x.manager), "999999"}, "{delivery}": {fmt.Sprint(x.delivery), "999999"},
	}
	gwen := w.program("gwen")
	tokens, err := w.Store.APITokens(w.ids["gwen"])
	if err != nil || len(tokens) == 0 {
		t.Fatal(tokens, err)
	}
	others["{token}"] = [2]string{fmt.Sprint(tokens[0].Credential), "999999"}
	defer func() {
		if status, _, _ := gwen.call("GET", "me", nil); status != http.StatusOK {
			t.Errorf("gwen's token is gone: %d", status)
		}
	}()
	tried := 0
	for _, who := range []string{"rosa", "mara", "alice", "otto"} {
		p := w.program(who)
		for _, d := range list {
			at := slices.IndexFunc(strings.Split(d.path, "/"), func(part string) bool { return strings.HasPrefix(part, "{") })
			if at < 0 {
				continue
			}
			param := strings.Split(d.path, "/")[at]
			pair, ok := others[param]
			if !ok || who != "rosa" && !(param == "{login}" && who == "mara") && !strings.Contains(d.path, "/me/") && !(strings.Contains(d.path, "/requests/") && who == "otto") && !(param == "{session}" && who == "mara") {
				continue
			}
			var answers [2]string
			for i, id := range pair {
				w.ahead.Add(int64(2100 * time.Millisecond))
				body, _ := ops[d.id].body.(obj)
				body = obj(cloned(body))
				if _, ok := body["login"]; ok {
					body["login"] = id
				}
				var send any
				if ops[d.id].body != nil {
					send = body
				}
				path := strings.Replace(strings.TrimPrefix(d.path, "/"), param, id, 1)
				if _, query, ok := strings.Cut(ops[d.id].path, "?"); ok {
					path += "?" + query
				}
				status, text, _ := p.raw(d.method, path, send)
				answers[i] = fmt.Sprint(status, " ", string(text))
				if status < 400 {
					t.Errorf("%s does %s of others: %d %.100s", who, d.id, status, text)
				}
			}
			if tried++; answers[0] != answers[1] {
				t.Errorf("%s can tell by %s what is there:\n%s%s", who, d.id, answers[0], answers[1])
			}
		}
	}
	if tried < 40 {
		t.Errorf("only %d were tried", tried)
	}
}

func cloned(o obj) map[string]any {
	out := map[string]any{}
	for k, v := range o {
		out[k] = v
	}
	return out
}

// TestNoPageRunsNames puts markup wherever staff, customers and directories choose words,
// and reads every page and every answer for programs.
func TestNoPageRunsNames(t *testing.T) {
	w := newWorld(t)
	x := w.things()
	const evil = `<script>alert(1)</script>"'><img src=x onerror=alert(2)>`
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	ctx, now := t.Context(), w.Options.Now()
	_, err := w.Identity.AddPerson(identity.NewPerson{Login: "mallory@northfield.example", FullName: evil, Organisation: "Northfield", Branch: "<b>Saltby</b>", Roles: []string{"estimator"}})
	must(err)
	must(w.Store.AddRule(ctx, w.ids["lena"], &store.Rule{Name: "evil", Version: "1", Title: evil, Text: evil, Begins: now.Add(-time.Hour)}, now))
	must(w.Store.AddCourse(ctx, &store.Course{Name: "evil", Title: evil, Days: 30}, now))
	must(w.Store.TakeDown(w.system, w.ids["adam"], evil, now))
	body, _ := json.Marshal(obj{"key": "evil", "says": evil, "templates_tried": []string{evil}, "not_excluded": []string{evil}, "entries": []uint64{x.event}, "entries_in_all": 1, "findings": []obj{{"rule": "volume", "says": evil, "of": evil}}})
	a := store.Alert{Key: "evil", Person: w.ids["bob"], System: w.system, Rules: []string{"volume"}, Says: evil, Strength: 9, Raised: now, Made: now, Body: body}
	_, err = w.Store.PutAlert(&a)
	must(err)
	x.alert = a.ID
	w.Reload()
	lena, adam := w.program("lena"), w.program("adam")
	for _, put := range []struct {
		p    *program
		path string
		body obj
	}{
		{lena, "complaints", obj{"name": evil, "answer": evil, "words": evil, "claimed": evil, "knew": evil, "key": "120", "system": w.Database}},
		{lena, "processors", obj{"organisation": evil, "kind": "partner", "contact": evil, "contract": evil, "instructions": evil, "review_days": 9}},
		{lena, "reviews", obj{"title": evil, "deadline": now.AddDate(0, 0, 9)}},
		{w.program("alice"), "requests", obj{"kind": "more", "system": w.Database, "subjects": 4, "until": now.Add(2 * time.Hour), "reason": evil}},
		{adam, "grants", obj{"role": "estimator", "system": w.Database, "see": []string{"address"}, "reason": evil}},
		{lena, "training", obj{"login": w.login("bob"), "course": "evil", "evidence": evil}}, {lena, "clauses", obj{"login": w.login("bob"), "organisation": "Northfield", "document": evil}},
		{lena, fmt.Sprintf("alerts/%d/review", a.ID), obj{"state": "looking", "reason": evil}}, {lena, "who-saw", obj{"system": w.Database, "key": "120", "reason": evil}},
		{lena, "traces", obj{"system": w.Database}},
	} {
		status, text, _ := put.p.raw("POST", put.path, put.body)
		if status != http.StatusOK {
			t.Fatalf("%s: %d %s", put.path, status, text)
		}
		var made map[string]any
		if json.Unmarshal(text, &made); put.path == "complaints" {
			x.complaint = fmt.Sprint(made["reference"])
		}
	}
	w.traced(lena)
	raw := func(what string, text []byte) {
		t.Helper()
		for _, bad := range []string{"<script>alert", "<img src=x", "<b>Saltby"} {
			if bytes.Contains(text, []byte(bad)) {
				t.Errorf("%s shows %s as markup", what, bad)
			}
		}
	}
	desk, escaped, read := w.at("lena"), 0, 0
	desk.customer(120)
	desk.post(fmt.Sprintf("/looks/%d/reason", x.event), "reason", evil)
	pages := w.filled(&x)
	pages = append(pages, [2]string{"GET", "/customers/120/answer?names=yes"}, [2]string{"GET", "/people?q=%3Cscript%3Ealert"}, [2]string{"GET", "/rights?ended=yes&category=%3Cscript%3Ealert&system=%22%3E%3Cimg%20src=x"},
		[2]string{"GET", "/trace/" + w.Database + "/report"}, [2]string{"GET", "/now?done=%3Cscript%3Ealert"}, [2]string{"GET", "/alerts?all=yes"})
	for _, page := range pages {
		if page[0] != http.MethodGet || page[1] == "/now/stream" {
			continue
		}
		w.ahead.Add(int64(2100 * time.Millisecond))
		status, text := desk.get(page[1])
		if status >= 500 {
			t.Errorf("%s: %d", page[1], status)
		}
		raw(page[1], []byte(text))
		escaped += strings.Count(text, "&lt;script&gt;alert")
		read++
	}
	if read < 35 || escaped < 12 {
		t.Errorf("%d pages were read, %d words escaped: they were not shown", read, escaped)
	}
	list, _ := w.description()
	ops := w.operations(&x)
	for _, d := range list {
		if d.method == http.MethodGet && d.file == "" {
			w.ahead.Add(int64(2100 * time.Millisecond))
			_, text, _ := lena.raw("GET", ops[d.id].path, nil)
			if bytes.ContainsAny(text, "<>") {
				t.Errorf("%s: JSON holds markup that is not escaped", d.id)
			}
		}
	}
}
