package console

import (
	"context"
	"slices"
	"strconv"
	"strings"
	"time"

	"custody"
)

// Token is a personal token for programs, as its owner sees it.
type Token struct {
	ID      int64
	Name    string
	Scopes  []string
	Issued  time.Time
	Expires time.Time
	Revoked time.Time // zero while in force
	Used    time.Time // zero if never
}

// Answered is what a write with an idempotency key answered before; a zero Status says
// that it is still at work.
type Answered struct {
	Digest [32]byte
	Status int
	Body   []byte
}

// Tokens makes and opens personal tokens for programs.
type Tokens interface {
	// Open gives the session of a token, one for each network address from which it is
	// used, and what it is for. The error has CodeUnauthorised whatever is wrong with it.
	Open(ctx context.Context, token, address string) (*custody.Session, []string, error)
	// Make makes a token for the person and employer of a session; it is given here once.
	Make(sess *custody.Session, name string, scopes []string, ttl time.Duration) (string, error)
	List(custody.PersonID) ([]Token, error)
	Revoke(person custody.PersonID, id int64) error
	// Begin claims an idempotency key, or gives what was answered under it.
	Begin(person custody.PersonID, key string, digest [32]byte) (*Answered, error)
	// Finish keeps an answer; status zero gives the key back.
	Finish(person custody.PersonID, key string, status int, body []byte) error
}

// scope is what a token may be used for, within what its person may do.
type scope struct{ Name, About string }

// The scopes of tokens.
const (
	scopeLooks        = "looks"          // who saw whom
	scopePeople       = "people"         // people, sessions, rights, systems
	scopePeopleDo     = "people:write"   // add people, end sessions and engagements
	scopeRights       = "rights:write"   // give and end rights, and roles in the console
	scopeSystems      = "systems:write"  // take portals offline
	scopeRequests     = "requests"       //
	scopeRequestDo    = "requests:write" // file and decide
	scopeReviews      = "reviews"
	scopeReviewsDo    = "reviews:write"
	scopeAlerts       = "alerts"
	scopeAlertsDo     = "alerts:write" // decide, unseal
	scopeComplaints   = "complaints"   // and traces
	scopeComplaintsDo = "complaints:write"
	scopeRegister     = "register"        // processors, rules, training, clauses
	scopeRegisterDo   = "register:write"  //
	scopeLedger       = "ledger"          //
	scopeLedgerDo     = "ledger:write"    // check it, sign checkpoints
	scopeCustomers    = "customers:write" // erase
	scopeNotices      = "notices"         // what was told to whom
	scopeNoticesDo    = "notices:write"   //
	scopeCanaries     = "canaries"        // planted customers
	scopeCanariesDo   = "canaries:write"  // plant and withdraw
	scopeSelf         = "self"            // one's own looks, sessions, training
	scopeSelfDo       = "self:write"      // end one's sessions, accept rules, revoke one's tokens
)

var scopes = []scope{
	{scopeLooks, "ask who saw a customer and what a person saw"}, {scopeCustomers, "forget customers"},
	{scopePeople, "read people, sessions, rights and systems"}, {scopePeopleDo, "add people, end sessions and engagements"},
	{scopeRights, "give and end rights and roles"}, {scopeSystems, "take portals offline and bring them back"},
	{scopeRequests, "read requests"}, {scopeRequestDo, "file and decide requests"}, {scopeReviews, "read access reviews"}, {scopeReviewsDo, "hold access reviews"},
	{scopeAlerts, "read alerts"}, {scopeAlertsDo, "decide about alerts and ask for names"},
	{scopeComplaints, "read complaints and traces"}, {scopeComplaintsDo, "take complaints and run traces"},
	{scopeRegister, "read processors, rules, training and clauses"}, {scopeRegisterDo, "keep processors, training and clauses"},
	{scopeLedger, "read the ledger's state and checkpoints"}, {scopeLedgerDo, "check the ledger and sign checkpoints"},
	{scopeNotices, "read what was told to whom"}, {scopeNoticesDo, "send notices again and try the channels"},
	{scopeCanaries, "read which customers are planted"}, {scopeCanariesDo, "plant customers and withdraw them"},
	{scopeSelf, "read what is recorded of you"}, {scopeSelfDo, "end your sessions, accept rules, revoke tokens"},
}

// Scopes names all that a token can be for.
func Scopes() []string {
	list := make([]string, len(scopes))
	for i, s := range scopes {
		list[i] = s.Name
	}
	return list
}

// CheckToken holds what a token is to be to what makes sense.
func CheckToken(name string, want []string, ttl time.Duration) error {
	switch {
	case name == "" || len(name) > 80:
		return custody.E(custody.CodeInvalid, "a token needs a name of at most 80 bytes", "say what uses it, like nightly report")
	case len(want) == 0:
		return custody.E(custody.CodeInvalid, "a token is for something", "choose at least one: "+strings.Join(Scopes(), ", "))
	case ttl < time.Hour || ttl > 366*24*time.Hour:
		return custody.E(custody.CodeInvalid, "a token lasts from an hour to a year", "say for how many days")
	}
	for _, w := range want {
		if !slices.Contains(Scopes(), w) {
			return custody.E(custody.CodeInvalid, "there is no scope "+strconv.Quote(w), "it is "+strings.Join(Scopes(), ", "))
		}
	}
	return nil
}

// tokensData is the page of a person's tokens.
type tokensData struct {
	Tokens []Token
	Scopes []scope
	Made   string // the new token, shown once
	Now    time.Time
}

// Live says whether a token is in force.
func (d *tokensData) Live(t Token) bool { return t.Revoked.IsZero() && d.Now.Before(t.Expires) }

func tokensPage(v *visit) error {
	d, err := v.tokens()
	if err != nil {
		return err
	}
	return v.show("tokens", "Tokens for programs", d)
}

func (v *visit) tokens() (*tokensData, error) {
	list, err := v.c.o.Tokens.List(v.sess.Person)
	return &tokensData{Tokens: list, Scopes: scopes, Now: v.c.o.Now()}, err
}

// makeToken makes a token and shows it, once: it stands in no address.
func makeToken(v *visit) error {
	d, err := v.tokens()
	if err != nil {
		return err
	}
	days, err := strconv.Atoi(v.text("days"))
	if err != nil {
		days = 0
	}
	ttl := time.Duration(days) * 24 * time.Hour
	want := v.r.PostForm["scope"]
	if err = CheckToken(v.text("name"), want, ttl); err == nil {
		d.Made, err = v.c.o.Tokens.Make(v.sess, v.text("name"), want, ttl)
	}
	if err != nil {
		return v.again("tokens", "Tokens for programs", d, err)
	}
	made := d.Made
	if d, err = v.tokens(); err != nil {
		return err
	}
	d.Made = made
	return v.show("tokens", "Tokens for programs", d)
}

func revokeToken(v *visit) error {
	id, err := number[int64](v, "token")
	if err != nil {
		return err
	}
	if err := v.c.o.Tokens.Revoke(v.sess.Person, id); err != nil {
		return err
	}
	return v.seeOther("/me/tokens", "revoked")
}
