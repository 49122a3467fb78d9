package web

import (
	"errors"
	"strings"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"custody/examples/bodyshop/estimate"
)

// What is added to a customer: vehicles, policies, accidents, calls. Each statement
// joins the customer's branch, so that another firm's customer is not found.
const ours = " FROM customers c JOIN branches b ON b.id = c.branch_id WHERE c.id = $1 AND b.organisation_id = $2"

// refused turns the database's own rules into words.
func (c *call) refused(err error) error {
	var p *pgconn.PgError
	if !errors.As(err, &p) {
		return err
	}
	switch p.Code {
	case "23505": // unique_violation
		return invalid("That is already there: a registration mark, a policy number and a claim number exist once.")
	case "23503": // foreign_key_violation
		return notFound()
	case "23514", "22001", "22003", "22007", "22008", "22P02": // a check; too long; out of range; not of the type
		return invalid("The database does not take one of these values.")
	}
	return err
}

// customerID reads the number of a customer in the path.
func (c *call) add(do func(id int64, path string) error) error {
	id, err := c.id("id")
	if err != nil {
		return err
	}
	return do(id, customerPath(id))
}

// fields reads several fields of at most max characters each; all must be there.
func (c *call) fields(max int, names ...string) ([]string, error) {
	values := make([]string, len(names))
	for i, name := range names {
		var err error
		if values[i], err = c.text(name, max); err != nil {
			return nil, err
		}
		if values[i] == "" {
			return nil, invalid("Please fill in: " + strings.ReplaceAll(name, "_", " ") + ".")
		}
	}
	return values, nil
}

// day reads a date field.
func (c *call) day(name string) (time.Time, error) {
	t, err := time.Parse(time.DateOnly, c.r.FormValue(name))
	if err != nil || t.Year() < 1900 || t.Year() > 2200 {
		return t, invalid("Please give a date: " + strings.ReplaceAll(name, "_", " ") + ".")
	}
	return t, nil
}

func (s *Server) addVehicle(c *call) error {
	return c.add(func(id int64, path string) error {
		v, err := c.fields(60, "registration", "vin", "make", "model", "colour")
		if err != nil {
			return err
		}
		registered, err := c.day("first_registered")
		if err != nil {
			return err
		}
		v[0], v[1] = mark(v[0]), strings.ToUpper(v[1])
		if len(v[1]) != 17 {
			return invalid("A VIN has 17 characters.")
		}
		return c.changed(path, `INSERT INTO vehicles (customer_id, registration, vin, make, model, colour, first_registered, mileage)
			SELECT c.id, $3, $4, $5, $6, $7, $8, nullif($9::integer, 0)`+ours,
			id, c.session.account.Organisation, v[0], v[1], v[2], v[3], v[4], registered, c.number("mileage", 0, 0, 2_000_000))
	})
}

// mark writes a registration as it is on the plate: AB12 CDE of ab12cde.
func mark(s string) string {
	s = strings.ToUpper(strings.Join(strings.Fields(s), ""))
	if len(s) == 7 && s[0] >= 'A' && s[1] >= 'A' && s[2] <= '9' {
		return s[:4] + " " + s[4:]
	}
	return s
}

func (s *Server) addPolicy(c *call) error {
	return c.add(func(id int64, path string) error {
		number, err := c.fields(40, "policy_number")
		if err != nil {
			return err
		}
		starts, err := c.day("starts_on")
		if err != nil {
			return err
		}
		excess, err := estimate.ParsePence(c.r.FormValue("excess"))
		if err != nil || excess > 10_000_00 {
			return invalid("The excess is an amount up to £10,000, such as 250.")
		}
		return c.changed(path, `INSERT INTO policies (customer_id, insurer_id, vehicle_id, policy_number, starts_on, ends_on, excess)
			SELECT c.id, $3, v.id, $5, $6::date, $6::date + 365, $7::numeric / 100 FROM customers c JOIN branches b ON b.id = c.branch_id
			JOIN vehicles v ON v.customer_id = c.id AND v.id = $4 WHERE c.id = $1 AND b.organisation_id = $2`,
			id, c.session.account.Organisation, c.number("insurer_id", 0, 1, 1<<30), c.number("vehicle_id", 0, 1, 1<<40), number[0], starts, int64(excess))
	})
}

func (s *Server) addCall(c *call) error {
	return c.add(func(id int64, path string) error {
		v, err := c.fields(500, "phone", "summary")
		if err != nil {
			return err
		}
		return c.changed(path, `INSERT INTO calls (customer_id, staff_id, phone, inbound, called_at, summary)
			SELECT c.id, s.id, $4, $5, $6, $7 FROM customers c JOIN branches b ON b.id = c.branch_id
			JOIN staff s ON s.id = $3 JOIN branches sb ON sb.id = s.branch_id AND sb.organisation_id = $2
			WHERE c.id = $1 AND b.organisation_id = $2`,
			id, c.session.account.Organisation, c.number("staff_id", 0, 1, 1<<30), v[0], c.r.FormValue("inbound") == "yes", c.now(), v[1])
	})
}

func (s *Server) addAccident(c *call) error {
	return c.add(func(id int64, path string) error {
		v, err := c.fields(2000, "place", "description")
		if err != nil {
			return err
		}
		third, err := c.text("third_party", 200)
		if err != nil {
			return err
		}
		claim, err := c.text("claim_number", 40)
		if err != nil {
			return err
		}
		at, err := time.ParseInLocation("2006-01-02T15:04", c.r.FormValue("happened_at"), c.views.london)
		if err != nil || at.After(c.now()) || at.Year() < 1990 {
			return invalid("Please say when it happened: a day and time in the past.")
		}
		// The claim is written with the accident or neither is; a claim needs a policy of the same customer.
		return c.changed(path, `WITH a AS (INSERT INTO accidents (customer_id, vehicle_id, happened_at, place, description, third_party)
				SELECT c.id, v.id, $4, $5, $6, nullif($7, '') FROM customers c JOIN branches b ON b.id = c.branch_id
				JOIN vehicles v ON v.customer_id = c.id AND v.id = $3
				WHERE c.id = $1 AND b.organisation_id = $2 AND ($8 = '' OR EXISTS (SELECT FROM policies p WHERE p.customer_id = c.id AND p.id = $9))
				RETURNING id, customer_id),
			k AS (INSERT INTO claims (customer_id, accident_id, policy_id, claim_number, opened_at) SELECT customer_id, id, $9, $8, $10 FROM a WHERE $8 <> '')
			SELECT id FROM a`,
			id, c.session.account.Organisation, c.number("vehicle_id", 0, 1, 1<<40), at, v[0], v[1], third, claim, c.number("policy_id", 0, 1, 1<<40), c.now())
	})
}
