package console_test

import (
	"database/sql"
	"encoding/json"
	"fmt"
	"net/http"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"custody"
	"custody/console"
	"custody/notice"
	"custody/policy"
	"custody/store"
)

// operation is one operation as this test knows it: who may, by the initials of lena
// (lead), adam (administrator), mara (manager), otto (auditor) and a space for staff; and
// an example that works.
type operation struct {
	may  string
	who  string // makes the example
	path string
	body any
}

type obj = map[string]any

// things are the numbers of what the examples are about.
type things struct {
	session, own     custody.SessionID
	rule             int64
	alert, second    int64
	campaign         int64
	item, item2      int64
	emergency        int64
	complaint, spare string
	processor        custody.OrganisationID
	transfer         int64
	request          [4]int64
	grant            custody.GrantID
	role, token      int64
	event            uint64
	manager          int64
	delivery         uint64
	canary           int64
	training         int64
}

// things makes one of everything.
func (w *world) things() (x things) {
	w.t.Helper()
	ctx, now := w.t.Context(), w.Options.Now()
	must := func(err error) {
		w.t.Helper()
		if err != nil {
			w.t.Fatal(err)
		}
	}
	w.Site.As(w.login("carol"), w.Token(w.login("carol")))
	live, err := w.Store.LiveSessions()
	must(err)
	x.session = live[slices.IndexFunc(live, func(s sessionRecord) bool { return s.Person == w.ids["carol"] })].ID
	for n, e := range w.Ledger.Index().Events(1) {
		if e.Person == w.ids["carol"] && len(e.Subjects) > 0 && x.event == 0 {
			x.event = n
		}
	}
	rule := store.Rule{Name: "policy", Version: "1", Title: "Data policy", Text: "Only what the job needs.", Begins: now.Add(-time.Hour)}
	must(w.Store.AddRule(ctx, w.ids["lena"], &rule, now))
	x.rule = rule.ID
	must(w.Store.AddCourse(ctx, &store.Course{Name: "data-protection", Title: "Data protection", Days: 365}, now))
	for _, who := range []string{"bob", "carol"} {
		body, _ := json.Marshal(obj{"key": who, "says": "many customers", "entries": []uint64{x.event}, "entries_in_all": 1, "findings": []obj{{"rule": "volume", "says": "60 customers", "of": "customers", "expected": 4.5, "observed": 60}}})
		a := store.Alert{Key: who, Person: w.ids[who], System: w.system, Rules: []string{"volume"}, Says: "many customers", Strength: 3, Raised: now, Made: now, Body: body}
		_, err := w.Store.PutAlert(&a)
		must(err)
		x.alert, x.second = x.second, a.ID
	}
	c, err := w.Store.StartReview(ctx, w.ids["lena"], "Autumn", 0, now.AddDate(0, 0, 14), now)
	must(err)
	x.campaign = c.ID
	mine, err := w.Store.ReviewItems(ctx, store.ReviewFilter{Campaign: c.ID, DecidableBy: w.ids["mara"], At: now})
	must(err)
	x.item, x.item2 = mine[0].ID, mine[1].ID
	org, err := w.Identity.EnsureOrganisation("Northfield")
	must(err)
	use := store.BreakGlass{Person: w.ids["bob"], Organisation: org, System: w.system, Categories: custody.Categories(custody.Phone), Subjects: 5, Reason: "recovery truck", Ends: now.Add(time.Hour)}
	must(w.Store.UseBreakGlass(ctx, &use, []string{"estimator"}, now))
	x.emergency = use.ID
	lena := w.program("lena")
	_, out, _ := lena.call("POST", "complaints", obj{"name": "A customer", "answer": "customer@example.com", "words": "somebody rang", "key": "120", "system": w.Database, "called": now.Add(-time.Hour)})
	x.complaint = fmt.Sprint(out["reference"])
	_, out, _ = lena.call("POST", "complaints", obj{"name": "B customer", "answer": "other@example.com", "words": "somebody rang me", "key": "121", "system": w.Database, "called": now.Add(-time.Hour)})
	x.spare = fmt.Sprint(out["reference"])
	if status, out, _ := lena.call("POST", "processors", obj{"organisation": "Quayside", "kind": "processor", "contract": "C-1", "instructions": "as in C-1", "review_days": 365}); status != http.StatusOK {
		w.t.Fatal(out)
	}
	if x.processor, err = w.Identity.EnsureOrganisation("Quayside"); err != nil {
		w.t.Fatal(err)
	}
	must(w.Store.SetScope(ctx, w.ids["lena"], x.processor, w.system, custody.Categories(custody.Name), now))
	handed := store.Transfer{Organisation: x.processor, System: w.system, Made: now, By: w.ids["lena"], Categories: custody.Categories(custody.Name), Subjects: 3, Means: "sftp", Purpose: "letters"}
	must(w.Store.AddTransfer(ctx, &handed, now))
	x.transfer = handed.ID
	request := obj{"kind": "more", "system": w.Database, "subjects": 40, "until": now.Add(2 * time.Hour), "reason": "claim 123"}
	for i := range x.request {
		_, out, _ := w.program("alice").call("POST", "requests", request)
		id, _ := out["id"].(float64)
		x.request[i] = int64(id)
	}
	g := policy.Grant{Person: w.login("carol"), System: w.Database, See: custody.Categories(custody.Bank), Start: now}
	must(w.Store.AddGrant(&g))
	x.grant = g.ID
	m := store.Manager{Person: w.ids["gwen"], Organisation: org, Branch: "Ashbridge"}
	must(w.Store.AddManager(ctx, w.ids["lena"], &m, now))
	x.manager = m.ID
	x.delivery = w.failedDelivery()
	taken := store.TrainingRecord{Person: w.ids["bob"], Course: "data-protection", Taken: now, Evidence: "certificate 1", KeptBy: w.ids["lena"]}
	must(w.Store.RecordTraining(ctx, &taken, now))
	x.training = taken.ID
	planted := store.Canary{System: w.system, Key: "139", Planted: now, PlantedBy: w.ids["lena"]}
	must(w.Store.AddCanary(&planted))
	x.canary = planted.ID
	r := store.ConsoleRole{Person: w.ids["dan"], Role: "auditor", Start: now}
	must(w.Store.AddConsoleRole(&r))
	x.role = r.ID
	w.Reload()
	return x
}

