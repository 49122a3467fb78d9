package web

import (
	"encoding/json"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
)

// statuses of a job in the order of the work. The board shows those before collected.
var statuses = []string{"booked", "in-bodyshop", "awaiting-parts", "in-paint", "ready", "collected", "cancelled"}

// onBoard is how many of them have a column.
const onBoard = 5

var statusNames = map[string]string{
	"booked": "Booked", "in-bodyshop": "In bodyshop", "awaiting-parts": "Awaiting parts", "in-paint": "In paint",
	"ready": "Ready", "collected": "Collected", "cancelled": "Cancelled",
}

// job is a job card.
type job struct {
	ID           int64     `json:"id"`
	Status       string    `json:"status"`
	BookedFor    time.Time `json:"booked_for"`
	CustomerID   int64     `json:"customer_id"`
	Customer     string    `json:"customer"`
	Phone        string    `json:"phone"`
	VehicleID    int64     `json:"vehicle_id"`
	Registration string    `json:"registration"`
	Vehicle      string    `json:"vehicle"`
	EstimateID   int64     `json:"estimate_id"`
	BranchID     int       `json:"branch_id"`
	Branch       string    `json:"branch"`
	StaffID      int       `json:"staff_id"`
	Assignee     string    `json:"assignee"`
	Instructions string    `json:"instructions"`
	Organisation int       `json:"-"`
}

// StatusName is the status for people.
func (j job) StatusName() string { return statusNames[j.Status] }

// Next and Previous are the statuses beside this one on the board, or nothing.
func (j job) Next() string     { return beside(j.Status, 1) }
func (j job) Previous() string { return beside(j.Status, -1) }

func beside(status string, step int) string {
	at := slices.Index(statuses, status)
	if at < 0 || at >= onBoard || at+step < 0 {
		return ""
	}
	return statuses[at+step]
}

const jobColumns = `SELECT j.id, j.status::text, j.booked_for, j.customer_id, c.name, coalesce(c.phone, ''), j.vehicle_id, v.registration::text,
	v.make || ' ' || v.model || ', ' || v.colour, j.estimate_id, j.branch_id, b.name, j.staff_id, s.full_name, coalesce(j.instructions, ''), b.organisation_id
	FROM jobs j JOIN customers c ON c.id = j.customer_id JOIN vehicles v ON v.id = j.vehicle_id
	JOIN branches b ON b.id = j.branch_id JOIN staff s ON s.id = j.staff_id `

func (c *call) job(id int64) (job, error) {
	rows, err := c.pool.Query(c.r.Context(), jobColumns+"WHERE j.id = $1 AND b.organisation_id = $2", id, c.session.account.Organisation)
	if err != nil {
		return job{}, err
	}
	return pgx.CollectExactlyOneRow(rows, pgx.RowToStructByPos[job])
}

// jobs gives those of a branch (0 for all) in one of the given statuses.
func (c *call) jobs(branch int, in []string, offset, limit int) ([]job, error) {
	rows, err := c.pool.Query(c.r.Context(), jobColumns+`WHERE b.organisation_id = $1 AND ($2 = 0 OR j.branch_id = $2) AND j.status::text = ANY($3)
		ORDER BY j.booked_for, j.id LIMIT $4 OFFSET $5`, c.session.account.Organisation, branch, in, limit, offset)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowToStructByPos[job])
}

func (s *Server) apiJobs(c *call) error {
	in := statuses[:onBoard]
	if want := c.r.FormValue("status"); want != "" {
		in = strings.Split(want, ",")
	}
	page, perPage := c.number("page", 1, 1, 1_000_000), c.number("per_page", 100, 1, 1000)
	list, err := c.jobs(c.number("branch", 0, 1, 1<<30), in, (page-1)*perPage, perPage)
	if err != nil {
		return err
	}
	return c.json(map[string]any{"jobs": list, "page": page, "per_page": perPage})
}

// jobPage is a job card with what can be changed on it.
type jobPage struct {
	job
	Staff    []member
	Branches []branch
	Statuses []string
}

func (s *Server) jobPage(c *call) error {
	id, err := c.id("id")
	if err != nil {
		return err
	}
	p := jobPage{Statuses: statuses}
	if p.job, err = c.job(id); err != nil {
		return err
	}
	if p.Staff, err = c.staff(0); err != nil {
		return err
	}
	if p.Branches, err = c.branches(); err != nil {
		return err
	}
	return c.page("job", p)
}

