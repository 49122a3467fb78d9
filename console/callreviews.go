package console

import (
	"strconv"
	"time"
)

func reviewCalls() []call {
	return []call{
		{"GET", "reviews", "reviews", "Access reviews, newest first", areaReviews, scopeReviews, list, nil, nil, ReviewState{}, callReviews},
		{"POST", "reviews", "startReview", "Begin a review of all rights within reach", areaReviewRun, scopeReviewsDo, 0, nil, NewReview{}, Started{}, callStartReview},
		{"GET", "reviews/{campaign}", "review", "One review", areaReviews, scopeReviews, 0, nil, nil, ReviewState{}, callReview},
		{"GET", "reviews/{campaign}/rights", "reviewRights", "The rights of a review within reach, and what was decided", areaReviews, scopeReviews, list, nil, nil, RightItem{}, callReviewRights},
		{"GET", "reviews/waiting", "rightsWaiting", "Rights that wait for your decision", areaReviews, scopeReviews, list, nil, nil, RightItem{}, callRightsWaiting},
		{"POST", "reviews/rights/{item}/confirm", "confirmRight", "Confirm a right of somebody whom you manage", areaReviews, scopeReviewsDo, 0, nil, Note{}, Done{}, callDecide("confirm", "confirmed")},
		{"POST", "reviews/rights/{item}/remove", "removeRight", "Remove a right of somebody whom you manage: it ends now", areaReviews, scopeReviewsDo, 0, nil, Note{}, Done{}, callDecide("remove", "removed")},
		{"POST", "reviews/{campaign}/close", "closeReview", "End a review before its deadline", areaReviewRun, scopeReviewsDo, 0, nil, Closing{}, Done{}, callCloseReview},
		{"GET", "emergencies", "emergencies", "Uses of emergency access within reach, newest first", areaReviews, scopeReviews, list, nil, nil, EmergencyItem{}, callEmergencies},
		{"POST", "emergencies/{emergency}/review", "reviewEmergency", "Keep what you found about somebody else's emergency access", areaReviews, scopeReviewsDo, 0, nil, Found{}, Done{}, callReviewEmergency},
	}
}

// ReviewState is an access review.
type ReviewState struct {
	ID        int64     `json:"id"`
	Title     string    `json:"title"`
	Started   time.Time `json:"started"`
	StartedBy string    `json:"started_by"`
	Deadline  time.Time `json:"deadline"`
	Closed    time.Time `json:"closed,omitzero"`
	Rights    int       `json:"rights"`
	Confirmed int       `json:"confirmed"`
	Removed   int       `json:"removed"`
	Lapsed    int       `json:"lapsed"` // nobody decided before the deadline
}

func reviewState(c *Campaign) ReviewState {
	return ReviewState{c.ID, c.Title, c.Started, c.StartedBy, c.Deadline, c.Closed, c.Items, c.Confirmed, c.Removed, c.Lapsed}
}

func callReviews(v *visit, _ any) (any, error) {
	all, err := v.c.o.Reviews.Campaigns(v.r.Context())
	if err != nil {
		return nil, err
	}
	items := make([]ReviewState, len(all))
	for i := range all {
		items[i] = reviewState(&all[i])
	}
	return part(v, items)
}

// NewReview is a review to be held.
type NewReview struct {
	Title    string    `json:"title"`
	Deadline time.Time `json:"deadline"`
}

// Started says which number something got.
type Started struct {
	ID int64 `json:"id"`
}

func callStartReview(v *visit, in any) (any, error) {
	n := in.(NewReview)
	id, err := v.beginReview(n.Title, n.Deadline)
	return Started{id}, err
}

func callReview(v *visit, _ any) (any, error) {
	c, err := v.campaign()
	if err != nil {
		return nil, err
	}
	return reviewState(c), nil
}

// RightItem is a right in a review.
type RightItem struct {
	ID           int64     `json:"id"`
	Review       int64     `json:"review"`
	Name         string    `json:"name"`
	Organisation string    `json:"organisation"`
	Branch       string    `json:"branch,omitempty"`
	Right        string    `json:"right"`
	Decision     string    `json:"decision,omitempty"`
	Decided      time.Time `json:"decided,omitzero"`
	DecidedBy    string    `json:"decided_by,omitempty"`
}

func rightItems(all []ReviewItem) []RightItem {
	items := make([]RightItem, len(all))
	for i, r := range all {
		items[i] = RightItem{r.ID, r.Campaign, r.Name, r.OrgName, r.Branch, r.Words, r.Decision, r.Decided, r.DecidedBy}
	}
	return items
}

func callReviewRights(v *visit, _ any) (any, error) {
	c, err := v.campaign()
	if err != nil {
		return nil, err
	}
	after, err := v.cursor()
	if err != nil {
		return nil, err
	}
	most, err := v.limit()
	if err != nil {
		return nil, err
	}
	rights, next, err := v.reviewItems(c.ID, after, most)
	if err != nil {
		return nil, err
	}
	p := Page{Items: rightItems(rights)}
	if next != 0 {
		p.Next = strconv.FormatInt(next, 10)
	}
	return p, nil
}

func callRightsWaiting(v *visit, _ any) (any, error) {
	d, err := v.reviews()
	if err != nil {
		return nil, err
	}
	return part(v, rightItems(d.Yours))
}

// Note is what is kept beside a decision.
type Note struct {
	Note string `json:"note,omitempty"`
}

func callDecide(decision, done string) func(*visit, any) (any, error) {
	return func(v *visit, in any) (any, error) { return Done{done}, v.decideRight(decision, in.(Note).Note) }
}

// Closing ends a review. RemoveOpen ends the rights that nobody decided about.
type Closing struct {
	RemoveOpen bool `json:"remove_open,omitempty"`
}

func callCloseReview(v *visit, in any) (any, error) {
	c, err := v.campaign()
	if err != nil {
		return nil, err
	}
	return Done{"closed"}, v.closeReview(c, in.(Closing).RemoveOpen)
}

// EmergencyItem is a use of emergency access.
type EmergencyItem struct {
	ID           int64     `json:"id"`
	Name         string    `json:"name"`
	Organisation string    `json:"organisation"`
	Branch       string    `json:"branch,omitempty"`
	System       string    `json:"system"`
	Categories   []string  `json:"categories"`
	Subjects     uint32    `json:"subjects"`
	Reason       string    `json:"reason"`
	Began        time.Time `json:"began"`
	Ends         time.Time `json:"ends"`
	Reviewed     time.Time `json:"reviewed,omitzero"`
	ReviewedBy   string    `json:"reviewed_by,omitempty"`
	Outcome      string    `json:"outcome,omitempty"`
	Note         string    `json:"note,omitempty"`
}

func callEmergencies(v *visit, _ any) (any, error) {
	all, err := v.emergencies()
	if err != nil {
		return nil, err
	}
	items := make([]EmergencyItem, len(all))
	for i, e := range all {
		items[i] = EmergencyItem{e.ID, e.Name, e.OrgName, e.Branch, e.SystemName, words0(e.Categories), e.Subjects, e.Reason, e.Began, e.Ends, e.Reviewed, e.ReviewedBy, e.Outcome, e.Note}
	}
	return part(v, items)
}

// Found is what somebody found about a use of emergency access.
type Found struct {
	Outcome string `json:"outcome"` // justified or unjustified
	Note    string `json:"note"`
}

func callReviewEmergency(v *visit, in any) (any, error) {
	f := in.(Found)
	return Done{"reviewed"}, v.judgeEmergency(f.Outcome, f.Note)
}
