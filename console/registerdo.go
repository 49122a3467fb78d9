package console

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"custody"
)

// registered goes on to the register, or shows it once more with what was wrong.
func (v *visit) registered(err error) error {
	if err == nil {
		return v.seeOther("/processors", "recorded")
	}
	d, e := v.processors()
	if e != nil {
		return e
	}
	return v.again("processors", "Processors", d, err)
}

func putProcessorPage(v *visit) error {
	p := Processor{Kind: v.text("kind"), Contact: v.text("contact"), Contract: v.text("contract"), Instructions: v.text("instructions")}
	var err error
	if p.ContractStart, err = v.day("start"); err == nil {
		p.ContractEnd, err = v.after("end")
	}
	if err == nil {
		p.ReviewDays, err = v.wholeNumber("days", "say every how many days it is reviewed")
	}
	if err == nil {
		err = v.putProcessor(v.text("organisation"), &p)
	}
	return v.registered(err)
}

// after reads a last day of a form: the moment when it is over; zero if it is empty.
func (v *visit) after(name string) (time.Time, error) {
	t, err := v.day(name)
	if t.IsZero() || err != nil {
		return t, err
	}
	return t.AddDate(0, 0, 1), nil
}

func (v *visit) wholeNumber(name, says string) (int, error) {
	n, err := strconv.ParseUint(strings.ReplaceAll(v.text(name), ",", ""), 10, 31)
	if err != nil {
		return 0, custody.E(custody.CodeInvalid, says, "write a whole number, such as 365")
	}
	return int(n), nil
}

// ownProcessor finds the processor of the path that the visitor may keep.
func (v *visit) ownProcessor() (*Processor, error) {
	p, err := v.processor()
	if err == nil && !v.reach(areaProcessorsDo).organisation(p.Organisation) {
		return nil, v.refused(errRole)
	}
	return p, err
}

// scopeProcessor sets what a processor may have of a system; nothing takes it away.
func (v *visit) scopeProcessor(system string, words []string) error {
	p, err := v.ownProcessor()
	if err != nil {
		return err
	}
	id, err := v.systemNamed(system)
	if err != nil {
		return err
	}
	set, err := categories(words)
	if err != nil {
		return err
	}
	return v.refused(v.c.o.Register.ScopeProcessor(v.r.Context(), p.Organisation, id, set, v.sess.Person))
}

func scopeProcessorPage(v *visit) error {
	return v.registered(v.scopeProcessor(v.text("system"), v.r.PostForm["category"]))
}

// keepPaper keeps a sub-processor, a certificate or a portal.
func (v *visit) keepPaper(paper *Paper) error {
	p, err := v.ownProcessor()
	if err != nil {
		return err
	}
	if !slices.Contains(paperKinds, paper.Kind) {
		return custody.E(custody.CodeInvalid, "there is no such kind of paper", "it is one of "+strings.Join(paperKinds, ", "))
	}
	if paper.Since.IsZero() {
		paper.Since = v.c.o.Now()
	}
	return v.refused(v.c.o.Register.KeepPaper(v.r.Context(), p.Organisation, paper, v.sess.Person))
}

var paperKinds = []string{"sub-processor", "certificate", "portal"}

func keepPaperPage(v *visit) error {
	paper := Paper{Kind: v.text("kind"), Name: v.text("name"), About: v.text("about"), Evidence: v.text("evidence")}
	var err error
	if paper.Till, err = v.after("till"); err == nil {
		err = v.keepPaper(&paper)
	}
	return v.registered(err)
}

// keepTransfer keeps that data was handed over otherwise than through a gate.
func (v *visit) keepTransfer(t *Transfer, words []string) error {
	p, err := v.ownProcessor()
	if err != nil {
		return err
	}
	system, err := v.systemNamed(t.System)
	if err != nil {
		return err
	}
	if t.Categories, err = categories(words); err != nil {
		return err
	}
	t.Made = v.c.o.Now()
	return v.refused(v.c.o.Register.KeepTransfer(v.r.Context(), p.Organisation, system, t, v.sess.Person))
}

func keepTransferPage(v *visit) error {
	t := Transfer{System: v.text("system"), Means: v.text("means"), Purpose: v.text("purpose")}
	n, err := v.wholeNumber("subjects", "say of how many customers")
	if t.Subjects = uint32(n); err == nil {
		t.ReturnDue, err = v.after("due")
	}
	if err == nil {
		err = v.keepTransfer(&t, v.r.PostForm["category"])
	}
	return v.registered(err)
}

// returnTransfer keeps that what was handed over came back or was deleted.
func (v *visit) returnTransfer(evidence string) error {
	p, err := v.ownProcessor()
	if err != nil {
		return err
	}
	id, err := number[int64](v, "transfer")
	if err != nil {
		return err
	}
	if !slices.ContainsFunc(p.Transfers, func(t Transfer) bool { return t.ID == id }) {
		return errNothing
	}
	return v.refused(v.c.o.Register.ReturnTransfer(v.r.Context(), id, evidence, v.sess.Person))
}

func returnTransferPage(v *visit) error { return v.registered(v.returnTransfer(v.text("evidence"))) }

// addRule adds a version of a rule, and addCourse a course. Both are for everybody, so
// only who reaches all employers adds them.
func (v *visit) addRule(r *Rule) error {
	if !v.reach(areaRulesDo).everywhere() {
		return v.refused(errRole)
	}
	return v.refused(v.c.o.Register.AddRule(v.r.Context(), r, v.sess.Person))
}

func (v *visit) addCourse(c *Course) error {
	if !v.reach(areaRulesDo).everywhere() {
		return v.refused(errRole)
	}
	return v.c.o.Register.AddCourse(v.r.Context(), c)
}

func addRulePage(v *visit) error {
	r := Rule{Name: v.text("name"), Version: v.text("version"), Title: v.text("title"), Text: v.text("text")}
	var err error
	if r.Begins, err = v.day("begins"); err == nil {
		err = v.addRule(&r)
	}
	return v.ruled(err)
}

func addCoursePage(v *visit) error {
	days, err := v.wholeNumber("days", "say how many days it holds")
	if err == nil {
		err = v.addCourse(&Course{Name: v.text("name"), Title: v.text("title"), Days: days})
	}
	return v.ruled(err)
}
