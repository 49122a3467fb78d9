package bodyshop

var vehicles = table{
	name:     "vehicles",
	columns:  "id,customer_id,registration,vin,make,model,colour,first_registered,mileage",
	identity: true,
	rows:     (*generator).vehicle,
}

func (g *generator) vehicle(dst []byte, p *plan) []byte {
	for id := p.vehicle; id < p.vehicle+p.vehicles; id++ {
		r := draw(g.seed, ofVehicle, id)
		car := &cars[r.below(len(cars))]
		dst = number(dst, id)
		dst = number(dst, p.id)
		write := currentMark
		if r.percent(4) {
			write = prefixMark
		}
		var year int
		dst, year = write(dst, id)
		dst = append(dst, '\t')
		dst = vin(dst, car.wmi, id)
		dst = text(dst, car.name)
		dst = text(dst, pick(&r, car.models))
		dst = text(dst, pick(&r, colours))
		dst = date(dst, int64(year-1970)*365*day+int64(year-1969)/4*day+int64(60+r.below(300))*day)
		if r.percent(8) {
			dst = null(dst)
		} else {
			dst = number(dst, int64(500+r.below(140_000)))
		}
		dst = end(dst)
	}
	return dst
}

const (
	plateLetters = "ABCDEFGHJKLMNOPRSTUVWXYZ" // never I or Q
	plateAreas   = "ABCDEFGHKLMNOPRSVWY"      // first letters of current marks
	plateSecond  = "ABCDEFGHJKLMNOPRSTUVWXY"  // their second letters
	plateHalves  = 46                         // half years from March 2003
	prefixYears  = "ABCDEFGHJKLMNPRS"         // 1984 to 1999
)

// mark spells a vehicle's number as letters and figures, so marks are unique.
type mark int64

func (m *mark) take(n int) int {
	rest := int(*m % mark(n))
	*m /= mark(n)
	return rest
}

func (m *mark) letters(dst []byte, sets ...string) []byte {
	for _, set := range sets {
		dst = append(dst, set[m.take(len(set))])
	}
	return dst
}

// currentMark writes a mark as issued since 2001, such as AB12 CDE, and gives the
// year that it stands for.
func currentMark(dst []byte, id int64) ([]byte, int) {
	m := mark(shuffle(id, int64(len(plateAreas)*len(plateSecond)*plateHalves*24*24*24)))
	half := m.take(plateHalves)
	dst = m.letters(dst, plateAreas, plateSecond)
	dst = digits(dst, int64(3+half/2+half%2*50), 2)
	return m.letters(append(dst, ' '), plateLetters, plateLetters, plateLetters), 2003 + half/2
}

// prefixMark writes a mark as issued before 2001, such as A123 BCD.
func prefixMark(dst []byte, id int64) ([]byte, int) {
	m := mark(shuffle(id, int64(999*24*24*24)))
	number := 1 + int64(m.take(999))
	year := int(id % int64(len(prefixYears)))
	dst = append(dst, prefixYears[year])
	dst = digits(dst, number, width(number))
	return m.letters(append(dst, ' '), plateLetters, plateLetters, plateLetters), 1984 + year
}

// vin ends in the vehicle's number, so it is unique; the check digit that North
// America asks for is not used in Europe.
func vin(dst []byte, wmi string, id int64) []byte {
	dst = append(dst, wmi...)
	dst = append(dst, "ZZZ8P9"...)
	return append(digits(dst, id, 8), '\t')
}
