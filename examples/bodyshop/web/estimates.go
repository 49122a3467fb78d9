package web

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"github.com/jackc/pgx/v5"

	"custody/examples/bodyshop/estimate"
)

// head is what an estimate is about: whose vehicle, which damage, who estimated.
type head struct {
	CustomerID   int64     `json:"customer_id"`
	Customer     string    `json:"customer"`
	Phone        string    `json:"phone"`
	Email        string    `json:"email"`
	Line1        string    `json:"address_line1"`
	Line2        string    `json:"address_line2"`
	Town         string    `json:"town"`
	Postcode     string    `json:"postcode"`
	VehicleID    int64     `json:"vehicle_id"`
	Registration string    `json:"registration"`
	VIN          string    `json:"vin"`
	Vehicle      string    `json:"vehicle"`
	Mileage      int       `json:"mileage"`
	AccidentID   int64     `json:"accident_id"`
	HappenedAt   time.Time `json:"happened_at"`
	Place        string    `json:"place"`
	Description  string    `json:"description"`
	ClaimID      int64     `json:"-"`
	ClaimNumber  string    `json:"claim_number"`
	Insurer      string    `json:"insurer"`
	PolicyNumber string    `json:"policy_number"`

	BranchID       int            `json:"branch_id"`
	Branch         string         `json:"branch"`
	BranchTown     string         `json:"branch_town"`
	BranchPostcode string         `json:"branch_postcode"`
	BranchPhone    string         `json:"branch_phone"`
	Firm           string         `json:"firm"`
	Rate           estimate.Pence `json:"labour_rate"`
}

// headColumns begin with those of head; the tables are c, v, a, k (claim), p (policy),
// i (insurer), b (the branch of the estimate) and o.
const headColumns = `c.id, c.name, coalesce(c.phone, ''), coalesce(c.email, ''), coalesce(c.address_line1, ''), coalesce(c.address_line2, ''),
	coalesce(c.town, ''), coalesce(c.postcode, ''), v.id, v.registration::text, v.vin::text, v.make || ' ' || v.model || ', ' || v.colour,
	coalesce(v.mileage, 0), a.id, a.happened_at, a.place, a.description, coalesce(k.id, 0), coalesce(k.claim_number, ''),
	coalesce(i.name, ''), coalesce(p.policy_number, ''), b.id, b.name, b.town, b.postcode, b.phone, o.name`

const headJoins = ` JOIN vehicles v ON v.id = a.vehicle_id LEFT JOIN claims k ON k.accident_id = a.id LEFT JOIN policies p ON p.id = k.policy_id
	LEFT JOIN insurers i ON i.id = p.insurer_id JOIN organisations o ON o.id = b.organisation_id `

// supplement is work that was asked for after the first estimate.
type supplement struct {
	Number  int            `json:"number"`
	Status  string         `json:"status"`
	AskedOn time.Time      `json:"asked_on"`
	Net     estimate.Pence `json:"net"` // before discounts
}

// version is an earlier or the present state of an estimate.
type version struct {
	Number  int            `json:"version"`
	SavedAt time.Time      `json:"saved_at"`
	By      string         `json:"estimator"`
	Gross   estimate.Pence `json:"gross_total"`
}

// repairEstimate is an estimate as it is now, or as it was.
type repairEstimate struct {
	ID        int64     `json:"id"`
	Number    string    `json:"number"`
	Version   int       `json:"version"`
	StaffID   int       `json:"staff_id"`
	Estimator string    `json:"estimator"`
	CreatedAt time.Time `json:"created_at"`
	JobID     int64     `json:"job_id"` // 0 when it is not booked
	head
	estimate.Document
	Supplements []supplement `json:"supplements"`
	Versions    []version    `json:"versions"` // earlier ones, the first first
	Old         bool         `json:"-"`        // an earlier version is shown
}

// estimateNumber is the number that customers and insurers quote.
func estimateNumber(id int64) string { return fmt.Sprintf("EST-%06d", id) }

func estimatePath(id int64) string { return "/estimates/" + strconv.FormatInt(id, 10) }

// querier is a pool or a transaction.
type querier interface {
	QueryRow(ctx context.Context, sql string, args ...any) pgx.Row
	SendBatch(ctx context.Context, b *pgx.Batch) pgx.BatchResults
}

