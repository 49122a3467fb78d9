package console

import (
	"slices"
	"time"

	"custody"
)

type processorsData struct {
	Processors []Processor
	Now        time.Time
	MayReview  bool
	MayAdd     bool
	Systems    []option
	Kinds      []string // of papers
	Categories []string
}

// Soon says whether a date comes within a month, or has come.
func (d *processorsData) Soon(t time.Time) bool {
	return !t.IsZero() && t.Before(d.Now.AddDate(0, 1, 0))
}

func processorsPage(v *visit) error {
	d, err := v.processors()
	if err != nil {
		return err
	}
	return v.show("processors", "Processors", d)
}

func (v *visit) processors() (*processorsData, error) {
	list, err := v.c.o.Register.Processors(v.r.Context())
	r := v.reach(areaProcessors)
	list = slices.DeleteFunc(list, func(p Processor) bool { return !r.everywhere() && !r.organisation(p.Organisation) })
	return &processorsData{list, v.c.o.Now(), v.may(areaProcessorsDo), v.reach(areaProcessorsDo).everywhere(), v.systemOptions(""), paperKinds,
		custody.Categories(custody.AllCategories()...).Strings()}, err
}

// processor finds the processor of the path within reach.
func (v *visit) processor() (*Processor, error) {
	id, err := number[custody.OrganisationID](v, "processor")
	if err != nil {
		return nil, err
	}
	d, err := v.processors()
	if err != nil {
		return nil, err
	}
	for i := range d.Processors {
		if d.Processors[i].Organisation == id {
			return &d.Processors[i], nil
		}
	}
	return nil, errNothing
}

// putProcessor keeps a contract. The register is the controller's: only who reaches all
// employers adds to it.
func (v *visit) putProcessor(organisation string, p *Processor) error {
	if !v.reach(areaProcessorsDo).everywhere() {
		return v.refused(errRole)
	}
	if p.ContractStart.IsZero() {
		p.ContractStart = v.c.o.Now()
	}
	return v.refused(v.c.o.Register.PutProcessor(v.r.Context(), organisation, p, v.sess.Person))
}

// reviewProcessor keeps what a review of a processor found.
func reviewProcessor(v *visit) error {
	id, err := number[custody.OrganisationID](v, "processor")
	if err == nil {
		err = v.judgeProcessor(id, v.text("outcome"), v.text("evidence"), v.text("note"))
	}
	return v.registered(err)
}

// judgeProcessor keeps a review of a processor within reach. Nobody reviews their own
// employer.
func (v *visit) judgeProcessor(id custody.OrganisationID, outcome, evidence, note string) error {
	if !v.reach(areaProcessorsDo).organisation(id) {
		return v.refused(errRole)
	}
	if v.sess.Organisation == id {
		return v.refused(custody.E(custody.CodeForbidden, "nobody reviews their own employer", "somebody of the controller does it"))
	}
	return v.refused(v.c.o.Register.ReviewProcessor(v.r.Context(), id, v.sess.Person, outcome, evidence, note))
}
