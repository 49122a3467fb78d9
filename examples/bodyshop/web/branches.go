package web

import "github.com/jackc/pgx/v5"

// branch is a workshop of the caller's firm.
type branch struct {
	ID   int    `json:"id"`
	Name string `json:"name"`
}

// branches gives those of the caller's firm.
func (c *call) branches() ([]branch, error) {
	rows, err := c.pool.Query(c.r.Context(), "SELECT id, name FROM branches WHERE organisation_id = $1 ORDER BY name", c.session.account.Organisation)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowToStructByPos[branch])
}

// member is somebody who works at a branch now.
type member struct {
	ID       int    `json:"id"`
	Name     string `json:"name"`
	Title    string `json:"job_title"`
	BranchID int    `json:"branch_id"`
}

// staff gives who works for the caller's firm, at one branch or at all (0);
// estimators come first.
func (c *call) staff(branch int) ([]member, error) {
	rows, err := c.pool.Query(c.r.Context(), `SELECT s.id, s.full_name, s.job_title, s.branch_id FROM staff s JOIN branches b ON b.id = s.branch_id
		WHERE b.organisation_id = $1 AND ($2 = 0 OR s.branch_id = $2) AND s.left_on IS NULL ORDER BY s.branch_id, s.job_title <> 'estimator', s.full_name`, c.session.account.Organisation, branch)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowToStructByPos[member])
}

// insurer pays for repairs; all firms work with the same.
type insurer struct {
	ID   int
	Name string
}

func (c *call) insurers() ([]insurer, error) {
	rows, err := c.pool.Query(c.r.Context(), "SELECT id, name FROM insurers ORDER BY name")
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowToStructByPos[insurer])
}
