package web

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"custody/examples/bodyshop/estimate"
)

// What hangs on a customer. The order of the fields is the order of the columns.
type (
	vehicle struct {
		ID              int64     `json:"id"`
		Registration    string    `json:"registration"`
		VIN             string    `json:"vin"`
		Make            string    `json:"make"`
		Model           string    `json:"model"`
		Colour          string    `json:"colour"`
		FirstRegistered time.Time `json:"first_registered"`
		Mileage         int       `json:"mileage"` // 0 when it was not read
	}
	accident struct {
		ID          int64     `json:"id"`
		VehicleID   int64     `json:"vehicle_id"`
		Reg         string    `json:"registration"`
		HappenedAt  time.Time `json:"happened_at"`
		Place       string    `json:"place"`
		Description string    `json:"description"`
		ThirdParty  string    `json:"third_party"`
		ClaimNumber string    `json:"claim_number"`
		ClaimStatus string    `json:"claim_status"`
		Insurer     string    `json:"insurer"`
	}
	policy struct {
		ID      int64          `json:"id"`
		Number  string         `json:"policy_number"`
		Insurer string         `json:"insurer"`
		Reg     string         `json:"registration"`
		Starts  time.Time      `json:"starts_on"`
		Ends    time.Time      `json:"ends_on"`
		Excess  estimate.Pence `json:"excess"`
	}
	estimateRow struct {
		ID        int64          `json:"id"`
		Reg       string         `json:"registration"`
		Estimator string         `json:"estimator"`
		Created   time.Time      `json:"created_at"`
		Version   int            `json:"version"`
		Gross     estimate.Pence `json:"gross_total"`
	}
	jobRow struct {
		ID         int64     `json:"id"`
		EstimateID int64     `json:"estimate_id"`
		Reg        string    `json:"registration"`
		Status     string    `json:"status"`
		Branch     string    `json:"branch"`
		Assignee   string    `json:"assignee"`
		BookedFor  time.Time `json:"booked_for"`
	}
	phoneCall struct {
		ID      int64     `json:"id"`
		Staff   string    `json:"staff"`
		Phone   string    `json:"phone"`
		Inbound bool      `json:"inbound"`
		At      time.Time `json:"called_at"`
		Summary string    `json:"summary"`
	}
	refund struct {
		ID        int64          `json:"id"`
		Account   string         `json:"account_name"`
		SortCode  string         `json:"sort_code"`
		Number    string         `json:"account_number"`
		Amount    estimate.Pence `json:"amount"`
		Reference string         `json:"reference"`
		PaidAt    time.Time      `json:"paid_at"`
	}
)

// record is everything that is known of one customer.
type record struct {
	customer
	Vehicles  []vehicle     `json:"vehicles"`
	Policies  []policy      `json:"policies"`
	Accidents []accident    `json:"accidents"`
	Estimates []estimateRow `json:"estimates"`
	Jobs      []jobRow      `json:"jobs"`
	Calls     []phoneCall   `json:"calls"`
	Payments  []refund      `json:"payments"`
}

// record reads the customer and what hangs on it, in one round trip to the database.
func (c *call) record(id int64) (*record, error) {
	one, err := c.customer(id)
	if err != nil {
		return nil, err
	}
	r := &record{customer: one}
	batch := &pgx.Batch{}
	collect(batch, &r.Vehicles, `SELECT id, registration::text, vin::text, make, model, colour, first_registered, coalesce(mileage, 0)
		FROM vehicles WHERE customer_id = $1 ORDER BY id`, id)
	collect(batch, &r.Policies, `SELECT p.id, p.policy_number, i.name, v.registration::text, p.starts_on, p.ends_on, (p.excess * 100)::bigint
		FROM policies p JOIN insurers i ON i.id = p.insurer_id JOIN vehicles v ON v.id = p.vehicle_id WHERE p.customer_id = $1 ORDER BY p.id`, id)
	collect(batch, &r.Accidents, accidentColumns+"WHERE a.customer_id = $1 ORDER BY a.happened_at DESC, a.id", id)
	collect(batch, &r.Estimates, `SELECT e.id, v.registration::text, s.full_name, e.created_at, e.version, (e.gross_total * 100)::bigint
		FROM estimates e JOIN vehicles v ON v.id = e.vehicle_id JOIN staff s ON s.id = e.staff_id WHERE e.customer_id = $1 ORDER BY e.id DESC`, id)
	collect(batch, &r.Jobs, `SELECT j.id, j.estimate_id, v.registration::text, j.status::text, b.name, s.full_name, j.booked_for
		FROM jobs j JOIN vehicles v ON v.id = j.vehicle_id JOIN branches b ON b.id = j.branch_id JOIN staff s ON s.id = j.staff_id
		WHERE j.customer_id = $1 ORDER BY j.id DESC`, id)
	collect(batch, &r.Calls, `SELECT k.id, s.full_name, k.phone, k.inbound, k.called_at, k.summary
		FROM calls k JOIN staff s ON s.id = k.staff_id WHERE k.customer_id = $1 ORDER BY k.called_at DESC, k.id LIMIT 100`, id)
	collect(batch, &r.Payments, `SELECT id, account_name, sort_code::text, account_number::text, (amount * 100)::bigint, reference, paid_at
		FROM payments WHERE customer_id = $1 ORDER BY paid_at DESC, id`, id)
	return r, send(c.r.Context(), c.Server, batch)
}

// accidentColumns joins the claim, of which an accident has at most one.
const accidentColumns = `SELECT a.id, a.vehicle_id, v.registration::text, a.happened_at, a.place, a.description, coalesce(a.third_party, ''),
	coalesce(k.claim_number, ''), coalesce(k.status::text, ''), coalesce(i.name, '')
	FROM accidents a JOIN vehicles v ON v.id = a.vehicle_id LEFT JOIN claims k ON k.accident_id = a.id
	LEFT JOIN policies p ON p.id = k.policy_id LEFT JOIN insurers i ON i.id = p.insurer_id `

// collect puts a query into a batch and its rows, when they come, into dst.
func collect[T any](b *pgx.Batch, dst *[]T, sql string, args ...any) {
	b.Queue(sql, args...).Query(func(rows pgx.Rows) (err error) {
		*dst, err = pgx.CollectRows(rows, pgx.RowToStructByPos[T])
		return err
	})
}

func send(ctx context.Context, s *Server, b *pgx.Batch) error {
	return s.pool.SendBatch(ctx, b).Close()
}

// customerPage is a record with the choices of the forms on its page.
type customerPage struct {
	*record
	Staff    []member
	Insurers []insurer
}

func (s *Server) customerPage(c *call) error {
	id, err := c.id("id")
	if err != nil {
		return err
	}
	r, err := c.record(id)
	if err != nil {
		return err
	}
	p := customerPage{record: r}
	if p.Staff, err = c.staff(r.BranchID); err != nil {
		return err
	}
	if p.Insurers, err = c.insurers(); err != nil {
		return err
	}
	return c.page("customer", p)
}

func (s *Server) apiCustomer(c *call) error {
	id, err := c.id("id")
	if err != nil {
		return err
	}
	r, err := c.record(id)
	if err != nil {
		return err
	}
	return c.json(r)
}