// estimate reads an estimate of the caller's firm. lock is FOR UPDATE in a transaction
// that will change it.
func (c *call) estimate(q querier, id int64, lock string) (*repairEstimate, error) {
	e := &repairEstimate{ID: id, Number: estimateNumber(id)}
	t := &e.Totals
	err := q.QueryRow(c.r.Context(), `SELECT e.version, e.staff_id, s.full_name, e.created_at,
			coalesce((SELECT max(j.id) FROM jobs j WHERE j.estimate_id = e.id AND j.status <> 'cancelled'), 0),
			(e.labour_hours * 100)::bigint, (e.labour_total * 100)::bigint, (e.paint_total * 100)::bigint, (e.parts_total * 100)::bigint,
			(e.discount_total * 100)::bigint, (e.net_total * 100)::bigint, (e.vat_total * 100)::bigint, (e.gross_total * 100)::bigint,
			(e.labour_rate * 100)::bigint, `+headColumns+`
		FROM estimates e JOIN staff s ON s.id = e.staff_id JOIN customers c ON c.id = e.customer_id JOIN accidents a ON a.id = e.accident_id
		JOIN branches b ON b.id = e.branch_id`+headJoins+`WHERE e.id = $1 AND b.organisation_id = $2 `+lock,
		id, c.session.account.Organisation).Scan(append([]any{&e.Version, &e.StaffID, &e.Estimator, &e.CreatedAt, &e.JobID,
		&t.Hours, &t.Labour, &t.Paint, &t.Parts, &t.Discount, &t.Net, &t.VAT, &t.Gross, &e.Rate}, e.head.fields()...)...)
	if err != nil {
		return nil, err
	}
	batch := &pgx.Batch{}
	collect(batch, &e.Lines, `SELECT kind::text, description, (quantity * 100)::bigint, (unit_price * 100)::bigint, supplement
		FROM estimate_lines WHERE estimate_id = $1 AND kind <> 'vat' ORDER BY position`, id)
	collect(batch, &e.Discounts, `SELECT applies_to::text, (percent * 100)::bigint, (amount * 100)::bigint
		FROM estimate_discounts WHERE estimate_id = $1 ORDER BY position`, id)
	collect(batch, &e.Supplements, `SELECT number, status::text, asked_on, coalesce((SELECT (sum(l.amount) * 100)::bigint FROM estimate_lines l
		WHERE l.estimate_id = s.estimate_id AND l.supplement = s.number), 0) FROM estimate_supplements s WHERE estimate_id = $1 ORDER BY number`, id)
	collect(batch, &e.Versions, `SELECT x.version, x.saved_at, s.full_name, ((x.contents #>> '{totals,gross_total}')::numeric * 100)::bigint
		FROM estimate_versions x JOIN staff s ON s.id = x.staff_id WHERE x.estimate_id = $1 ORDER BY x.version`, id)
	return e, q.SendBatch(c.r.Context(), batch).Close()
}

// fields are where the columns of headColumns go.
func (h *head) fields() []any {
	return []any{&h.CustomerID, &h.Customer, &h.Phone, &h.Email, &h.Line1, &h.Line2, &h.Town, &h.Postcode, &h.VehicleID, &h.Registration,
		&h.VIN, &h.Vehicle, &h.Mileage, &h.AccidentID, &h.HappenedAt, &h.Place, &h.Description, &h.ClaimID, &h.ClaimNumber,
		&h.Insurer, &h.PolicyNumber, &h.BranchID, &h.Branch, &h.BranchTown, &h.BranchPostcode, &h.BranchPhone, &h.Firm}
}

// shownEstimate reads the estimate of the path, in the version that the query asks for.
func (c *call) shownEstimate() (*repairEstimate, error) {
	id, err := c.id("id")
	if err != nil {
		return nil, err
	}
	e, err := c.estimate(c.pool, id, "")
	if err != nil {
		return nil, err
	}
	if n := c.number("version", e.Version, 1, 1<<15); n != e.Version {
		e.Version, e.Old = n, true
		e.Document = estimate.Document{}
		err = c.pool.QueryRow(c.r.Context(), "SELECT x.contents, x.saved_at, s.full_name FROM estimate_versions x JOIN staff s ON s.id = x.staff_id WHERE x.estimate_id = $1 AND x.version = $2",
			id, n).Scan(&e.Document, &e.CreatedAt, &e.Estimator)
	}
	return e, err
}

// estimatePage is an estimate with what may be done to it.
type estimatePage struct {
	*repairEstimate
	Staff []member // who may be given the job
}

func (s *Server) estimatePage(c *call) error {
	e, err := c.shownEstimate()
	if err != nil {
		return err
	}
	staff, err := c.staff(e.BranchID)
	if err != nil {
		return err
	}
	return c.page("estimate", estimatePage{e, staff})
}

func (s *Server) apiEstimate(c *call) error {
	e, err := c.shownEstimate()
	if err != nil {
		return err
	}
	return c.json(e)
}

// answerSupplement notes what the insurer said.
func (s *Server) answerSupplement(c *call) error {
	id, err := c.id("id")
	if err != nil {
		return err
	}
	n, err := c.id("number")
	if err != nil {
		return err
	}
	return c.changed(estimatePath(id), `UPDATE estimate_supplements s SET status = $4::supplement_status FROM estimates e JOIN branches b ON b.id = e.branch_id
		WHERE s.estimate_id = e.id AND e.id = $1 AND b.organisation_id = $2 AND s.number = $3`,
		id, c.session.account.Organisation, n, c.r.FormValue("status"))
}
