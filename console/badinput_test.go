package console_test

import (
	"bytes"
	"database/sql"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"custody/store"
)

// marker stands in everything wrong that is sent: no answer and no log may repeat it.
const marker = "Zephyrine-Quillfeather"

// badBody is a body that a call must refuse.
type badBody struct {
	what string
	body []byte
}

// TestBadInput sends every write what it must not take: each is refused as the
// description says, repeats nothing of it, and leaves nothing half done.
func TestBadInput(t *testing.T) {
	w := newWorld(t)
	x := w.things()
	ops := w.operations(&x)
	list, schemas := w.description()
	programs := map[string]*program{}
	for _, p := range staff {
		programs[p.login] = w.program(p.login)
	}
	before, sent := w.state(), 0
	for _, d := range list {
		if d.method != http.MethodPost {
			continue
		}
		op := ops[d.id]
		p := programs[op.who]
		refused := func(what string, body []byte, headers ...string) {
			t.Helper()
			w.ahead.Add(int64(2100 * time.Millisecond))
			sent++
			status, text, _ := p.bytes(http.MethodPost, op.path, body, headers...)
			if status < 400 || status >= 500 || status == http.StatusTooManyRequests || status == http.StatusUnauthorized {
				t.Errorf("%s, %s: %d %.120s", d.id, what, status, text)
			}
			if bytes.Contains(text, []byte(marker)) {
				t.Errorf("%s, %s: the answer repeats what was sent: %s", d.id, what, text)
			}
		}
		asJSON := []string{"Content-Type", "application/json"}
		for _, bad := range wrongBodies(op.body) {
			refused(bad.what, bad.body, asJSON...)
		}
		if d.takes == nil {
			continue
		}
		good, _ := json.Marshal(op.body)
		for _, kind := range []string{"text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", ""} {
			refused("as "+kind, good, "Content-Type", kind)
		}
		if len(op.body.(obj)) > 0 {
			refused("an empty object of "+d.id, nil, asJSON...)
		}
		for _, bad := range wrongFields(schemas, d.takes.(obj), op.body.(obj)) {
			refused(bad.what, bad.body, asJSON...)
		}
	}
	if sent < 1000 {
		t.Errorf("only %d bodies were sent", sent)
	}
	for table, now := range w.state() {
		if before[table] != now {
			t.Errorf("%s is not what it was before %d wrong bodies:\n%s", table, sent, strings.TrimPrefix(now, before[table]))
		}
	}
	if strings.Contains(w.Log.String(), marker) {
		t.Error("the log repeats what was sent")
	}
}

// wrongBodies are bodies that no call takes.
func wrongBodies(example any) (list []badBody) {
	good, _ := json.Marshal(example)
	if example == nil {
		good = []byte("{}")
	}
	inner := strings.TrimSuffix(string(good), "}")
	comma := map[bool]string{true: "", false: ","}[inner == "{"]
	add := func(what, body string) { list = append(list, badBody{what, []byte(body)}) }
	add("an unknown field", inner+comma+`"unknown":"`+marker+`"}`)
	add("no JSON", marker)
	add("a list", "["+string(good)+"]")
	add("null", "null")
	add("a text", `"`+marker+`"`)
	add("cut off", inner)
	add("something after it", string(good)+`{"x":"`+marker+`"}`)
	add("a brace after it", string(good)+"}")
	add("nested deeply", inner+comma+`"x":`+strings.Repeat("[", 5000)+strings.Repeat("]", 5000)+"}")
	add("no UTF-8", inner+comma+"\"x\":\"\xff\xfe\"}")
	add("too long", inner+comma+`"x":"`+strings.Repeat("x", 5<<20)+`"}`)
	fields, _ := example.(obj)
	for name, v := range fields {
		one, _ := json.Marshal(v)
		add(name+" twice", fmt.Sprintf("%s,%q:%s}", inner, name, one))
		add(name+" in capitals", strings.Replace(string(good), `"`+name+`"`, `"`+strings.ToUpper(name)+`"`, 1))
	}
	return list
}

// wrongFields puts into each field that a call knows what does not belong there.
func wrongFields(schemas map[string]any, schema, example obj) (list []badBody) {
	if ref, ok := schema["$ref"].(string); ok {
		schema = schemas[strings.TrimPrefix(ref, "#/components/schemas/")].(obj)
	}
	for name, s := range schema["properties"].(obj) {
		for what, v := range wrongValues(s.(obj)) {
			body := maps.Clone(example)
			body[name] = v
			b, _ := json.Marshal(body)
			list = append(list, badBody{fmt.Sprintf("%s is %s", name, what), b})
		}
	}
	return list
}

