package console

import (
	"cmp"
	"context"
	"fmt"
	"iter"
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
	// Close ends a review before its deadline; rights that nobody decided about end with
	// it if remove says so, and else it is refused.
	Close(ctx context.Context, campaign int64, by custody.PersonID, remove bool) error
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
	d := &reviewsData{MayStart: v.may(areaReviewRun), Default: v.c.o.Now().AddDate(0, 0, 14)}
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
	d.Emergency, err = v.emergencies()
	return d, err
}

// emergencies lists the uses of emergency access within reach.
func (v *visit) emergencies() ([]Emergency, error) {
	all, err := v.c.o.Reviews.Emergencies(v.r.Context(), 0)
	r := v.reach(areaReviews)
	return slices.DeleteFunc(all, func(e Emergency) bool { return !r.at(e.Organisation, e.Branch) }), err
}

// shownItems is how many rights the page lists for a decision at a time.
const shownItems = 200

// campaign finds the review of the path.
func (v *visit) campaign() (*Campaign, error) {
	id, err := number[int64](v, "campaign")
	if err != nil {
		return nil, err
	}
	all, err := v.c.o.Reviews.Campaigns(v.r.Context())
	for i := range all {
		if all[i].ID == id {
			return &all[i], nil
		}
	}
	return nil, cmp.Or(err, error(errNothing))
}

// allItems goes through the rights of a review after a number, however many they are.
func (v *visit) allItems(campaign, after int64) iter.Seq2[ReviewItem, error] {
	return func(yield func(ReviewItem, error) bool) {
		for {
			items, err := v.c.o.Reviews.Items(v.r.Context(), campaign, 0, after)
			if err != nil {
				yield(ReviewItem{}, err)
				return
			}
			for _, i := range items {
				if after = i.ID; !yield(i, nil) {
					return
				}
			}
			if len(items) == 0 {
				return
			}
		}
	}
}

// reviewItems lists the rights of a review within reach after a number, and where the
// next part begins.
func (v *visit) reviewItems(campaign int64, after uint64, most int) (rights []ReviewItem, next int64, err error) {
	r := v.reach(areaReviews)
	for i, err := range v.allItems(campaign, int64(after)) {
		switch {
		case err != nil:
			return nil, 0, err
		case !r.at(i.Organisation, i.Branch):
		case len(rights) == most:
			return rights, rights[most-1].ID, nil
		default:
			rights = append(rights, i)
		}
	}
	return rights, 0, nil
}

// reviewPage shows one review: who has decided what.
func reviewPage(v *visit) error {
	c, err := v.campaign()
	if err != nil {
		return err
	}
	d := &reviewData{Campaign: *c, MayClose: c.Closed.IsZero() && v.runsReview(c) == nil}
	after, _ := parseNumber(v.r.URL.Query().Get("after"))
	if d.Rights, d.After, err = v.reviewItems(c.ID, after, shownItems); err != nil {
		return err
	}
	return v.show("review", d.Title, d)
}

// reviewData is one review.
type reviewData struct {
	Campaign
	Rights   []ReviewItem
	After    int64
	MayClose bool
}

// runsReview says whether the visitor may end a review: it must not hold rights out of
// their reach.
func (v *visit) runsReview(c *Campaign) error {
	r := v.reach(areaReviewRun)
	if len(r) == 0 {
		return errRole
	}
	if r.everywhere() {
		return nil
	}
	for i, err := range v.allItems(c.ID, 0) {
		if err != nil {
			return err
		}
		if !r.organisation(i.Organisation) {
			return custody.E(custody.CodeForbidden, "this review is about other employers too", "a lead whose role reaches all of them ends it")
		}
	}
	return nil
}

// closeReview ends a review before its deadline. Rights about which nobody has decided
// end with it, which must be said.
func (v *visit) closeReview(c *Campaign, removeOpen bool) error {
	if err := v.runsReview(c); err != nil {
		return v.refused(err)
	}
	return v.refused(v.c.o.Reviews.Close(v.r.Context(), c.ID, v.sess.Person, removeOpen))
}

func endReview(v *visit) error {
	c, err := v.campaign()
	if err != nil {
		return err
	}
	if err := v.closeReview(c, v.text("open") == "remove"); err != nil {
		return err
	}
	return v.seeOther(fmt.Sprintf("/reviews/%d", c.ID), "recorded")
}

func startReview(v *visit) error {
	deadline, err := time.ParseInLocation(time.DateOnly, v.text("deadline"), v.c.o.Zone)
	if err == nil {
		_, err = v.beginReview(v.text("title"), deadline.AddDate(0, 0, 1))
	} else {
		err = custody.E(custody.CodeInvalid, "say until when", "choose the last day for decisions")
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

// beginReview starts a review of all rights within the visitor's reach.
func (v *visit) beginReview(title string, deadline time.Time) (int64, error) {
	org := custody.OrganisationID(0)
	if r := v.reach(areaReviewRun); !r.everywhere() {
		org = v.sess.Organisation
		if !r.organisation(org) {
			return 0, v.refused(errRole)
		}
	}
	id, err := v.c.o.Reviews.Start(v.r.Context(), v.sess.Person, title, org, deadline)
	return id, v.refused(err)
}

// decideItem confirms or removes one right; htmx puts the decision in the row's place.
func decideItem(v *visit) error {
	decision := v.r.PostFormValue("decision")
	if err := v.decideRight(decision, v.text("note")); err != nil {
		return err
	}
	done := map[string]string{"confirm": "confirmed", "remove": "removed"}[decision]
	if v.r.Header.Get("HX-Request") != "true" {
		return v.seeOther("/reviews", done)
	}
	return v.showPart("review-done", map[string]string{"Decision": done})
}

// decideRight confirms or removes the right of the path.
func (v *visit) decideRight(decision, note string) error {
	id, err := number[int64](v, "item")
	if err != nil {
		return err
	}
	if decision != "confirm" && decision != "remove" {
		return custody.E(custody.CodeInvalid, "there is no such decision", "confirm the right, or remove it")
	}
	return v.undecided(v.c.o.Reviews.Decide(v.r.Context(), id, v.sess.Person, decision == "confirm", note))
}

func reviewEmergency(v *visit) error {
	if err := v.judgeEmergency(v.r.PostFormValue("outcome"), v.text("note")); err != nil {
		return err
	}
	return v.seeOther("/reviews", "recorded")
}

// judgeEmergency keeps what somebody else found about the use of the path.
func (v *visit) judgeEmergency(outcome, note string) error {
	id, err := number[int64](v, "emergency")
	if err != nil {
		return err
	}
	if outcome != "justified" && outcome != "unjustified" {
		return custody.E(custody.CodeInvalid, "there is no such outcome", "say whether it was justified or unjustified")
	}
	return v.undecided(v.c.o.Reviews.ReviewEmergency(v.r.Context(), id, v.sess.Person, outcome == "justified", note))
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
