package console

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"custody"
)

// Request is a wish for a right for a short time.
type Request struct {
	ID         int64
	Kind       string // more, export or see
	Person     custody.PersonID
	Name       string
	Employer   custody.OrganisationID
	OrgName    string
	Branch     string
	System     custody.SystemID
	SystemName string
	Subjects   uint32
	Categories custody.CategorySet
	Until      time.Time
	Reason     string
	Filed      time.Time
	State      string // open, approved, declined, withdrawn or lapsed
	Decided    time.Time
	DecidedBy  string
	Note       string
	Grant      custody.GrantID
}

// Requests files and decides requests. It holds to the separation of duties itself:
// nobody decides their own, nor those of people whom they do not manage.
type Requests interface {
	// Requests lists those of a person, or of everybody for zero, newest first.
	Requests(ctx context.Context, person custody.PersonID) ([]Request, error)
	// Decidable lists those that a person may decide now.
	Decidable(ctx context.Context, by custody.PersonID) ([]Request, error)
	File(ctx context.Context, r *Request) error
	// Approve gives what was asked for, or fewer customers; zero is as asked.
	Approve(ctx context.Context, id int64, by custody.PersonID, subjects uint32, note string) error
	Decline(ctx context.Context, id int64, by custody.PersonID, note string) error
	Withdraw(ctx context.Context, id int64, by custody.PersonID) error
}

// requestsData is the page of requests.
type requestsData struct {
	Waiting []Request // for the visitor's decision
	Mine    []Request
	All     []Request // within reach
	MayAll  bool
	Systems []option
	Kinds   []option
	Form    requestForm
}

// requestForm is what was typed, kept when it has to be shown again.
type requestForm struct{ Kind, System, Subjects, Until, Reason string }

func requestsPage(v *visit) error {
	d, err := v.requests()
	if err != nil {
		return err
	}
	return v.show("requests", "Requests", d)
}

func (v *visit) requests() (*requestsData, error) {
	d := &requestsData{Systems: v.systemOptions(""), MayAll: v.may(areaRights)}
	for _, c := range custody.AllCategories() {
		d.Kinds = append(d.Kinds, option{Value: c.String()})
	}
	ctx := v.r.Context()
	var err error
	if d.Waiting, err = v.c.o.Requests.Decidable(ctx, v.sess.Person); err != nil {
		return nil, err
	}
	if d.Mine, err = v.c.o.Requests.Requests(ctx, v.sess.Person); err != nil {
		return nil, err
	}
	if d.MayAll {
		d.All, err = v.allRequests()
	}
	return d, err
}

// allRequests lists the requests within reach, the visitor's own left out.
func (v *visit) allRequests() ([]Request, error) {
	all, err := v.c.o.Requests.Requests(v.r.Context(), 0)
	r := v.reach(areaRights)
	return slices.DeleteFunc(all, func(q Request) bool { return q.Person == v.sess.Person || !r.at(q.Employer, q.Branch) }), err
}

// fileRequest files a request of the visitor's own.
func fileRequest(v *visit) error {
	form := requestForm{v.text("kind"), v.text("system"), v.text("subjects"), v.text("until"), v.text("reason")}
	q, err := v.readRequest(&form)
	if err == nil {
		err = v.c.o.Requests.File(v.r.Context(), q)
	}
	if err == nil {
		return v.seeOther("/requests", "asked")
	}
	d, e := v.requests()
	if e != nil {
		return e
	}
	d.Form = form
	return v.again("requests", "Requests", d, err)
}

func (v *visit) readRequest(f *requestForm) (*Request, error) {
	q := &Request{Kind: f.Kind, Person: v.sess.Person, Employer: v.sess.Organisation, Reason: f.Reason}
	var err error
	if q.System, err = v.systemNamed(f.System); err != nil {
		return nil, err
	}
	n, err := strconv.ParseUint(strings.ReplaceAll(f.Subjects, ",", ""), 10, 32)
	if err != nil {
		return nil, custody.E(custody.CodeInvalid, "say how many customers", "write a number, such as 40")
	}
	q.Subjects = uint32(n)
	if q.Until, err = time.ParseInLocation("2006-01-02T15:04", f.Until, v.c.o.Zone); err != nil {
		return nil, custody.E(custody.CodeInvalid, "say until when", "choose a date and a time")
	}
	if q.Kind != "more" {
		for _, word := range v.r.PostForm["category"] {
			if c, ok := custody.ParseCategory(word); ok {
				q.Categories |= custody.Categories(c)
			}
		}
	}
	return q, nil
}

func approveRequest(v *visit) error {
	id, err := number[int64](v, "request")
	if err != nil {
		return err
	}
	var fewer uint64
	if text := v.text("subjects"); text != "" {
		if fewer, err = strconv.ParseUint(text, 10, 32); err != nil {
			return custody.E(custody.CodeInvalid, "the number of customers is not a number", "leave it as it was asked for, or lower it")
		}
	}
	if err := v.c.o.Requests.Approve(v.r.Context(), id, v.sess.Person, uint32(fewer), v.text("note")); err != nil {
		return v.undecided(err)
	}
	return v.seeOther("/requests", "approved")
}

func declineRequest(v *visit) error {
	id, err := number[int64](v, "request")
	if err != nil {
		return err
	}
	if err := v.c.o.Requests.Decline(v.r.Context(), id, v.sess.Person, v.text("note")); err != nil {
		return v.undecided(err)
	}
	return v.seeOther("/requests", "declined")
}

func withdrawRequest(v *visit) error {
	id, err := number[int64](v, "request")
	if err != nil {
		return err
	}
	if err := v.c.o.Requests.Withdraw(v.r.Context(), id, v.sess.Person); err != nil {
		return err
	}
	return v.seeOther("/requests", "withdrawn")
}

// refused notes in the ledger that somebody tried what is not theirs to do.
func (v *visit) refused(err error) error {
	if custody.CodeOf(err) == custody.CodeForbidden {
		v.g.at.Refuse(custody.CodeForbidden)
	}
	return err
}

// undecided gives the error of a decision: what is not there is answered like what is for
// others to decide, so that nobody learns by it what there is (P7).
func (v *visit) undecided(err error) error {
	if custody.CodeOf(err) == custody.CodeNotFound {
		err = custody.E(custody.CodeForbidden, "this is not yours to decide", "a manager of the person's organisation or branch decides; custody manager list shows them")
	}
	return v.refused(err)
}

// Asked is a request in a sentence.
func (q Request) Asked() string {
	switch q.Kind {
	case "export":
		return fmt.Sprintf("one export of %s: %s", plural(int(q.Subjects), "customer", "customers"), strings.Join(q.Categories.Strings(), ", "))
	case "see":
		return fmt.Sprintf("to see %s of %s a day", strings.Join(q.Categories.Strings(), ", "), plural(int(q.Subjects), "customer", "customers"))
	}
	return plural(int(q.Subjects), "more customer", "more customers")
}
