package portal

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"time"

	"custody"
	"custody/portal/page"
)

// Requests files what people ask for beyond their rights, and decides about it. Who asks
// and who decides is the person of the session; nobody decides about their own.
type Requests interface {
	File(ctx context.Context, sess *custody.Session, w Wish) error
	// Mine lists what the person asked for lately, newest first.
	Mine(ctx context.Context, sess *custody.Session) ([]Request, error)
	// Waiting lists what the person may decide.
	Waiting(ctx context.Context, sess *custody.Session) ([]Request, error)
	Approve(ctx context.Context, sess *custody.Session, id int64, subjects uint32, note string) error
	Decline(ctx context.Context, sess *custody.Session, id int64, note string) error
	// Emergency says whether the person may take emergency access here, and in words
	// what it is.
	Emergency(sess *custody.Session) (words string, may bool)
	// BreakGlass takes it, at once.
	BreakGlass(ctx context.Context, sess *custody.Session, reason string) error
}

// Wish is what is asked for.
type Wish struct {
	Export     bool // one export; else more customers
	Subjects   uint32
	Categories custody.CategorySet // of an export
	Until      time.Time
	Reason     string
}

// Request is a wish that was filed.
type Request struct {
	ID   int64
	Name string // of who asks, in full
	Wish
	System string
	Other  string // in words, when it is neither more nor an export
	State  string
	Note   string
}

const (
	morePath   = Reserved + "more"
	maxSubject = 100_000
)

// moreEndpoints are the pages for asking and deciding, where requests are kept.
func (p *Portal) moreEndpoints(m *http.ServeMux) {
	if p.o.Requests == nil {
		return
	}
	m.HandleFunc("GET "+morePath, p.as(p.morePage))
	m.HandleFunc("POST "+morePath, p.as(p.fileWish))
	m.HandleFunc("POST "+morePath+"/decide", p.as(p.decideWish))
	m.HandleFunc("POST "+morePath+"/emergency", p.as(p.breakGlass))
}

// as is an endpoint for somebody who is signed in.
func (p *Portal) as(serve func(http.ResponseWriter, *http.Request, *guest) error) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		sess, err := p.o.Door.Session(r)
		if err != nil {
			p.o.Door.Challenge(w, r)
			return
		}
		g, err := p.guest(w, sess)
		if err == nil {
			r.Body = http.MaxBytesReader(w, r.Body, 16<<10)
			err = serve(w, r, g)
		}
		if err != nil {
			p.refuse(w, r, err)
		}
	}
}

// ends are the choices of when it is to end, in local time.
func (p *Portal) ends(now time.Time) (list []page.End, at map[string]time.Time) {
	now = now.In(p.o.Zone)
	midnight := func(days int) time.Time {
		return time.Date(now.Year(), now.Month(), now.Day()+days, 0, 0, 0, 0, p.o.Zone)
	}
	at = map[string]time.Time{}
	for _, c := range []struct {
		value, text string
		end         time.Time
	}{{"1h", "for an hour", now.Add(time.Hour)}, {"4h", "for four hours", now.Add(4 * time.Hour)},
		{"day", "until the end of today", midnight(1)}, {"tomorrow", "until the end of tomorrow", midnight(2)}, {"week", "for a week", midnight(8)}} {
		at[c.value] = c.end
		list = append(list, page.End{Value: c.value, Text: c.text + ", " + shortTime(c.end.Add(-time.Minute), now)})
	}
	return list, at
}

// shortTime writes a time for people: 17:00, or 3 December 17:00.
func shortTime(t, now time.Time) string {
	if t.Year() == now.Year() && t.YearDay() == now.YearDay() {
		return t.Format("15:04")
	}
	return t.Format("2 January 15:04")
}

func (p *Portal) morePage(w http.ResponseWriter, r *http.Request, g *guest) error {
	return p.showMore(w, r, g, r.URL.Query().Get("kind"), said[r.URL.Query().Get("done")], http.StatusOK)
}

// said is what became of a form, by what its redirect says.
var said = map[string]string{"asked": "Your request is filed. A manager decides.", "approve": "Approved: it holds within a second.", "emergency": "You have emergency access now. Somebody else will review it.", "decline": "Declined."}

