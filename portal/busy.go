package portal

import (
	"net/http"

	"custody"
	"custody/internal/loop"
	"custody/portal/http1"
	"custody/portal/upstream"
	"custody/subjects/body"
)

// What a visit does in a loop must not wait for anything but the client, the
// application and the round's record; whatever else may take long leaves the loop first
// (docs/decisions/0007-portal-http-engine.md).

// busyAfter is http1.Server's; zero is its default.
var busyAfter int

// maxQuick is the longest answer that is recognised in a loop, bytes.
const maxQuick = 64 << 10

// leave goes on outside the loop, if the connection is in one.
func (v *visit) leave() {
	if v.busy != nil {
		v.busy.Leave()
	}
}

// outside is leave where there is no visit.
func outside(w http.ResponseWriter) {
	if b, ok := w.(http1.Busy); ok {
		b.Leave()
	}
}

// task is the connection's in its loop; nil outside.
func (v *visit) task() *loop.Task {
	if v.busy == nil {
		return nil
	}
	return v.busy.Task()
}

// lane is the way to the application of the client's connection; nil: any.
func (v *visit) lane() *upstream.Lane {
	if v.busy == nil {
		return nil
	}
	if l, ok := v.busy.Partner().(*upstream.Lane); ok {
		return l
	}
	l := v.p.o.Origin.Lane()
	v.busy.SetPartner(l)
	return l
}

// commit records what was collected and waits until it is durable: in a loop with what
// all others of the round record.
func (v *visit) commit() error {
	t := v.task()
	if t == nil || v.view.answer.Pending() == 0 {
		return v.view.answer.Commit()
	}
	p, err := v.view.answer.Take()
	if err != nil {
		return err
	}
	record, err := p.Join()
	if err != nil {
		return err
	}
	return t.Hold(t.Join(record), record)
}

// refused records that something was refused.
func (v *visit) refused(code custody.Code) {
	v.leave()
	v.view.s.Refuse(code, v.shape)
}

// assigning is the directory as a visit uses it: new subjects need the store.
type assigning struct {
	body.Directory
	w *view
}

// Assign implements body.Directory.
func (a assigning) Assign(system custody.SystemID, keys []string) ([]custody.SubjectID, error) {
	a.w.visit.leave()
	return a.Directory.Assign(system, keys)
}
