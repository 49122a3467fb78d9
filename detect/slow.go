package detect

// slow is the detector of slow exfiltration: the sequential test of a login, and of the
// device on which it looks, after one more unexplained first look.
func (e *Engine) slow(ev *Event, p *person, d *device) {
	if e.learning() || !e.on(Slow) {
		return
	}
	budget := e.o.Policy.perDay(Slow) / 2 // one half for logins, one for devices
	if v := p.evidence(); !p.alarmed && v >= e.watched(0)/budget {
		e.raise(ev, p, d, e.slowly(&p.tester, &p.recent, false, v, e.watched(0)/budget))
		p.alarm()
		p.recent.reset()
	}
	if d == nil || d.network(e.day) {
		return
	}
	if v := d.evidence(); !d.alarmed && v >= e.watched(1)/budget {
		found := e.slowly(&d.tester, &d.recent, true, v, e.watched(1)/budget)
		found.Parameters["logins"] = float64(d.hands)
		e.raise(ev, p, d, found)
		d.alarm()
		d.recent.reset()
		d.by, d.several = 0, false
	}
}

// slowly puts the result of the test into words.
func (e *Engine) slowly(t *tester, recent *ring, device bool, value, threshold float64) evidence {
	return evidence{
		Finding: Finding{
			Rule: Slow, Of: "unexplained first looks a day",
			Says:     saysSlow(recent.n, device, int(t.count), float64(t.mean)),
			Expected: float64(t.mean), Observed: float64(t.count), Evidence: value,
			Parameters: map[string]float64{"threshold": threshold, "shape": t.null.r, "days_known": t.days},
		},
		device: device, entries: recent.ordered(), inAll: recent.n,
	}
}
