package store

import (
	"context"
	"database/sql"
	"strings"
	"time"

	"custody"
)

// The decisions about a right in a review.
const (
	Confirmed = "confirmed"
	Removed   = "removed"
	Lapsed    = "lapsed" // nobody decided before the deadline: removed too
)

// Campaign is an access review: every right of everybody, to be confirmed or removed by
// a manager before the deadline.
type Campaign struct {
	ID           int64
	Title        string
	Started      time.Time
	StartedBy    custody.PersonID
	StartedLogin string
	Deadline     time.Time
	Closed       time.Time // zero while it runs
	// Items counts its rights, and those that are confirmed, removed or lapsed.
	Items, Confirmed, Removed, Lapsed int
}

// Open counts the rights that nobody has decided about.
func (c *Campaign) Open() int { return c.Items - c.Confirmed - c.Removed - c.Lapsed }

// ReviewItem is one right in a review.
type ReviewItem struct {
	ID           int64
	Campaign     int64
	Kind         string           // grant, role or engagement
	Person       custody.PersonID // zero for an application's grant
	Login        string           // or the application's name
	FullName     string
	Organisation custody.OrganisationID
	OrgName      string
	Branch       string
	Grant        custody.GrantID
	Engagement   int64
	Role         string
	Words        string // what the right is, as of the start
	Decision     string // empty while nobody has decided
	Decided      time.Time
	DecidedBy    custody.PersonID
	DecidedLogin string
	Note         string
}

// MaxReviewTime is the longest that a review may run.
const MaxReviewTime = 92 * 24 * time.Hour

// StartReview begins a review of all rights in force: of an organisation, or of
// everybody with zero. Rights given later are not in it. It takes a data-protection lead,
// or who manages all whom it is about: what nobody confirms ends.
func (s *Store) StartReview(ctx context.Context, by custody.PersonID, title string, org custody.OrganisationID, deadline, at time.Time) (*Campaign, error) {
	title, err := rightNote(title, "give the review a title, like \"Autumn 2026\"")
	if err != nil {
		return nil, err
	}
	if !deadline.After(at) || deadline.Sub(at) > MaxReviewTime {
		return nil, custody.E(custody.CodeInvalid, "a review ends in the future, within three months", "give managers about two weeks")
	}
	if by == 0 {
		return nil, custody.E(custody.CodeForbidden, "say who starts the review", "add --by and your own login")
	}
	c := &Campaign{Title: title, Started: at.UTC(), StartedBy: by, Deadline: deadline.UTC()}
	err = s.tx(ctx, func(t *sql.Tx) error {
		err := t.QueryRow("INSERT INTO campaigns (title, started, started_by, deadline) VALUES (?, ?, ?, ?) RETURNING id",
			title, at.UnixMilli(), by, deadline.UnixMilli()).Scan(&c.ID)
		if err != nil {
			return err
		}
		for _, insert := range reviewable {
			r, err := t.Exec(insert, c.ID, at.UnixMilli(), org)
			if err != nil {
				return err
			}
			n, err := r.RowsAffected()
			if err != nil {
				return err
			}
			c.Items += int(n)
		}
		if err := mayRunReview(t, by, org, c.ID, at); err != nil {
			return err
		}
		if c.Items == 0 {
			return custody.E(custody.CodeNotFound, "there are no rights to review", "custody grant list and custody person list show what there is")
		}
		return logRight(t, RightsEntry{Time: at, Act: ActReview, Actor: by, Organisation: org, Object: c.ID, Note: title})
	})
	if err != nil {
		return nil, err
	}
	return c, nil
}

