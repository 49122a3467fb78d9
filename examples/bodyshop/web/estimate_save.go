package web

import (
	"context"
	"net/http"
	"time"

	"github.com/jackc/pgx/v5"

	"custody/examples/bodyshop/estimate"
)

// createEstimate saves the first version of an estimate of an accident.
func (s *Server) createEstimate(c *call) error {
	id, err := c.id("id")
	if err != nil {
		return err
	}
	e, err := c.ofAccident(id)
	if err != nil {
		return err
	}
	b := newBuilder(e)
	if err := c.readBuilder(b); err != nil {
		return err
	}
	if b.Message != "" {
		return c.showBuilder(http.StatusUnprocessableEntity, b)
	}
	err = pgx.BeginFunc(c.r.Context(), c.pool, func(tx pgx.Tx) error { return c.insertEstimate(tx, b) })
	if err != nil {
		return c.refused(err)
	}
	return c.see(estimatePath(b.ID))
}

func (c *call) insertEstimate(tx pgx.Tx, b *builder) error {
	err := tx.QueryRow(c.r.Context(), `INSERT INTO estimates (customer_id, vehicle_id, accident_id, claim_id, branch_id, staff_id, labour_hours, labour_rate,
			labour_total, paint_total, parts_total, net_total, vat_total, gross_total, created_at)
		SELECT $1, $2, $3, nullif($4::bigint, 0), $5, s.id, 0, $6::numeric / 100, 0, 0, 0, 0, 0, 0, $7 FROM staff s JOIN branches sb ON sb.id = s.branch_id
		WHERE s.id = $8 AND sb.organisation_id = $9 RETURNING id`,
		b.CustomerID, b.VehicleID, b.AccidentID, b.ClaimID, b.BranchID, int64(b.Rate), c.now(),
		c.number("staff_id", 0, 1, 1<<30), c.session.account.Organisation).Scan(&b.ID)
	if err != nil {
		return err
	}
	return writeContents(c.r.Context(), tx, b.ID, &b.Document, c.now())
}

// saveEstimate makes a new version; the one before is kept. Who began from an older
// version than the present one is told, and nothing is lost of either.
func (s *Server) saveEstimate(c *call) error {
	id, err := c.id("id")
	if err != nil {
		return err
	}
	var b *builder
	err = pgx.BeginFunc(c.r.Context(), c.pool, func(tx pgx.Tx) error {
		e, err := c.estimate(tx, id, "FOR UPDATE OF e")
		if err != nil {
			return err
		}
		before := e.Document
		b = newBuilder(e)
		if err := c.readBuilder(b); err != nil || b.Message != "" {
			return err
		}
		if c.number("version", 0, 1, 1<<15) != e.Version {
			b.Message = "Somebody else saved this estimate in the meantime. Look at the present version, then enter your change again."
			return nil
		}
		return c.newVersion(tx, b, before)
	})
	if err != nil {
		return c.refused(err)
	}
	if b.Message != "" {
		return c.showBuilder(http.StatusUnprocessableEntity, b)
	}
	return c.see(estimatePath(id))
}

// maxVersions bounds what one estimate may take.
const maxVersions = 1000

func (c *call) newVersion(tx pgx.Tx, b *builder, before estimate.Document) error {
	ctx := c.r.Context()
	if b.Version >= maxVersions {
		return invalid("This estimate was changed a thousand times. Make a new one.")
	}
	if _, err := tx.Exec(ctx, `INSERT INTO estimate_versions (estimate_id, version, saved_at, staff_id, contents)
		SELECT id, version, $2, staff_id, $3 FROM estimates WHERE id = $1`, b.ID, c.now(), before); err != nil {
		return err
	}
	tag, err := tx.Exec(ctx, `UPDATE estimates e SET version = version + 1, staff_id = s.id FROM staff s JOIN branches sb ON sb.id = s.branch_id
		WHERE e.id = $1 AND s.id = $2 AND sb.organisation_id = $3`, b.ID, c.number("staff_id", b.StaffID, 1, 1<<30), c.session.account.Organisation)
	if err != nil {
		return err
	}
	if tag.RowsAffected() == 0 {
		return notFound()
	}
	return writeContents(ctx, tx, b.ID, &b.Document, c.now())
}

// writeContents puts lines, discounts and totals in the place of those before. Money
// goes to the database as whole pence and is divided there, exactly.
func writeContents(ctx context.Context, tx pgx.Tx, id int64, d *estimate.Document, now time.Time) error {
	b := &pgx.Batch{}
	t := d.Totals
	b.Queue("DELETE FROM estimate_lines WHERE estimate_id = $1", id)
	b.Queue("DELETE FROM estimate_discounts WHERE estimate_id = $1", id)
	b.Queue(`UPDATE estimates SET labour_hours = $2::numeric / 100, labour_total = $3::numeric / 100, paint_total = $4::numeric / 100,
		parts_total = $5::numeric / 100, discount_total = $6::numeric / 100, net_total = $7::numeric / 100, vat_total = $8::numeric / 100,
		gross_total = $9::numeric / 100 WHERE id = $1`,
		id, int64(t.Hours), int64(t.Labour), int64(t.Paint), int64(t.Parts), int64(t.Discount), int64(t.Net), int64(t.VAT), int64(t.Gross))
	const line = `INSERT INTO estimate_lines (estimate_id, position, kind, description, quantity, unit_price, amount, supplement)
		VALUES ($1, $2, $3::line_kind, $4, $5::numeric / 100, $6::numeric / 100, $7::numeric / 100, $8)`
	for i, l := range d.Lines {
		b.Queue(line, id, i+1, string(l.Kind), l.Description, int64(l.Quantity), int64(l.Unit), int64(l.Amount()), l.Supplement)
	}
	b.Queue(line, id, len(d.Lines)+1, "vat", "VAT at 20 %", 100, int64(t.VAT), int64(t.VAT), 0)
	for i, x := range d.Discounts {
		b.Queue(`INSERT INTO estimate_discounts (estimate_id, position, applies_to, percent, amount)
			VALUES ($1, $2, $3::discount_target, $4::numeric / 100, $5::numeric / 100)`, id, i+1, string(x.AppliesTo), int64(x.Percent), int64(x.Amount))
	}
	b.Queue(`INSERT INTO estimate_supplements (estimate_id, number, asked_on) SELECT DISTINCT estimate_id, supplement, $2::date FROM estimate_lines
		WHERE estimate_id = $1 AND supplement > 0 ON CONFLICT DO NOTHING`, id, now)
	b.Queue(`DELETE FROM estimate_supplements s WHERE estimate_id = $1 AND NOT EXISTS
		(SELECT FROM estimate_lines l WHERE l.estimate_id = s.estimate_id AND l.supplement = s.number)`, id)
	return tx.SendBatch(ctx, b).Close()
}
