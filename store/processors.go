package store

import (
	"context"
	"database/sql"
	"time"

	"custody"
	"custody/identity"
)

// The kinds of organisation in the register. A processor sees only what its scope lets;
// a partner is a controller of its own, bound by contract and review alone.
const (
	KindProcessor = "processor"
	KindPartner   = "partner"
)

// Processor is a contractor or partner in the register (UK GDPR Art. 28, 30).
type Processor struct {
	Organisation  custody.OrganisationID
	Name          string
	Kind          string
	Contact       string
	Contract      string // where the contract is kept
	ContractStart time.Time
	ContractEnd   time.Time // zero: open
	Instructions  string    // where the documented instructions are kept, or what they are
	ReviewDays    int       // how often it is reviewed
	ReviewDue     time.Time
	Ended         time.Time
	Scopes        []Scope
	Papers        []Paper
	People        int // engaged now
}

// Scope is what a processor may have of a system.
type Scope struct {
	System     custody.SystemID
	SystemName string
	Categories custody.CategorySet
}

// The kinds of paper.
const (
	PaperSub         = "sub-processor"
	PaperCertificate = "certificate"
	PaperPortal      = "portal" // Name is its address, or the system behind the gate
)

// Paper is a sub-processor, a certificate or a portal of a processor.
type Paper struct {
	ID       int64
	Kind     string
	Name     string
	About    string // country and purpose of a sub-processor; issuer of a certificate
	Evidence string
	Since    time.Time
	Till     time.Time // zero: open
}

// ProcessorReview is a review of a processor, with its evidence.
type ProcessorReview struct {
	ID       int64
	Held     time.Time
	By       custody.PersonID
	ByLogin  string
	Outcome  string // passed, conditions or failed
	Evidence string
	Note     string
	NextDue  time.Time
}

// Transfer is data that was handed to a processor otherwise than through a gate.
type Transfer struct {
	ID           int64
	Organisation custody.OrganisationID
	System       custody.SystemID
	SystemName   string
	Made         time.Time
	By           custody.PersonID
	ByLogin      string
	Categories   custody.CategorySet
	Subjects     uint32
	Means        string
	Purpose      string
	ReturnDue    time.Time
	Returned     time.Time
	Evidence     string
}

// InDate says whether its people may sign in now.
func (p *Processor) InDate(now time.Time) bool {
	return !now.Before(p.ContractStart) && (p.ContractEnd.IsZero() || now.Before(p.ContractEnd)) && now.Before(p.ReviewDue) &&
		(p.Ended.IsZero() || now.Before(p.Ended))
}

// Check holds a contract to what makes sense.
func (p *Processor) Check() error {
	switch {
	case p.Kind != KindProcessor && p.Kind != KindPartner:
		return custody.E(custody.CodeInvalid, "there is no such kind of organisation", "it is a processor or a partner")
	case p.Contract == "" || p.Instructions == "" || len(p.Contract)+len(p.Instructions)+len(p.Contact) > 2000:
		return custody.E(custody.CodeInvalid, "contract and documented instructions are needed, in at most 2,000 bytes", "say where they are kept")
	case p.ReviewDays < 1 || p.ReviewDays > 1100:
		return custody.E(custody.CodeInvalid, "a processor is reviewed every 1 to 1,100 days", "once a year is usual")
	case !p.ContractEnd.IsZero() && !p.ContractEnd.After(p.ContractStart):
		return custody.E(custody.CodeInvalid, "the contract ends before it starts", "give an end that is later than the start, or none")
	}
	return nil
}

// PutProcessor adds an organisation to the register, or changes its contract. A review
// that is due moves only with AddProcessorReview, but for the first one.
func (s *Store) PutProcessor(ctx context.Context, by custody.PersonID, p *Processor, at time.Time) error {
	if err := p.Check(); err != nil {
		return err
	}
	if p.ReviewDue.IsZero() {
		p.ReviewDue = at.AddDate(0, 0, p.ReviewDays)
	}
	return s.tx(ctx, func(t *sql.Tx) error {
		if err := notOwnProcessor(t, by, p.Organisation, at); err != nil {
			return err
		}
		_, err := t.Exec(`INSERT INTO processors (organisation, kind, contact, contract, contract_start, contract_end, instructions, review_days, review_due, added)
			VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET kind = excluded.kind, contact = excluded.contact, contract = excluded.contract,
			contract_start = excluded.contract_start, contract_end = excluded.contract_end, instructions = excluded.instructions,
			review_days = excluded.review_days, ended = NULL, reminded = NULL`,
			p.Organisation, p.Kind, p.Contact, p.Contract, p.ContractStart.UnixMilli(), millis(p.ContractEnd), p.Instructions, p.ReviewDays,
			p.ReviewDue.UnixMilli(), at.UnixMilli())
		if err != nil {
			return err
		}
		return logRight(t, RightsEntry{Time: at, Act: ActProcessor, Changes: Gives, Actor: by, Organisation: p.Organisation, Note: "contract: " + p.Contract})
	})
}

