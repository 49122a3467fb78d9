package web

import (
	"net/http"
	"net/mail"
	"strconv"
	"strings"
	"time"
)

func customerPath(id int64) string { return "/customers/" + strconv.FormatInt(id, 10) }

// customerForm is the form for a new customer and for changes to one.
type customerForm struct {
	customer
	Branches []branch
	Message  string
}

func (s *Server) newCustomerPage(c *call) error {
	return c.customerForm(http.StatusOK, customer{BranchID: c.session.account.Branch}, "")
}

func (s *Server) editCustomerPage(c *call) error {
	id, err := c.id("id")
	if err != nil {
		return err
	}
	one, err := c.customer(id)
	if err != nil {
		return err
	}
	return c.customerForm(http.StatusOK, one, "")
}

func (c *call) customerForm(status int, one customer, message string) error {
	branches, err := c.branches()
	if err != nil {
		return err
	}
	return c.render(status, "customer_form", customerForm{one, branches, message})
}

// readCustomer reads the form. The message says what is wrong with it, if anything.
func (c *call) readCustomer() (one customer, message string, err error) {
	for _, f := range []struct {
		name string
		max  int
		to   *string
	}{
		{"name", 120, &one.Name}, {"phone", 30, &one.Phone}, {"email", 200, &one.Email}, {"address_line1", 120, &one.Line1},
		{"address_line2", 120, &one.Line2}, {"town", 80, &one.Town}, {"postcode", 10, &one.Postcode},
		{"date_of_birth", 10, &one.DateOfBirth}, {"notes", 4000, &one.Notes},
	} {
		if *f.to, err = c.text(f.name, f.max); err != nil {
			return one, "", err
		}
	}
	one.Postcode = strings.ToUpper(one.Postcode)
	one.BranchID = c.number("branch_id", 0, 1, 1<<30)
	one.Marketing = c.r.FormValue("marketing") != ""
	return one, one.fault(c.now()), nil
}

// fault says what is wrong with a customer's details.
func (c *customer) fault(now time.Time) string {
	if c.Name == "" {
		return "A customer needs a name."
	}
	if c.BranchID == 0 {
		return "Choose the branch that looks after the customer."
	}
	if c.Phone != "" && len(phoneDigits(c.Phone)) < 5 {
		return "The phone has letters in it or is too short. Write it like 07700 900123 or +44 7700 900123."
	}
	if a, err := mail.ParseAddress(c.Email); c.Email != "" && (err != nil || a.Address != c.Email) {
		return "The email address is not complete. Write it like name@mailbox.example."
	}
	if c.DateOfBirth != "" {
		t, err := time.Parse(time.DateOnly, c.DateOfBirth)
		if err != nil || t.After(now) || t.Year() < 1900 {
			return "The date of birth is not a day in the past."
		}
	}
	return ""
}

func (s *Server) createCustomer(c *call) error {
	one, message, err := c.readCustomer()
	if err != nil {
		return err
	}
	if message != "" {
		return c.customerForm(http.StatusUnprocessableEntity, one, message)
	}
	err = c.pool.QueryRow(c.r.Context(), `INSERT INTO customers (name, phone, email, address_line1, address_line2, town, postcode,
			date_of_birth, notes, branch_id, marketing)
		SELECT $1, nullif($2, ''), nullif($3, ''), nullif($4, ''), nullif($5, ''), nullif($6, ''), nullif($7, ''),
			nullif($8, '')::date, nullif($9, ''), b.id, $11 FROM branches b WHERE b.id = $10 AND b.organisation_id = $12 RETURNING id`,
		one.Name, one.Phone, one.Email, one.Line1, one.Line2, one.Town, one.Postcode, one.DateOfBirth, one.Notes,
		one.BranchID, one.Marketing, c.session.account.Organisation).Scan(&one.ID)
	if err != nil {
		return err // no such branch of ours: not found
	}
	return c.see(customerPath(one.ID))
}

func (s *Server) updateCustomer(c *call) error {
	id, err := c.id("id")
	if err != nil {
		return err
	}
	if _, err := c.customer(id); err != nil {
		return err
	}
	one, message, err := c.readCustomer()
	if err != nil {
		return err
	}
	if one.ID = id; message != "" {
		return c.customerForm(http.StatusUnprocessableEntity, one, message)
	}
	return c.changed(customerPath(id), `UPDATE customers SET name = $1, phone = nullif($2, ''), email = nullif($3, ''), address_line1 = nullif($4, ''),
			address_line2 = nullif($5, ''), town = nullif($6, ''), postcode = nullif($7, ''), date_of_birth = nullif($8, '')::date,
			notes = nullif($9, ''), branch_id = b.id, marketing = $11
		FROM branches b WHERE b.id = $10 AND b.organisation_id = $12 AND customers.id = $13`,
		one.Name, one.Phone, one.Email, one.Line1, one.Line2, one.Town, one.Postcode, one.DateOfBirth, one.Notes,
		one.BranchID, one.Marketing, c.session.account.Organisation, id)
}

// changed runs a statement that must write one row at least, and goes to a page.
func (c *call) changed(path, sql string, args ...any) error {
	tag, err := c.pool.Exec(c.r.Context(), sql, args...)
	if err != nil {
		return c.refused(err)
	}
	if tag.RowsAffected() == 0 {
		return notFound()
	}
	return c.see(path)
}
