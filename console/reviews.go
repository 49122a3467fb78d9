package console

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"time"

	"custody"
)

// Campaign is an access review: every right, to be confirmed or removed by a deadline.
type Campaign struct {
	ID                                int64
	Title                             string
	Started, Deadline                 time.Time
	StartedBy                         string
	Closed                            time.Time // zero while it runs
	Items, Confirmed, Removed, Lapsed int
}

// Open counts the rights that nobody has decided about.
func (c Campaign) Open() int { return c.Items - c.Confirmed - c.Removed - c.Lapsed }

// ReviewItem is one right in a review.
type ReviewItem struct {
	ID           int64
	Campaign     int64
	Person       custody.PersonID // zero for an application's
	Name         string
	Organisation custody.OrganisationID
	OrgName      string
	Branch       string
	Words        string // what the right is
	Decision     string // confirmed, removed or lapsed; empty while open
	Decided      time.Time
	DecidedBy    string
}

// Emergency is a use of emergency access.
type Emergency struct {
	ID           int64
	Person       custody.PersonID
	Name         string
	Organisation custody.OrganisationID
	OrgName      string
	Branch       string
	SystemName   string
	Categories   custody.CategorySet
	Subjects     uint32
	Reason       string
	Began, Ends  time.Time
	Reviewed     time.Time
	ReviewedBy   string
	Outcome      string
	Note         string
}

// Reviews keeps access reviews and the reviews of emergency access. It holds to the
// separation of duties itself.
type Reviews interface {
	Campaigns(context.Context) ([]Campaign, error)
	// Items lists rights of a review after a number; by, if not zero, leaves those that
	// this person may decide about.
	Items(ctx context.Context, campaign int64, by custody.PersonID, after int64) ([]ReviewItem, error)
	Start(ctx context.Context, by custody.PersonID, title string, org custody.OrganisationID, deadline time.Time) (int64, error)
	Decide(ctx context.Context, item int64, by custody.PersonID, confirm bool, note string) error
	// Emergencies lists uses of emergency access, newest first; by as for Items.
	Emergencies(ctx context.Context, by custody.PersonID) ([]Emergency, error)
	ReviewEmergency(ctx context.Context, id int64, by custody.PersonID, justified bool, note string) error
}

// reviewsData is the page of reviews.
type reviewsData struct {
	Running   []Campaign
	Ended     []Campaign
	Yours     []ReviewItem // for the visitor's decision
	More      bool
	Waiting   []Emergency // for the visitor's review
	Emergency []Emergency // within reach
	MayStart  bool
	Default   time.Time // a deadline that is proposed
}

func reviewsPage(v *visit) error {
	d, err := v.reviews()
	if err != nil {
		return err
	}
	return v.show("reviews", "Reviews", d)
}

func (v *visit) reviews() (*reviewsData, error) {
	ctx := v.r.Context()
	d := &reviewsData{MayStart: v.leads(), Default: v.c.o.Now().AddDate(0, 0, 14)}
	all, err := v.c.o.Reviews.Campaigns(ctx)
	if err != nil {
		return nil, err
	}
	for _, c := range all {
		if !c.Closed.IsZero() {
			d.Ended = append(d.Ended, c)
			continue
		}
		d.Running = append(d.Running, c)
		items, err := v.c.o.Reviews.Items(ctx, c.ID, v.sess.Person, 0)
		if err != nil {
			return nil, err
		}
		d.Yours = append(d.Yours, items...)
	}
	if d.More = len(d.Yours) > shownItems; d.More {
		d.Yours = d.Yours[:shownItems]
	}
	if d.Waiting, err = v.c.o.Reviews.Emergencies(ctx, v.sess.Person); err != nil {
		return nil, err
	}
	if d.Emergency, err = v.c.o.Reviews.Emergencies(ctx, 0); err != nil {
		return nil, err
	}
	r := v.reach(areaReviews)
	d.Emergency = slices.DeleteFunc(d.Emergency, func(e Emergency) bool { return !r.at(e.Organisation, e.Branch) })
	return d, nil
}

// shownItems is how many rights the page lists for a decision at a time.
const shownItems = 200