// notOwnProcessor: nobody who works for a processor keeps the register's word on it.
func notOwnProcessor(t *sql.Tx, by custody.PersonID, org custody.OrganisationID, at time.Time) error {
	var own bool
	err := t.QueryRow("SELECT EXISTS (SELECT 1 FROM engagements WHERE person = ? AND organisation = ? AND start <= ?3 AND (end IS NULL OR end > ?3))",
		by, org, at.UnixMilli()).Scan(&own)
	if err == nil && own {
		return custody.E(custody.CodeForbidden, "nobody decides about their own organisation in the register", "ask somebody who works for the controller")
	}
	return err
}

// SetScope sets what a processor may have of a system; no categories take it away.
func (s *Store) SetScope(ctx context.Context, by custody.PersonID, org custody.OrganisationID, system custody.SystemID, set custody.CategorySet, at time.Time) error {
	return s.tx(ctx, func(t *sql.Tx) error {
		if err := registered(t, by, org, at); err != nil {
			return err
		}
		var err error
		changes := Gives
		if set == 0 {
			changes = Takes
			_, err = t.Exec("DELETE FROM processor_scopes WHERE organisation = ? AND system = ?", org, system)
		} else {
			_, err = t.Exec("INSERT INTO processor_scopes (organisation, system, categories) VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET categories = excluded.categories", org, system, set)
		}
		if err != nil {
			return err
		}
		return logRight(t, RightsEntry{Time: at, Act: ActProcessor, Changes: changes, Actor: by, Organisation: org, System: system, Note: "scope: " + set.String()})
	})
}

// registered demands that an organisation is in the register and not the actor's own.
func registered(t *sql.Tx, by custody.PersonID, org custody.OrganisationID, at time.Time) error {
	var n int
	if err := t.QueryRow("SELECT 1 FROM processors WHERE organisation = ?", org).Scan(&n); err != nil {
		return orNamed(err, "this organisation is not in the register", "custody processor add puts it there")
	}
	return notOwnProcessor(t, by, org, at)
}

// EndProcessor ends the work with a processor: its people cannot sign in any more.
func (s *Store) EndProcessor(ctx context.Context, by custody.PersonID, org custody.OrganisationID, at time.Time) error {
	return s.tx(ctx, func(t *sql.Tx) error {
		if err := registered(t, by, org, at); err != nil {
			return err
		}
		if _, err := t.Exec("UPDATE processors SET ended = ? WHERE organisation = ? AND ended IS NULL", at.UnixMilli(), org); err != nil {
			return err
		}
		return logRight(t, RightsEntry{Time: at, Act: ActProcessor, Changes: Takes, Actor: by, Organisation: org, Note: "ended"})
	})
}

// AddProcessorReview keeps a review that was held. One that passed, with conditions or
// without, moves the next one; one that failed makes it due at once, which ends the
// processor's sign-ins.
func (s *Store) AddProcessorReview(ctx context.Context, org custody.OrganisationID, r *ProcessorReview, at time.Time) error {
	var err error
	if r.Evidence, err = rightNote(r.Evidence, "say where the evidence of the review is kept"); err != nil {
		return err
	}
	if r.Outcome != "passed" && r.Outcome != "conditions" && r.Outcome != "failed" {
		return custody.E(custody.CodeInvalid, "there is no such outcome of a review", "it is passed, conditions or failed")
	}
	if r.Held.After(at) {
		return custody.E(custody.CodeInvalid, "a review is kept once it was held", "give the day on which it was held")
	}
	return s.tx(ctx, func(t *sql.Tx) error {
		if err := registered(t, r.By, org, at); err != nil {
			return err
		}
		var days int
		if err := t.QueryRow("SELECT review_days FROM processors WHERE organisation = ?", org).Scan(&days); err != nil {
			return err
		}
		changes := Gives
		switch last := r.Held.AddDate(0, 0, days); {
		case r.Outcome == "failed":
			r.NextDue, changes = at, Takes
		case r.NextDue.IsZero() || r.NextDue.After(last):
			r.NextDue = last
		}
		err := t.QueryRow(`INSERT INTO processor_reviews (organisation, held, by, outcome, evidence, note, next_due, kept) VALUES (?, ?, ?, ?, ?, ?, ?, ?) RETURNING id`,
			org, r.Held.UnixMilli(), r.By, r.Outcome, r.Evidence, r.Note, r.NextDue.UnixMilli(), at.UnixMilli()).Scan(&r.ID)
		if err != nil {
			return err
		}
		if _, err := t.Exec("UPDATE processors SET review_due = ?, reminded = NULL WHERE organisation = ?", r.NextDue.UnixMilli(), org); err != nil {
			return err
		}
		return logRight(t, RightsEntry{Time: at, Act: ActProcessor, Changes: changes, Actor: r.By, Organisation: org, Object: r.ID, Note: "review: " + r.Outcome})
	})
}

