package bodyshop

import (
	"encoding/json"

	"custody/examples/bodyshop/estimate"
)

// extras is what some estimates have besides their lines: a discount, and a
// supplement that added the last part and made a second version.
type extras struct {
	discounts  []estimate.Discount
	supplement bool
}

func (g *generator) extras(a *accidentPlan) (x extras) {
	r := draw(g.seed, ofExtras, a.estimate)
	if r.percent(12) {
		kinds := []estimate.Kind{estimate.Labour, estimate.Labour, estimate.Part, estimate.All}
		kind := kinds[r.below(len(kinds))]
		x.discounts = []estimate.Discount{{AppliesTo: kind, Percent: estimate.Hundredths(250 * (1 + r.below(4)))}}
	}
	x.supplement = a.parts > 0 && r.percent(15)
	return x
}

// document is an estimate as the web application would price it; without the
// supplement it is the first version.
func (g *generator) document(a *accidentPlan, rate int64, whole bool) (d estimate.Document, x extras) {
	x = g.extras(a)
	g.estimateLines(a, rate, func(l line) {
		if l.kind != "vat" {
			d.Lines = append(d.Lines, estimate.Line{Kind: estimate.Kind(l.kind), Description: l.description,
				Quantity: estimate.Hundredths(l.quantity), Unit: estimate.Pence(l.unit)})
		}
	})
	if last := len(d.Lines) - 1; x.supplement && whole {
		d.Lines[last].Supplement = 1
	} else if x.supplement {
		d.Lines = d.Lines[:last]
	}
	d.Discounts = append(d.Discounts, x.discounts...)
	if err := d.Price(); err != nil {
		panic("bodyshop: an estimate that cannot be priced: " + err.Error())
	}
	return d, x
}

// eachEstimate calls do for every estimate that a customer brings.
func (p *plan) eachEstimate(do func(a *accidentPlan)) {
	for i := range p.accidents {
		if a := &p.accidents[i]; a.estimate > 0 {
			do(a)
		}
	}
}

func (g *generator) discounts(dst []byte, p *plan) []byte {
	p.eachEstimate(func(a *accidentPlan) {
		if len(g.extras(a).discounts) == 0 {
			return
		}
		d, _ := g.document(a, labourRate(p.branch), true)
		for i, x := range d.Discounts {
			dst = number(number(dst, a.estimate), int64(i+1))
			dst = text(dst, string(x.AppliesTo))
			dst = end(hundredths(hundredths(dst, int64(x.Percent)), int64(x.Amount)))
		}
	})
	return dst
}

func (g *generator) supplements(dst []byte, p *plan) []byte {
	p.eachEstimate(func(a *accidentPlan) {
		if !g.extras(a).supplement {
			return
		}
		r := draw(g.seed, ofExtras, -a.estimate)
		status := "agreed"
		if asOf-a.happened < 60*day {
			status = pick(&r, []string{"requested", "agreed", "refused"})
		}
		dst = text(number(number(dst, a.estimate), 1), status)
		dst = end(date(dst, a.happened+int64(6+r.below(8))*day))
	})
	return dst
}

func (g *generator) versions(dst []byte, p *plan) []byte {
	p.eachEstimate(func(a *accidentPlan) {
		if !g.extras(a).supplement {
			return
		}
		d, _ := g.document(a, labourRate(p.branch), false)
		contents, err := json.Marshal(d)
		if err != nil {
			panic(err)
		}
		r := draw(g.seed, ofEstimate, -a.estimate)
		staff := memberOf(p.branch, &r)
		dst = stamp(number(number(dst, a.estimate), 1), a.happened+int64(1+r.below(5))*day)
		dst = end(text(number(dst, staff), string(contents)))
	})
	return dst
}