// failedDelivery makes a delivery that was given up, to a channel that is no more.
func (w *world) failedDelivery() (id uint64) {
	w.t.Helper()
	db, err := sql.Open("sqlite", "file:"+filepath.Join(w.Dir, "custody.db")+"?_pragma=busy_timeout(10000)")
	if err != nil {
		w.t.Fatal(err)
	}
	defer db.Close()
	if err := w.Notices.Put(notice.Trying()); err != nil {
		w.t.Fatal(err)
	}
	if err := db.QueryRow("INSERT INTO deliveries (message, channel, address, attempts, given_up) SELECT max(id), 'gone', 'a@example.com', 3, ? FROM outbox RETURNING id",
		w.Options.Now().UnixMilli()).Scan(&id); err != nil {
		w.t.Fatal(err)
	}
	return id
}

// operations are all, with an example of each.
func (w *world) operations(x *things) map[string]operation {
	everybody := "lamo "
	bob, finn := "people/"+w.login("bob"), "people/"+w.login("finn")
	later := w.Options.Now().AddDate(0, 0, 7)
	who := obj{"system": w.Database, "key": "120", "reason": "test"}
	return map[string]operation{
		"me": {everybody, "alice", "me", nil}, "myLooks": {everybody, "alice", "me/looks?limit=5", nil}, "mySessions": {everybody, "alice", "me/sessions", nil},
		"endMySession": {everybody, "carol", fmt.Sprintf("me/sessions/%d/end", x.own), nil}, "myRights": {everybody, "alice", "me/rights", nil},
		"myTraining": {everybody, "alice", "me/training", nil}, "myRules": {everybody, "alice", "me/rules", nil}, "acceptRule": {everybody, "alice", fmt.Sprintf("me/rules/%d/accept", x.rule), nil},
		"myTokens": {everybody, "alice", "me/tokens", nil}, "revokeToken": {everybody, "gwen", fmt.Sprintf("me/tokens/%d/revoke", x.token), nil},

		"now": {"lamo", "lena", "now", nil}, "looks": {"lmo", "lena", "looks?limit=5", nil}, "saw": {"lmo", "lena", bob + "/looks?limit=5", nil},
		"customersOf": {"lo", "lena", fmt.Sprintf("looks/%d/customers", x.event), obj{"reason": "test"}},

		"findCustomers": {"lo", "lena", "customers/find", obj{"what": "120", "reason": "test"}}, "whoSaw": {"lo", "lena", "who-saw", who},
		"answerCustomer": {"lo", "lena", "customers/answer", obj{"system": w.Database, "key": "120", "reason": "test", "names": true}}, "customerExtract": {"lo", "lena", "customers/extract", who},
		"erase": {"l", "lena", "customers/erase", obj{"system": w.Database, "key": "250", "reason": "asked for"}},

		"people": {"lamo", "lena", "people?q=bob", nil}, "person": {"lamo", "lena", bob, nil}, "figures": {"lmo", "lena", bob + "/figures", nil}, "personExtract": {"lo", "lena", bob + "/extract", nil},
		"join":   {"la", "adam", "people", obj{"login": "nina@northfield.example", "name": "Nina North", "organisation": "Northfield", "branch": "Saltby", "roles": []string{"estimator"}}},
		"engage": {"la", "adam", bob + "/engagements", obj{"organisation": "Northfield", "branch": "Saltby", "roles": []string{"manager"}}},
		"leave":  {"la", "lena", finn + "/leave", obj{"login": w.login("finn")}}, "compromised": {"la", "adam", "people/" + w.login("gwen") + "/compromised", obj{"login": w.login("gwen")}},
		"cuts": {"lamo", "lena", finn + "/cuts", nil}, "sessionsOf": {"lamo", "lena", bob + "/sessions", nil}, "rightsOf": {"lamo", "lena", bob + "/rights", nil},
		"why": {"lamo", "mara", bob + "/why?system=" + w.Database, nil}, "leavings": {"lamo", "adam", "leavings", nil}, "sessions": {"lamo", "lena", "sessions", nil},
		"endSession": {"lam", "lena", fmt.Sprintf("sessions/%d/end", x.session), nil},

		"grants": {"lamo", "lena", "grants", nil}, "giveGrant": {"la", "adam", "grants", obj{"role": "estimator", "system": w.Database, "see": []string{"address"}, "reason": "new task"}},
		"previewGrant": {"la", "adam", "grants/preview", obj{"role": "estimator", "system": w.Database, "see": []string{"address"}}},
		"endGrant":     {"la", "adam", fmt.Sprintf("grants/%d/end", x.grant), obj{"reason": "not needed"}}, "whoCan": {"lamo", "lena", "who-can?system=" + w.Database + "&category=phone", nil},
		"roles": {"lo", "otto", "roles", nil}, "giveRole": {"l", "lena", "roles", obj{"login": w.login("erin"), "role": "auditor", "organisation": "Northfield"}}, "endRole": {"l", "lena", fmt.Sprintf("roles/%d/end", x.role), nil},

		"requests": {everybody, "lena", "requests", nil}, "requestsWaiting": {everybody, "mara", "requests/waiting", nil},
		"fileRequest":    {everybody, "mara", "requests", obj{"kind": "more", "system": w.Database, "subjects": 40, "until": w.Options.Now().Add(2 * time.Hour), "reason": "claim 123"}},
		"approveRequest": {everybody, "mara", fmt.Sprintf("requests/%d/approve", x.request[0]), obj{"subjects": 20}}, "declineRequest": {everybody, "mara", fmt.Sprintf("requests/%d/decline", x.request[1]), obj{"note": "not today"}},
		"withdrawRequest": {everybody, "alice", fmt.Sprintf("requests/%d/withdraw", x.request[2]), nil},

		"reviews": {"lmo", "mara", "reviews", nil}, "startReview": {"l", "lena", "reviews", obj{"title": "Winter", "deadline": later}}, "review": {"lmo", "mara", fmt.Sprintf("reviews/%d", x.campaign), nil},
		"reviewRights": {"lmo", "otto", fmt.Sprintf("reviews/%d/rights?limit=3", x.campaign), nil}, "rightsWaiting": {"lmo", "mara", "reviews/waiting", nil},
		"confirmRight": {"lmo", "mara", fmt.Sprintf("reviews/rights/%d/confirm", x.item), obj{}}, "removeRight": {"lmo", "mara", fmt.Sprintf("reviews/rights/%d/remove", x.item2), obj{"note": "not needed"}},
		"closeReview": {"l", "lena", fmt.Sprintf("reviews/%d/close", x.campaign), obj{"remove_open": true}}, "emergencies": {"lmo", "mara", "emergencies", nil},
		"reviewEmergency": {"lmo", "mara", fmt.Sprintf("emergencies/%d/review", x.emergency), obj{"outcome": "justified", "note": "the truck was there"}},

		"alerts": {"lo", "lena", "alerts?all=yes", nil}, "alert": {"lo", "lena", fmt.Sprintf("alerts/%d", x.alert), nil}, "alertLooks": {"lo", "lena", fmt.Sprintf("alerts/%d/looks", x.alert), nil},
		"alertLookCustomers": {"lo", "lena", fmt.Sprintf("alerts/%d/looks/1/customers", x.alert), obj{"reason": "review of an alert"}},
		"reviewAlert":        {"l", "lena", fmt.Sprintf("alerts/%d/review", x.second), obj{"state": "explained", "reason": "hail"}}, "unsealAlert": {"lo", "lena", fmt.Sprintf("alerts/%d/unseal", x.alert), obj{"reason": "must talk to them"}},

		"complaints": {"lo", "lena", "complaints", nil}, "takeComplaint": {"l", "lena", "complaints", obj{"name": "C", "answer": "c@example.com", "words": "a call", "phone": "07700 900999"}}, "complaint": {"lo", "lena", "complaints/" + x.complaint, nil},
		"acknowledgeComplaint": {"l", "lena", "complaints/" + x.complaint + "/acknowledge", nil}, "eraseComplaint": {"l", "lena", "complaints/" + x.spare + "/erase", nil},
		"traces": {"lo", "lena", "traces", nil}, "startTrace": {"l", "lena", "traces", obj{"system": w.Database}}, "trace": {"lo", "lena", "traces/" + w.Database, nil}, "traceReport": {"lo", "lena", "traces/" + w.Database + "/report", nil},

		"processors": {"lo", "lena", "processors", nil}, "processor": {"lo", "lena", fmt.Sprintf("processors/%d", x.processor), nil},
		"putProcessor":    {"l", "lena", "processors", obj{"organisation": "Towing", "kind": "partner", "contract": "T-1", "instructions": "as in T-1", "review_days": 365}},
		"reviewProcessor": {"l", "lena", fmt.Sprintf("processors/%d/reviews", x.processor), obj{"outcome": "passed", "evidence": "report 7"}},
		"scopeProcessor":  {"l", "lena", fmt.Sprintf("processors/%d/scope", x.processor), obj{"system": w.Database, "categories": []string{"name", "phone"}}},
		"keepPaper":       {"l", "lena", fmt.Sprintf("processors/%d/papers", x.processor), obj{"kind": "certificate", "name": "ISO 27001", "evidence": "folder 9"}},
		"keepTransfer":    {"l", "lena", fmt.Sprintf("processors/%d/transfers", x.processor), obj{"system": w.Database, "categories": []string{"name"}, "subjects": 3, "means": "sftp", "purpose": "letters"}},
		"returnTransfer":  {"l", "lena", fmt.Sprintf("processors/%d/transfers/%d/return", x.processor, x.transfer), obj{"evidence": "deletion certificate 8"}},
		"addRule":         {"la", "adam", "rules", obj{"name": "clean-desk", "version": "1", "title": "Clean desk", "text": "Lock the screen."}},
		"revokeTraining":  {"la", "lena", fmt.Sprintf("training/%d/revoke", x.training), nil},
		"addCourse":       {"la", "adam", "courses", obj{"name": "driving", "title": "Driving", "days": 365}},
		"rules":           {"lao", "adam", "rules", nil}, "courses": {"lao", "otto", "courses", nil}, "training": {"lao", "adam", "training", nil},
		"keepTraining": {"la", "adam", "training", obj{"login": w.login("bob"), "course": "data-protection", "evidence": "certificate 9"}}, "clauses": {"lao", "adam", "clauses?missing=yes", nil},
		"keepClause": {"la", "adam", "clauses", obj{"login": w.login("bob"), "organisation": "Northfield", "document": "file 12"}},

		"systems": {"lao", "adam", "systems", nil}, "findings": {"lao", "adam", "systems/" + w.Database + "/findings", nil},
		"takeDown": {"la", "adam", "systems/" + w.Database + "/down", obj{"reason": "customers report calls"}}, "bringUp": {"la", "lena", "systems/" + w.Database + "/up", nil},
		"takeAllDown": {"la", "adam", "portals/down", obj{"reason": "a leak is suspected"}}, "bringAllUp": {"la", "lena", "portals/up", nil},

		"importPeople": {"la", "lena", "people/import", obj{"csv": "login,organisation,branch,roles\npia@northfield.example,Northfield,Saltby,estimator\n", "sure": true}},
		"enrol":        {"la", "lena", "people/" + w.login("quin") + "/enrol", obj{"login": w.login("quin"), "minutes": 60}},
		"managers":     {"lo", "otto", "managers", nil}, "addManager": {"l", "lena", "managers", obj{"login": w.login("erin"), "organisation": "Northfield", "branch": "Brackwater"}}, "endManager": {"l", "lena", fmt.Sprintf("managers/%d/end", x.manager), nil},
		"closeComplaint": {"l", "lena", "complaints/" + x.complaint + "/close", nil}, "importComplaints": {"l", "lena", "complaints/import", obj{"csv": "name,phone,called,what happened\nD,07700 900998,2026-11-02 10:00,a call\n,,,\n"}},
		"notices": {"lao", "adam", "notices", nil}, "retryNotices": {"la", "adam", "notices/retry", nil}, "retryNotice": {"la", "adam", fmt.Sprintf("notices/%d/retry", x.delivery), nil}, "testNotices": {"la", "adam", "notices/test", nil},

		"canaries": {"lo", "lena", "canaries", nil}, "plant": {"l", "lena", "canaries", obj{"system": w.Database, "note": "second floor", "csv": "subject,for\n140,\n141,login " + w.login("bob") + "\n,\n"}},
		"withdrawCanary": {"l", "lena", fmt.Sprintf("canaries/%d/withdraw", x.canary), nil},

		"ledger": {"lao", "adam", "ledger", nil}, "signCheckpoint": {"lao", "adam", "ledger/checkpoints", nil}, "checkLedger": {"lao", "lena", "ledger/check", nil}, "ledgerCheck": {"lao", "lena", "ledger/check", nil}, "sentCheckpoints": {"lao", "otto", "ledger/sent", nil},
	}
}

