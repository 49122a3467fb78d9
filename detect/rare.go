package detect

// rare counts on how many person-days something happened, older days counting less. Its
// chance of happening on the next person-day is estimated by Laplace's rule, so that
// what happens often raises no alarm by itself, and stops raising one once it does.
type rare struct{ happened, days float64 }

func (r *rare) chance() float64 { return (r.happened + 1) / (r.days + 2) }

func (r *rare) fade() { r.happened, r.days = r.happened*rareMemory, r.days*rareMemory }

const rareMemory = 0.985

// The kinds of rare day.
const (
	rareDevice  = iota // a device that is new to the login
	rareBoth           // a login on two devices at the same time
	rareHours          // looks outside the hours
	rareTravel         // faster than one can travel
	rareExport         // a file of many customers
	rareSecond         // two live sessions at two addresses
	rareRun            // keys in sequence
	rareRhythm         // looks at the pace of a machine
	rarePages          // page after page of lists
	rareProbing        // refusals
	rareGuess          // sign-ins in vain
	rareCount
)

// ledge is where rare days are counted, and on which of today's people they happened.
type ledge struct {
	kinds [rareCount]rare
	today [rareCount]map[uint32]bool
}

func newLedge() ledge {
	var l ledge
	for i := range l.today {
		l.today[i] = map[uint32]bool{}
	}
	return l
}

// happened notes a rare thing of a login today and gives the chance of it on a
// person-day as it was before today; again says that it was noted today already.
func (l *ledge) happened(kind int, person uint32) (chance float64, again bool) {
	again = l.today[kind][person]
	l.today[kind][person] = true
	return l.kinds[kind].chance(), again
}

// end closes a day on which so many people were active.
func (l *ledge) end(people float64) {
	for i := range l.kinds {
		l.kinds[i].fade()
		l.kinds[i].happened += float64(len(l.today[i]))
		l.kinds[i].days += people
		clear(l.today[i])
	}
}