// leads says whether the visitor is a data-protection lead.
func (v *visit) leads() bool {
	return slices.ContainsFunc(v.holds, func(h Hold) bool { return h.Role == Lead })
}

// reviewPage shows one review: who has decided what.
func reviewPage(v *visit) error {
	id, err := number[int64](v, "campaign")
	if err != nil {
		return err
	}
	all, err := v.c.o.Reviews.Campaigns(v.r.Context())
	if err != nil {
		return err
	}
	at := slices.IndexFunc(all, func(c Campaign) bool { return c.ID == id })
	if at < 0 {
		return errNothing
	}
	after, _ := parseNumber(v.r.URL.Query().Get("after"))
	items, err := v.c.o.Reviews.Items(v.r.Context(), id, 0, int64(after))
	if err != nil {
		return err
	}
	d := &reviewData{Campaign: all[at]}
	r := v.reach(areaReviews)
	for _, i := range items {
		if !r.at(i.Organisation, i.Branch) {
			continue
		}
		if len(d.Rights) == shownItems {
			d.After = d.Rights[shownItems-1].ID
			break
		}
		d.Rights = append(d.Rights, i)
	}
	return v.show("review", d.Title, d)
}

// reviewData is one review.
type reviewData struct {
	Campaign
	Rights []ReviewItem
	After  int64
}

func startReview(v *visit) error {
	if !v.leads() {
		return v.refused(errRole)
	}
	deadline, err := time.ParseInLocation(time.DateOnly, v.text("deadline"), v.c.o.Zone)
	if err == nil {
		org := custody.OrganisationID(0)
		if r := v.reach(areaReviews); !r.everywhere() {
			org = v.sess.Organisation
		}
		_, err = v.c.o.Reviews.Start(v.r.Context(), v.sess.Person, v.text("title"), org, deadline.AddDate(0, 0, 1))
	} else {
		err = custody.E(custody.CodeInvalid, "say until when", "a date")
	}
	if err == nil {
		return v.seeOther("/reviews", "recorded")
	}
	d, e := v.reviews()
	if e != nil {
		return e
	}
	return v.again("reviews", "Reviews", d, err)
}

// decideItem confirms or removes one right; htmx puts the decision in the row's place.
func decideItem(v *visit) error {
	id, err := number[int64](v, "item")
	if err != nil {
		return err
	}
	decision := v.r.PostFormValue("decision")
	if decision != "confirm" && decision != "remove" {
		return custody.E(custody.CodeInvalid, "confirm or remove", "use one of the two buttons")
	}
	if err := v.c.o.Reviews.Decide(v.r.Context(), id, v.sess.Person, decision == "confirm", v.text("note")); err != nil {
		return v.refused(err)
	}
	done := map[string]string{"confirm": "confirmed", "remove": "removed"}[decision]
	if v.r.Header.Get("HX-Request") != "true" {
		return v.seeOther("/reviews", done)
	}
	b, err := v.c.pages.Part("review-done", map[string]string{"Decision": done})
	if err != nil {
		return err
	}
	v.w.Header().Set("Content-Type", "text/html; charset=utf-8")
	v.w.WriteHeader(http.StatusOK)
	_, _ = v.w.Write(b)
	return nil
}

func reviewEmergency(v *visit) error {
	id, err := number[int64](v, "emergency")
	if err != nil {
		return err
	}
	justified := v.r.PostFormValue("outcome") == "justified"
	if err := v.c.o.Reviews.ReviewEmergency(v.r.Context(), id, v.sess.Person, justified, v.text("note")); err != nil {
		return v.refused(err)
	}
	return v.seeOther("/reviews", "recorded")
}

// Part is how much of a review is done, in percent.
func (c Campaign) Part() int {
	if c.Items == 0 {
		return 100
	}
	return (c.Items - c.Open()) * 100 / c.Items
}

// Says is a use of emergency access in a sentence.
func (e Emergency) Says() string {
	return fmt.Sprintf("%s of %s in %s", e.Categories.String(), plural(int(e.Subjects), "customer", "customers"), e.SystemName)
}
