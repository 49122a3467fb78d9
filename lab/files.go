package lab

import (
	"bufio"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"custody"
)

// The files that Write makes.
const (
	LogFile        = "access.csv"
	ComplaintsFile = "complaints.csv"
	TruthFile      = "truth.json"
)

// Write plays a scenario and writes what a data-protection lead would have of it, an
// access log, jobs, a roster and complaints, into dir, and the truth beside. looks is how many there
// are.
func Write(p Params, name string, seed uint64, dir string) (run *Run, looks int, err error) {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, 0, notWritten(dir, err)
	}
	f, err := os.Create(filepath.Join(dir, LogFile))
	if err != nil {
		return nil, 0, notWritten(dir, err)
	}
	defer f.Close()
	w := bufio.NewWriterSize(f, 1<<20)
	fmt.Fprintln(w, "time,login,branch,device,customer_id")
	staff := newGroup(p, seed).staff
	run, err = Play(p, name, seed, func(day []Look) error {
		looks += len(day)
		for _, l := range day {
			writeLook(w, l, &staff[l.Login])
		}
		return nil
	})
	if err != nil {
		return nil, 0, err
	}
	if err := w.Flush(); err != nil {
		return nil, 0, notWritten(dir, err)
	}
	if run.Found != nil {
		if err := writeFound(run, len(run.Jobs), dir); err != nil {
			return nil, 0, notWritten(dir, err)
		}
	}
	if err := writeComplaints(filepath.Join(dir, ComplaintsFile), run.Complaints); err != nil {
		return nil, 0, notWritten(dir, err)
	}
	if err := writeJobs(filepath.Join(dir, JobsFile), run); err != nil {
		return nil, 0, notWritten(dir, err)
	}
	if err := writeShifts(filepath.Join(dir, ShiftsFile), run); err != nil {
		return nil, 0, notWritten(dir, err)
	}
	truth, err := json.MarshalIndent(run.Truth, "", "  ")
	if err != nil {
		return nil, 0, err
	}
	if err := os.WriteFile(filepath.Join(dir, TruthFile), append(truth, '\n'), 0o644); err != nil {
		return nil, 0, notWritten(dir, err)
	}
	return run, looks, nil
}

func notWritten(dir string, err error) error {
	return &custody.Error{Code: custody.CodeUnavailable, Message: fmt.Sprintf("the folder %s cannot be written", dir), Hint: "check the disk, or give another folder", Err: err}
}

const logTime = "2006-01-02 15:04:05"

func writeLook(w *bufio.Writer, l Look, p *Person) {
	b := w.AvailableBuffer()
	b = l.At.AppendFormat(b, logTime)
	b = append(append(append(b, ','), p.Login...), ',')
	b = append(append(b, BranchName(p.Branch)...), ",d"...)
	b = strconv.AppendInt(b, int64(l.Device), 10)
	b = append(b, ',')
	b = strconv.AppendInt(b, int64(l.Subject)+1, 10)
	w.Write(append(b, '\n'))
}

// BranchName is how logs call a branch.
func BranchName(branch int) string {
	if branch < 0 {
		return "Head office"
	}
	return "Branch " + strconv.Itoa(branch+1)
}

func writeComplaints(path string, list []Complaint) error {
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	defer f.Close()
	w := csv.NewWriter(f)
	_ = w.Write([]string{"reference", "customer_id", "called", "knew"})
	for i, c := range list {
		_ = w.Write([]string{fmt.Sprintf("C%04d", i+1), strconv.Itoa(c.Subject + 1), c.Called.UTC().Format(time.DateTime), c.Knew})
	}
	w.Flush()
	if err := w.Error(); err != nil {
		return err
	}
	return f.Close()
}
