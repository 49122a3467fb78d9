package console

import (
	"slices"
	"strings"
	"time"

	"custody"
	"custody/trace/inquiry"
)

// Canary is a planted customer.
type Canary struct {
	ID         int64
	Subject    custody.SubjectID
	System     custody.SystemID
	SystemName string
	Key        string // empty once it is erased
	Note       string
	// Meant is the candidate of a trace to whom alone it is shown; empty for nobody.
	Meant                  string
	Planted, Withdrawn     time.Time // a zero Withdrawn: it is watched
	PlantedBy, WithdrawnBy string    // logins
	Calls                  int       // complaints about it
}

// Canaries keeps planted customers. Nobody withdraws one while an alert about themselves
// waits: it holds to that itself.
type Canaries interface {
	// Canaries lists all that were ever planted, those that are watched first, the newest
	// first of each.
	Canaries() ([]Canary, error)
	// Plant watches customers from now on, all of them or none.
	Plant(system custody.SystemID, list []inquiry.ToPlant, note string, by custody.PersonID) error
	Withdraw(system custody.SystemID, key string, by custody.PersonID) error
	// Now gives what says whether a customer is watched as a planted one now.
	Now() (func(custody.SubjectID) bool, error)
}

// canaryRow is a planted customer as the visitor may know it. Which customers are planted
// is for those who plant; others see that, when, where and by whom, and how often it was
// touched.
type canaryRow struct {
	Canary
	Looks int
	Last  time.Time // the newest look
	Told  bool      // the visitor may know which customer it is
}

type canariesData struct {
	Watched, Withdrawn []canaryRow
	More               int // watched ones that are not listed
	InAll              int
	Touched            int // of those listed
	MayPlant           bool
	Systems            []option
	Subjects, Note     string
	Meant              string
}

// shownCanaries is how many planted customers the page lists.
const shownCanaries = 100

// canaryReach: planted customers are of the whole deployment, so only who reaches all
// employers deals with them.
func (v *visit) canaryReach(a area) bool { return v.reach(a).everywhere() }

func canariesPage(v *visit) error {
	d, err := v.canaries()
	if err != nil {
		return err
	}
	return v.show("canaries", "Planted customers", d)
}

// planted lists those that were planted, without what the visitor may not know. That the
// list was opened is noted: who read it knows what to leave alone.
func (v *visit) planted() ([]canaryRow, error) {
	if !v.canaryReach(areaCanaries) {
		return nil, v.refused(errRole)
	}
	all, err := v.c.o.Canaries.Canaries()
	told := v.canaryReach(areaCanariesDo)
	rows := make([]canaryRow, len(all))
	for i, c := range all {
		if rows[i] = (canaryRow{Canary: c, Told: told}); !told {
			rows[i].Key, rows[i].Note, rows[i].Meant = "", "", ""
		}
	}
	v.c.o.Log.Info("the list of planted customers was opened", "session", v.sess.ID, "which", told)
	return rows, err
}

// countTouches counts the looks at planted customers while they were watched. When it was is
// for those who may know which customer it is: a time would tell.
func (v *visit) countTouches(rows []canaryRow) {
	for i := range rows {
		r := &rows[i]
		for l := range v.c.o.Looks.WhoSaw(r.System, r.Subject, r.Planted, r.Withdrawn) {
			if r.Looks++; r.Told && l.Time.After(r.Last) {
				r.Last = l.Time
			}
		}
	}
}

func (v *visit) canaries() (*canariesData, error) {
	rows, err := v.planted()
	if err != nil {
		return nil, err
	}
	d := &canariesData{InAll: len(rows), MayPlant: v.canaryReach(areaCanariesDo), Systems: v.systemOptions("")}
	ended := slices.IndexFunc(rows, func(r canaryRow) bool { return !r.Withdrawn.IsZero() })
	if ended < 0 {
		ended = len(rows)
	}
	d.Watched, d.Withdrawn = rows[:min(ended, shownCanaries)], rows[ended:min(len(rows), ended+shownCanaries)]
	d.More = ended - len(d.Watched)
	v.countTouches(d.Watched)
	v.countTouches(d.Withdrawn)
	for _, r := range d.Watched {
		if r.Looks+r.Calls > 0 {
			d.Touched++
		}
	}
	return d, nil
}

