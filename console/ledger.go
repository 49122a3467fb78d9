package console

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"sync"
	"time"

	"custody"
)

// ledgerData is the page about the record as a whole.
type ledgerData struct {
	Healthy     bool
	Trouble     string
	Events      int
	Disclosures int
	Checkpoint  Checkpoint
	Check       checkData
	Sent        []SentCheckpoint
	MayExtract  bool
}

// shownSent is how many checkpoints that were sent the page lists.
const shownSent = 12

// checkData is the state of a verification.
type checkData struct {
	Running  bool
	Started  time.Time
	Done     time.Time
	By       string
	Found    Verified
	Trouble  string // what is damaged
	Took     time.Duration
	MayStart bool
}

// verification is the check of the whole ledger: one at a time, and its last result.
type verification struct {
	mu   sync.Mutex
	last checkData
}

func ledgerPage(v *visit) error {
	d := &ledgerData{Healthy: v.c.o.Ledger.Health() == nil, MayExtract: v.may(areaCustomers)}
	events, disclosures := v.c.o.Looks.Len()
	d.Events, d.Disclosures = int(events), int(disclosures)
	var err error
	if d.Checkpoint, err = v.c.o.Ledger.Checkpoint(); err != nil {
		d.Healthy, d.Trouble = false, "The newest state cannot be signed; the log of the gate says why."
	}
	if d.Sent, err = v.c.o.Ledger.Sent(shownSent); err != nil {
		return err
	}
	d.Check = v.c.checks.state()
	d.Check.MayStart = true
	return v.show("ledger", "Ledger", d)
}

func (c *verification) state() checkData {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.last
}

// start runs a check in the background unless one is running.
func (c *verification) start(by string, now func() time.Time, background func(func()), check func() (Verified, error)) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.last.Running {
		return
	}
	c.last = checkData{Running: true, Started: now(), By: by}
	background(func() {
		found, err := check()
		c.mu.Lock()
		defer c.mu.Unlock()
		c.last.Running, c.last.Found, c.last.Done = false, found, now()
		c.last.Took = c.last.Done.Sub(c.last.Started)
		if err != nil {
			c.last.Trouble, _ = publicly(err)
			if custody.CodeOf(err) == custody.CodeInternal {
				c.last.Trouble = damage(err)
			}
		}
	})
}

// damage gives the place of damage, which holds no personal data; other faults of ours
// are for the log.
func damage(err error) string {
	var d interface{ Place() string }
	if errors.As(err, &d) {
		return d.Place()
	}
	return "the check could not be finished"
}

// check begins a check of the whole ledger under the visitor's name.
func (v *visit) check() {
	v.c.checks.start(v.sess.FullName, v.c.o.Now, v.c.work.Go, v.c.o.Ledger.Verify)
}

func startVerify(v *visit) error {
	v.check()
	return v.seeOther("/ledger", "")
}

// verifyPart is the part of the page that shows how the check goes.
func verifyPart(v *visit) error {
	d := v.c.checks.state()
	d.MayStart = true
	return v.showPart("ledger-check", &d)
}

func signCheckpoint(v *visit) error {
	if _, err := v.c.o.Ledger.Checkpoint(); err != nil {
		return err
	}
	return v.seeOther("/ledger", "checkpoint")
}

func downloadCheckpoint(v *visit) error {
	p, err := v.c.o.Ledger.Checkpoint()
	if err != nil {
		return err
	}
	v.w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	v.w.Header().Set("Content-Disposition", fmt.Sprintf(`attachment; filename="checkpoint-%d.txt"`, p.Size))
	_, _ = io.WriteString(v.w, p.Note)
	return nil
}

// extractType is the media type of proofs.
const extractType = "application/jsonl"

// extract downloads the proof of who saw a subject, or of what a person saw. What fails
// before the first byte is an answer; later the connection breaks.
func (v *visit) extract(subject custody.SubjectID, person custody.PersonID, from, to time.Time) error {
	name := fmt.Sprintf("customer-%d.jsonl", subject)
	if subject == 0 {
		name = fmt.Sprintf("person-%d.jsonl", person)
	}
	begun := &beginning{v.w, false}
	attachment(v.w, name)
	err := v.c.o.Ledger.Extract(begun, subject, person, from, to)
	if err != nil && !begun.written {
		v.w.Header().Del("Content-Disposition")
		return err
	}
	return v.broken(err)
}

// beginning knows whether anything was written.
type beginning struct {
	http.ResponseWriter
	written bool
}

// Write implements io.Writer.
func (b *beginning) Write(p []byte) (int, error) {
	b.written = true
	return b.ResponseWriter.Write(p)
}

// attachment begins a download of proof.
func attachment(w http.ResponseWriter, name string) {
	w.Header().Set("Content-Type", extractType+"; charset=utf-8")
	w.Header().Set("Content-Disposition", fmt.Sprintf("attachment; filename=%q", name))
}

// customerExtract downloads the proof of who saw a customer: a look at them.
func customerExtract(v *visit) error {
	d, _, err := v.subject("Customer")
	if d == nil || err != nil {
		return err
	}
	return v.extract(d.Subject, 0, time.Time{}, time.Time{})
}

// personExtract downloads the proof of what a person saw; customers are numbers in it.
func personExtract(v *visit) error {
	p, err := v.person()
	if err != nil {
		return err
	}
	return v.extract(0, p.ID, time.Time{}, time.Time{})
}

// broken breaks the connection of a download that failed, so that nobody takes what
// arrived for the whole.
func (v *visit) broken(err error) error {
	if err == nil {
		return nil
	}
	v.c.o.Log.Error("an extract could not be written", "session", v.sess.ID, "err", causeOf(err))
	panic(http.ErrAbortHandler)
}
