package web

import (
	"net/url"
	"strconv"
	"time"

	"github.com/jackc/pgx/v5"

	"custody/examples/bodyshop/estimate"
)

// estimateItem is a row of the list of estimates.
type estimateItem struct {
	ID           int64          `json:"id"`
	CustomerID   int64          `json:"customer_id"`
	Customer     string         `json:"customer"`
	Registration string         `json:"registration"`
	Vehicle      string         `json:"vehicle"`
	ClaimNumber  string         `json:"claim_number"`
	Branch       string         `json:"branch"`
	CreatedAt    time.Time      `json:"created_at"`
	Version      int            `json:"version"`
	Gross        estimate.Pence `json:"gross_total"`
}

// Number is the number that customers and insurers quote.
func (e estimateItem) Number() string { return estimateNumber(e.ID) }

type estimateList struct {
	Estimates           []estimateItem
	Branches            []branch
	Branch, Page, Pages int
}

// To is the address of another page of the same list.
func (l *estimateList) To(page int) string {
	v := url.Values{"page": {strconv.Itoa(page)}}
	if l.Branch > 0 {
		v.Set("branch", strconv.Itoa(l.Branch))
	} else {
		v.Set("branch", "all")
	}
	return "/estimates?" + v.Encode()
}

func (s *Server) estimatesPage(c *call) error {
	const perPage = 50
	l := &estimateList{Branch: c.boardBranch(), Page: c.number("page", 1, 1, 1_000_000)}
	var total int
	if err := c.pool.QueryRow(c.r.Context(), `SELECT count(*) FROM estimates e JOIN branches b ON b.id = e.branch_id
		WHERE b.organisation_id = $1 AND ($2 = 0 OR e.branch_id = $2)`, c.session.account.Organisation, l.Branch).Scan(&total); err != nil {
		return err
	}
	l.Pages = max(1, (total+perPage-1)/perPage)
	rows, err := c.pool.Query(c.r.Context(), `SELECT e.id, e.customer_id, c.name, v.registration::text, v.make || ' ' || v.model, coalesce(k.claim_number, ''),
			b.name, e.created_at, e.version, (e.gross_total * 100)::bigint
		FROM estimates e JOIN branches b ON b.id = e.branch_id JOIN customers c ON c.id = e.customer_id JOIN vehicles v ON v.id = e.vehicle_id
		LEFT JOIN claims k ON k.id = e.claim_id
		WHERE b.organisation_id = $1 AND ($2 = 0 OR e.branch_id = $2) ORDER BY e.created_at DESC, e.id DESC LIMIT $3 OFFSET $4`,
		c.session.account.Organisation, l.Branch, perPage, (l.Page-1)*perPage)
	if err != nil {
		return err
	}
	if l.Estimates, err = pgx.CollectRows(rows, pgx.RowToStructByPos[estimateItem]); err != nil {
		return err
	}
	if l.Branches, err = c.branches(); err != nil {
		return err
	}
	return c.page("estimates", l)
}
