package signin_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"custody"
	"custody/identity"
	"custody/identity/totp"
	"custody/signin"
)

// TestNobodyLearnsWhoExists: every way to fail gives the same status and the same page.
func TestNobodyLearnsWhoExists(t *testing.T) {
	k := newKit(t)
	f := k.browser(t).enrol(alice)
	bob := k.browser(t).enrol("bob@northfield.example")
	bobs := bob.totp
	must(t, k.EndEngagementOf("bob@northfield.example"))
	k.clock.pass(time.Minute)
	now := func() string { return f.code() }
	var pages []string
	for _, c := range []struct{ name, login, password, code string }{
		{"wrong password", alice, "not the password", now()},
		{"wrong code", alice, secret, wrong(now())},
		{"unknown", "nobody@northfield.example", secret, now()},
		{"known, without a password", "carol@northfield.example", secret, now()},
		{"not engaged, all right", "bob@northfield.example", secret, totp.Code(bobs, totp.Step(k.clock.now()))},
		{"no recovery code", alice, secret, "abcd-efgh-abcd-efgh"},
		{"a recovery code with a wrong password", alice, "not the password", f.codes[0]},
		{"empty", "", "", ""},
		{"far too long", strings.Repeat("a", 300), strings.Repeat("b", 5000), strings.Repeat("1", 500)},
		{"not text", "\xff\x00", "\xff\x00", "\xff\x00"},
	} {
		a := k.browser(t).post("/.custody/sign-in", "login", c.login, "password", c.password, "code", c.code)
		if a.StatusCode != http.StatusUnauthorized {
			t.Errorf("%s: %d", c.name, a.StatusCode)
		}
		page := strings.ReplaceAll(a.body, `value="`+c.login+`"`, `value=""`)
		pages = append(pages, page[strings.Index(page, "role=\"alert\""):strings.Index(page, "<form")])
		if pages[len(pages)-1] != pages[0] {
			t.Errorf("%s gets another page:\n%s\nnot\n%s", c.name, pages[len(pages)-1], pages[0])
		}
	}
	k.door.Sweep()
	if live(t, k) != 1 { // Alice's, from her enrolment
		t.Errorf("%d sessions are live", live(t, k))
	}
	if strings.Contains(k.log.String(), "northfield.example") {
		t.Error("the log names people")
	}
}