// saveJob changes a job card: branch, assignee, day, status, instructions.
func (s *Server) saveJob(c *call) error {
	id, err := c.id("id")
	if err != nil {
		return err
	}
	before, err := c.job(id)
	if err != nil {
		return err
	}
	booked, err := c.day("booked_for")
	if err != nil {
		return err
	}
	text, err := c.text("instructions", 2000)
	if err != nil {
		return err
	}
	status := c.r.FormValue("status")
	if !slices.Contains(statuses, status) {
		return invalid("There is no such status.")
	}
	_, err = c.pool.Exec(c.r.Context(), `UPDATE jobs SET booked_for = $3, instructions = nullif($4, ''), staff_id = s.id, branch_id = b.id
		FROM staff s JOIN branches sb ON sb.id = s.branch_id JOIN branches b ON b.organisation_id = sb.organisation_id
		WHERE jobs.id = $1 AND sb.organisation_id = $2 AND s.id = $5 AND b.id = $6`,
		id, c.session.account.Organisation, booked, text, c.number("staff_id", before.StaffID, 1, 1<<30), c.number("branch_id", before.BranchID, 1, 1<<30))
	if err != nil {
		return c.refused(err)
	}
	if err := c.move(id, status); err != nil {
		return err
	}
	return c.see("/jobs/" + strconv.FormatInt(id, 10))
}

// move sets the status of a job and tells everybody who looks at the board.
func (c *call) move(id int64, status string) error {
	if !slices.Contains(statuses, status) {
		return invalid("There is no such status.")
	}
	done := status == "collected" || status == "cancelled"
	tag, err := c.pool.Exec(c.r.Context(), `UPDATE jobs j SET status = $3::job_status,
			finished_on = CASE WHEN $4 THEN coalesce(j.finished_on, $5::date) END
		FROM branches b WHERE b.id = j.branch_id AND j.id = $1 AND b.organisation_id = $2`,
		id, c.session.account.Organisation, status, done, c.now().In(c.views.london).Format(time.DateOnly))
	if err != nil {
		return err
	}
	if tag.RowsAffected() == 0 {
		return notFound()
	}
	j, err := c.job(id)
	if err != nil {
		return err
	}
	c.hub.tell(j.change())
	return nil
}

func (j job) change() change {
	return change{j.Organisation, j.ID, j.CustomerID, j.Customer, j.Phone, j.Registration, j.Branch, j.BranchID, j.Assignee, j.Status}
}

// moveJob is the form of the board's buttons.
func (s *Server) moveJob(c *call) error {
	id, err := c.id("id")
	if err != nil {
		return err
	}
	if err := c.move(id, c.r.FormValue("status")); err != nil {
		return err
	}
	return c.see(localPath(c.r.FormValue("back")))
}

// apiMoveJob takes {"status": "ready"} with the header X-CSRF-Token.
func (s *Server) apiMoveJob(c *call) error {
	id, err := c.id("id")
	if err != nil {
		return err
	}
	var want struct {
		Status string `json:"status"`
	}
	if err := json.NewDecoder(c.r.Body).Decode(&want); err != nil {
		return &problem{http.StatusBadRequest, "the body is not JSON"}
	}
	if err := c.move(id, want.Status); err != nil {
		return err
	}
	j, err := c.job(id)
	if err != nil {
		return err
	}
	return c.json(j)
}

// bookJob makes a job card of an estimate.
func (s *Server) bookJob(c *call) error {
	id, err := c.id("id")
	if err != nil {
		return err
	}
	booked, err := c.day("booked_for")
	if err != nil {
		return err
	}
	text, err := c.text("instructions", 2000)
	if err != nil {
		return err
	}
	var made int64
	err = c.pool.QueryRow(c.r.Context(), `INSERT INTO jobs (customer_id, vehicle_id, estimate_id, branch_id, staff_id, booked_for, instructions)
		SELECT e.customer_id, e.vehicle_id, e.id, e.branch_id, s.id, $4, nullif($5, '') FROM estimates e JOIN branches b ON b.id = e.branch_id
		JOIN staff s ON s.id = $3 JOIN branches sb ON sb.id = s.branch_id AND sb.organisation_id = $2
		WHERE e.id = $1 AND b.organisation_id = $2 AND NOT EXISTS (SELECT FROM jobs WHERE estimate_id = e.id AND status <> 'cancelled') RETURNING id`,
		id, c.session.account.Organisation, c.number("staff_id", 0, 1, 1<<30), booked, text).Scan(&made)
	if err != nil {
		return err
	}
	if j, err := c.job(made); err == nil {
		c.hub.tell(j.change())
	}
	return c.see("/jobs/" + strconv.FormatInt(made, 10))
}
