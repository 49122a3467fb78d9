package bodyshop

var lean = []table{customers, vehicles}

// rest is what Load adds to the lean tables. A table comes after those it names.
var rest = []table{
	{"policies", "id,customer_id,insurer_id,vehicle_id,policy_number,starts_on,ends_on,excess", true, (*generator).policy},
	{"accidents", "id,customer_id,vehicle_id,happened_at,place,description,third_party", true, (*generator).accident},
	{"claims", "id,customer_id,accident_id,policy_id,claim_number,status,opened_at", true, (*generator).claim},
	{"estimates", "id,customer_id,vehicle_id,accident_id,claim_id,branch_id,staff_id,labour_hours,labour_rate," +
		"labour_total,paint_total,parts_total,net_total,vat_total,gross_total,created_at,discount_total,version", true, (*generator).estimate},
	{"estimate_lines", "id,estimate_id,position,kind,description,quantity,unit_price,amount,supplement", true, (*generator).lines},
	{"estimate_discounts", "estimate_id,position,applies_to,percent,amount", false, (*generator).discounts},
	{"estimate_supplements", "estimate_id,number,status,asked_on", false, (*generator).supplements},
	{"estimate_versions", "estimate_id,version,saved_at,staff_id,contents", false, (*generator).versions},
	{"jobs", "id,customer_id,vehicle_id,estimate_id,branch_id,staff_id,status,booked_for,finished_on,instructions", true, (*generator).job},
	{"calls", "id,customer_id,staff_id,phone,inbound,called_at,summary", true, (*generator).calls},
	{"payments", "id,customer_id,estimate_id,account_name,sort_code,account_number,amount,reference,paid_at", true, (*generator).payment},
}

func (g *generator) policy(dst []byte, p *plan) []byte {
	if p.policy == 0 {
		return dst
	}
	r := draw(g.seed, ofClaim, -p.policy)
	start := p.created - int64(r.below(200))*day
	dst = number(dst, p.policy)
	dst = number(dst, p.id)
	dst = number(dst, int64(1+r.below(len(insurers))))
	dst = number(dst, p.vehicle)
	dst = append(digits(append(dst, "POL/"...), p.policy, 8), '\t')
	dst = date(dst, start)
	dst = date(dst, start+365*day)
	return end(hundredths(dst, int64(100+50*r.below(9))*100))
}

func (g *generator) accident(dst []byte, p *plan) []byte {
	for i := range p.accidents {
		a := &p.accidents[i]
		r := draw(g.seed, ofAccident, a.id)
		dst = number(dst, a.id)
		dst = number(dst, p.id)
		dst = number(dst, a.vehicle)
		dst = stamp(dst, a.happened)
		dst = text(dst, pick(&r, streets), ", ", towns[r.below(len(towns))][0])
		dst = text(dst, "Car ", pick(&r, happenings), "; ", pick(&r, damage), " damaged.")
		if r.percent(60) {
			dst = null(dst)
		} else {
			dst = text(dst, pick(&r, firstNames), " ", pick(&r, surnames))
		}
		dst = end(dst)
	}
	return dst
}

func (g *generator) claim(dst []byte, p *plan) []byte {
	for i := range p.accidents {
		a := &p.accidents[i]
		if a.claim == 0 {
			continue
		}
		r := draw(g.seed, ofClaim, a.claim)
		status := "open"
		if asOf-a.happened > 60*day {
			status = pick(&r, []string{"settled", "settled", "settled", "declined"})
		} else if r.percent(60) {
			status = "authorised"
		}
		dst = number(dst, a.claim)
		dst = number(dst, p.id)
		dst = number(dst, a.id)
		dst = number(dst, p.policy)
		dst = append(digits(append(dst, "CLM-"...), a.claim, 8), '\t')
		dst = text(dst, status)
		dst = end(stamp(dst, a.happened+int64(r.below(5*day))))
	}
	return dst
}

func (g *generator) job(dst []byte, p *plan) []byte {
	for i := range p.accidents {
		a := &p.accidents[i]
		if a.job == 0 {
			continue
		}
		r := draw(g.seed, ofJob, a.job)
		booked := a.happened + int64(6+r.below(20))*day
		dst = number(dst, a.job)
		dst = number(dst, p.id)
		dst = number(dst, a.vehicle)
		dst = number(dst, a.estimate)
		dst = number(dst, p.branch)
		dst = number(dst, memberOf(p.branch, &r))
		if booked+30*day < asOf {
			status := "collected"
			if r.percent(4) {
				status = "cancelled"
			}
			dst = date(date(text(dst, status), booked), booked+int64(2+r.below(20))*day)
		} else {
			status := pick(&r, []string{"booked", "in-bodyshop", "awaiting-parts", "in-paint", "ready"})
			dst = null(date(text(dst, status), booked))
		}
		if s := pick(&r, instructions); s == "" {
			dst = null(dst)
		} else {
			dst = text(dst, s)
		}
		dst = end(dst)
	}
	return dst
}

func (g *generator) calls(dst []byte, p *plan) []byte {
	for id := p.call; id < p.call+p.calls; id++ {
		r := draw(g.seed, ofCall, id)
		dst = number(dst, id)
		dst = number(dst, p.id)
		dst = number(dst, memberOf(p.branch, &r))
		dst = append(g.phone(dst, p.id), '\t')
		dst = boolean(dst, r.percent(70))
		dst = stamp(dst, min(p.created+int64(r.below(20*day)), asOf))
		dst = end(text(dst, pick(&r, summaries)))
	}
	return dst
}

// payment writes a refund. Sort codes begin with 00, which no bank has.
func (g *generator) payment(dst []byte, p *plan) []byte {
	for i := range p.accidents {
		a := &p.accidents[i]
		if a.payment == 0 {
			continue
		}
		r := draw(g.seed, ofPayment, a.payment)
		who := g.person(p.id)
		dst = number(dst, a.payment)
		dst = number(dst, p.id)
		dst = number(dst, a.estimate)
		dst = text(dst, who.first, " ", who.last)
		dst = digits(append(dst, "00-"...), int64(r.below(100)), 2)
		dst = append(digits(append(dst, '-'), int64(r.below(100)), 2), '\t')
		dst = append(digits(dst, int64(r.below(100_000_000)), 8), '\t')
		dst = hundredths(dst, int64(1000+r.below(40_000)))
		dst = append(digits(append(dst, "REFUND "...), a.payment, 7), '\t')
		dst = end(stamp(dst, a.happened+40*day))
	}
	return dst
}
