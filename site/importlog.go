package site

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"custody"
	"custody/accesslog"
	"custody/ledger"
	"custody/store"
)

// LogImport reads access logs of a system that cannot be put behind a gate into the
// ledger, as events marked imported: the same questions, detectors and tracing, with
// the promise of the system's log instead of the gate's.
type LogImport struct {
	Store        *store.Store
	Ledger       *ledger.Ledger
	System       custody.SystemID
	SystemName   string
	Organisation custody.OrganisationID
	Categories   custody.CategorySet // that a record of the system shows
	Zone         *time.Location
	MonthFirst   bool // 04/05/2026 is the fifth of April
	Now          func() time.Time
	Bad          func(file string, b accesslog.Bad)

	looks     []importedLook
	seats     []store.ImportedSeat
	seatOf    map[[2]string]uint32
	customers map[string]uint32
	keys      []string
	bad       int
	unknown   int // lines whose categories are not all known
}

type importedLook struct {
	at       int64 // milliseconds
	seat     uint32
	customer uint32
	shown    custody.CategorySet
	done     accesslog.Done
}

// together says whether looks are parts of one answer.
func (l *importedLook) together(o *importedLook) bool {
	return l.at == o.at && l.seat == o.seat && l.shown == o.shown && l.done == o.done
}

// Unknown is how many lines name categories that are none here: for those the
// categories of the system are taken as well.
func (x *LogImport) Unknown() int { return x.unknown }

// Read reads one log. said names columns that are not to be guessed.
func (x *LogImport) Read(file string, r io.Reader, said map[accesslog.Field]string) (*accesslog.Report, error) {
	if x.seatOf == nil {
		x.seatOf, x.customers = map[[2]string]uint32{}, map[string]uint32{}
	}
	report, err := accesslog.Read(r, accesslog.Options{
		Wanted: []accesslog.Field{accesslog.Time, accesslog.Login, accesslog.Subject, accesslog.Branch, accesslog.Device, accesslog.Action, accesslog.Shown, accesslog.Outcome},
		Needed: []accesslog.Field{accesslog.Time, accesslog.Login, accesslog.Subject},
		Said:   said, Zone: x.Zone, MonthFirst: x.MonthFirst,
		Bad: func(b accesslog.Bad) {
			x.bad++
			if x.Bad != nil {
				x.Bad(file, b)
			}
		},
	}, x.line)
	if err != nil {
		return nil, &custody.Error{Code: custody.CodeOf(err), Message: fmt.Sprintf("%s: %v", file, err), Hint: custody.HintOf(err), Err: err}
	}
	return report, nil
}

func (x *LogImport) line(row *accesslog.Row) error {
	at := row.At[accesslog.Time]
	key := row.Get(accesslog.Subject)
	n, ok := x.customers[key]
	if !ok {
		n = uint32(len(x.keys))
		key = strings.Clone(key)
		x.customers[key] = n
		x.keys = append(x.keys, key)
	}
	x.looks = append(x.looks, importedLook{at.UnixMilli(), x.seat(row, at), n, x.shown(row.Get(accesslog.Shown)), row.Done})
	return nil
}

// shown gives the categories that a line says were shown; those of the system where it
// says none, and beside the known ones where it names some that are not.
func (x *LogImport) shown(text string) custody.CategorySet {
	set, unknown := accesslog.ParseCategories(text)
	if unknown > 0 {
		x.unknown++
	}
	if unknown > 0 || set == 0 {
		set |= x.Categories
	}
	return set
}

// seat numbers a login on a device.
func (x *LogImport) seat(row *accesslog.Row, at time.Time) uint32 {
	of := [2]string{row.Get(accesslog.Login), row.Get(accesslog.Device)}
	n, ok := x.seatOf[of]
	if !ok {
		of[0], of[1] = strings.Clone(of[0]), strings.Clone(of[1])
		n = uint32(len(x.seats))
		x.seatOf[of] = n
		x.seats = append(x.seats, store.ImportedSeat{Login: x.login(of[0]), Name: of[0], Branch: strings.Clone(row.Get(accesslog.Branch)), Device: of[1], From: at, To: at})
	}
	s := &x.seats[n]
	if at.Before(s.From) {
		s.From = at
	}
	if at.After(s.To) {
		s.To = at
	}
	return n
}

// login makes an address of a log's login: people are known by addresses, and a login
// of another system must not be taken for somebody's here.
func (x *LogImport) login(name string) string {
	lower := strings.ToLower(strings.Join(strings.Fields(name), "."))
	if strings.Contains(lower, "@") {
		return lower
	}
	return lower + "@" + x.SystemName + ".imported"
}

