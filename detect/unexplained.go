package detect

// unexplained tests a single day: the probability of so many unexplained first looks
// by chance is below the detector's share of the budget, divided by the people. Chance
// alone stays within the share on average, whatever the order within the day.
func (e *Engine) unexplained(ev *Event, p *person) {
	if e.learning() || p.told || !e.on(Unexplained) {
		return
	}
	alpha := e.o.Policy.perDay(Unexplained) / e.watched(0)
	if p.null.tail > alpha {
		return
	}
	p.told = true
	f := Finding{Rule: Unexplained, Of: "unexplained first looks on one day", Expected: float64(p.mean),
		Parameters: map[string]float64{"alpha": alpha, "shape": p.null.r, "days_known": p.days}}
	f.count(p)
	e.raise(ev, p, nil, evidence{
		Finding: f,
		entries: last(p.recent.ordered(), int(p.count)), inAll: int(p.count),
	})
}

// last gives the end of a list.
func last(list []uint64, n int) []uint64 { return list[max(0, len(list)-n):] }

// count brings the finding up to the day's count.
func (f *Finding) count(p *person) {
	f.Observed, f.Evidence = float64(p.count), 1/p.null.tail
	f.Says = saysDay(int(p.count), float64(p.mean))
}