// inOrder are operations whose example needs that of another first.
var inOrder = []string{"takeDown", "bringUp", "takeAllDown", "bringAllUp", "leave", "cuts", "startTrace", "trace", "traceReport", "unsealAlert", "alert", "closeReview", "revokeToken", "compromised"}

// TestEveryOperation reads the OpenAPI document, makes the example of every operation that
// it describes, and holds the answer to its schema. An operation without an example here
// fails, as does an example without an operation.
func TestEveryOperation(t *testing.T) {
	w := newWorld(t)
	x := w.things()
	conn := w.Site.As(w.login("carol"), w.Token(w.login("carol")))
	defer conn.Close(t.Context())
	live, err := w.Store.LiveSessions()
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range live {
		if s.Person == w.ids["carol"] && s.ID != x.session {
			x.own = s.ID
		}
	}
	programs := map[string]*program{}
	for _, p := range staff {
		programs[p.login] = w.program(p.login)
	}
	if list, err := w.Store.APITokens(w.ids["gwen"]); err == nil {
		x.token = list[0].Credential
	}
	ops := w.operations(&x)
	list, schemas := w.description()
	if len(list) != len(ops) {
		t.Errorf("%d operations are described, %d have an example", len(list), len(ops))
	}
	slices.SortStableFunc(list, func(a, b described) int { return slices.Index(inOrder, a.id) - slices.Index(inOrder, b.id) })
	for _, d := range list {
		op, ok := ops[d.id]
		if !ok {
			t.Errorf("no example of %s", d.id)
			continue
		}
		w.ahead.Add(int64(20 * time.Second))                                // people are slower than this test
		status, text, _ := programs[op.who].raw(d.method, op.path, op.body) // and held to the description there
		if d.id == "startTrace" {
			w.traced(programs["lena"])
		}
		if status != http.StatusOK {
			t.Errorf("%s: %d %s", d.id, status, text)
		}
	}
	t.Run("a wrong answer is noticed", func(t *testing.T) {
		for _, bad := range []any{obj{}, obj{"login": 1, "name": "x", "organisation": "x", "roles": []any{}}, obj{"login": "x", "name": "x", "organisation": "x", "roles": []any{}, "more": 1}, []any{}} {
			if len(conforms(schemas, obj{"$ref": "#/components/schemas/Me"}, bad, "me")) == 0 {
				t.Errorf("%v passes for Me", bad)
			}
		}
	})
}

