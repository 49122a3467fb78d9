package detect

import (
	"fmt"
	"time"

	"github.com/RoaringBitmap/roaring/v2"

	"custody"
)

// export finds files of many customers and whole tables in one answer.
func (e *Engine) export(ev *Event, p *person) {
	if !e.on(Export) {
		return
	}
	e.whole(ev, p)
	if !ev.Taken {
		return
	}
	if p.takenOn != e.day {
		p.taken, p.takenOn = 0, e.day
		p.takenIn.reset()
		p.takenWho = roaring.New()
	}
	for _, s := range ev.Subjects {
		if p.takenWho.CheckedAdd(uint32(s)) {
			p.taken++
		}
	}
	p.takenIn.add(ev.Entry)
	if p.taken < e.o.Policy.Bulk || p.taken <= 3*p.takenMost && p.takenMost > 0 {
		return
	}
	chance, _ := e.desk.happened(rareExport, p.number)
	p.takenMost = max(p.takenMost, p.taken)
	if e.learning() || chance > 10*e.alpha(Export, rareExport) {
		return
	}
	e.raise(ev, p, nil, evidence{
		Finding: Finding{Rule: Export, Of: ofFiles, Says: tookAway(p.taken),
			Expected: chance, Observed: float64(p.taken), Evidence: 1 / chance, Parameters: map[string]float64{"bulk": float64(e.o.Policy.Bulk)}},
		entries: p.takenIn.ordered(), inAll: p.takenIn.n,
	})
}

// answer is what one question showed a login: its parts, one soon after the other.
type answer struct {
	session   custody.SessionID
	route     custody.Route
	statement uint64
	at        time.Time
	customers int // of all parts together
	entries   ring
	told      bool
}

// together is how soon the parts of an answer, or the same question again, follow.
const together = 10 * time.Second

// take adds a part. While parts keep coming, other questions of the login are left out.
func (a *answer) take(ev *Event) bool {
	same := a.session == ev.Session && a.route == ev.Route && a.statement == ev.Statement
	if soon := ev.Time.Sub(a.at) <= together; !soon {
		a.entries.reset()
		*a = answer{session: ev.Session, route: ev.Route, statement: ev.Statement, entries: a.entries}
	} else if !same {
		return false
	}
	a.at = ev.Time
	a.customers += len(ev.Subjects)
	a.entries.add(ev.Entry)
	return true
}

// whole finds most of a table in the answers to one question, whether it was asked once
// or again and again without a pause.
func (e *Engine) whole(ev *Event, p *person) {
	a := &p.answer
	if !a.take(ev) || a.told || e.o.World.Customers == nil {
		return
	}
	all := e.o.World.Customers()
	n := min(a.customers, p.sitting.customers) // a customer may be in several parts
	if all < leastTable || float64(n) < e.o.Policy.Whole*float64(all) {
		return
	}
	a.told = true
	e.raise(ev, p, nil, evidence{
		Finding: Finding{Rule: Export, Of: "customers in answers to one question", Says: fmt.Sprintf("One question was answered with %s, which is most of the table.", customers(n)),
			Expected: 0, Observed: float64(n), Parameters: map[string]float64{"share": e.o.Policy.Whole}},
		entries: a.entries.ordered(), inAll: a.entries.n,
	})
}

const ofFiles = "customers in files on one day"

func tookAway(n int) string { return fmt.Sprintf("Took %s away in files on one day.", customers(n)) }

// leastTable is below what most of a table is no whole table.
const leastTable = 100
