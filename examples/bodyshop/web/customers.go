package web

import (
	"context"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
)

// customer is a row of the customer list, as the pages, the exports and the API show it.
type customer struct {
	ID            int64     `json:"id"`
	Name          string    `json:"name"`
	Phone         string    `json:"phone"`
	Email         string    `json:"email"`
	Line1         string    `json:"address_line1"`
	Line2         string    `json:"address_line2"`
	Town          string    `json:"town"`
	Postcode      string    `json:"postcode"`
	DateOfBirth   string    `json:"date_of_birth"` // 2006-01-02, or nothing
	Notes         string    `json:"notes"`
	BranchID      int       `json:"branch_id"`
	Branch        string    `json:"branch"`
	Marketing     bool      `json:"marketing"`
	CreatedAt     time.Time `json:"created_at"`
	Registrations []string  `json:"registrations"`
}

// Birthday is the date of birth for templates.
func (c customer) Birthday() time.Time {
	t, _ := time.Parse(time.DateOnly, c.DateOfBirth)
	return t
}

const customerColumns = `SELECT c.id, c.name, coalesce(c.phone, ''), coalesce(c.email, ''), coalesce(c.address_line1, ''),
	coalesce(c.address_line2, ''), coalesce(c.town, ''), coalesce(c.postcode, ''), coalesce(to_char(c.date_of_birth, 'YYYY-MM-DD'), ''),
	coalesce(c.notes, ''), c.branch_id, b.name, c.marketing, c.created_at,
	ARRAY(SELECT v.registration::text FROM vehicles v WHERE v.customer_id = c.id ORDER BY v.id)
	FROM customers c JOIN branches b ON b.id = c.branch_id `

// filter is what a list of customers is narrowed by: the firm always, a branch and
// words if given.
type filter struct {
	Organisation, Branch int
	Query                string
}

// where gives the condition and its parameters.
func (f filter) where() (string, []any) {
	sql, args := "WHERE b.organisation_id = $1", []any{f.Organisation}
	if f.Branch > 0 {
		args = append(args, f.Branch)
		sql += " AND c.branch_id = $" + strconv.Itoa(len(args))
	}
	if f.Query != "" {
		condition, more := matching(f.Query, len(args))
		sql, args = sql+" AND "+condition, append(args, more...)
	}
	return sql, args
}

func (s *Server) countCustomers(ctx context.Context, f filter) (n int, err error) {
	where, args := f.where()
	err = s.pool.QueryRow(ctx, "SELECT count(*) FROM customers c JOIN branches b ON b.id = c.branch_id "+where, args...).Scan(&n)
	return n, err
}

// customers gives a page of the list, by name.
func (s *Server) customers(ctx context.Context, f filter, offset, limit int) ([]customer, error) {
	where, args := f.where()
	n := len(args)
	args = append(args, limit, offset)
	rows, err := s.pool.Query(ctx, customerColumns+where+" ORDER BY c.name, c.id LIMIT $"+strconv.Itoa(n+1)+" OFFSET $"+strconv.Itoa(n+2), args...)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowToStructByPos[customer])
}

// customer gives one customer of the caller's firm.
func (c *call) customer(id int64) (customer, error) {
	rows, err := c.pool.Query(c.r.Context(), customerColumns+"WHERE c.id = $1 AND b.organisation_id = $2", id, c.session.account.Organisation)
	if err != nil {
		return customer{}, err
	}
	return pgx.CollectExactlyOneRow(rows, pgx.RowToStructByPos[customer])
}

// customerList is a page of the list.
type customerList struct {
	Customers []customer `json:"customers"`
	Page      int        `json:"page"`
	PerPage   int        `json:"per_page"`
	Pages     int        `json:"pages"`
	Total     int        `json:"total"`

	Branches []branch `json:"-"`
	Branch   int      `json:"-"`
	Query    string   `json:"-"`
}

