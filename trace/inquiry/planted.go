package inquiry

import (
	"bytes"
	"encoding/csv"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"custody"
	"custody/trace"
)

// Planting is what the next best test asks for one candidate: planted customers that are
// shown to it and to no other.
type Planting struct {
	Name
	Customers int    `json:"plant"`
	Where     string `json:"where"` // in words
	Only      int    `json:"customers_seen_by_it_alone"`
}

// Rung is a complaint that is about a planted customer: nobody else has the number.
type Rung struct {
	Ref    string    `json:"ref"`
	Called time.Time `json:"called"`
	Meant  string    `json:"meant,omitempty"` // for which candidate it was planted
}

// Reasons gives the declared reasons of the system, which say where work is that only one
// login, or one branch, opens.
func (q *Inquiry) Reasons(list []custody.Template) { q.reasons = list }

// AddPlanted takes a complaint about a planted customer: whatever the caller said to know,
// a number that nobody else has is worth most.
func (q *Inquiry) AddPlanted(ref string, subject custody.SubjectID, called time.Time, meant string) {
	q.Add(ref, subject, called, trace.KnewCanary, "")
	q.rung = append(q.rung, Rung{ref, called, meant})
}

// Planted says which customers of a found file are planted ones, and no people.
func (q *Inquiry) Planted(is func(custody.SubjectID) bool) { q.planted = is }

// plan says for each of those who remain possible how many to plant, and where.
func (q *Inquiry) plan(s *trace.Split) (list []Planting) {
	for _, m := range s.Members {
		n := q.names[m.Candidate]
		list = append(list, Planting{n, s.Canaries, q.where(n), m.Only})
	}
	return list
}

// where says in words how a record is shown to one candidate and to no other.
func (q *Inquiry) where(n Name) string {
	facts := map[Kind][]string{Login: {"login", "user", "name"}, Branch: {"branch"}, Partner: {"organisation"}}[n.Kind]
	for i := range q.reasons {
		for _, j := range q.reasons[i].Path {
			for _, side := range [][2]custody.Column{{j.Left, j.Right}, {j.Right, j.Left}} {
				if side[1].Table == custody.TablePerson && slices.Contains(facts, side[1].Name) {
					return fmt.Sprintf("give each a row in %s whose %s is that of %s", side[0].Table, side[0].Name, n)
				}
			}
		}
	}
	switch n.Kind {
	case Login:
		if n.Branch != "" {
			return fmt.Sprintf("assign them to %s at %s; keep them off the lists that colleagues share", n.Name, n.Branch)
		}
		return fmt.Sprintf("assign them to %s; keep them off the lists that colleagues share", n.Name)
	case Branch:
		return fmt.Sprintf("book them at %s, as work of the branch that no other one sees", n.Name)
	case Device:
		return "open them on this device, at work that is done there and nowhere else"
	case Application:
		return "put them into what only this program reads"
	}
	return "put them into what is handed there, and into nothing else"
}

// rang says in a sentence what calls to planted customers mean.
func rang(list []Rung) string {
	if len(list) == 0 {
		return ""
	}
	count := map[string]int{}
	for _, r := range list {
		count[r.Meant]++
	}
	var meant []string
	for name, n := range count {
		if name != "" {
			meant = append(meant, fmt.Sprintf("%d meant for the %s alone", n, name))
		}
	}
	slices.Sort(meant)
	says := "A planted customer was called: data has left."
	if len(list) > 1 {
		says = fmt.Sprintf("%d planted customers were called: data has left.", len(list))
	}
	if len(meant) > 0 {
		says += " Of them: " + strings.Join(meant, ", ") + "."
	}
	return says
}

// PlanColumns are the columns of a plan, which is filled in and read back by ReadPlan.
var PlanColumns = []string{"subject", "for", "where"}

// MaxPlan is the longest plan that is read, in bytes.
const MaxPlan = 4 << 20

// ToPlant is a line of a plan that was filled in: a customer's key, and for whom it is.
type ToPlant struct{ Key, Meant string }

// ReadPlan reads a plan, or any list with a column subject and perhaps one for. Lines
// without a key are counted: they are not planted yet.
func ReadPlan(r io.Reader) (list []ToPlant, empty int, err error) {
	text, err := io.ReadAll(io.LimitReader(r, MaxPlan+1))
	if err != nil || len(text) > MaxPlan {
		return nil, 0, custody.E(custody.CodeTooLarge, "the list cannot be read, or is longer than 4 MiB", "split it")
	}
	in := csv.NewReader(bytes.NewReader(bytes.TrimPrefix(text, []byte("\ufeff"))))
	if head, _, _ := bytes.Cut(text, []byte("\n")); bytes.Count(head, []byte(";")) > bytes.Count(head, []byte(",")) {
		in.Comma = ';'
	}
	in.FieldsPerRecord = -1
	lines, err := in.ReadAll()
	if err != nil || len(lines) == 0 {
		return nil, 0, custody.E(custody.CodeInvalid, "the list is no CSV with a header", "its columns are "+strings.Join(PlanColumns, ", ")+": custody trace --plan writes one")
	}
	key, meant := slices.Index(lines[0], PlanColumns[0]), slices.Index(lines[0], PlanColumns[1])
	if key < 0 {
		return nil, 0, custody.E(custody.CodeInvalid, "the list has no column subject", "it holds the planted customers' keys; custody trace --plan writes such a list")
	}
	cell := func(line []string, i int) string {
		if i < 0 || i >= len(line) {
			return ""
		}
		return strings.TrimSpace(line[i])
	}
	for _, line := range lines[1:] {
		p := ToPlant{cell(line, key), cell(line, meant)}
		if p.Key == "" {
			empty++
			continue
		}
		list = append(list, p)
	}
	return list, empty, nil
}

// WritePlan writes a line for every customer to plant. The first column is to be filled
// in with the customer's key once it is in the system.
func (a *Answer) WritePlan(w io.Writer) error {
	out := csv.NewWriter(w)
	lines := [][]string{PlanColumns}
	for _, p := range a.Plan {
		for range p.Customers {
			lines = append(lines, []string{"", p.Name.String(), p.Where})
		}
	}
	return out.WriteAll(lines)
}
