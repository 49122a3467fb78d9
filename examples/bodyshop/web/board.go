package web

// column is a status of the board with its jobs.
type column struct {
	Status, Name string
	Jobs         []job
	More         int // jobs that are not shown
}

// boardPage is the status board of one branch, or of all.
type boardPage struct {
	Columns  []column
	Branches []branch
	Branch   int
	Token    string
	Total    int
}

// perColumn is how many cards a column shows; a workshop has fewer.
const perColumn = 80

// board reads the open jobs into columns.
func (c *call) board(branch int) ([]column, int, error) {
	all, err := c.jobs(branch, statuses[:onBoard], 0, 5000)
	if err != nil {
		return nil, 0, err
	}
	columns := make([]column, onBoard)
	for i := range columns {
		columns[i] = column{Status: statuses[i], Name: statusNames[statuses[i]], Jobs: []job{}}
	}
	for _, j := range all {
		for i := range columns {
			if col := &columns[i]; col.Status == j.Status && len(col.Jobs) < perColumn {
				col.Jobs = append(col.Jobs, j)
			} else if col.Status == j.Status {
				col.More++
			}
		}
	}
	return columns, len(all), nil
}

// boardBranch is the branch that was asked for: one's own unless another, or all (0).
func (c *call) boardBranch() int {
	if c.r.FormValue("branch") == "all" {
		return 0
	}
	return c.number("branch", c.session.account.Branch, 1, 1<<30)
}

func (s *Server) boardPage(c *call) error {
	p := boardPage{Branch: c.boardBranch(), Token: c.session.csrf}
	var err error
	if p.Columns, p.Total, err = c.board(p.Branch); err != nil {
		return err
	}
	if p.Branches, err = c.branches(); err != nil {
		return err
	}
	return c.page("board", p)
}

// boardCard is one card, for a board that is open and has heard of a change.
func (s *Server) boardCard(c *call) error {
	id, err := c.id("id")
	if err != nil {
		return err
	}
	j, err := c.job(id)
	if err != nil {
		return err
	}
	return c.fragment("card", []any{j, c.session.csrf})
}
