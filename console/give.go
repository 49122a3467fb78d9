package console

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"custody"
)

// setHolder says for whom a right is: exactly one of the three.
func (g *Grant) setHolder(person, role, organisation string) error {
	n := 0
	for _, h := range []struct{ kind, name string }{{"person", strings.ToLower(strings.TrimSpace(person))}, {"role", strings.TrimSpace(role)}, {"organisation", strings.TrimSpace(organisation)}} {
		if h.name != "" {
			g.Kind, g.Name, g.Holder = h.kind, h.name, h.kind+" "+h.name
			n++
		}
	}
	if n != 1 {
		return custody.E(custody.CodeInvalid, "a right is for one person, one role or one employer's people", "name exactly one")
	}
	return nil
}

// categories reads a list of categories.
func categories(words []string) (set custody.CategorySet, err error) {
	for _, word := range words {
		c, ok := custody.ParseCategory(word)
		if !ok {
			return 0, custody.E(custody.CodeInvalid, "there is no such category", "it is one of "+strings.Join(custody.Categories(custody.AllCategories()...).Strings(), ", "))
		}
		set |= custody.Categories(c)
	}
	return set, nil
}

// mayGrant says whether the visitor may give or end a right: all whom it reaches must be
// within their reach.
func (v *visit) mayGrant(g *Grant) error {
	r := v.reach(areaGrant)
	within := r.everywhere()
	switch g.Kind {
	case "person":
		if p := v.people.byLogin(g.Name); !within && p != nil {
			within = !slices.ContainsFunc(p.now(v.c.o.Now()), func(e Engagement) bool { return !r.organisation(e.Organisation) }) && r.person(p)
		}
	case "organisation":
		for id, name := range v.people.organisations() {
			within = within || name == g.Name && r.organisation(id)
		}
	}
	if !within {
		return v.refused(custody.E(custody.CodeForbidden, "this right reaches people who are not within your reach", "somebody whose role reaches all employers does it"))
	}
	return nil
}

// notOwn: nobody gives a right that reaches themselves.
func (v *visit) notOwn(g *Grant) error {
	now, me := v.c.o.Now(), v.people.byID[v.sess.Person]
	if me != nil && holds(g, me, me.roles(now), me.now(now)) {
		return v.refused(custody.E(custody.CodeForbidden, "nobody gives a right that reaches themselves", "somebody else with the role does it"))
	}
	return nil
}

// checkGrant holds a new right to what makes sense, and fills in its beginning.
func (v *visit) checkGrant(g *Grant) error {
	if _, err := v.systemNamed(g.System); err != nil {
		return err
	}
	now := v.c.o.Now()
	if g.Start.IsZero() {
		g.Start = now
	}
	switch {
	case g.See|g.Mask|g.Change == 0:
		return custody.E(custody.CodeInvalid, "the right permits nothing", "choose what may be seen, seen masked or changed")
	case !g.End.IsZero() && (!g.End.After(g.Start) || !g.End.After(now)):
		return custody.E(custody.CodeInvalid, "the right ends before it begins", "choose a later end, or none")
	case g.Kind == "person" && v.people.byLogin(g.Name) == nil:
		return custody.E(custody.CodeNotFound, "no person has this login", "write it in full, as on the page People")
	}
	return nil
}

// give gives a right, with who gave it and why.
func (v *visit) give(g *Grant, why string) error {
	if err := v.checkGrant(g); err != nil {
		return err
	}
	if err := v.mayGrant(g); err != nil {
		return err
	}
	if err := v.notOwn(g); err != nil {
		return err
	}
	if err := checkWhy(why); err != nil {
		return err
	}
	if err := v.c.o.Rights.Give(v.r.Context(), g, v.sess.Person, why); err != nil {
		return err
	}
	v.c.o.Log.Info("a right was given in the console", "grant", g.ID, "by", v.sess.ID)
	return nil
}

