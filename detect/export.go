package detect

import "fmt"

// export finds files of many customers and whole tables in one answer.
func (e *Engine) export(ev *Event, p *person) {
	if !e.on(Export) {
		return
	}
	if e.o.World.Customers != nil {
		if all := e.o.World.Customers(); all >= leastTable && float64(len(ev.Subjects)) >= e.o.Policy.Whole*float64(all) {
			e.raise(ev, p, nil, evidence{
				Finding: Finding{Rule: Export, Of: "customers in one answer", Says: fmt.Sprintf("One answer held %s, which is most of the table.", customers(len(ev.Subjects))),
					Expected: 0, Observed: float64(len(ev.Subjects)), Parameters: map[string]float64{"share": e.o.Policy.Whole}},
				entries: []uint64{ev.Entry}, inAll: 1,
			})
			return
		}
	}
	if !ev.Taken {
		return
	}
	if p.takenOn != e.day {
		p.taken, p.takenOn = 0, e.day
		p.takenIn.reset()
	}
	p.taken += len(ev.Subjects)
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
		Finding: Finding{Rule: Export, Of: "customers in files on one day", Says: fmt.Sprintf("Took %s away in files on one day.", customers(p.taken)),
			Expected: chance, Observed: float64(p.taken), Evidence: 1 / chance, Parameters: map[string]float64{"bulk": float64(e.o.Policy.Bulk)}},
		entries: p.takenIn.ordered(), inAll: p.takenIn.n,
	})
}

// leastTable is below what most of a table is no whole table.
const leastTable = 100
