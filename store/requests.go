package store

import (
	"context"
	"database/sql"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"custody"
	"custody/policy"
)

// The kinds of request.
const (
	AskMore   = "more"   // so many customers beyond the limits, in all
	AskExport = "export" // one export of so many customers
	AskSee    = "see"    // categories, of so many customers, in all
)

// The states of a request.
const (
	StateOpen      = "open"
	StateApproved  = "approved"
	StateDeclined  = "declined"
	StateWithdrawn = "withdrawn"
	StateLapsed    = "lapsed" // it would have ended before anybody decided
)

// Bounds of a request.
const (
	MaxAsked     = 100_000             // customers
	MaxAskedFor  = 31 * 24 * time.Hour // from filing to its end
	maxRightNote = 500                 // bytes of a reason or a note
	maxOpen      = 20                  // requests of one person that wait
)

// Request is a wish for a right for a short time.
type Request struct {
	ID           int64
	Kind         string
	Person       custody.PersonID // who is to have it
	Login        string
	FullName     string
	FiledBy      custody.PersonID // who asked; mostly the same
	Organisation custody.OrganisationID
	OrgName      string
	Branch       string // as of filing; the store finds it
	System       custody.SystemID
	SystemName   string
	Subjects     uint32 // customers
	Categories   custody.CategorySet
	Until        time.Time
	Reason       string
	Filed        time.Time
	State        string
	Decided      time.Time
	DecidedBy    custody.PersonID
	DecidedLogin string
	Note         string // of who decided
	Grant        custody.GrantID
}

func (r *Request) check(at time.Time) (err error) {
	if r.FiledBy == 0 {
		r.FiledBy = r.Person
	}
	if r.Reason, err = rightNote(r.Reason, "say why it is needed, such as the number of a claim"); err != nil {
		return err
	}
	switch {
	case r.Kind != AskMore && r.Kind != AskExport && r.Kind != AskSee:
		return custody.E(custody.CodeInvalid, "there is no such kind of request", "ask for more, export or see")
	case r.Subjects == 0 || r.Subjects > MaxAsked:
		return custody.E(custody.CodeInvalid, "a request is for a number of customers, at most 100,000", "say how many are needed")
	case (r.Kind == AskMore) != (r.Categories == 0):
		return custody.E(custody.CodeInvalid, "categories do not fit this kind of request", "name them when you ask to export or to see; leave them out when you ask for more customers")
	case !r.Until.After(at) || r.Until.Sub(at) > MaxAskedFor:
		return custody.E(custody.CodeInvalid, "a request ends in the future, within 31 days", "say until when it is needed; a lasting right is a grant")
	}
	return nil
}

// rightNote holds what people write to one printable line.
func rightNote(text, hint string) (string, error) {
	text = strings.TrimSpace(text)
	switch {
	case text == "":
		return "", custody.E(custody.CodeInvalid, "the reason is missing", hint)
	case len(text) > maxRightNote:
		return "", custody.E(custody.CodeTooLarge, "the reason is too long", "state it in at most 500 bytes")
	case !utf8.ValidString(text) || strings.ContainsFunc(text, unicode.IsControl):
		return "", custody.E(custody.CodeInvalid, "the reason holds characters that cannot be printed", "use plain text on one line")
	}
	return text, nil
}

// FileRequest keeps a request and sets its number and branch. The person must work for
// the organisation now.
func (s *Store) FileRequest(ctx context.Context, r *Request, at time.Time) error {
	if err := r.check(at); err != nil {
		return err
	}
	return s.tx(ctx, func(t *sql.Tx) (err error) {
		if r.Branch, err = workplace(t, r.Person, r.Organisation, at); err != nil {
			return err
		}
		var open int
		if err := t.QueryRow("SELECT count(*) FROM requests WHERE person = ? AND state = 'open'", r.Person).Scan(&open); err != nil {
			return err
		}
		if open >= maxOpen {
			return custody.E(custody.CodeConflict, "20 requests of this person wait already", "wait for a decision, or withdraw one")
		}
		r.Filed, r.State = at.UTC(), StateOpen
		err = t.QueryRow(`INSERT INTO requests (kind, person, filed_by, organisation, branch, system, subjects, categories, until, reason, filed)
			VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) RETURNING id`, r.Kind, r.Person, r.FiledBy, r.Organisation, r.Branch, r.System,
			r.Subjects, r.Categories, r.Until.UnixMilli(), r.Reason, at.UnixMilli()).Scan(&r.ID)
		if err != nil {
			return err
		}
		return logRight(t, r.entry(ActAsked, ChangesNothing, r.FiledBy, at, r.Reason))
	})
}

