package bodyshop

// generator makes rows for one seed and size.
type generator struct {
	seed      uint64
	customers int64
}

// plan says how many rows of each table a customer brings and which numbers they
// get. It is made again on every pass, so that no pass has to remember another.
type plan struct {
	id        int64 // customers.id
	created   int64 // seconds since 1970, UTC
	branch    int64
	vehicles  int64
	vehicle   int64 // number of the first vehicle
	policy    int64 // 0 for none
	calls     int64
	call      int64 // number of the first call
	accidents []accidentPlan
	room      [2]accidentPlan
}

// accidentPlan is what one accident brings. A number of 0 means none.
type accidentPlan struct {
	id, vehicle, claim, estimate, job, payment int64
	happened                                   int64
	line                                       int64 // number of the first line
	labour, paint, parts                       int   // lines of each kind; VAT adds one
}

func (a *accidentPlan) lines() int64 {
	if a.estimate == 0 {
		return 0
	}
	return int64(a.labour + a.paint + a.parts + 1)
}

// walker goes through the customers in the order of their numbers. The counters
// hold the last number given out.
type walker struct {
	g    *generator
	plan plan

	vehicle, policy, accident, claim, estimate, line, job, call, payment int64
}

// next moves to the next customer, or returns nil after the last.
func (w *walker) next() *plan {
	p := &w.plan
	if p.id == w.g.customers {
		return nil
	}
	*p = plan{id: p.id + 1}
	r := draw(w.g.seed, ofPlan, p.id)
	p.created = epoch + int64(float64(asOf-epoch)*float64(p.id)/float64(w.g.customers+1)) - int64(r.below(day))
	p.branch = 1 + int64(r.below(branchCount))
	w.planVehicles(&r)
	w.planAccidents(&r)
	p.call = w.call + 1
	p.calls = int64(r.below(4))
	w.call += p.calls
	return p
}

func (w *walker) planVehicles(r *random) {
	p := &w.plan
	p.vehicle, p.vehicles = w.vehicle+1, 1
	if r.percent(18) {
		p.vehicles = 2 + int64(r.below(2))
	}
	w.vehicle += p.vehicles
}

func (w *walker) planAccidents(r *random) {
	p := &w.plan
	n := 1
	if r.percent(30) {
		n = 0
	} else if r.percent(12) {
		n = 2
	}
	p.accidents = p.room[:n]
	claims := false
	for i := range p.accidents {
		w.planAccident(&p.accidents[i], r, int64(i))
		claims = claims || p.accidents[i].claim > 0
	}
	if claims || r.percent(25) {
		w.policy++
		p.policy = w.policy
	}
}

func (w *walker) planAccident(a *accidentPlan, r *random, n int64) {
	give := func(counter *int64, percent int) int64 {
		if !r.percent(percent) {
			return 0
		}
		*counter++
		return *counter
	}
	a.vehicle = w.plan.vehicle + n%w.plan.vehicles
	a.happened = min(w.plan.created+n*200*day, asOf) - int64(r.below(10*day))
	a.id = give(&w.accident, 100)
	a.claim = give(&w.claim, 80)
	a.estimate = give(&w.estimate, 95)
	if a.estimate == 0 {
		return
	}
	a.labour, a.paint, a.parts = 1+r.below(3), 1+r.below(2), r.below(5)
	a.line = w.line + 1
	w.line += a.lines()
	if a.job = give(&w.job, 80); a.job > 0 {
		a.payment = give(&w.payment, 25)
	}
}