// plant watches customers of a system from now on.
func (v *visit) plant(system string, list []inquiry.ToPlant, note string) error {
	if !v.canaryReach(areaCanariesDo) {
		return v.refused(errRole)
	}
	id, err := v.systemNamed(system)
	if err != nil {
		return err
	}
	if len(list) == 0 {
		return custody.E(custody.CodeInvalid, "no customer's number was given", "make the customers in the system first, and give their numbers here")
	}
	if err := v.c.o.Canaries.Plant(id, list, note, v.sess.Person); err != nil {
		return v.refused(err)
	}
	v.c.o.Log.Warn("customers were planted", "system", id, "count", len(list), "session", v.sess.ID)
	return nil
}

// toPlant reads the customers of a form: numbers parted by commas or line ends, in as many
// fields as there are candidates for whom they are meant.
func (v *visit) toPlant() (list []inquiry.ToPlant) {
	_ = v.text("system") // reads the form
	meant := v.r.PostForm["for"]
	for i, text := range v.r.PostForm["subjects"] {
		for key := range strings.FieldsFuncSeq(text, func(r rune) bool { return r == ',' || r == ';' || r == '\n' || r == '\r' }) {
			if key = strings.TrimSpace(key); key != "" {
				p := inquiry.ToPlant{Key: key}
				if i < len(meant) {
					p.Meant = strings.TrimSpace(meant[i])
				}
				list = append(list, p)
			}
		}
	}
	return list
}

func plantPage(v *visit) error {
	err := v.plant(v.text("system"), v.toPlant(), v.text("note"))
	if err == nil {
		return v.seeOther("/canaries", "planted")
	}
	d, e := v.canaries()
	if e != nil {
		return e
	}
	d.Systems, d.Note = v.systemOptions(v.text("system")), v.text("note")
	if fields := v.r.PostForm["subjects"]; len(fields) == 1 {
		d.Subjects, d.Meant = fields[0], v.text("for")
	}
	return v.again("canaries", "Planted customers", d, err)
}

// unplant ends the watch over the planted customer of the path.
func (v *visit) unplant() error {
	if !v.canaryReach(areaCanariesDo) {
		return v.refused(errRole)
	}
	id, err := number[int64](v, "canary")
	if err != nil {
		return err
	}
	all, err := v.c.o.Canaries.Canaries()
	if err != nil {
		return err
	}
	at := slices.IndexFunc(all, func(c Canary) bool { return c.ID == id })
	switch {
	case at < 0:
		return errNothing
	case !all[at].Withdrawn.IsZero():
		return custody.E(custody.CodeConflict, "it is watched no longer", "open the page again: somebody withdrew it")
	}
	return v.refused(v.c.o.Canaries.Withdraw(all[at].System, all[at].Key, v.sess.Person))
}

func unplantPage(v *visit) error {
	err := v.unplant()
	if err == nil {
		return v.seeOther("/canaries", "unplanted")
	}
	if custody.CodeOf(err) == custody.CodeNotFound {
		return err
	}
	d, e := v.canaries()
	if e != nil {
		return e
	}
	return v.again("canaries", "Planted customers", d, err)
}

// toldPlanted says whether a customer is a planted one, to a visitor who may know.
func (v *visit) toldPlanted(s custody.SubjectID) (bool, error) {
	if !v.canaryReach(areaCanariesDo) {
		return false, nil
	}
	planted, err := v.c.o.Canaries.Now()
	if err != nil {
		return false, err
	}
	return planted(s), nil
}
