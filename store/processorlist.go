package store

import (
	"context"
	"database/sql"
	"time"

	"custody"
)

// Processors lists the register by name: one organisation, or all with zero.
func (s *Store) Processors(ctx context.Context, org custody.OrganisationID, at time.Time) ([]Processor, error) {
	list, err := listCtx(ctx, s.read, func(r *sql.Rows) (p Processor, err error) {
		var start, end, due, ended sql.NullInt64
		err = r.Scan(&p.Organisation, &p.Name, &p.Kind, &p.Contact, &p.Contract, &start, &end, &p.Instructions, &p.ReviewDays, &due, &ended, &p.People)
		p.ContractStart, p.ContractEnd, p.ReviewDue, p.Ended = moment(start), moment(end), moment(due), moment(ended)
		return p, err
	}, `SELECT p.organisation, o.name, p.kind, p.contact, p.contract, p.contract_start, p.contract_end, p.instructions, p.review_days, p.review_due, p.ended,
		(SELECT count(DISTINCT e.person) FROM engagements e WHERE e.organisation = p.organisation AND e.start <= ?2 AND (e.end IS NULL OR e.end > ?2))
		FROM processors p JOIN organisations o ON o.id = p.organisation WHERE ?1 = 0 OR p.organisation = ?1 ORDER BY o.name`, org, at.UnixMilli())
	for i := range list {
		p := &list[i]
		if p.Scopes, err = s.scopes(ctx, p.Organisation); err != nil {
			return nil, err
		}
		if p.Papers, err = s.papers(ctx, p.Organisation); err != nil {
			return nil, err
		}
	}
	return list, err
}

// Processor finds one organisation of the register.
func (s *Store) Processor(ctx context.Context, org custody.OrganisationID, at time.Time) (*Processor, error) {
	list, err := s.Processors(ctx, org, at)
	if err != nil || len(list) == 0 || org == 0 {
		return nil, orMissing(err, "this organisation is not in the register", "custody processor list shows it")
	}
	return &list[0], nil
}

func (s *Store) scopes(ctx context.Context, org custody.OrganisationID) ([]Scope, error) {
	return listCtx(ctx, s.read, func(r *sql.Rows) (x Scope, err error) {
		return x, r.Scan(&x.System, &x.SystemName, &x.Categories)
	}, "SELECT c.system, s.name, c.categories FROM processor_scopes c JOIN systems s ON s.id = c.system WHERE c.organisation = ? ORDER BY s.name", org)
}

func (s *Store) papers(ctx context.Context, org custody.OrganisationID) ([]Paper, error) {
	return listCtx(ctx, s.read, func(r *sql.Rows) (p Paper, err error) {
		var since, till sql.NullInt64
		err = r.Scan(&p.ID, &p.Kind, &p.Name, &p.About, &p.Evidence, &since, &till)
		p.Since, p.Till = moment(since), moment(till)
		return p, err
	}, "SELECT id, kind, name, about, evidence, since, till FROM processor_papers WHERE organisation = ? ORDER BY kind, name, since", org)
}

// ProcessorReviews lists the reviews of a processor, newest first.
func (s *Store) ProcessorReviews(ctx context.Context, org custody.OrganisationID) ([]ProcessorReview, error) {
	return listCtx(ctx, s.read, func(r *sql.Rows) (x ProcessorReview, err error) {
		var held, due sql.NullInt64
		err = r.Scan(&x.ID, &held, &x.By, &x.ByLogin, &x.Outcome, &x.Evidence, &x.Note, &due)
		x.Held, x.NextDue = moment(held), moment(due)
		return x, err
	}, `SELECT r.id, r.held, r.by, p.login, r.outcome, r.evidence, r.note, r.next_due FROM processor_reviews r JOIN people p ON p.id = r.by
		WHERE r.organisation = ? ORDER BY r.held DESC, r.id DESC`, org)
}

// Transfers lists what was handed to a processor, newest first; to all with zero.
func (s *Store) Transfers(ctx context.Context, org custody.OrganisationID) ([]Transfer, error) {
	return listCtx(ctx, s.read, func(r *sql.Rows) (x Transfer, err error) {
		var made, due, returned sql.NullInt64
		err = r.Scan(&x.ID, &x.Organisation, &x.System, &x.SystemName, &made, &x.By, &x.ByLogin, &x.Categories, &x.Subjects, &x.Means, &x.Purpose, &due, &returned, &x.Evidence)
		x.Made, x.ReturnDue, x.Returned = moment(made), moment(due), moment(returned)
		return x, err
	}, `SELECT x.id, x.organisation, x.system, s.name, x.made, x.by, p.login, x.categories, x.subjects, x.means, x.purpose, x.return_due, x.returned, x.evidence
		FROM transfers x JOIN systems s ON s.id = x.system JOIN people p ON p.id = x.by WHERE ?1 = 0 OR x.organisation = ?1 ORDER BY x.made DESC, x.id DESC`, org)
}

// dueSoon is how long before its date a reminder of a processor's papers is noted.
const dueSoon = 30 * 24 * time.Hour

// remindProcessors notes once what of a processor runs out within a month: contract or
// review, certificates, transfers to be returned.
func (s *Store) remindProcessors(ctx context.Context, at time.Time) error {
	soon := at.Add(dueSoon).UnixMilli()
	return s.tx(ctx, func(t *sql.Tx) error {
		for _, u := range []string{
			`UPDATE processors SET reminded = ?1 WHERE reminded IS NULL AND ended IS NULL AND min(coalesce(contract_end, review_due), review_due) <= ?2
				RETURNING organisation, CASE WHEN contract_end <= ?2 THEN 'the contract' || ` + lastDay("contract_end") + ` ELSE 'the review' || ` + lastDay("review_due") + ` END`,
			`UPDATE processor_papers SET reminded = ?1 WHERE reminded IS NULL AND kind = 'certificate' AND till <= ?2 RETURNING organisation, 'certificate ' || name || ` + lastDay("till"),
			`UPDATE transfers SET reminded = ?1 WHERE reminded IS NULL AND returned IS NULL AND return_due <= ?2 RETURNING organisation, 'data to be returned or deleted, transfer ' || id || ` + lastDay("return_due"),
		} {
			if err := remind(t, u, at, soon, func(org custody.OrganisationID, note string) RightsEntry {
				return RightsEntry{Time: at, Act: ActProcessorDue, Organisation: org, Note: note}
			}); err != nil {
				return err
			}
		}
		return nil
	})
}

// lastDay says in SQL which is the last day before a moment, as it is written in the UK.
func lastDay(column string) string {
	return "strftime(', last day %d/%m/%Y', (" + column + " - 1) / 1000, 'unixepoch')"
}

// remind runs an update that marks what is due, and notes each.
func remind[T ~uint32](t *sql.Tx, update string, at time.Time, soon int64, entry func(T, string) RightsEntry) error {
	rows, err := t.Query(update, at.UnixMilli(), soon)
	if err != nil {
		return err
	}
	defer rows.Close()
	var due []RightsEntry
	for rows.Next() {
		var id T
		var note string
		if err := rows.Scan(&id, &note); err != nil {
			return err
		}
		due = append(due, entry(id, note))
	}
	if err := rows.Close(); err != nil {
		return err
	}
	for _, e := range due {
		if err := logRight(t, e); err != nil {
			return err
		}
	}
	return nil
}