// AddPaper keeps a sub-processor, a certificate or a portal.
func (s *Store) AddPaper(ctx context.Context, by custody.PersonID, org custody.OrganisationID, p *Paper, at time.Time) error {
	if p.Name == "" || len(p.Name)+len(p.About)+len(p.Evidence) > 2000 {
		return custody.E(custody.CodeInvalid, "a name is needed, and at most 2,000 bytes in all", "name it as its own papers do")
	}
	return s.tx(ctx, func(t *sql.Tx) error {
		if err := registered(t, by, org, at); err != nil {
			return err
		}
		err := t.QueryRow("INSERT INTO processor_papers (organisation, kind, name, about, evidence, since, till) VALUES (?, ?, ?, ?, ?, ?, ?) RETURNING id",
			org, p.Kind, p.Name, p.About, p.Evidence, p.Since.UnixMilli(), millis(p.Till)).Scan(&p.ID)
		if taken(err) {
			return custody.E(custody.CodeConflict, "this is in the register already", "custody processor show shows it")
		}
		if err != nil {
			return err
		}
		return logRight(t, RightsEntry{Time: at, Act: ActProcessor, Actor: by, Organisation: org, Object: p.ID, Note: p.Kind + ": " + p.Name})
	})
}

// AddTransfer keeps that data was handed to a processor. What is outside its scope is
// refused: the register is kept before the data goes.
func (s *Store) AddTransfer(ctx context.Context, x *Transfer, at time.Time) error {
	if x.Means == "" || x.Purpose == "" || x.Subjects == 0 || x.Categories == 0 || len(x.Means)+len(x.Purpose)+len(x.Evidence) > 2000 {
		return custody.E(custody.CodeInvalid, "something is missing of what was handed over", "say of how many customers, which categories, by what means and what for")
	}
	return s.tx(ctx, func(t *sql.Tx) error {
		if err := registered(t, x.By, x.Organisation, at); err != nil {
			return err
		}
		var scope custody.CategorySet
		var kind string
		err := t.QueryRow(`SELECT p.kind, coalesce(c.categories, 0) FROM processors p LEFT JOIN processor_scopes c ON c.organisation = p.organisation AND c.system = ?
			WHERE p.organisation = ?`, x.System, x.Organisation).Scan(&kind, &scope)
		if err != nil {
			return err
		}
		if beyond := x.Categories &^ scope; beyond != 0 {
			return custody.E(custody.CodeForbidden, "the register does not let this organisation have "+beyond.String(), "leave it out, or have the scope widened: custody processor scope")
		}
		err = t.QueryRow(`INSERT INTO transfers (organisation, system, made, by, categories, subjects, means, purpose, return_due, evidence, kept)
			VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) RETURNING id`, x.Organisation, x.System, x.Made.UnixMilli(), x.By, x.Categories, x.Subjects, x.Means, x.Purpose,
			millis(x.ReturnDue), x.Evidence, at.UnixMilli()).Scan(&x.ID)
		if err != nil {
			return err
		}
		return logRight(t, RightsEntry{Time: at, Act: ActTransfer, Changes: Gives, Actor: x.By, Organisation: x.Organisation, System: x.System, Object: x.ID,
			Note: x.Purpose})
	})
}

// ReturnTransfer keeps that the data was given back or deleted, with the evidence.
func (s *Store) ReturnTransfer(ctx context.Context, id int64, by custody.PersonID, evidence string, at time.Time) error {
	evidence, err := rightNote(evidence, "say where the confirmation of the deletion or return is kept")
	if err != nil {
		return err
	}
	return s.tx(ctx, func(t *sql.Tx) error {
		e := RightsEntry{Time: at, Act: ActTransfer, Changes: Takes, Actor: by, Object: id, Note: evidence}
		err := t.QueryRow("UPDATE transfers SET returned = ?, evidence = ? WHERE id = ? AND returned IS NULL RETURNING organisation, system", at.UnixMilli(), evidence, id).
			Scan(&e.Organisation, &e.System)
		if err != nil {
			return orNamed(err, "no transfer with this number is out", "custody processor show shows them")
		}
		if err := notOwnProcessor(t, by, e.Organisation, at); err != nil {
			return err
		}
		return logRight(t, e)
	})
}

// inDate reads, for the sign-in, when each processor's contract and review are in date.
func (s *Store) inDate() ([]identity.InDate, error) {
	return list(s.read, func(r *sql.Rows) (d identity.InDate, err error) {
		var from, until sql.NullInt64
		err = r.Scan(&d.Organisation, &from, &until)
		d.From, d.Until = moment(from), moment(until)
		return d, err
	}, `SELECT organisation, contract_start, min(coalesce(contract_end, review_due), review_due, coalesce(ended, review_due)) FROM processors`)
}
