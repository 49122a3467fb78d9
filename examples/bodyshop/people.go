package bodyshop

import "strings"

var customers = table{
	name:     "customers",
	columns:  "id,name,phone,email,address_line1,address_line2,town,postcode,date_of_birth,notes,branch_id,marketing,created_at",
	identity: true,
	rows:     (*generator).customer,
}

// person is who a customer is: drawn once, wanted by several tables.
type person struct {
	first, last string
	r           random // for what else belongs to the person
}

func (g *generator) person(id int64) person {
	r := draw(g.seed, ofPerson, id)
	p := person{first: pick(&r, firstNames), last: pick(&r, surnames), r: r}
	if home := g.household(id); home != id {
		p.last = g.person(home).last
	}
	return p
}

func (g *generator) customer(dst []byte, p *plan) []byte {
	who := g.person(p.id)
	r := &who.r
	dst = number(dst, p.id)
	dst = text(dst, who.first, " ", who.last)
	if r.percent(4) {
		dst = null(dst)
	} else {
		dst = append(g.phone(dst, p.id), '\t')
	}
	dst = who.email(dst, p.id)
	dst = g.address(dst, p.id)
	if r.percent(10) {
		dst = null(dst)
	} else {
		dst = date(dst, epoch-int64(18*366+r.below(65*365))*day)
	}
	dst = g.note(dst, p.id, r)
	dst = number(dst, p.branch)
	dst = boolean(dst, r.percent(30))
	return end(stamp(dst, p.created))
}

// email is unique by the customer's number, and at a domain that RFC 2606 and RFC
// 6761 keep for examples, so no message to it arrives anywhere.
func (who *person) email(dst []byte, id int64) []byte {
	if who.r.percent(6) {
		return null(dst)
	}
	dst = mailName(dst, who.first)
	dst = append(dst, '.')
	dst = mailName(dst, who.last)
	dst = digits(dst, id, width(id))
	return text(append(dst, '@'), pick(&who.r, mailDomains))
}

// mailName writes the ASCII letters of a name in lower case.
func mailName(dst []byte, name string) []byte {
	for _, c := range strings.ToLower(name) {
		switch {
		case c >= 'a' && c <= 'z':
			dst = append(dst, byte(c))
		case c == 'é' || c == 'ë':
			dst = append(dst, 'e')
		case c == 'á' || c == 'â':
			dst = append(dst, 'a')
		}
	}
	return dst
}

// address writes line 1, line 2, town and postcode; a household has one address.
func (g *generator) address(dst []byte, id int64) []byte {
	r := draw(g.seed, ofPerson, g.household(id)<<24)
	place := towns[r.below(len(towns))]
	dst = number(dst, int64(1+r.below(180)))
	dst[len(dst)-1] = ' '
	dst = text(dst, pick(&r, streets))
	if r.percent(15) {
		dst = append(dst, "Flat "...)
		dst = number(dst, int64(1+r.below(30)))
	} else {
		dst = null(dst)
	}
	dst = text(dst, place[0])
	const inward = "ABDEFGHJLNPQRSTUWXYZ" // never C, I, K, M, O or V
	dst = append(append(dst, place[1]...), ' ', byte('0'+r.below(10)))
	return append(dst, inward[r.below(len(inward))], inward[r.below(len(inward))], '\t')
}

// note is mostly empty; now and then it names the customer's own phone, as notes do.
func (g *generator) note(dst []byte, id int64, r *random) []byte {
	switch n := r.below(20); {
	case n < 13:
		return null(dst)
	case n < 15:
		dst = append(dst, "Partner rings from "...)
		dst = g.phone(dst, id)
		return text(dst, ". ", pick(r, notes))
	default:
		return text(dst, pick(r, notes))
	}
}