// endGrant ends a right now, with who ended it and why.
func (v *visit) endGrant(id custody.GrantID, why string) error {
	all, err := v.grantsInReach()
	if err != nil {
		return err
	}
	at := slices.IndexFunc(all, func(g Grant) bool { return g.ID == id })
	if at < 0 {
		return errNothing
	}
	if err := v.mayGrant(&all[at]); err != nil {
		return err
	}
	if err := checkWhy(why); err != nil {
		return err
	}
	v.c.o.Log.Info("a right was ended in the console", "grant", id, "by", v.sess.ID)
	return v.c.o.Rights.End(v.r.Context(), id, v.sess.Person, why)
}

// change is how many people would see or change something that they cannot now.
type change struct {
	Category, Does string // see, see-masked or change
	People         int
}

// Says is a change in a sentence.
func (c change) Says() string {
	return plural(c.People, "person", "people") + " who cannot now would " + strings.Replace(c.Does, "-masked", " masked:", 1) + " " + c.Category
}

// changes is what a right would change.
type changes struct {
	People  int // whom it would reach now
	Changes []change
	Limits  string
}

// wouldChange compares what everybody whom a right reaches may do in its system under the
// rights in force with what they might with it.
func (v *visit) wouldChange(g *Grant) (*changes, error) {
	if err := v.checkGrant(g); err != nil {
		return nil, err
	}
	if err := v.mayGrant(g); err != nil {
		return nil, err
	}
	all, err := v.c.o.Rights.Grants()
	if err != nil {
		return nil, err
	}
	now, d := v.c.o.Now(), &changes{Limits: limitWords(g.Limits)}
	gain := map[change]int{}
	for _, p := range v.people.sorted {
		roles, current := p.roles(now), p.now(now)
		if len(current) == 0 || !holds(g, p, roles, current) {
			continue
		}
		d.People++
		see, masked, changing := held(all, g.System, p, roles, current, now)
		gained(gain, "see", g.See&^see)
		gained(gain, "see-masked", g.Mask&^(masked|see|g.See))
		gained(gain, "change", g.Change&^changing)
	}
	for _, does := range []string{"see", "see-masked", "change"} {
		for _, c := range custody.AllCategories() {
			if n := gain[change{Category: c.String(), Does: does}]; n > 0 {
				d.Changes = append(d.Changes, change{c.String(), does, n})
			}
		}
	}
	return d, nil
}

func gained(gain map[change]int, does string, set custody.CategorySet) {
	for _, c := range set.List() {
		gain[change{Category: c.String(), Does: does}]++
	}
}

// held adds up what a person may do in a system under the rights in force.
func held(all []Grant, system string, p *Person, roles []string, current []Engagement, now time.Time) (see, masked, changing custody.CategorySet) {
	for i := range all {
		if g := &all[i]; g.System == system && g.Current(now) && holds(g, p, roles, current) {
			see, masked, changing = see|g.See, masked|g.Mask, changing|g.Change
		}
	}
	return see, masked, changing
}

// limitWords says how many customers a right is for.
func limitWords(l custody.Limits) string {
	var parts []string
	for _, p := range []struct {
		n    uint32
		what string
	}{{l.PerHour, "an hour"}, {l.PerDay, "a day"}, {l.PerExport, "an export"}} {
		if p.n > 0 {
			parts = append(parts, fmt.Sprintf("%s %s", plural(int(p.n), "customer", "customers"), p.what))
		}
	}
	if len(parts) == 0 {
		return "no limit"
	}
	return strings.Join(parts, ", ")
}

// giveData is the form on which a right is given.
type giveData struct {
	Form    giveForm
	Systems []option
	Kinds   []kindRow
	Roles   []string
	Orgs    []string
	Would   *changes // what it would change; nil before that was asked
}

// giveForm is what was typed.
type giveForm struct {
	Kind, Name, System, Hour, Day, Export, Start, End, Why string
	MayExport, Reason                                      bool
}

// kindRow is a category with what is chosen for it.
type kindRow struct {
	Name              string
	See, Mask, Change bool
}

func givePage(v *visit) error {
	q := v.r.URL.Query()
	return v.show("give", "Give a right", v.giving(giveForm{Kind: "person", Name: q.Get("person"), System: q.Get("system")}, &Grant{}))
}

