package store

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/binary"
	"fmt"
	"time"

	"custody"
)

// The acts of the rights log.
const (
	ActManager      = "manager"         // may approve and review from now on
	ActManagerEnded = "manager-ended"   // may not any more
	ActAsked        = "asked"           // a request was filed
	ActApproved     = "approved"        // and approved: a grant began
	ActDeclined     = "declined"        //
	ActWithdrawn    = "withdrawn"       //
	ActLapsed       = "lapsed"          // nobody decided it in time
	ActBreakGlass   = "break-glass"     // emergency access began
	ActReviewed     = "reviewed"        // emergency access was reviewed; Note says how
	ActReview       = "review"          // an access review began
	ActConfirmed    = "confirmed"       // a right was confirmed in one
	ActRemoved      = "removed"         // a right was removed in one
	ActUnconfirmed  = "unconfirmed"     // a right ended because nobody confirmed it
	ActReviewClosed = "review-closed"   //
	ActReminder     = "reminder"        // rights wait for a manager in a review
	ActTrainingDue  = "training-due"    // a training record runs out soon
	ActRuleDue      = "rule-due"        // a rule in force waits for somebody's acceptance
	ActGlassDue     = "break-glass-due" // emergency access waits for its review
	ActProcessorDue = "processor-due"   // something of a processor is due soon; Note says what
	ActTraining     = "training"        // a training record was kept
	ActRule         = "rule"            // a new version of a rule
	ActAccepted     = "accepted"        // a rule was accepted
	ActClause       = "clause"          // an employment clause was kept
	ActProcessor    = "processor"       // the register of processors changed
	ActTransfer     = "transfer"        // data was handed to a processor
	ActRevoked      = "training-ended"  // a training record was taken back
	ActGranted      = "granted"         // a grant was given by hand; Note says why
	ActGrantEnded   = "grant-ended"     // and ended
	ActPlanted      = "planted"         // a customer is watched as a planted one; Object is the canary's number
	ActUnplanted    = "unplanted"       // and is not any more
)

// What an entry does to rights.
const (
	ChangesNothing = iota
	Gives
	Takes
)

// RightsEntry is one thing that was done to rights. It is never changed.
type RightsEntry struct {
	ID           int64
	Time         time.Time
	Act          string
	Changes      int              // ChangesNothing, Gives or Takes
	Actor        custody.PersonID // zero: time did it, or the administrator of the machine
	ActorLogin   string
	Person       custody.PersonID // whose rights; zero if nobody's alone
	Login        string
	Organisation custody.OrganisationID
	OrgName      string
	Branch       string
	System       custody.SystemID
	SystemName   string
	Grant        custody.GrantID
	Object       int64  // number of the request, the use, the review
	Note         string // in words, without customers' data
}

// Mark commits to an entry: the ledger's event holds it, so that the entry cannot be
// other than it was.
func (e *RightsEntry) Mark() uint64 {
	h := sha256.Sum256(fmt.Appendf(nil, "%d\x00%d\x00%s\x00%d\x00%d\x00%d\x00%d\x00%s\x00%d\x00%d\x00%d\x00%s", e.ID, e.Time.UnixMilli(), e.Act,
		e.Changes, e.Actor, e.Person, e.Organisation, e.Branch, e.System, e.Grant, e.Object, e.Note))
	return binary.BigEndian.Uint64(h[:])
}

// logRight keeps what was done, in the transaction that does it.
func logRight(t *sql.Tx, e RightsEntry) error {
	_, err := t.Exec(`INSERT INTO rights_log (at, act, changes, actor, person, organisation, branch, system, given, object, note)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`, e.Time.UnixMilli(), e.Act, e.Changes, some(e.Actor), some(e.Person), some(e.Organisation),
		e.Branch, some(e.System), some(e.Grant), e.Object, e.Note)
	return err
}

const rightsLogColumns = `SELECT l.id, l.at, l.act, l.changes, coalesce(l.actor, 0), coalesce(a.login, ''), coalesce(l.person, 0), coalesce(p.login, ''),
	coalesce(l.organisation, 0), coalesce(o.name, ''), l.branch, coalesce(l.system, 0), coalesce(s.name, ''), coalesce(l.given, 0), l.object, l.note
	FROM rights_log l LEFT JOIN people a ON a.id = l.actor LEFT JOIN people p ON p.id = l.person
	LEFT JOIN organisations o ON o.id = l.organisation LEFT JOIN systems s ON s.id = l.system `

func scanRightsEntry(r *sql.Rows) (e RightsEntry, err error) {
	var at sql.NullInt64
	err = r.Scan(&e.ID, &at, &e.Act, &e.Changes, &e.Actor, &e.ActorLogin, &e.Person, &e.Login, &e.Organisation, &e.OrgName, &e.Branch,
		&e.System, &e.SystemName, &e.Grant, &e.Object, &e.Note)
	e.Time = moment(at)
	return e, err
}

// RightsFilter chooses entries of the log; zero values choose all.
type RightsFilter struct {
	Person       custody.PersonID // whose rights, or who acted
	Organisation custody.OrganisationID
	Act          string
	Before       int64 // only older entries, for paging
	Limit        int   // 100 if zero
}

// RightsLog lists what was done to rights, newest first.
func (s *Store) RightsLog(ctx context.Context, f RightsFilter) ([]RightsEntry, error) {
	if f.Limit <= 0 || f.Limit > 10_000 {
		f.Limit = 100
	}
	return listCtx(ctx, s.read, scanRightsEntry, rightsLogColumns+`WHERE (?1 = 0 OR l.person = ?1 OR l.actor = ?1) AND (?2 = 0 OR l.organisation = ?2)
		AND (?3 = '' OR l.act = ?3) AND (?4 = 0 OR l.id < ?4) ORDER BY l.id DESC LIMIT ?5`, f.Person, f.Organisation, f.Act, f.Before, f.Limit)
}

// UnrecordedRights lists the changes of rights that the ledger does not have yet.
func (s *Store) UnrecordedRights() ([]RightsEntry, error) {
	return list(s.read, scanRightsEntry, rightsLogColumns+"WHERE l.recorded IS NULL AND l.changes > 0 ORDER BY l.id")
}

// RightRecorded notes that the ledger has the event of an entry.
func (s *Store) RightRecorded(id int64, at time.Time) error {
	return s.tx(context.Background(), func(t *sql.Tx) error {
		_, err := t.Exec("UPDATE rights_log SET recorded = ? WHERE id = ?", at.UnixMilli(), id)
		return err
	})
}

// UnnoticedRights lists the oldest entries of which notices were not told.
func (s *Store) UnnoticedRights(limit int) ([]RightsEntry, error) {
	return list(s.read, scanRightsEntry, rightsLogColumns+"WHERE l.noticed IS NULL ORDER BY l.id LIMIT ?", limit)
}

// RightNoticed notes that notices were told of an entry.
func (s *Store) RightNoticed(id int64, at time.Time) error {
	return s.tx(context.Background(), func(t *sql.Tx) error {
		_, err := t.Exec("UPDATE rights_log SET noticed = ? WHERE id = ?", at.UnixMilli(), id)
		return err
	})
}
