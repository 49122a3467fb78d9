package gate

import (
	"fmt"

	"custody"
)

// What an approval opens is lent for so many customers: each of whom a lent category is
// shown counts against an approval that has it, and is recorded under its grant, in an
// event of its own beside that of what the ordinary right shows. Whoever was counted
// once stays open until the approval ends; the next one too many is not shown.

// Loan is a customer and the categories of them that approvals alone open.
type Loan struct {
	Subject    custody.SubjectID
	Categories custody.CategorySet
}

// lent is what one approval opens of a customer.
type lent struct {
	*custody.Extra
	spent *spent
	fresh bool // counted now, and not before
	read  custody.CategorySet
}

// lend counts a loan against approvals, or counts nothing and says which approval has
// nobody left; nil with no loans if there is none. The lock of the counter is held.
func (a *Answer) lend(d *custody.Decision, l Loan, to []lent) (list []lent, full *custody.Extra, ok bool) {
	list = to
	for rest := l.Categories; rest != 0; {
		x, f := a.lender(d, rest, l.Subject)
		if x == nil {
			giveBack(list[len(to):], l.Subject)
			return to, f, false
		}
		p := a.s.counter.spentOf(a.s, x)
		list = append(list, lent{x, p, p.set.CheckedAdd(uint32(l.Subject)), rest & x.Categories})
		rest &^= x.Categories
	}
	return list, nil, true
}

// lender finds the approval for some of the categories of a customer: one that has
// counted them before, or the first that has anybody left.
func (a *Answer) lender(d *custody.Decision, set custody.CategorySet, s custody.SubjectID) (x, full *custody.Extra) {
	for i := range d.Extra {
		e := &d.Extra[i]
		if set&e.Categories == 0 {
			continue
		}
		p := a.s.counter.spentOf(a.s, e)
		if p.set.Contains(uint32(s)) {
			return e, nil
		}
		if p.left(e) == 0 {
			full = e
		} else if x == nil {
			x = e
		}
	}
	return x, full
}

// giveBack counts nobody for loans of a customer that is not shown after all.
func giveBack(list []lent, s custody.SubjectID) {
	for _, l := range list {
		if l.fresh {
			l.spent.set.Remove(uint32(s))
		}
	}
}

// addLent is Add for a customer of whom the group shows something that is lent.
func (a *Answer) addLent(n int, s custody.SubjectID) error {
	list, err := a.borrow(Loan{s, a.groups[n].lent})
	if err != nil {
		return err
	}
	c := a.s.counter
	if g := &a.groups[n]; g.clear|g.ruling.Masked != 0 {
		if err := a.add(n, s); err != nil {
			c.mu.Lock()
			giveBack(list, s)
			c.mu.Unlock()
			return err
		}
	} else {
		c.mu.Lock()
		c.roll(a.now)
		c.note(uint32(s))
		c.mu.Unlock()
	}
	for i := range list {
		a.put(a.lentGroup(n, &list[i]), s)
	}
	return nil
}

// borrow counts a loan; an error of code Limit or Revoked refuses it.
func (a *Answer) borrow(l Loan) ([]lent, error) {
	a.begin()
	d := a.s.decision(custody.See)
	a.s.counter.mu.Lock()
	list, full, ok := a.lend(d, l, a.lent[:0])
	a.s.counter.mu.Unlock()
	if a.lent = list; ok {
		return list, nil
	}
	err := usedUp(full, l.Categories, "the answer stops here")
	a.s.Refuse(custody.CodeOf(err), a.statement)
	return nil, err
}

// Lends says whether approvals have room for all loans. It counts nobody.
func (a *Answer) Lends(loans []Loan) bool {
	d, c := a.s.decision(custody.See), a.s.counter
	c.mu.Lock()
	defer c.mu.Unlock()
	taken, _, ok := a.lendAll(d, loans)
	taken.giveBack()
	return ok
}

// loans are those of many customers that were counted together.
type loans []struct {
	list []lent
	of   custody.SubjectID
}

func (l loans) giveBack() {
	for _, one := range l {
		giveBack(one.list, one.of)
	}
}

// lendAll counts all loans or, when approvals do not suffice, none; it says then which
// is used up. The lock of the counter is held.
func (a *Answer) lendAll(d *custody.Decision, all []Loan) (taken loans, full *custody.Extra, ok bool) {
	for _, l := range all {
		list, full, ok := a.lend(d, l, nil)
		if !ok {
			taken.giveBack()
			return nil, full, false
		}
		taken = append(taken, struct {
			list []lent
			of   custody.SubjectID
		}{list, l.Subject})
	}
	return taken, nil, true
}

// lentGroup gives the group for what one approval lends of a group's customers.
func (a *Answer) lentGroup(n int, l *lent) *group {
	r := Ruling{Grant: l.Grant, Approved: true, need: Need{Action: custody.See, Read: l.read}}
	return &a.groups[a.groupBeside(n, r, l.read)]
}

// roomLent says whether customers could all be shown with what a group is lent.
func (a *Answer) roomLent(g *group, list []custody.SubjectID) bool {
	all := make([]Loan, len(list))
	for i, s := range list {
		all[i] = Loan{s, g.lent}
	}
	return a.Lends(all)
}

var errEnded = custody.E(custody.CodeRevoked, "what was approved for this has ended", "ask for it again: custody request new")

// usedUp is the error of a loan that no approval makes: full is the one that has nobody
// left, nil if there is none any more.
func usedUp(full *custody.Extra, set custody.CategorySet, so string) error {
	if full == nil {
		return errEnded
	}
	return custody.E(custody.CodeLimit,
		fmt.Sprintf("the %d customers of whom grant %d lets you see %s have been seen; %s", full.Subjects, full.Grant, full.Categories&set, so),
		"customers already seen under it stay open to you until it ends; leave out "+set.String()+", or ask for more: custody request new")
}