// traced waits until the trace of the world's system has ended.
func (w *world) traced(p *program) {
	w.t.Helper()
	for deadline := time.Now().Add(30 * time.Second); time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
		_, out, _ := p.call("GET", "traces", nil)
		if list := items(out); len(list) > 0 && list[0].(obj)["running"] == false {
			return
		}
		w.ahead.Add(int64(time.Second))
	}
	w.t.Fatal("the trace does not end")
}

// TestEveryOperationByEveryRole asks each operation as everybody: the answers are the
// table of roles. Bodies are empty, so that nothing is done.
func TestEveryOperationByEveryRole(t *testing.T) {
	w := newWorld(t)
	x := w.things()
	ops := w.operations(&x)
	list, _ := w.description()
	for i, who := range []string{"lena", "adam", "mara", "otto", "alice"} {
		p := w.program(who)
		for _, d := range list {
			w.ahead.Add(int64(10 * time.Second))
			path, _, _ := strings.Cut(ops[d.id].path, "?")
			var body any
			if ops[d.id].body != nil {
				body = obj{"unknown": true}
			} else if d.method == "POST" {
				path = strings.NewReplacer(fmt.Sprint(x.session), "999999", w.Database, "nowhere", x.complaint, "none", x.spare, "none").Replace(path)
			}
			status, text, _ := p.raw(d.method, path, body)
			refused := status == http.StatusForbidden && strings.Contains(string(text), "your role does not reach")
			if may := strings.ContainsRune(ops[d.id].may, rune("lamo "[i])); may == refused && !(who == "otto" && status == http.StatusForbidden && everywhereOnly[d.id]) {
				t.Errorf("%s asks %s: %d %.90s", who, d.id, status, text)
			}
		}
	}
}