// wrongValues are what a field of a type does not take.
func wrongValues(s obj) map[string]any {
	kind, raw := s["type"], func(text string) json.RawMessage { return json.RawMessage(text) }
	switch {
	case s["format"] == "date-time":
		return map[string]any{"a word": marker, "a number": 7, "no day": "2026-02-30T00:00:00Z", "a day alone": "2026-02-03", "beyond years": "12026-02-03T00:00:00Z", "a list": []string{marker}}
	case kind == "string":
		return map[string]any{"a number": 7, "a list": []string{marker}, "an object": obj{"x": marker}, "a bool": true, "too long": marker + strings.Repeat("x", store.MaxRule), // no field takes more
			"with a zero byte": marker + "\x00", "with an escape": marker + "\x1b[2J", "turned round": marker + "\u202e"}
	case kind == "integer":
		return map[string]any{"a text": marker, "negative": -1, "broken": raw("1.5"), "too large": raw("9223372036854775808"), "a list": []int{1}}
	case kind == "boolean":
		return map[string]any{"a text": marker, "a number": 1}
	case kind == "array":
		return map[string]any{"a text": marker, "a list of numbers": []int{1}, "of a word unknown": []string{marker + "\x00"}, "nested": [][]string{{marker}}, "of something long": []string{marker + strings.Repeat("x", 5000)}, "very many": slices.Repeat([]string{marker}, 2000)}
	}
	return map[string]any{"a text": marker}
}

// state is what each table holds in which something could have been done, but for those
// which detectors and clocks write by themselves.
func (w *world) state() map[string]string {
	w.t.Helper()
	db, err := sql.Open("sqlite", "file:"+filepath.Join(w.Dir, "custody.db")+"?_pragma=busy_timeout(10000)")
	if err != nil {
		w.t.Fatal(err)
	}
	defer db.Close()
	var names []string
	rows, err := db.Query("SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite%' AND name NOT IN ('sessions', 'api_tokens', 'idempotency', 'generation', 'touched', 'outbox', 'deliveries', 'detection', 'alerts', 'alert_actions')")
	if err != nil {
		w.t.Fatal(err)
	}
	for rows.Next() {
		var name string
		if err := rows.Scan(&name); err != nil {
			w.t.Fatal(err)
		}
		names = append(names, name)
	}
	digests := map[string]string{}
	for _, name := range names {
		var text strings.Builder
		what, of := "*", ""
		switch name {
		case "rights_log": // its last column is when the ledger took the line over; reminders come by themselves
			what, of = "act, actor, person, note", " WHERE act NOT LIKE '%-due' AND act <> 'reminder'"
		case "browsers": // when each was last seen is written while it is used
			what = "credential, person, hash, method, factor, roles, started, device"
		}
		all, err := db.Query("SELECT " + what + " FROM " + name + of)
		if err != nil {
			w.t.Fatal(err)
		}
		columns, _ := all.Columns()
		for all.Next() {
			values := make([]any, len(columns))
			into := make([]any, len(columns))
			for i := range values {
				into[i] = &values[i]
			}
			if err := all.Scan(into...); err != nil {
				w.t.Fatal(err)
			}
			fmt.Fprintln(&text, values...)
		}
		digests[name] = text.String()
	}
	return digests
}