func (r *Request) entry(act string, changes int, by custody.PersonID, at time.Time, note string) RightsEntry {
	return RightsEntry{Time: at, Act: act, Changes: changes, Actor: by, Person: r.Person, Organisation: r.Organisation, Branch: r.Branch,
		System: r.System, Grant: r.Grant, Object: r.ID, Note: note}
}

const requestColumns = `SELECT q.id, q.kind, q.person, p.login, p.full_name, q.filed_by, q.organisation, o.name, q.branch, q.system, s.name, q.subjects,
	q.categories, q.until, q.reason, q.filed, q.state, q.decided, coalesce(q.decided_by, 0), coalesce(d.login, ''), q.note, coalesce(q.given, 0)
	FROM requests q JOIN people p ON p.id = q.person JOIN organisations o ON o.id = q.organisation JOIN systems s ON s.id = q.system
	LEFT JOIN people d ON d.id = q.decided_by `

func scanRequest(r *sql.Rows) (q Request, err error) {
	var until, filed, decided sql.NullInt64
	err = r.Scan(&q.ID, &q.Kind, &q.Person, &q.Login, &q.FullName, &q.FiledBy, &q.Organisation, &q.OrgName, &q.Branch, &q.System, &q.SystemName,
		&q.Subjects, &q.Categories, &until, &q.Reason, &filed, &q.State, &decided, &q.DecidedBy, &q.DecidedLogin, &q.Note, &q.Grant)
	q.Until, q.Filed, q.Decided = moment(until), moment(filed), moment(decided)
	return q, err
}

// RequestFilter chooses requests; zero values choose all.
type RequestFilter struct {
	ID     int64
	Person custody.PersonID // whose right it is to be
	State  string
	// DecidableBy leaves those that this person may decide at At.
	DecidableBy custody.PersonID
	At          time.Time
	Limit       int // 200 if zero
}

// Requests lists requests, newest first.
func (s *Store) Requests(ctx context.Context, f RequestFilter) ([]Request, error) {
	if f.Limit <= 0 {
		f.Limit = 200
	}
	return listCtx(ctx, s.read, scanRequest, requestColumns+`WHERE (?5 = 0 OR q.id = ?5) AND (?6 = 0 OR q.person = ?6) AND (?7 = '' OR q.state = ?7)
		AND (?1 = 0 OR q.person <> ?1 AND q.filed_by <> ?1 AND q.state = 'open' AND q.until > ?4 AND `+managesOf.Replace(manages)+`)
		ORDER BY q.id DESC LIMIT ?8`, f.DecidableBy, 0, "", f.At.UnixMilli(), f.ID, f.Person, f.State, f.Limit)
}

// managesOf asks the condition manages about the organisation and branch of a row q.
var managesOf = strings.NewReplacer("?2", "q.organisation", "?3", "q.branch")

// Request finds one by its number.
func (s *Store) Request(ctx context.Context, id int64) (*Request, error) {
	found, err := s.Requests(ctx, RequestFilter{ID: id})
	if err != nil || len(found) == 0 {
		return nil, orMissing(err, "no request has this number", "custody request list shows them")
	}
	return &found[0], nil
}

// Approval is what an approver gives: as asked for where it is zero, else less.
type Approval struct {
	Subjects uint32
	Until    time.Time
	Note     string
}

// ApproveRequest gives what was asked for, or less, as a grant that ends by itself.
// Nobody approves their own request, nor one that they filed for somebody else.
func (s *Store) ApproveRequest(ctx context.Context, id int64, by custody.PersonID, a Approval, at time.Time) (*Request, error) {
	err := s.tx(ctx, func(t *sql.Tx) error {
		r, err := openRequest(t, id, by, at)
		if err != nil {
			return err
		}
		if _, err := workplace(t, r.Person, r.Organisation, at); err != nil {
			return err
		}
		g, err := r.grant(a, at)
		if err != nil {
			return err
		}
		if err := addGrant(t, g); err != nil {
			return err
		}
		r.Grant = g.ID
		if err := r.decide(t, StateApproved, by, a.Note, at); err != nil {
			return err
		}
		return logRight(t, r.entry(ActApproved, Gives, by, at, r.Reason))
	})
	if err != nil {
		return nil, err
	}
	return s.Request(ctx, id)
}

