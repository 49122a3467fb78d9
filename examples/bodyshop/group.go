package bodyshop

import (
	"context"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5"
)

const (
	branchCount    = 24
	staffPerBranch = 10
	northfield     = 22 // this many branches belong to the first group, the rest to the second
)

// repairer is one of the organisations that use the platform as their own.
type repairer struct {
	id          int
	name, short string
}

var repairers = [2]repairer{{1, "Northfield Accident Repair Group", "Northfield"}, {4, "Severnside Bodyworks", "Severnside"}}

// repairerOf gives the organisation of a branch.
func repairerOf(branch int64) repairer {
	if branch <= northfield {
		return repairers[0]
	}
	return repairers[1]
}

// labourRate is what a branch charges for an hour, in pence.
func labourRate(branch int64) int64 { return 4_200 + branch%7*240 }

// memberOf picks one of a branch's staff.
func memberOf(branch int64, r *random) int64 {
	return (branch-1)*staffPerBranch + 1 + int64(r.below(staffPerBranch))
}

// fixed writes what does not grow with the customers: the group, its branches and
// staff, and the insurers.
func (g *generator) fixed(ctx context.Context, conn *pgx.Conn) error {
	groups := [][]any{{1, repairers[0].name, "controller"}, {2, "Calder Estimating", "processor"}, {3, "Wexcombe Courtesy Cars", "partner"}, {4, repairers[1].name, "controller"}}
	for _, t := range []struct {
		name    string
		columns []string
		rows    [][]any
	}{
		{"organisations", []string{"id", "name", "kind"}, groups},
		{"branches", []string{"id", "organisation_id", "name", "town", "postcode", "phone", "labour_rate"}, branches()},
		{"staff", []string{"id", "branch_id", "full_name", "email", "job_title", "started_on", "left_on"}, g.staff()},
		{"insurers", []string{"id", "name", "claims_email"}, companies()},
		{"web_accounts", []string{"id", "organisation_id", "branch_id", "login", "password"}, accounts()},
	} {
		if _, err := conn.CopyFrom(ctx, pgx.Identifier{t.name}, t.columns, pgx.CopyFromRows(t.rows)); err != nil {
			return fmt.Errorf("bodyshop: filling %s: %w", t.name, err)
		}
	}
	return nil
}

func branches() (rows [][]any) {
	for i := range int64(branchCount) {
		town := towns[i]
		phone := string(poolNumber(nil, 9_000+i)) // a drama number, shared with some customer
		rows = append(rows, []any{i + 1, repairerOf(i + 1).id, repairerOf(i+1).short + " " + town[0], town[0], town[1] + " 1ZZ", phone, fmt.Sprintf("%d.%02d", labourRate(i+1)/100, labourRate(i+1)%100)})
	}
	return rows
}

func companies() (rows [][]any) {
	for i, name := range insurers {
		rows = append(rows, []any{i + 1, name, fmt.Sprintf("claims%d@insurer.example", i+1)})
	}
	return rows
}

func (g *generator) staff() (rows [][]any) {
	titles := []string{"manager", "estimator", "estimator", "receptionist", "receptionist", "technician", "technician", "painter", "painter", "driver"}
	for id := int64(1); id <= branchCount*staffPerBranch; id++ {
		r := draw(g.seed, ofPerson, -id<<32)
		first, last := pick(&r, firstNames), pick(&r, surnames)
		email := append(mailName(nil, first), '.')
		email = digits(mailName(email, last), id, 3)
		started := epoch - int64(r.below(4000))*day
		var left any
		if r.percent(10) {
			left = string(dateOf(epoch + int64(r.below(2000))*day))
		}
		branch := (id-1)/staffPerBranch + 1
		rows = append(rows, []any{id, branch, first + " " + last, string(email) + "@" + strings.ToLower(repairerOf(branch).short) + ".example",
			titles[(id-1)%staffPerBranch], string(dateOf(started)), left})
	}
	return rows
}

func dateOf(seconds int64) []byte {
	d := date(nil, seconds)
	return d[:len(d)-1]
}