// EndEngagementOf ends all of somebody's engagements and leaves their password alone.
func (k *kit) EndEngagementOf(login string) error {
	people, err := k.People()
	if err != nil {
		return err
	}
	for _, p := range people {
		for _, e := range p.Engagements {
			if p.Login == login {
				if err := k.EndEngagement(e.ID, time.Time{}); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

// wrong is a code that differs from a right one.
func wrong(code string) string { return string('0'+(code[0]-'0'+5)%10) + code[1:] }

// TestACodeHoldsOnce: neither a code nor a recovery code lets anybody in twice.
func TestACodeHoldsOnce(t *testing.T) {
	k := newKit(t)
	f := k.browser(t).enrol(alice)
	try := func(code string) int {
		b := k.browser(t)
		b.c.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
		return b.post("/.custody/sign-in", "login", alice, "password", secret, "code", code).StatusCode
	}
	if try(f.code()) != http.StatusUnauthorized {
		t.Error("the code of the enrolment holds again")
	}
	k.clock.pass(totp.Period)
	code := f.code()
	if try(code) != http.StatusSeeOther {
		t.Fatal("a right code does not let her in")
	}
	if try(code) != http.StatusUnauthorized {
		t.Error("a code lets in twice")
	}
	if try(totp.Code(f.totp, totp.Step(k.clock.now())-1)) != http.StatusUnauthorized {
		t.Error("a code that is older than the last one lets in")
	}
	k.clock.pass(10 * totp.Period)
	if try(totp.Code(f.totp, totp.Step(k.clock.now())+1)) != http.StatusSeeOther {
		t.Error("a phone that is half a minute ahead is refused")
	}
	for i, recovery := range f.codes[:3] {
		k.clock.pass(time.Hour)
		typed := strings.ToUpper(strings.ReplaceAll(recovery, "-", " "))
		if try(typed) != http.StatusSeeOther || try(recovery) != http.StatusUnauthorized {
			t.Errorf("recovery code %d does not hold exactly once", i)
		}
	}
	if left, err := k.RecoveryCodes(1); err != nil || left != 7 {
		t.Errorf("%d recovery codes are left, %v", left, err)
	}
}

// TestTenGuessesInFiveMinutes counts what a patient guesser gets (Cyber Essentials: ten
// in five minutes), for a person who exists and for one who does not.
func TestTenGuessesInFiveMinutes(t *testing.T) {
	for _, login := range []string{alice, "nobody@northfield.example"} {
		k := newKit(t)
		guesses, waits := 0, 0
		for began := k.clock.now(); k.clock.now().Sub(began) < 5*time.Minute; {
			a := k.browser(t).post("/.custody/sign-in", "login", login, "password", "guess", "code", "123456")
			switch a.StatusCode {
			case http.StatusUnauthorized:
				guesses++
			case http.StatusTooManyRequests:
				waits++
				if a.Header.Get("Retry-After") == "" {
					t.Fatal("nothing says how long to wait")
				}
			default:
				t.Fatalf("%d", a.StatusCode)
			}
			k.clock.pass(2 * time.Second)
		}
		if guesses > 10 || guesses < 5 || waits == 0 {
			t.Errorf("%d guesses and %d waits for %s", guesses, waits, login)
		}
		k.clock.pass(15 * time.Minute)
		if a := k.browser(t).post("/.custody/sign-in", "login", login, "password", "guess", "code", "123456"); a.StatusCode != http.StatusUnauthorized {
			t.Errorf("after a quarter of an hour: %d", a.StatusCode)
		}
	}
}

// TestOutsidersCannotLockAnybodyOut: guesses from elsewhere do not slow a browser in
// which the person has signed in before.
func TestOutsidersCannotLockAnybodyOut(t *testing.T) {
	k := newKit(t)
	hers := k.browser(t)
	f := hers.enrol(alice)
	hers.post("/.custody/sign-out")
	k.clock.pass(time.Minute)
	for range 12 {
		k.browser(t).post("/.custody/sign-in", "login", alice, "password", "guess", "code", "123456")
	}
	if a := k.browser(t).post("/.custody/sign-in", "login", alice, "password", secret, "code", f.code()); a.StatusCode != http.StatusTooManyRequests {
		t.Fatalf("the guesser goes on: %d", a.StatusCode)
	}
	if hers.signIn(alice, f); !strings.HasPrefix(hers.accept().Request.URL.Path, "/") || hers.who() == "" {
		t.Error("she is locked out of her own browser")
	}
	stolen := k.browser(t) // a browser that knows Bob is not one that knows Alice
	stolen.enrol("bob@northfield.example")
	stolen.post("/.custody/sign-out")
	guess := func() int {
		return stolen.post("/.custody/sign-in", "login", alice, "password", "guess", "code", "123456").StatusCode
	}
	if guess(); guess() != http.StatusTooManyRequests {
		t.Error("somebody else's browser guesses freely")
	}
}

// TestSeveralEmployers: who works for two says for whom, once.
func TestSeveralEmployers(t *testing.T) {
	k := newKit(t)
	must(t, k.store.AddEngagement(&identity.Engagement{Person: 1, Organisation: organisation(t, k, "Southfield"), Roles: []string{"auditor"}, Start: k.clock.now(), Beside: true}))
	must(t, k.Reload())
	b := k.browser(t)
	f := b.enrol(alice)
	a := b.signIn(alice, f)
	if a.Request.URL.Path != "/.custody/organisation" || !strings.Contains(a.body, "Southfield") {
		t.Fatalf("at %s:\n%s", a.Request.URL, a.body)
	}
	if live(t, k) != 0 {
		t.Error("a session is open before she chose")
	}
	a = b.post("/.custody/organisation", "organisation", "Southfield")
	if a.StatusCode != http.StatusOK {
		t.Fatalf("%d %s", a.StatusCode, a.body)
	}
	b.accept()
	if who := b.who(); who != alice+" auditor" {
		t.Errorf("the portal sees %q", who)
	}
	if a := b.post("/.custody/organisation", "organisation", "Northfield"); a.StatusCode != http.StatusUnauthorized {
		t.Errorf("the choice holds twice: %d", a.StatusCode)
	}
	other := k.browser(t)
	if a := other.post("/.custody/organisation", "organisation", "Northfield"); a.StatusCode != http.StatusUnauthorized {
		t.Errorf("a stranger chooses: %d", a.StatusCode)
	}
}

// TestEnrolmentHoldsOnce follows a code through everything that ends it.
func TestEnrolmentHoldsOnce(t *testing.T) {
	k := newKit(t)
	refused := func(name, code string) {
		t.Helper()
		a := k.browser(t).post("/.custody/enrol", "code", code)
		if a.StatusCode != http.StatusUnauthorized || !strings.Contains(a.body, "does not hold") {
			t.Errorf("%s: %d", name, a.StatusCode)
		}
	}
	refused("nonsense", "cse_nonsense")
	refused("nothing", "")
	refused("too long", strings.Repeat("x", 70))
	first, _, err := k.Enrol(alice, 0)
	must(t, err)
	second, _, err := k.Enrol(alice, time.Hour)
	must(t, err)
	refused("the earlier of two", first)
	b := k.browser(t)
	for range 3 { // looking at it uses nothing up
		b.get("/.custody/enrol?code=" + second)
		b.post("/.custody/enrol", "code", second)
	}
	for _, bad := range [][]string{{"password", "password", "again", "password"}, {"password", "alice smith", "again", "alice smith"}, {"password", secret, "again", "other"},
		{"password", secret, "again", secret, "code", "000000"}} {
		if a := b.post("/.custody/enrol/password", bad...); a.StatusCode != http.StatusBadRequest {
			t.Errorf("%v: %d", bad, a.StatusCode)
		}
	}
	k.clock.pass(time.Hour)
	if a := b.get("/.custody/enrol/set-up"); a.StatusCode != http.StatusUnauthorized {
		t.Errorf("after its hour: %d", a.StatusCode)
	}
	refused("expired", second)
	f := k.browser(t).enrol(alice)
	if left, err := k.RecoveryCodes(1); err != nil || left != len(f.codes) {
		t.Errorf("%d recovery codes, %v", left, err)
	}
	third, _, err := k.Enrol(alice, 0)
	must(t, err)
	must(t, k.Reset(alice))
	refused("before a reset", third)
	if _, _, err := k.Enrol(alice, time.Second); custody.CodeOf(err) != custody.CodeInvalid {
		t.Errorf("a lifetime of a second: %v", err)
	}
	if _, _, err := k.Enrol("nobody@northfield.example", 0); custody.CodeOf(err) != custody.CodeNotFound {
		t.Errorf("somebody who is not there: %v", err)
	}
}

// TestNoticeIsAcceptedBeforeTheFirstLookAndAfterEachChange.
func TestNoticeIsAcceptedBeforeTheFirstLookAndAfterEachChange(t *testing.T) {
	k := newKit(t)
	b := k.browser(t)
	b.enrol(alice)
	for _, path := range []string{"/", "/api/customers", "/export.csv"} {
		if strings.Contains(b.get(path).body, "id=who") {
			t.Errorf("%s is shown before the notice was accepted", path)
		}
	}
	for _, bad := range [][]string{{"version", signin.DefaultVersion}, {"accept", "yes", "version", "another"}, {"accept", "yes"}} {
		if b.post("/.custody/notice", bad...); b.who() != "" {
			t.Errorf("%v counts as accepted", bad)
		}
	}
	b.accept()
	if b.who() == "" {
		t.Fatal("accepted and not let in")
	}
	for i, n := range []signin.Notice{{Version: "2", Text: "Be kind."}, {Version: "2", Text: "Be very kind."}} { // the second changed without saying so
		k.openDoor(t, func(o *signin.Options) { o.Notice = n })
		if a := b.get("/"); a.Request.URL.Path != "/.custody/notice" || !strings.Contains(a.body, n.Text) {
			t.Errorf("change %d is not shown: %s", i, a.Request.URL)
		}
		b.post("/.custody/notice", "accept", "yes", "version", "2")
		if b.who() == "" {
			t.Errorf("change %d cannot be accepted", i)
		}
	}
	accepted, err := k.Notices(1)
	must(t, err)
	if len(accepted) != 3 || accepted[1].Digest == accepted[2].Digest || accepted[2].Session == 0 || !accepted[0].Accepted.Equal(k.clock.now()) {
		t.Errorf("on record: %+v", accepted)
	}
	for _, bad := range []signin.Notice{{Version: "1"}, {Text: "x"}, {Version: "1", Text: strings.Repeat("x", 40000)}, {Version: strings.Repeat("1", 50), Text: "x"}, {Version: "1", Text: "\xff"}} {
		if _, err := signin.New(signin.Options{Identity: k.Service, System: "bodyshop", Public: mustParse(k.url), Notice: bad}); custody.CodeOf(err) != custody.CodeInvalid {
			t.Errorf("%.20v: %v", bad, err)
		}
	}
}

func organisation(t *testing.T, k *kit, name string) custody.OrganisationID {
	t.Helper()
	id, err := k.EnsureOrganisation(name)
	must(t, err)
	return id
}