// grant makes what an approval gives.
func (r *Request) grant(a Approval, at time.Time) (*policy.Grant, error) {
	if a.Subjects == 0 {
		a.Subjects = r.Subjects
	}
	if a.Until.IsZero() {
		a.Until = r.Until
	}
	if a.Subjects > r.Subjects || a.Until.After(r.Until) || !a.Until.After(at) {
		return nil, custody.E(custody.CodeInvalid, "an approval gives no more than was asked for, and ends in the future", "give less, or have a new request filed")
	}
	export := r.Kind == AskExport
	return &policy.Grant{Person: r.Login, System: r.SystemName, See: r.Categories, Beyond: a.Subjects, Export: export, Once: export, Start: at, End: a.Until}, nil
}

// openRequest finds a request that somebody may decide. An end that has come is the
// same as a decision.
func openRequest(t *sql.Tx, id int64, by custody.PersonID, at time.Time) (*Request, error) {
	rows, err := t.Query(requestColumns+"WHERE q.id = ?", id)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	if !rows.Next() {
		return nil, orMissing(rows.Err(), "no request has this number", "custody request list shows them")
	}
	r, err := scanRequest(rows)
	if err != nil {
		return nil, err
	}
	if err := rows.Close(); err != nil {
		return nil, err
	}
	if by == r.FiledBy {
		return nil, errOwn
	}
	if err := mayDecide(t, by, r.Person, r.Organisation, r.Branch, at); err != nil {
		return nil, err
	}
	if r.State != StateOpen || !r.Until.After(at) {
		return nil, errDecided
	}
	return &r, nil
}

var errDecided = custody.E(custody.CodeConflict, "this is decided already, or its time is over", "custody request list --all shows how it ended")

func (r *Request) decide(t *sql.Tx, state string, by custody.PersonID, note string, at time.Time) error {
	if len(note) > maxRightNote {
		return custody.E(custody.CodeTooLarge, "the note is too long", "write at most 500 bytes")
	}
	res, err := t.Exec("UPDATE requests SET state = ?, decided = ?, decided_by = ?, note = ?, given = ? WHERE id = ? AND state = 'open'",
		state, at.UnixMilli(), some(by), strings.ToValidUTF8(note, "?"), some(r.Grant), r.ID)
	return changed(res, err, errDecided)
}

// DeclineRequest says no. The separation of duties is that of approving.
func (s *Store) DeclineRequest(ctx context.Context, id int64, by custody.PersonID, note string, at time.Time) error {
	return s.tx(ctx, func(t *sql.Tx) error {
		r, err := openRequest(t, id, by, at)
		if err != nil {
			return err
		}
		if err := r.decide(t, StateDeclined, by, note, at); err != nil {
			return err
		}
		return logRight(t, r.entry(ActDeclined, ChangesNothing, by, at, note))
	})
}

// WithdrawRequest takes a request back; whoever it is for or filed it may.
func (s *Store) WithdrawRequest(ctx context.Context, id int64, by custody.PersonID, at time.Time) error {
	return s.tx(ctx, func(t *sql.Tx) error {
		r := Request{ID: id}
		err := t.QueryRow("SELECT person, organisation, branch, system FROM requests WHERE id = ?1 AND state = 'open' AND ?2 IN (person, filed_by)", id, by).
			Scan(&r.Person, &r.Organisation, &r.Branch, &r.System)
		if err != nil {
			return orNamed(err, "you have no open request with this number", "custody request list shows them")
		}
		if err := r.decide(t, StateWithdrawn, by, "", at); err != nil {
			return err
		}
		return logRight(t, r.entry(ActWithdrawn, ChangesNothing, by, at, ""))
	})
}

// LapseRequests ends requests that nobody decided before they would have ended.
func (s *Store) LapseRequests(ctx context.Context, at time.Time) (n int, err error) {
	due, err := listCtx(ctx, s.read, scanRequest, requestColumns+"WHERE q.state = 'open' AND q.until <= ?", at.UnixMilli())
	for i := range due {
		r := &due[i]
		err = s.tx(ctx, func(t *sql.Tx) error {
			if err := r.decide(t, StateLapsed, 0, "", at); err != nil {
				return err
			}
			return logRight(t, r.entry(ActLapsed, ChangesNothing, 0, at, ""))
		})
		if err != nil && custody.CodeOf(err) != custody.CodeConflict {
			return n, err
		}
		n++
	}
	return n, err
}