// importGroup is how many looks are written in one frame.
const importGroup = 512

// Write puts everything that was read into the ledger, in the order of time: first what
// the numbers of the customers stand for, then the looks. Looks that are older than the
// ledger's newest event cannot be put before it; nothing is written then.
func (x *LogImport) Write() (*store.Import, error) {
	if len(x.looks) == 0 {
		return nil, custody.E(custody.CodeInvalid, "the log holds no look that could be read", "see the list of bad lines; --map names the columns")
	}
	slices.SortStableFunc(x.looks, func(a, b importedLook) int { return cmp.Compare(a.at, b.at) })
	first, last := time.UnixMilli(x.looks[0].at), time.UnixMilli(x.looks[len(x.looks)-1].at)
	if err := x.fits(first); err != nil {
		return nil, err
	}
	if err := x.Store.ImportSeats(x.System, x.Organisation, x.seats, x.Now()); err != nil {
		return nil, err
	}
	ids, err := x.name(first)
	if err != nil {
		return nil, err
	}
	for from := 0; from < len(x.looks); {
		group, next := x.group(from, ids)
		if err := x.Ledger.Append(group...); err != nil {
			return nil, err
		}
		from = next
	}
	done := &store.Import{System: x.System, SystemName: x.SystemName, Time: x.Now(), First: first, Last: last, Looks: len(x.looks), Bad: x.bad}
	return done, x.Store.AddImport(done)
}

// fits refuses looks that are older than what the ledger holds: its order is that of time.
func (x *LogImport) fits(first time.Time) error {
	n, _ := x.Ledger.Index().Len()
	if n == 0 {
		return nil
	}
	newest, ok := x.Ledger.Index().Event(n)
	if !ok || !first.Before(newest.Time) {
		return nil
	}
	older, _ := slices.BinarySearchFunc(x.looks, newest.Time.UnixMilli(), func(l importedLook, t int64) int { return cmp.Compare(l.at, t) })
	return custody.E(custody.CodeConflict, fmt.Sprintf("%d of %d looks are older than the newest event of this ledger, and a ledger's order is that of time", older, len(x.looks)),
		"read older logs into a working directory of their own (custody init in an empty folder), or leave those lines out")
}

// name gives the customers their numbers and binds these to the keys in the ledger.
func (x *LogImport) name(at time.Time) ([]custody.SubjectID, error) {
	n := &namer{store: x.Store, ledger: x.Ledger, now: func() time.Time { return at }}
	ids := make([]custody.SubjectID, 0, len(x.keys))
	for keys := range slices.Chunk(x.keys, 10_000) {
		some, err := n.Assign(x.System, keys)
		if err != nil {
			return nil, err
		}
		ids = append(ids, some...)
	}
	return ids, nil
}

// group makes the next frame's events. Looks of one seat at one moment are one answer.
func (x *LogImport) group(from int, ids []custody.SubjectID) (events []*custody.Event, next int) {
	for next = from; next < len(x.looks) && len(events) < importGroup; {
		l := &x.looks[next]
		e := x.event(l)
		for next < len(x.looks) && x.looks[next].together(l) && len(e.Subjects) < importGroup {
			e.Subjects = append(e.Subjects, ids[x.looks[next].customer])
			next++
		}
		slices.Sort(e.Subjects)
		e.Subjects = slices.Compact(e.Subjects)
		if e.Kind == custody.EventRefusal {
			e.Subjects = nil // nobody was shown
		}
		events = append(events, e)
	}
	return events, next
}

// event is the header of an answer, by what its lines say was done.
func (x *LogImport) event(l *importedLook) *custody.Event {
	e := &custody.Event{Kind: custody.EventDisclosure, Route: custody.RouteImported, Time: time.UnixMilli(l.at).UTC(), Person: x.seats[l.seat].Person,
		Organisation: x.Organisation, System: x.System, Session: x.seats[l.seat].Session, Clear: l.shown}
	switch l.done {
	case accesslog.Exported:
		e.Statement = custody.StatementTaken
	case accesslog.Changed:
		e.Kind = custody.EventChange
	case accesslog.Refused:
		e.Kind, e.Code, e.Clear = custody.EventRefusal, custody.CodeForbidden, 0
	case accesslog.Failed:
		e.Kind, e.Code, e.Clear = custody.EventRefusal, custody.CodeUnavailable, 0
	}
	return e
}