func (p *Portal) showMore(w http.ResponseWriter, r *http.Request, g *guest, kind, text string, status int) error {
	mine, err := p.o.Requests.Mine(r.Context(), g.sess)
	if err != nil {
		return err
	}
	waiting, err := p.o.Requests.Waiting(r.Context(), g.sess)
	if err != nil {
		return err
	}
	now := p.o.Now()
	ends, _ := p.ends(now)
	emergency, _ := p.o.Requests.Emergency(g.sess)
	m := &page.More{Emergency: emergency, System: p.o.Title, Action: morePath, Back: "/", Said: text, Kind: kind, Subjects: 20, Most: maxSubject, Ends: ends}
	for i := range mine {
		m.Mine = append(m.Mine, p.wish(&mine[i], now))
	}
	for i := range waiting {
		m.Waiting = append(m.Waiting, p.wish(&waiting[i], now))
	}
	m.Write(w, r, status)
	return nil
}

// wish puts a request in words.
func (p *Portal) wish(r *Request, now time.Time) page.Wish {
	text := r.Other
	switch {
	case text != "":
	case r.Export:
		text = fmt.Sprintf("one export of %d customers (%s)", r.Subjects, r.Categories)
	default:
		text = fmt.Sprintf("%d more customers", r.Subjects)
	}
	if r.System != p.o.Name {
		text += " in " + r.System
	}
	return page.Wish{ID: r.ID, Who: r.Name, Wish: text, Subjects: r.Subjects, Until: shortTime(r.Until.In(p.o.Zone), now.In(p.o.Zone)), Reason: r.Reason, State: r.State, Note: r.Note}
}

// fileWish takes a wish. An export is of what the person may see now.
func (p *Portal) fileWish(w http.ResponseWriter, r *http.Request, g *guest) error {
	n, err := subjectsOf(r)
	if err != nil {
		return err
	}
	_, ends := p.ends(p.o.Now())
	wish := Wish{Export: r.PostFormValue("kind") == "export", Subjects: n, Until: ends[r.PostFormValue("until")], Reason: r.PostFormValue("reason")}
	if wish.Export {
		d := g.live.Beside().Foresee(custody.See, foreseen)
		wish.Categories = d.With(custody.Clear) | d.With(custody.Masked)
	}
	if err := p.o.Requests.File(r.Context(), g.sess, wish); err != nil {
		return err
	}
	return p.moreDone(w, r, "asked")
}

func subjectsOf(r *http.Request) (uint32, error) {
	n, err := strconv.ParseUint(r.PostFormValue("subjects"), 10, 32)
	if tooLong := new(http.MaxBytesError); errors.As(err, &tooLong) || err != nil || n == 0 || n > maxSubject {
		return 0, custody.E(custody.CodeInvalid, "the number of customers cannot be read", "write a number from 1 to 100,000")
	}
	return uint32(n), nil
}

func (p *Portal) decideWish(w http.ResponseWriter, r *http.Request, g *guest) error {
	id, err := strconv.ParseInt(r.PostFormValue("id"), 10, 64)
	if err != nil {
		return custody.E(custody.CodeNotFound, "there is no such request", "open the page again")
	}
	decision, note := r.PostFormValue("decision"), r.PostFormValue("note")
	switch decision {
	case "approve":
		var n uint32
		if n, err = subjectsOf(r); err == nil {
			err = p.o.Requests.Approve(r.Context(), g.sess, id, n, note)
		}
	case "decline":
		err = p.o.Requests.Decline(r.Context(), g.sess, id, note)
	default:
		err = custody.E(custody.CodeInvalid, "the decision is missing", "choose to approve or to decline")
	}
	if err != nil {
		return err
	}
	return p.moreDone(w, r, decision)
}

// moreDone leads back to the page, so that a reload files nothing twice.
func (p *Portal) moreDone(w http.ResponseWriter, r *http.Request, done string) error {
	w.Header().Set("Cache-Control", "private, no-store")
	if program(r) {
		w.WriteHeader(http.StatusNoContent)
		return nil
	}
	http.Redirect(w, r, morePath+"?done="+done, http.StatusSeeOther)
	return nil
}

// breakGlass takes emergency access. The person says once more that it is one.
func (p *Portal) breakGlass(w http.ResponseWriter, r *http.Request, g *guest) error {
	if _, may := p.o.Requests.Emergency(g.sess); !may {
		return custody.E(custody.CodeForbidden, "you may not take emergency access here", "ask for more instead")
	}
	if r.PostFormValue("sure") == "" {
		return custody.E(custody.CodeInvalid, "emergency access must be confirmed", "tick the box that says so")
	}
	if err := p.o.Requests.BreakGlass(r.Context(), g.sess, r.PostFormValue("reason")); err != nil {
		return err
	}
	return p.moreDone(w, r, "emergency")
}