func (v *visit) giving(f giveForm, g *Grant) *giveData {
	d := &giveData{Form: f, Systems: v.systemOptions(f.System)}
	for _, c := range custody.AllCategories() {
		d.Kinds = append(d.Kinds, kindRow{c.String(), g.See.Has(c), g.Mask.Has(c), g.Change.Has(c)})
	}
	now := v.c.o.Now()
	for _, p := range v.people.sorted {
		for _, r := range p.roles(now) {
			if !slices.Contains(d.Roles, r) {
				d.Roles = append(d.Roles, r)
			}
		}
	}
	slices.Sort(d.Roles)
	for id, name := range v.people.organisations() {
		if v.reach(areaGrant).organisation(id) {
			d.Orgs = append(d.Orgs, name)
		}
	}
	slices.Sort(d.Orgs)
	return d
}

// giveGrant shows what a right would change, and gives it once that was seen.
func giveGrant(v *visit) error {
	f := giveForm{v.text("kind"), v.text("name"), v.text("system"), v.text("hour"), v.text("day"), v.text("export"), v.text("start"), v.text("end"), v.text("why"), v.text("may-export") == "yes", v.text("reason") == "yes"}
	g, err := v.readGrant(&f)
	d := v.giving(f, g)
	if err == nil {
		d.Would, err = v.wouldChange(g)
	}
	if err == nil && v.text("sure") != "yes" {
		return v.show("give", "Give a right", d)
	}
	if err == nil {
		if err = v.give(g, f.Why); err == nil {
			return v.seeOther("/rights", "given")
		}
	}
	return v.again("give", "Give a right", d, err)
}

// readGrant makes a right of a form. What was read is given with an error too.
func (v *visit) readGrant(f *giveForm) (g *Grant, err error) {
	g = &Grant{System: f.System, Export: f.MayExport, Reason: f.Reason}
	var sets [3]custody.CategorySet
	for i, name := range []string{"see", "mask", "change"} {
		if sets[i], err = categories(v.r.PostForm[name]); err != nil {
			return g, err
		}
	}
	g.See, g.Mask, g.Change = sets[0], sets[1]&^sets[0], sets[2]
	for _, n := range []struct {
		text string
		into *uint32
	}{{f.Hour, &g.Limits.PerHour}, {f.Day, &g.Limits.PerDay}, {f.Export, &g.Limits.PerExport}} {
		if n.text == "" {
			continue
		}
		at, err := strconv.ParseUint(strings.ReplaceAll(n.text, ",", ""), 10, 32)
		if err != nil {
			return g, custody.E(custody.CodeInvalid, "a limit is a number of customers", "leave it empty for no limit")
		}
		*n.into = uint32(at)
	}
	if g.Start, err = v.local("start", minuteForm); err != nil {
		return g, err
	}
	if g.End, err = v.local("end", minuteForm); err != nil {
		return g, err
	}
	names := map[string]string{f.Kind: f.Name}
	return g, g.setHolder(names["person"], names["role"], names["organisation"])
}

// minuteForm is how browsers send a date and a time.
const minuteForm = "2006-01-02T15:04"

// endData is the page on which a right is ended.
type endData struct {
	Grants []Grant
	ID     custody.GrantID
}

func endGrantForm(v *visit) error {
	d, err := v.ending()
	if err != nil {
		return err
	}
	return v.show("end-grant", "End a right", d)
}

func (v *visit) ending() (*endData, error) {
	id, err := number[custody.GrantID](v, "grant")
	if err != nil {
		return nil, err
	}
	all, err := v.grantsInReach()
	for i := range all {
		if all[i].ID == id {
			return &endData{all[i : i+1], id}, nil
		}
	}
	if err != nil {
		return nil, err
	}
	return nil, errNothing
}

func endGrantPage(v *visit) error {
	d, err := v.ending()
	if err != nil {
		return err
	}
	if err := v.endGrant(d.ID, v.text("why")); err != nil {
		return v.again("end-grant", "End a right", d, err)
	}
	return v.seeOther("/rights", "grant-ended")
}
