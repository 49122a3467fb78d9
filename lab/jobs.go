package lab

import (
	"bufio"
	"fmt"
	"os"
	"strconv"
	"time"
)

// The files that say why somebody had to do with a customer, and who works when.
const (
	JobsFile   = "jobs.csv"
	ShiftsFile = "shifts.csv"
)

// Job is one repair as the jobs of the group's system have it.
type Job struct {
	Subject int
	Branch  int
	Opened  time.Time
	Closed  time.Time
	Team    []int // places in Run.Staff; those whose reason is missing from the data are left out
}

// home notes the branch of each look's customer.
func (g *group) home(looks []Look) []Look {
	for i := range looks {
		looks[i].Home = -1 // of a planted customer
		if n := looks[i].Subject; n < len(g.jobs) {
			looks[i].Home = g.jobs[n].branch
		}
	}
	return looks
}

// list gives all jobs. A share of the assignments is missing from the data.
func (g *group) list() []Job {
	rng := random(g.seed, 9)
	jobs := make([]Job, len(g.jobs))
	for n, j := range g.jobs {
		out := &jobs[n]
		*out = Job{Subject: n, Branch: j.branch, Opened: g.p.Start.AddDate(0, 0, j.day), Closed: g.p.Start.AddDate(0, 0, j.closes)}
		for _, who := range j.team {
			if rng.Float64() >= g.p.Reasonless {
				out.Team = append(out.Team, who)
			}
		}
	}
	return jobs
}

func writeJobs(path string, run *Run) error {
	return writeLines(path, "customer_id,branch,opened,closed,assigned", func(w *bufio.Writer) {
		for _, j := range run.Jobs {
			fmt.Fprintf(w, "%d,%s,%s,%s,", j.Subject+1, BranchName(j.Branch), j.Opened.Format(time.DateOnly), j.Closed.Format(time.DateOnly))
			for i, who := range j.Team {
				if i > 0 {
					w.WriteByte(';')
				}
				w.WriteString(run.Staff[who].Login)
			}
			w.WriteByte('\n')
		}
	})
}

func writeShifts(path string, run *Run) error {
	return writeLines(path, "login,start,end", func(w *bufio.Writer) {
		for _, p := range run.Staff {
			start := 8
			if p.Evening {
				start = 12
			}
			w.WriteString(p.Login + "," + strconv.Itoa(start) + ":00," + strconv.Itoa(start+9) + ":00\n")
		}
	})
}

func writeLines(path, header string, lines func(*bufio.Writer)) error {
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	defer f.Close()
	w := bufio.NewWriter(f)
	w.WriteString(header + "\n")
	lines(w)
	if err := w.Flush(); err != nil {
		return err
	}
	return f.Close()
}