// everywhereOnly are operations for which a role must reach all employers; otto's reaches
// one.
var everywhereOnly = map[string]bool{"complaints": true, "complaint": true, "traces": true, "trace": true, "traceReport": true, "notices": true, "canaries": true}

// TestEveryPageHasAnOperation holds the interface for programs to all that the console
// does: each page and form is an operation too, or it is said why not.
func TestEveryPageHasAnOperation(t *testing.T) {
	w := newWorld(t)
	list, _ := w.description()
	known := map[string]bool{}
	for _, d := range list {
		known[d.id] = true
	}
	used := map[string]bool{}
	for _, pattern := range console.PagePatterns() {
		ids, ok := pageOperations[pattern]
		if !ok {
			t.Errorf("%s has no operation", pattern)
		}
		used[pattern] = true
		for _, id := range strings.Fields(ids) {
			if !known[id] && !strings.HasPrefix(ids, "-") {
				t.Errorf("%s: there is no operation %s", pattern, id)
			}
		}
	}
	for pattern := range pageOperations {
		if !used[pattern] {
			t.Errorf("there is no page %s", pattern)
		}
	}
}

// pageOperations say which operations do what a page or form does; "-" says why none.
var pageOperations = map[string]string{
	"GET /{$}": "- goes on to another page", "GET /now": "now sessions looks", "GET /now/stream": "now sessions looks",
	"GET /customers": "- an empty form", "POST /customers": "findCustomers", "GET /customers/{subject}": "whoSaw", "POST /customers/{subject}/reason": "- the reason is in the call itself",
	"GET /customers/{subject}/answer": "answerCustomer", "GET /customers/{subject}/extract": "customerExtract", "POST /customers/{subject}/erase": "erase",
	"GET /looks/{event}": "customersOf", "POST /looks/{event}/reason": "- the reason is in the call itself",
	"GET /people": "people leavings", "POST /people": "join engage", "GET /people/{person}": "person figures saw sessionsOf rightsOf cuts why", "POST /people/{person}/sessions/{session}/end": "endSession",
	"GET /people/{person}/extract": "personExtract", "POST /people/{person}/leave": "leave", "POST /people/{person}/compromised": "compromised",
	"GET /systems": "systems findings", "POST /systems/{system}/down": "takeDown", "POST /systems/{system}/up": "bringUp", "POST /portals/down": "takeAllDown", "POST /portals/up": "bringAllUp",
	"GET /rights": "grants whoCan", "GET /rights/give": "- an empty form", "POST /rights/give": "previewGrant giveGrant", "GET /rights/{grant}/end": "- asks for the reason", "POST /rights/{grant}/end": "endGrant",
	"GET /roles": "roles", "POST /roles": "giveRole", "POST /roles/{role}/end": "endRole",
	"GET /ledger": "ledger ledgerCheck sentCheckpoints", "POST /ledger/checkpoint": "signCheckpoint", "POST /ledger/verify": "checkLedger", "GET /ledger/verify": "ledgerCheck", "GET /ledger/checkpoint.txt": "ledger",
	"GET /requests/{request}": "- goes on to the list", "GET /requests/emergency/{emergency}": "- goes on to the list", "GET /rules/training": "- goes on to the list", "GET /processors/{processor}": "processor",
	"GET /requests": "requests requestsWaiting", "POST /requests": "fileRequest", "POST /requests/{request}/approve": "approveRequest", "POST /requests/{request}/decline": "declineRequest", "POST /requests/{request}/withdraw": "withdrawRequest",
	"GET /reviews": "reviews rightsWaiting emergencies", "POST /reviews": "startReview", "GET /reviews/{campaign}": "review reviewRights", "POST /reviews/close/{campaign}": "closeReview",
	"POST /reviews/items/{item}": "confirmRight removeRight", "POST /reviews/emergencies/{emergency}": "reviewEmergency",
	"GET /alerts": "alerts", "GET /alerts/{alert}": "alert alertLooks", "GET /alerts/{alert}/looks/{look}": "alertLookCustomers", "POST /alerts/{alert}/looks/{look}/reason": "- the reason is in the call itself", "POST /alerts/{alert}/review": "reviewAlert", "POST /alerts/{alert}/unseal": "unsealAlert",
	"GET /canaries": "canaries", "POST /canaries": "plant", "POST /canaries/{canary}/withdraw": "withdrawCanary",
	"GET /complaints": "complaints", "POST /complaints": "takeComplaint", "GET /complaints/{reference}": "complaint", "POST /complaints/{reference}/acknowledge": "acknowledgeComplaint", "POST /complaints/{reference}/erase": "eraseComplaint",
	"GET /trace": "traces trace", "POST /trace": "startTrace", "GET /trace/answers": "traces", "GET /trace/{system}/report": "traceReport",
	"GET /processors": "processors processor", "POST /processors/{processor}/review": "reviewProcessor",
	"POST /processors": "putProcessor", "POST /processors/{processor}/scope": "scopeProcessor", "POST /processors/{processor}/papers": "keepPaper",
	"POST /processors/{processor}/transfers": "keepTransfer", "POST /processors/{processor}/transfers/{transfer}/return": "returnTransfer", "POST /rules": "addRule", "POST /rules/courses": "addCourse",
	"GET /rules": "rules courses training clauses", "POST /rules/training": "keepTraining", "POST /rules/clauses": "keepClause",
	"POST /me/rules/{rule}/accept": "acceptRule", "GET /me": "me myLooks mySessions myRights myTraining myRules", "POST /me/sessions/{session}/end": "endMySession",
	"GET /me/tokens": "myTokens", "POST /me/tokens": "- a token makes no other: that takes a person who signs in", "POST /me/tokens/{token}/revoke": "revokeToken",
}