// reviewable lists what is in force at ?2, of organisation ?3 if it is not zero, as items
// of campaign ?1. Short approvals are decided about one by one: they are left out.
var reviewable = []string{
	`INSERT INTO review_items (campaign, kind, person, organisation, branch, engagement, role, words)
		SELECT ?1, 'role', e.person, e.organisation, e.branch, e.id, r.id, 'role ' || r.name
		FROM engagements e JOIN engagement_roles x ON x.engagement = e.id JOIN roles r ON r.id = x.role
		WHERE e.start <= ?2 AND (e.end IS NULL OR e.end > ?2) AND (?3 = 0 OR e.organisation = ?3) ORDER BY e.person, r.name`,
	`INSERT INTO review_items (campaign, kind, person, organisation, branch, engagement, words)
		SELECT ?1, 'engagement', e.person, e.organisation, e.branch, e.id, 'work for ' || o.name || ', whose people have rights as such'
		FROM engagements e JOIN organisations o ON o.id = e.organisation
		WHERE e.start <= ?2 AND (e.end IS NULL OR e.end > ?2) AND (?3 = 0 OR e.organisation = ?3)
		AND EXISTS (SELECT 1 FROM grants g WHERE g.organisation = e.organisation AND g.start <= ?2 AND (g.end IS NULL OR g.end > ?2)) ORDER BY e.person`,
	`INSERT INTO review_items (campaign, kind, person, organisation, branch, given, words)
		SELECT ?1, 'grant', g.person, e.organisation, e.branch, g.id, 'grant in ' || s.name
		FROM grants g JOIN systems s ON s.id = g.system JOIN engagements e ON e.id =
			(SELECT max(n.id) FROM engagements n WHERE n.person = g.person AND n.start <= ?2 AND (n.end IS NULL OR n.end > ?2))
		WHERE g.start <= ?2 AND (g.end IS NULL OR g.end > ?2) AND g.beyond = 0 AND (?3 = 0 OR e.organisation = ?3) ORDER BY g.id`,
	`INSERT INTO review_items (campaign, kind, organisation, branch, given, words)
		SELECT ?1, 'grant', a.organisation, '', g.id, 'application ' || a.name || ' in ' || s.name
		FROM grants g JOIN applications a ON a.id = g.application JOIN systems s ON s.id = g.system
		WHERE g.start <= ?2 AND (g.end IS NULL OR g.end > ?2) AND a.removed IS NULL AND (?3 = 0 OR a.organisation = ?3) ORDER BY g.id`,
}

// Campaigns lists reviews, newest first: those that run, or all.
func (s *Store) Campaigns(ctx context.Context, all bool) ([]Campaign, error) {
	return listCtx(ctx, s.read, scanCampaign, campaignColumns+"WHERE ? OR c.closed IS NULL ORDER BY c.id DESC", all)
}

// Campaign finds one review by its number; CodeNotFound if there is none.
func (s *Store) Campaign(ctx context.Context, id int64) (*Campaign, error) {
	found, err := listCtx(ctx, s.read, scanCampaign, campaignColumns+"WHERE c.id = ?", id)
	if err != nil || len(found) == 0 {
		return nil, orMissing(err, "no review has this number", "custody review list --all shows them")
	}
	return &found[0], nil
}

const campaignColumns = `SELECT c.id, c.title, c.started, c.started_by, p.login, c.deadline, c.closed,
	(SELECT count(*) FROM review_items i WHERE i.campaign = c.id),
	(SELECT count(*) FROM review_items i WHERE i.campaign = c.id AND i.decision = 'confirmed'),
	(SELECT count(*) FROM review_items i WHERE i.campaign = c.id AND i.decision = 'removed'),
	(SELECT count(*) FROM review_items i WHERE i.campaign = c.id AND i.decision = 'lapsed')
	FROM campaigns c JOIN people p ON p.id = c.started_by `

func scanCampaign(r *sql.Rows) (c Campaign, err error) {
	var started, deadline, closed sql.NullInt64
	err = r.Scan(&c.ID, &c.Title, &started, &c.StartedBy, &c.StartedLogin, &deadline, &closed, &c.Items, &c.Confirmed, &c.Removed, &c.Lapsed)
	c.Started, c.Deadline, c.Closed = moment(started), moment(deadline), moment(closed)
	return c, err
}

const reviewItemColumns = `SELECT q.id, q.campaign, q.kind, coalesce(q.person, 0), coalesce(p.login, a.name, ''), coalesce(p.full_name, a.name, ''), q.organisation, o.name,
	q.branch, coalesce(q.given, 0), coalesce(q.engagement, 0), coalesce(r.name, ''), q.words, coalesce(q.decision, ''), q.decided,
	coalesce(q.decided_by, 0), coalesce(d.login, ''), q.note
	FROM review_items q JOIN organisations o ON o.id = q.organisation LEFT JOIN people p ON p.id = q.person LEFT JOIN grants g ON g.id = q.given
	LEFT JOIN applications a ON a.id = g.application LEFT JOIN roles r ON r.id = q.role LEFT JOIN people d ON d.id = q.decided_by `

func scanReviewItem(r *sql.Rows) (i ReviewItem, err error) {
	var decided sql.NullInt64
	err = r.Scan(&i.ID, &i.Campaign, &i.Kind, &i.Person, &i.Login, &i.FullName, &i.Organisation, &i.OrgName, &i.Branch, &i.Grant, &i.Engagement,
		&i.Role, &i.Words, &i.Decision, &decided, &i.DecidedBy, &i.DecidedLogin, &i.Note)
	i.Decided = moment(decided)
	return i, err
}

// ReviewFilter chooses rights of a review; zero values choose all.
type ReviewFilter struct {
	Campaign int64
	Person   custody.PersonID
	Open     bool
	// DecidableBy leaves those that this person may decide about at At.
	DecidableBy custody.PersonID
	// Unmanaged leaves those about which nobody may decide: they end at the deadline.
	Unmanaged bool
	At        time.Time
	After     int64 // only later numbers, for paging
	Limit     int   // 1,000 if zero
}

