package console_test

import (
	"io"
	"maps"
	"mime"
	"net"
	"net/mail"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/emersion/go-smtp"

	"custody"
	"custody/notice"
	"custody/site"
	"custody/store"
)

// postbox is a mail server that keeps what it takes.
type postbox struct{ mails chan string }

func (b *postbox) NewSession(*smtp.Conn) (smtp.Session, error) { return &posting{b: b}, nil }

type posting struct {
	b  *postbox
	to string
}

func (p *posting) Mail(string, *smtp.MailOptions) error      { return nil }
func (p *posting) Rcpt(to string, _ *smtp.RcptOptions) error { p.to = to; return nil }
func (p *posting) Reset()                                    {}
func (p *posting) Logout() error                             { return nil }
func (p *posting) Data(r io.Reader) error {
	m, err := mail.ReadMessage(r)
	if err != nil {
		return err
	}
	subject, err := new(mime.WordDecoder).DecodeHeader(m.Header.Get("Subject"))
	p.b.mails <- p.to + ": " + subject
	return err
}

// newPostbox listens on the loopback.
func newPostbox(t *testing.T) (b *postbox, address string) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	b = &postbox{make(chan string, 1000)}
	s := smtp.NewServer(b)
	go s.Serve(l)
	t.Cleanup(func() { s.Close() })
	return b, l.Addr().String()
}

// wants takes mails until there are as many as are wanted, and holds them to these; a
// number says how many of one there are.
func (b *postbox) wants(t *testing.T, when string, want map[string]int) {
	t.Helper()
	n := 0
	for _, k := range want {
		n += k
	}
	got := map[string]int{}
	for late := time.After(30 * time.Second); n > 0; n-- {
		select {
		case m := <-b.mails:
			got[m]++
		case <-late:
			n = 0
		}
	}
	if !maps.Equal(got, want) {
		t.Fatalf("%s the mails are\n%s\nwant\n%s", when, lines(got), lines(want))
	}
}

func lines(m map[string]int) string { return strings.Join(slices.Sorted(maps.Keys(m)), "\n") }

