package bodyshop

import "fmt"

// line is one line of an estimate. Quantity is in hundredths, money in pence.
type line struct {
	kind, description           string
	quantity, unit, amountPence int64
}

// estimateLines makes the lines of one estimate. Hours come in quarters and rates in
// steps of 4p, so hours times rate is a whole penny on every line and in the total.
func (g *generator) estimateLines(a *accidentPlan, rate int64, do func(l line)) {
	r := draw(g.seed, ofEstimate, a.estimate)
	for range a.labour {
		quarters := int64(1 + r.below(32))
		do(line{"labour", pick(&r, labourWork), quarters * 25, rate, quarters * rate / 4})
	}
	for range a.paint {
		pence := int64(4_000 + r.below(30_000))
		do(line{"paint", pick(&r, paintWork), 100, pence, pence})
	}
	for range a.parts {
		pence, pieces := int64(399+r.below(45_000)), int64(1+r.below(3))
		do(line{"part", pick(&r, parts), pieces * 100, pence, pence * pieces})
	}
}

func (g *generator) estimate(dst []byte, p *plan) []byte {
	for i := range p.accidents {
		a := &p.accidents[i]
		if a.estimate == 0 {
			continue
		}
		rate := labourRate(p.branch)
		d, x := g.document(a, rate, true)
		t := &d.Totals
		r := draw(g.seed, ofEstimate, -a.estimate)
		for _, n := range []int64{a.estimate, p.id, a.vehicle, a.id} {
			dst = number(dst, n)
		}
		dst = numberOrNull(dst, a.claim)
		dst = number(dst, p.branch)
		dst = number(dst, memberOf(p.branch, &r))
		for _, n := range []int64{int64(t.Hours), rate, int64(t.Labour), int64(t.Paint), int64(t.Parts), int64(t.Net), int64(t.VAT), int64(t.Gross)} {
			dst = hundredths(dst, n)
		}
		dst = stamp(dst, a.happened+int64(1+r.below(5))*day)
		dst = hundredths(dst, int64(t.Discount))
		version := int64(1)
		if x.supplement {
			version = 2
		}
		dst = end(number(dst, version))
	}
	return dst
}

func (g *generator) lines(dst []byte, p *plan) []byte {
	for i := range p.accidents {
		a := &p.accidents[i]
		if a.estimate == 0 {
			continue
		}
		d, _ := g.document(a, labourRate(p.branch), true)
		vat := line{"vat", "VAT at 20 %", 100, int64(d.Totals.VAT), int64(d.Totals.VAT)}
		for i, l := range d.Lines {
			dst = lineRow(dst, a, i, line{string(l.Kind), l.Description, int64(l.Quantity), int64(l.Unit), int64(l.Amount())}, l.Supplement)
		}
		dst = lineRow(dst, a, len(d.Lines), vat, 0)
		if n := int64(len(d.Lines) + 1); n != a.lines() {
			panic(fmt.Sprintf("bodyshop: estimate %d has %d lines, planned %d", a.estimate, n, a.lines()))
		}
	}
	return dst
}

// lineRow writes the n-th line of an estimate, counted from 0.
func lineRow(dst []byte, a *accidentPlan, n int, l line, supplement int) []byte {
	for _, v := range []int64{a.line + int64(n), a.estimate, int64(n + 1)} {
		dst = number(dst, v)
	}
	dst = text(text(dst, l.kind), l.description)
	for _, v := range []int64{l.quantity, l.unit, l.amountPence} {
		dst = hundredths(dst, v)
	}
	return end(number(dst, int64(supplement)))
}