// ReviewItems lists rights of a review, by number.
func (s *Store) ReviewItems(ctx context.Context, f ReviewFilter) ([]ReviewItem, error) {
	if f.Limit <= 0 {
		f.Limit = 1000
	}
	return listCtx(ctx, s.read, scanReviewItem, reviewItemColumns+`WHERE (?5 = 0 OR q.campaign = ?5) AND (?6 = 0 OR q.person = ?6) AND (NOT ?7 OR q.decision IS NULL)
		AND (?1 = 0 OR q.person IS NOT ?1 AND q.decision IS NULL AND `+managesOf.Replace(manages)+`)
		AND (NOT ?8 OR q.decision IS NULL AND NOT EXISTS (SELECT 1 FROM managers m JOIN engagements e ON e.person = m.person
			WHERE m.organisation = q.organisation AND m.branch IN ('', q.branch) AND m.ended IS NULL AND m.person IS NOT q.person
			AND e.start <= ?4 AND (e.end IS NULL OR e.end > ?4)))
		AND q.id > ?9 ORDER BY q.id LIMIT ?10`,
		f.DecidableBy, 0, "", f.At.UnixMilli(), f.Campaign, f.Person, f.Open, f.Unmanaged, f.After, f.Limit)
}

// DecideReviewItem confirms or removes one right. Nobody decides about their own.
func (s *Store) DecideReviewItem(ctx context.Context, item int64, by custody.PersonID, confirm bool, note string, at time.Time) error {
	if len(note) > maxRightNote {
		return custody.E(custody.CodeTooLarge, "the note is too long", "write at most 500 bytes")
	}
	return s.tx(ctx, func(t *sql.Tx) error {
		i, err := reviewItem(t, item)
		if err != nil {
			return err
		}
		if err := mayDecide(t, by, i.Person, i.Organisation, i.Branch, at); err != nil {
			return err
		}
		var closed sql.NullInt64
		var deadline int64
		if err := t.QueryRow("SELECT closed, deadline FROM campaigns WHERE id = ?", i.Campaign).Scan(&closed, &deadline); err != nil {
			return err
		}
		if i.Decision != "" || closed.Valid || at.UnixMilli() >= deadline {
			return custody.E(custody.CodeConflict, "this is decided already, or the review is over", "custody review show shows how")
		}
		i.DecidedBy, i.Note = by, strings.ToValidUTF8(note, "?")
		if confirm {
			return i.settle(t, Confirmed, ActConfirmed, at)
		}
		return i.settle(t, Removed, ActRemoved, at)
	})
}

func reviewItem(t *sql.Tx, id int64) (*ReviewItem, error) {
	rows, err := t.Query(reviewItemColumns+"WHERE q.id = ?", id)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	if !rows.Next() {
		return nil, orMissing(rows.Err(), "no right of a review has this number", "custody review show shows them")
	}
	i, err := scanReviewItem(rows)
	return &i, err
}

// settle keeps a decision and, unless it confirms, takes the right away.
func (i *ReviewItem) settle(t *sql.Tx, decision, act string, at time.Time) error {
	r, err := t.Exec("UPDATE review_items SET decision = ?, decided = ?, decided_by = ?, note = ? WHERE id = ? AND decision IS NULL",
		decision, at.UnixMilli(), some(i.DecidedBy), i.Note, i.ID)
	if err := changed(r, err, errDecided); err != nil {
		return err
	}
	changes := ChangesNothing
	if decision != Confirmed {
		took, err := i.remove(t, at)
		if err != nil {
			return err
		}
		if took {
			changes = Takes
		}
	}
	return logRight(t, RightsEntry{Time: at, Act: act, Changes: changes, Actor: i.DecidedBy, Person: i.Person, Organisation: i.Organisation, Branch: i.Branch,
		Grant: i.Grant, Object: i.Campaign, Note: i.Words})
}

// remove takes the right away; it may have ended meanwhile.
func (i *ReviewItem) remove(t *sql.Tx, at time.Time) (bool, error) {
	var r sql.Result
	var err error
	switch i.Kind {
	case "grant":
		return endGrant(t, i.Grant, at)
	case "role":
		r, err = t.Exec("DELETE FROM engagement_roles WHERE engagement = ? AND role = (SELECT id FROM roles WHERE name = ?)", i.Engagement, i.Role)
	default:
		r, err = t.Exec("UPDATE engagements SET end = max(start, ?1) WHERE id = ?2 AND (end IS NULL OR end > ?1)", at.UnixMilli(), i.Engagement)
	}
	if err != nil {
		return false, err
	}
	n, err := r.RowsAffected()
	return n > 0, err
}