// To is the address of another page of the same list.
func (l *customerList) To(page int) string {
	return "/customers?" + l.values(page).Encode()
}

// Export is the query of an export of the same list.
func (l *customerList) Export() string { return l.values(0).Encode() }

func (l *customerList) values(page int) url.Values {
	v := url.Values{}
	if l.Branch > 0 {
		v.Set("branch", strconv.Itoa(l.Branch))
	}
	if l.Query != "" {
		v.Set("q", l.Query)
	}
	if page > 1 {
		v.Set("page", strconv.Itoa(page))
	}
	return v
}

// filter reads what the list is narrowed by.
func (c *call) filter() (filter, error) {
	q, err := c.text("q", maxQuery)
	return filter{Organisation: c.session.account.Organisation, Branch: c.number("branch", 0, 1, 1<<30), Query: q}, err
}

func (c *call) list(perPage int) (*customerList, error) {
	f, err := c.filter()
	if err != nil {
		return nil, err
	}
	l := &customerList{PerPage: perPage, Branch: f.Branch, Query: f.Query, Page: c.number("page", 1, 1, 1_000_000)}
	if l.Total, err = c.countCustomers(c.r.Context(), f); err != nil {
		return nil, err
	}
	l.Pages = max(1, (l.Total+perPage-1)/perPage)
	l.Customers, err = c.customers(c.r.Context(), f, (l.Page-1)*perPage, perPage)
	return l, err
}

func (s *Server) customersPage(c *call) error {
	l, err := c.list(50)
	if err != nil {
		return err
	}
	if l.Branches, err = c.branches(); err != nil {
		return err
	}
	return c.page("customers", l)
}

func (s *Server) apiCustomers(c *call) error {
	l, err := c.list(c.number("per_page", 50, 1, 1000))
	if err != nil {
		return err
	}
	return c.json(l)
}

// matching is the condition under which a customer matches what was typed: a part of
// the name, an email address, a postcode, the figures of a phone, a registration
// mark or a claim number. It begins with the parameter after the first n.
func matching(q string, n int) (string, []any) {
	p := func(i int) string { return "$" + strconv.Itoa(n+i) }
	compact := strings.ToUpper(strings.ReplaceAll(q, " ", ""))
	sql := "(c.name ILIKE " + p(1) + " OR lower(c.email) LIKE lower(" + p(2) + ") OR replace(c.postcode, ' ', '') LIKE " + p(3) +
		" OR EXISTS (SELECT FROM vehicles v WHERE v.customer_id = c.id AND replace(v.registration, ' ', '') LIKE " + p(3) +
		") OR EXISTS (SELECT FROM claims k WHERE k.customer_id = c.id AND k.claim_number LIKE " + p(3) + ")"
	args := []any{"%" + like(q) + "%", like(q) + "%", like(compact) + "%"}
	if digits := phoneDigits(q); len(digits) >= 4 {
		args = append(args, digits+"%")
		sql += ` OR regexp_replace(c.phone, '^(\+44|0)|\D', '', 'g') LIKE ` + p(4)
	}
	return sql + ")", args
}

// like takes their meaning from the wildcards of LIKE.
func like(s string) string { return strings.NewReplacer(`\`, `\\`, "%", `\%`, "_", `\_`).Replace(s) }

// phoneDigits gives the national figures of what may be a phone: 7700900123 of
// +44 7700 900123. Nothing if there are letters in it.
func phoneDigits(q string) string {
	var b strings.Builder
	rest, abroad := strings.CutPrefix(strings.TrimSpace(q), "+44")
	for _, r := range rest {
		switch {
		case r >= '0' && r <= '9':
			b.WriteRune(r)
		case !strings.ContainsRune(" -().", r):
			return ""
		}
	}
	if abroad {
		return b.String()
	}
	return strings.TrimPrefix(b.String(), "0")
}

// maxQuery is how many characters a search takes.
const maxQuery = 100
