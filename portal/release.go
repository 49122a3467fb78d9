package portal

import (
	"net/http"
	"strconv"
	"time"

	"custody"
	"custody/gate"
)

// record makes durable what the answer discloses of the subjects seen in it (step 6).
// Until it has returned nil nothing of them may leave. Subjects whose looks have
// different reasons are recorded one reason after another.
func (v *visit) record() error {
	w := v.view
	if len(w.seen) == 0 {
		return v.commit()
	}
	w.merge()
	if v.whole && w.people() > v.p.o.ExportAbove && v.action != custody.Export {
		if err := v.becomeExport(); err != nil {
			return err
		}
	}
	if v.byCustomer() {
		return v.recordByReason()
	}
	return v.recordAll(w.seen)
}

// settle makes durable what the part that goes next discloses (step 6).
func (v *visit) settle() error {
	if !v.byCustomer() {
		if err := v.stillMay(); err != nil {
			return err
		}
		return v.view.answer.Commit()
	}
	if err := v.mayWithReason(); err != nil {
		return err
	}
	err := v.record()
	v.view.seen = v.view.seen[:0]
	return err
}

// recordAll counts and records subjects that are looked at for the reason in force.
func (v *visit) recordAll(list []sighting) error {
	w := v.view
	r, err := v.rule(list[0].shown, list[0].masked)
	if err != nil {
		return err
	}
	w.ids = w.ids[:0]
	for i := range list {
		w.ids = append(w.ids, list[i].subject)
	}
	if err := w.answer.Admit(r, w.ids, v.loansOf(list)...); err != nil {
		return err
	}
	for i := range list {
		if err := v.add(list[i].subject, list[i].shown, list[i].masked); err != nil {
			return err
		}
	}
	return v.commit()
}

// releaseWhole records all that was collected and lets it go, or nothing of it. end
// says that it is all of the answer, whose length is known then.
func (v *visit) releaseWhole(end bool) error {
	if err := v.record(); err != nil {
		return err
	}
	out := v.view.out
	if v.coder != nil {
		var err error
		if out, err = v.coder.code(out, end); err != nil {
			return err
		}
	}
	if v.found {
		v.noCopies()
		v.remember(end)
	}
	if end && bodyAllowed(v.status) {
		length := strconv.Itoa(len(out))
		if len(out) == 0 || v.r.Method == http.MethodHead { // the head leaves when the visit is over
			v.w.Header()["Content-Length"] = []string{length}
		} else {
			v.length[0] = length
			v.w.Header()["Content-Length"] = v.length[:]
		}
	}
	v.w.WriteHeader(v.status)
	v.released = true
	if !end {
		v.last = time.Now()
	}
	v.view.seen = v.view.seen[:0]
	err := v.write(out)
	v.view.out = v.view.out[:0]
	return err
}

// repeat releases the answer before once more, which held nobody, and says whether the
// connection has it still.
func (v *visit) repeat() (done bool, err error) {
	v.view.turn(v.route, v.shape)
	if err := v.record(); err != nil {
		return false, err
	}
	if err := v.patience(); err != nil {
		return false, err
	}
	done, err = v.busy.Repeat()
	v.released = done
	return done, err
}

func bodyAllowed(status int) bool {
	return status >= 200 && status != http.StatusNoContent && status != http.StatusNotModified
}

// release records the part that was collected and lets it go.
func (v *visit) release(end bool) error {
	if err := v.behind.wait(); err != nil {
		return err
	}
	if err := v.settle(); err != nil {
		return err
	}
	out, err := v.part(v.view.out, end)
	if err == nil {
		err = v.write(out)
	}
	v.view.out = v.view.out[:0]
	if err == nil && !end {
		err = v.flush()
	}
	v.last = time.Now()
	return err
}

// part sends the head before the first part, and codes the part.
func (v *visit) part(out []byte, end bool) ([]byte, error) {
	if !v.released {
		v.noCopies()
		v.w.WriteHeader(v.status)
		v.released = true
	}
	if v.coder == nil {
		return out, nil
	}
	return v.coder.code(out, end)
}

// write hands bytes to the client, who must take them within the time for a part.
func (v *visit) write(out []byte) error {
	if len(out) == 0 || v.r.Method == http.MethodHead {
		return nil
	}
	if err := v.patience(); err != nil {
		return err
	}
	_, err := v.w.Write(out)
	return err
}

// patience gives the client its time for the next part, unless the request was stopped.
func (v *visit) patience() error {
	v.writes.Store(true)
	if v.task() != nil {
		v.busy.WriteWithin(v.p.o.Stall)
	} else {
		_ = v.control.SetWriteDeadline(time.Now().Add(v.p.o.Stall))
	}
	return v.ctx.Err() // stopped between the look and the deadline
}

// behind is the part of a file that is recorded and released while the next one is
// recognised. One part at most is under way.
type behind struct {
	active bool
	done   chan error
}

func (b *behind) wait() error {
	if !b.active {
		return nil
	}
	b.active = false
	return <-b.done
}

// releaseBehind starts to record and release what was collected. Nobody else writes
// to the client before wait.
func (v *visit) releaseBehind() error {
	if err := v.behind.wait(); err != nil {
		return err
	}
	if err := v.stillMay(); err != nil {
		return err
	}
	p, err := v.view.answer.Take()
	if err != nil {
		return err
	}
	if v.behind.done == nil {
		v.behind.done = make(chan error, 1)
	}
	out := v.view.out
	v.view.out, v.view.spare = v.view.spare[:0], out
	v.behind.active = true
	go func() { v.behind.done <- v.commitAndWrite(p, out) }()
	v.last = time.Now()
	return nil
}

func (v *visit) commitAndWrite(p *gate.Part, out []byte) error {
	if err := p.Commit(); err != nil {
		return err
	}
	out, err := v.part(out, false)
	if err != nil {
		return err
	}
	return v.write(out)
}