// CloseReview ends a review before its deadline. With rights that nobody has decided
// about it is refused, unless remove says that they end now. Who may is as for starting.
func (s *Store) CloseReview(ctx context.Context, id int64, by custody.PersonID, remove bool, at time.Time) error {
	c, err := s.Campaign(ctx, id)
	if err != nil {
		return err
	}
	if by == 0 {
		return custody.E(custody.CodeForbidden, "say who ends the review", "add --by and your own login")
	}
	if !c.Closed.IsZero() {
		return custody.E(custody.CodeConflict, "this review is over", "custody review show shows its result")
	}
	if c.Open() > 0 && !remove {
		return custody.E(custody.CodeConflict, "rights are left about which nobody has decided", "wait for the deadline, or say that they end now: --remove-open")
	}
	return s.closeCampaign(ctx, c, by, at)
}

// mayRunReview holds the start and the early end of a review to those whose reach covers
// it: a data-protection lead of the organisation (of all, for everybody), or a manager
// of every organisation whose rights are in it, not of a branch alone.
func mayRunReview(t *sql.Tx, by custody.PersonID, org custody.OrganisationID, campaign int64, at time.Time) error {
	var ok bool
	err := t.QueryRow(`SELECT EXISTS (SELECT 1 FROM engagements e WHERE e.person = ?1 AND e.start <= ?2 AND (e.end IS NULL OR e.end > ?2)) AND (
		EXISTS (SELECT 1 FROM console_roles c WHERE c.person = ?1 AND c.role = 'lead' AND c.start <= ?2 AND (c.end IS NULL OR c.end > ?2)
			AND (c.organisation IS NULL OR c.organisation = ?3))
		OR NOT EXISTS (SELECT 1 FROM review_items q WHERE q.campaign = ?4 AND NOT EXISTS (SELECT 1 FROM managers m
			WHERE m.person = ?1 AND m.organisation = q.organisation AND m.branch = '' AND m.ended IS NULL)))`, by, at.UnixMilli(), org, campaign).Scan(&ok)
	if err == nil && !ok {
		err = custody.E(custody.CodeForbidden, "this review is not yours to run", "a data-protection lead does it, or a manager of all the organisations in it; --organisation narrows a review")
	}
	return err
}

// reach is the one organisation of a review; zero if there are several.
func (c *Campaign) reach(t *sql.Tx) (org custody.OrganisationID, err error) {
	err = t.QueryRow("SELECT CASE WHEN count(DISTINCT organisation) = 1 THEN max(organisation) ELSE 0 END FROM review_items WHERE campaign = ?", c.ID).Scan(&org)
	return org, err
}

// closeCampaign ends a review and takes away what nobody confirmed, all in one.
func (s *Store) closeCampaign(ctx context.Context, c *Campaign, by custody.PersonID, at time.Time) error {
	return s.tx(ctx, func(t *sql.Tx) error {
		if by != 0 { // nobody is the deadline
			org, err := c.reach(t)
			if err == nil {
				err = mayRunReview(t, by, org, c.ID, at)
			}
			if err != nil {
				return err
			}
		}
		r, err := t.Exec("UPDATE campaigns SET closed = ?, closed_by = ? WHERE id = ? AND closed IS NULL", at.UnixMilli(), some(by), c.ID)
		if err := changed(r, err, errDecided); err != nil {
			return err
		}
		rows, err := t.Query(reviewItemColumns+"WHERE q.campaign = ? AND q.decision IS NULL ORDER BY q.id", c.ID)
		if err != nil {
			return err
		}
		defer rows.Close()
		var open []ReviewItem
		for rows.Next() {
			i, err := scanReviewItem(rows)
			if err != nil {
				return err
			}
			open = append(open, i)
		}
		if err := rows.Close(); err != nil {
			return err
		}
		for k := range open {
			if err := open[k].settle(t, Lapsed, ActUnconfirmed, at); err != nil {
				return err
			}
		}
		return logRight(t, RightsEntry{Time: at, Act: ActReviewClosed, Actor: by, Object: c.ID, Note: c.Title})
	})
}

// CloseDueReviews ends the reviews whose deadline has come and counts them.
func (s *Store) CloseDueReviews(ctx context.Context, at time.Time) (n int, err error) {
	due, err := listCtx(ctx, s.read, scanCampaign, campaignColumns+"WHERE c.closed IS NULL AND c.deadline <= ?", at.UnixMilli())
	for i := range due {
		if err := s.closeCampaign(ctx, &due[i], 0, at); err != nil && custody.CodeOf(err) != custody.CodeConflict {
			return n, err
		}
		n++
	}
	return n, err
}
