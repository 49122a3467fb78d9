package watch

import (
	"fmt"
	"slices"
	"strconv"
	"time"

	"custody"
	"custody/detect"
)

// groupPairs is how many first looks colleagues are found in.
const groupPairs = 1_000_000

// Run runs the detectors over everything that was read.
func (w *Watch) Run() (*Report, error) {
	if w.looks.n == w.refused {
		return nil, custody.E(custody.CodeInvalid, "the log holds no look that could be read", "see the list of bad lines; --map names the columns")
	}
	w.looks.order()
	first, last := w.looks.span()
	r := &Report{Logs: w.logs, Others: w.others, Looks: w.looks.n - w.refused, Refused: w.refused, Failed: w.failed, Logins: max(len(w.logins.list)-1, 0), Devices: max(len(w.devices.list)-1, 0),
		Customers: max(len(w.customers.list)-1, 0), First: first, Last: last, Budget: w.Policy.Budget}
	groups := w.groups(r)
	world, note := w.world(r, groups)
	c := newCollector(w, r)
	e := detect.New(detect.Options{Policy: w.Policy, World: world, Zone: w.Zone, Emit: c.alert, Day: c.day})
	ev := detect.Event{Kind: custody.EventDisclosure, Route: custody.RouteImported, Subjects: make([]custody.SubjectID, 1)}
	for k := range w.looks.inOrder() {
		person := k.person()
		ev.Entry, ev.Time, ev.Person, ev.Device, ev.Group, ev.Taken = entry(k.file(), k.line), k.at(), person, k.device(), groups[person], k.exported()
		if k.refused() {
			refuse(e, ev)
			continue
		}
		ev.Subjects[0] = custody.SubjectID(k.subject)
		e.Take(&ev)
		note(person, groups[person], ev.Subjects[0])
	}
	e.Close()
	r.Counts = e.Counts()
	r.State = e.Memory()
	c.finish()
	r.Memory = peak()
	return r, nil
}

// refuse gives the detectors a line by which nothing was shown: no look, but asking again
// and again for what is refused is a sign of its own.
func refuse(e *detect.Engine, ev detect.Event) {
	ev.Kind, ev.Code, ev.Taken, ev.Subjects = custody.EventRefusal, custody.CodeForbidden, false, nil
	ev.Session = 1 // it was no sign-in in vain
	e.Take(&ev)
}

// entry numbers a line of a file.
func entry(file int, line uint32) uint64 { return uint64(file)<<32 | uint64(line) }

// place writes an entry as file and line.
func (w *Watch) place(n uint64) string {
	if len(w.files) == 1 {
		return "line " + strconv.FormatUint(n&(1<<32-1), 10)
	}
	return fmt.Sprintf("%s:%d", w.files[n>>32], n&(1<<32-1))
}

// groups gives each login the number of its peers: its branch, else the colleagues with
// whom it shares customers.
func (w *Watch) groups(r *Report) []uint32 {
	out := make([]uint32, len(w.logins.list))
	if len(w.branches.list) > 2 {
		r.Groups, r.GroupsBy = len(w.branches.list)-1, "branch"
		for i := range out {
			out[i] = w.branch(uint32(i))
		}
		return out
	}
	seen := map[detect.Pair]bool{}
	var pairs []detect.Pair
	for k := range w.looks.inOrder() {
		p := k.pair()
		if !k.refused() && !seen[p] {
			seen[p] = true
			pairs = append(pairs, p)
		}
		if len(pairs) >= groupPairs {
			break
		}
	}
	out = detect.Groups(pairs, len(w.logins.list))
	r.Groups, r.GroupsBy = int(slices.Max(out)), "customers shared"
	return out
}

// world puts together what is known beside the log.
func (w *Watch) world(r *Report, groups []uint32) (detect.World, func(person, group uint32, s custody.SubjectID)) {
	note := func(uint32, uint32, custody.SubjectID) {}
	var world detect.World
	if w.relation != nil {
		templates, coverage, people := w.templates()
		r.Coverage = coverage
		x, err := detect.NewExplainer(w.relation, templates, people)
		if err == nil && len(templates) > 0 {
			world.Explain = func(ev *detect.Event, s custody.SubjectID) bool { return x.Explain(ev.Person, s, ev.Time) >= 0 }
			world.Templates = x.Says()
			if w.homes >= 0 {
				world.Branch = func(s custody.SubjectID) uint32 { return w.relation.First(s, w.homes) }
			}
		}
	}
	if world.Explain == nil {
		h := detect.NewHolders()
		world.Explain = func(ev *detect.Event, s custody.SubjectID) bool { return h.Explain(ev.Person, groups[ev.Person], s) }
		world.Branch = h.Home
		world.Templates = detect.HolderTemplates
		note = h.Note
		r.ByColleagues = true
	}
	if w.roster != nil {
		world.Shift = func(person uint32, at time.Time) (on, known bool) { return w.roster.on(person, at, w.Zone) }
	}
	world.Key = func(s custody.SubjectID) (uint64, bool) {
		n, err := strconv.ParseUint(w.customers.name(uint32(s)), 10, 64)
		return n, err == nil
	}
	world.Fact = w.fact()
	return world, note
}

// fact says what is wrong beyond doubt.
func (w *Watch) fact() func(*detect.Event, custody.SubjectID) string {
	if w.roster == nil && w.canaries == nil {
		return nil
	}
	return func(ev *detect.Event, s custody.SubjectID) string {
		if w.canaries[s] {
			return "Opened a canary: a planted customer whom nobody has a reason to look at."
		}
		if w.roster != nil {
			if left, ok := w.roster.left[ev.Person]; ok && ev.Time.After(left.AddDate(0, 0, 1)) {
				return "Looked at customers after the day on which the login's owner left."
			}
		}
		return ""
	}
}