// TestWhatCannotBe asks for what does not fit: people, customers and systems that are not
// there, times that have passed or have not come.
func TestWhatCannotBe(t *testing.T) {
	w := newWorld(t)
	x := w.things()
	programs := map[string]*program{}
	for _, p := range staff {
		programs[p.login] = w.program(p.login)
	}
	before, now := w.state(), w.Options.Now()
	ago, ahead := now.AddDate(0, 0, -2), now.AddDate(0, 0, 2)
	ops := w.operations(&x)
	for _, row := range []struct {
		id   string
		with obj
		want int
	}{
		{"fileRequest", obj{"until": ago}, 400}, {"fileRequest", obj{"until": now.AddDate(5, 0, 0)}, 400}, {"fileRequest", obj{"until": time.Time{}}, 400}, {"fileRequest", obj{"subjects": 0}, 400},
		{"fileRequest", obj{"system": marker}, 400}, {"fileRequest", obj{"kind": marker}, 400}, {"fileRequest", obj{"reason": ""}, 400}, {"fileRequest", obj{"reason": " \n "}, 400}, {"fileRequest", obj{"categories": []string{marker}}, 400},
		{"keepTraining", obj{"taken": ahead}, 400}, {"keepTraining", obj{"course": marker}, 404}, {"keepTraining", obj{"login": marker}, 404}, {"keepTraining", obj{"evidence": ""}, 400},
		{"keepClause", obj{"signed": ahead}, 400}, {"keepClause", obj{"organisation": marker}, 404}, {"keepClause", obj{"login": marker}, 404}, {"keepClause", obj{"document": ""}, 400},
		{"takeComplaint", obj{"called": ahead}, 400}, {"takeComplaint", obj{"called": time.Date(1993, 1, 1, 0, 0, 0, 0, time.UTC)}, 400}, {"takeComplaint", obj{"name": "", "answer": "", "words": "", "phone": ""}, 400}, {"takeComplaint", obj{"system": marker, "key": "1"}, 400},
		{"startReview", obj{"deadline": ago}, 400}, {"startReview", obj{"deadline": time.Time{}}, 400}, {"startReview", obj{"title": ""}, 400},
		{"giveRole", obj{"end": ago}, 400}, {"giveRole", obj{"login": marker}, 404}, {"giveRole", obj{"role": marker}, 400}, {"giveRole", obj{"organisation": marker}, 403},
		{"giveGrant", obj{"end": ago}, 400}, {"giveGrant", obj{"start": ahead, "end": now.Add(time.Hour)}, 400}, {"giveGrant", obj{"see": []string{marker}}, 400}, {"giveGrant", obj{"see": []string{}}, 400},
		{"giveGrant", obj{"system": marker}, 400}, {"giveGrant", obj{"role": "", "person": marker}, 404}, {"giveGrant", obj{"person": w.login("bob")}, 400}, {"giveGrant", obj{"needs": []string{marker}}, 400}, {"giveGrant", obj{"reason": ""}, 422},
		{"previewGrant", obj{"system": marker}, 400}, {"previewGrant", obj{"end": ago}, 400},
		{"join", obj{"end": ago}, 400}, {"join", obj{"login": "bob"}, 400}, {"join", obj{"login": w.login("bob")}, 409}, {"join", obj{"name": ""}, 400}, {"join", obj{"roles": []string{""}}, 400}, {"join", obj{"organisation": " "}, 400},
		{"engage", obj{"start": ahead, "end": now}, 400}, {"engage", obj{"name": marker}, 400}, {"engage", obj{"login": w.login("finn")}, 400},
		{"leave", obj{"login": w.login("bob")}, 400}, {"leave", obj{"organisation": marker}, 404}, {"compromised", obj{"login": ""}, 400},
		{"whoSaw", obj{"key": marker}, 404}, {"whoSaw", obj{"system": marker}, 404}, {"whoSaw", obj{"since": now, "until": ago}, 400}, {"whoSaw", obj{"identifier": "x"}, 400}, {"whoSaw", obj{"reason": ""}, 422}, {"whoSaw", obj{"limit": 501}, 400},
		{"customerExtract", obj{"key": marker}, 404}, {"customerExtract", obj{"since": now, "until": ago}, 400}, {"answerCustomer", obj{"key": marker}, 404}, {"erase", obj{"key": marker}, 404}, {"erase", obj{"reason": ""}, 422},
		{"findCustomers", obj{"system": marker}, 400}, {"findCustomers", obj{"what": ""}, 400}, {"findCustomers", obj{"reason": ""}, 422}, {"customersOf", obj{"reason": ""}, 422},
		{"approveRequest", obj{"subjects": 41}, 400}, {"reviewEmergency", obj{"outcome": marker}, 400}, {"reviewEmergency", obj{"note": ""}, 400},
		{"reviewAlert", obj{"state": marker}, 400}, {"reviewAlert", obj{"reason": ""}, 422}, {"unsealAlert", obj{"reason": ""}, 422}, {"startTrace", obj{"system": marker}, 400},
		{"putProcessor", obj{"contract_start": now, "contract_end": ago}, 400}, {"putProcessor", obj{"kind": marker}, 400}, {"putProcessor", obj{"review_days": 0}, 400}, {"putProcessor", obj{"organisation": ""}, 400},
		{"reviewProcessor", obj{"outcome": marker}, 400}, {"reviewProcessor", obj{"evidence": ""}, 400}, {"takeDown", obj{"reason": ""}, 400}, {"takeAllDown", obj{"reason": ""}, 400}, {"endGrant", obj{"reason": ""}, 422},
	} {
		op := ops[row.id]
		body := maps.Clone(op.body.(obj))
		maps.Copy(body, row.with)
		w.ahead.Add(int64(2100 * time.Millisecond))
		status, text, _ := programs[op.who].raw(http.MethodPost, op.path, body)
		if status != row.want || bytes.Contains(text, []byte(marker)) {
			t.Errorf("%s with %v: %d %s, want %d", row.id, row.with, status, text, row.want)
		}
	}
	after := w.state()
	for table, now := range after {
		if before[table] != now {
			t.Errorf("%s is not what it was:\n%s", table, strings.TrimPrefix(now, before[table]))
		}
	}
	said := obj{"name": "Twice", "phone": "07700 900321", "words": "=1+1"}
	_, first, _ := programs["lena"].call(http.MethodPost, "complaints", said)
	_, again, _ := programs["lena"].call(http.MethodPost, "complaints", said)
	if first["known_before"] != false || again["known_before"] != true || first["reference"] != again["reference"] {
		t.Errorf("the same complaint twice: %v, then %v", first, again)
	}
	if status, to := w.at("lena").post("/complaints", "name", "Twice", "phone", "07700 900321", "words", "=1+1"); status != http.StatusSeeOther || !strings.Contains(to, fmt.Sprint("/complaints/", first["reference"], "?done=knownbefore")) {
		t.Errorf("the same complaint on the screen: %d %s", status, to)
	}
}
