package bodyshop

import "fmt"

// line is one line of an estimate. Quantity is in hundredths, money in pence.
type line struct {
	kind, description           string
	quantity, unit, amountPence int64
}

// estimateLines makes the lines of one estimate and their sums by kind. Hours come
// in quarters and rates in steps of 4p, so hours times rate is a whole penny on
// every line and in the total.
func (g *generator) estimateLines(a *accidentPlan, rate int64, do func(l line)) (hours, labour, paint, spare int64) {
	r := draw(g.seed, ofEstimate, a.estimate)
	for range a.labour {
		quarters := int64(1 + r.below(32))
		hours += quarters * 25
		l := line{"labour", pick(&r, labourWork), quarters * 25, rate, quarters * rate / 4}
		labour += l.amountPence
		do(l)
	}
	for range a.paint {
		pence := int64(4_000 + r.below(30_000))
		paint += pence
		do(line{"paint", pick(&r, paintWork), 100, pence, pence})
	}
	for range a.parts {
		pence, pieces := int64(399+r.below(45_000)), int64(1+r.below(3))
		spare += pence * pieces
		do(line{"part", pick(&r, parts), pieces * 100, pence, pence * pieces})
	}
	net := labour + paint + spare
	do(line{"vat", "VAT at 20 %", 100, vat(net), vat(net)})
	return hours, labour, paint, spare
}

// vat is 20 % of a net sum in pence, rounded half up to the penny.
func vat(net int64) int64 { return (net*20 + 50) / 100 }

func (g *generator) estimate(dst []byte, p *plan) []byte {
	for i := range p.accidents {
		a := &p.accidents[i]
		if a.estimate == 0 {
			continue
		}
		rate := labourRate(p.branch)
		hours, labour, paint, spare := g.estimateLines(a, rate, func(line) {})
		net := labour + paint + spare
		r := draw(g.seed, ofEstimate, -a.estimate)
		for _, n := range []int64{a.estimate, p.id, a.vehicle, a.id} {
			dst = number(dst, n)
		}
		dst = numberOrNull(dst, a.claim)
		dst = number(dst, p.branch)
		dst = number(dst, memberOf(p.branch, &r))
		for _, n := range []int64{hours, rate, labour, paint, spare, net, vat(net), net + vat(net)} {
			dst = hundredths(dst, n)
		}
		dst = end(stamp(dst, a.happened+int64(1+r.below(5))*day))
	}
	return dst
}

func (g *generator) lines(dst []byte, p *plan) []byte {
	for i := range p.accidents {
		a := &p.accidents[i]
		if a.estimate == 0 {
			continue
		}
		id, position := a.line, int64(1)
		g.estimateLines(a, labourRate(p.branch), func(l line) {
			dst = number(dst, id)
			dst = number(dst, a.estimate)
			dst = number(dst, position)
			dst = text(dst, l.kind)
			dst = text(dst, l.description)
			dst = hundredths(dst, l.quantity)
			dst = hundredths(dst, l.unit)
			dst = end(hundredths(dst, l.amountPence))
			id, position = id+1, position+1
		})
		if id != a.line+a.lines() {
			panic(fmt.Sprintf("bodyshop: estimate %d has %d lines, planned %d", a.estimate, id-a.line, a.lines()))
		}
	}
	return dst
}