// TestRemindersReachWhomTheyAreFor moves a deployment through a review's fortnight: each
// reminder goes out on its day, once, by mail, to whoever can do something about it, and
// what nobody confirmed ends at the stroke.
func TestRemindersReachWhomTheyAreFor(t *testing.T) {
	box, server := newPostbox(t)
	w := newWorld(t, func(o *site.Options) {
		o.Notices = site.Notices{To: []string{"office@northfield.example"}, Receivers: []notice.Receiver{{Name: "mail", Mail: true,
			Kinds: []string{"access.*", "review.*", "training.*", "rule.*", "processor.*"}, Channel: &notice.Mail{Server: server, From: "custody@northfield.example"}}}}
	})
	w.stop.Store(opened.UnixNano())
	after := func(d time.Duration) time.Time { at := opened.Add(d); w.stop.Store(at.UnixNano()); return at }
	const day = 24 * time.Hour
	org := func(login string) custody.OrganisationID {
		id, err := w.Identity.EnsureOrganisation(orgOf(login))
		sure(t, err)
		return id
	}
	all := func(subject string) map[string]int {
		m := map[string]int{}
		for _, p := range staff {
			m[w.login(p.login)+": "+subject] = 1
		}
		return m
	}
	ctx := t.Context()
	sure(t, w.Store.UseBreakGlass(ctx, &store.BreakGlass{Person: w.ids["bob"], Organisation: org("bob"), System: w.system, Categories: custody.Categories(custody.Phone),
		Subjects: 5, Reason: "a recall", Ends: opened.Add(time.Hour)}, []string{"estimator"}, opened))
	box.wants(t, "at once", map[string]int{"mara@northfield.example: Emergency access: bob@northfield.example in " + w.Database: 1,
		"lena@northfield.example: Emergency access: bob@northfield.example in " + w.Database: 1})

	sure(t, w.Store.AddRule(ctx, w.ids["lena"], &store.Rule{Name: "clean-desk", Version: "1", Title: "Clean desk", Text: "Lock the screen."}, opened))
	rules, err := w.Store.Rules(ctx, opened)
	sure(t, err)
	sure(t, w.Store.AcceptRule(ctx, rules[0].ID, w.ids["gwen"], 0, "folder 1", opened))
	sure(t, w.Store.AddCourse(ctx, &store.Course{Name: "gdpr", Title: "Data protection", Days: 31}, opened))
	sure(t, w.Store.RecordTraining(ctx, &store.TrainingRecord{Person: w.ids["alice"], Course: "gdpr", Taken: opened, Evidence: "cert 1", KeptBy: w.ids["lena"]}, opened))
	sure(t, w.Store.PutProcessor(ctx, w.ids["lena"], &store.Processor{Organisation: org("quin"), Kind: store.KindProcessor, Contract: "C-7",
		ContractStart: opened, ContractEnd: opened.Add(32 * day), Instructions: "I-7", ReviewDays: 300}, opened))
	review, err := w.Store.StartReview(ctx, w.ids["lena"], "Autumn", 0, opened.Add(14*day), opened)
	sure(t, err)
	after(time.Hour)
	first := all("Please read and accept: Clean desk")
	delete(first, "gwen@northfield.example: Please read and accept: Clean desk")
	first["mara@northfield.example: An access review has begun: Autumn"] = 1
	box.wants(t, "on the first day", first)

	// Training and contract are due a month before, not before.
	after(day + time.Minute)
	box.wants(t, "a day later", map[string]int{"alice@northfield.example: Runs out soon: Data protection, last day 25/12/2026": 1,
		"mara@northfield.example: Not reviewed yet: emergency access of bob@northfield.example in " + w.Database: 1,
		"lena@northfield.example: Not reviewed yet: emergency access of bob@northfield.example in " + w.Database: 1})
	sure(t, w.Store.ReviewBreakGlass(ctx, 1, w.ids["mara"], store.Justified, "five owners were warned", w.now()))
	box.wants(t, "reviewed", map[string]int{"bob@northfield.example: The emergency access of bob@northfield.example was reviewed": 1})
	after(2*day + time.Minute)
	box.wants(t, "two days later", map[string]int{"lena@northfield.example: Due soon: Quayside: the contract, last day 26/12/2026": 1})

	after(7*day + 2*time.Hour)
	second := all("Please read and accept: Clean desk")
	delete(second, "gwen@northfield.example: Please read and accept: Clean desk")
	second["mara@northfield.example: Rights wait for your decision: review Autumn"] = 1
	second["lena@northfield.example: Nobody can decide: review Autumn: 11 rights that nobody may decide about"] = 1
	box.wants(t, "a week before the deadline", second)
	mine, err := w.Store.ReviewItems(ctx, store.ReviewFilter{Campaign: review.ID, DecidableBy: w.ids["mara"], At: w.now()})
	sure(t, err)
	for _, item := range mine {
		sure(t, w.Store.DecideReviewItem(ctx, item.ID, w.ids["mara"], true, "needed", w.now()))
	}
	after(13*day + time.Minute)
	box.wants(t, "a day before the deadline", map[string]int{"lena@northfield.example: Nobody can decide: review Autumn: 11 rights that nobody may decide about": 1})
	after(14 * day)
	box.wants(t, "at the deadline", map[string]int{"lena@northfield.example: An access review is over: Autumn": 1})
	left, err := w.Store.ListEngagements()
	sure(t, err)
	for _, e := range left {
		kept := e.Person == w.ids["alice"] || e.Person == w.ids["bob"]
		if len(e.Roles) != 0 != kept {
			t.Errorf("person %d has the roles %v", e.Person, e.Roles)
		}
	}

	// Nothing is told twice: the next mail is about what happens next.
	after(20 * day)
	sure(t, w.Store.RightsChores(ctx, w.now()))
	sure(t, w.Store.UseBreakGlass(ctx, &store.BreakGlass{Person: w.ids["alice"], Organisation: org("alice"), System: w.system, Categories: custody.Categories(custody.Phone),
		Subjects: 5, Reason: "a recall", Ends: w.now().Add(time.Hour)}, []string{"estimator"}, w.now()))
	box.wants(t, "six days after", map[string]int{"mara@northfield.example: Emergency access: alice@northfield.example in " + w.Database: 1,
		"lena@northfield.example: Emergency access: alice@northfield.example in " + w.Database: 1})
}

// now is the deployment's clock.
func (w *world) now() time.Time { return w.Options.Now() }

func sure(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatalf("%v (%s)", err, custody.HintOf(err))
	}
}
