package live

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"custody"
)

// Doors are the entrances of a real deployment, and its administrator. A desk is the
// number of a machine: whoever sits at the same one comes from the same address.
type Doors interface {
	// SQL opens a connection through the gate under a login. end closes it.
	SQL(ctx context.Context, login string, desk int) (look Look, end func(), err error)
	// Run runs a statement through the gate under a login and counts the rows.
	Run(ctx context.Context, login string, desk int, sql string) (rows int, err error)
	// Portal opens a page of the portal as somebody who is signed in there.
	Portal(ctx context.Context, login string, desk int, path string) (status, bytes int, err error)
	// Leave ends a person's engagements, as an administrator does.
	Leave(ctx context.Context, login string) error
}

// Plan says who works on what in a story.
type Plan struct {
	Seed    uint64
	Staff   []string // logins, the insider first, then whose logins are borrowed
	Own     []string // customers of their jobs
	Past    []string // those whom they looked at before
	Foreign []string // customers with whom none of them has to do
	Pace    time.Duration
	Desk    string // how the truth writes a desk's address, with one %d
}

// Tried is something that was tried and what came of it.
type Tried struct {
	What    string    `json:"what"`
	Login   string    `json:"login"`
	At      time.Time `json:"at"`
	Refused bool      `json:"refused"`
	Answer  string    `json:"answer"`
}

// Record is the truth about a live story.
type Record struct {
	Scenario   string          `json:"scenario"`
	Seed       uint64          `json:"seed"`
	Live       bool            `json:"live"`
	Person     string          `json:"person"` // who really took it
	Logins     []string        `json:"logins"` // under which it was taken
	Devices    []string        `json:"devices,omitempty"`
	First      time.Time       `json:"first,omitzero"`
	Last       time.Time       `json:"last,omitzero"`
	Left       time.Time       `json:"left,omitzero"` // when the insider was cut off
	Looks      int             `json:"looks"`         // of everybody
	Taken      []string        `json:"taken"`         // customers' keys
	AfterLeave int             `json:"taken_after_leaving"`
	Tried      []Tried         `json:"tried,omitempty"`
	Complaints []LiveComplaint `json:"complaints"`

	shown []Shown
}

// LiveComplaint is an unwanted call that follows.
type LiveComplaint struct {
	Key    string    `json:"customer"`
	Phone  string    `json:"phone"`
	Called time.Time `json:"called"`
	Knew   string    `json:"knew,omitempty"`
	Leaked bool      `json:"leaked"` // truth
}

// ownEach is how many customers of their own jobs each of them looks at.
const ownEach = 12

// stories are the scenarios that can be played on real gates.
var stories = map[string]func(*player) error{
	"borrowed-login": (*player).borrowed,
	"after-hours":    (*player).afterHours,
	"portal-leaver":  (*player).massExport,
}

// Stories lists the scenarios that can be played live, sorted by name.
func Stories() []string {
	var list []string
	for name := range stories {
		list = append(list, name)
	}
	slices.Sort(list)
	return list
}

// player plays one story.
type player struct {
	ctx   context.Context
	doors Doors
	p     Plan
	rng   *rand.Rand
	r     *Record
}

// PlayStory plays a scenario at a deployment's doors and gives the truth about it. Days
// are seconds: a look comes every Pace.
func PlayStory(ctx context.Context, name string, doors Doors, p Plan) (*Record, error) {
	play, ok := stories[name]
	if !ok {
		return nil, custody.E(custody.CodeNotFound, fmt.Sprintf("the scenario %q cannot be played live", name), "those that can are "+strings.Join(Stories(), ", "))
	}
	if len(p.Staff) < 3 || len(p.Own) < ownEach*len(p.Staff) || len(p.Foreign) < 60 || len(p.Past) < 5 {
		return nil, custody.E(custody.CodeInvalid, "there are too few customers for a live run", "load the sample with 8,000 customers or more")
	}
	x := &player{ctx, doors, p, rand.New(rand.NewPCG(p.Seed, 12)), &Record{Scenario: name, Seed: p.Seed, Live: true, Person: p.Staff[0], Taken: []string{}}}
	if err := play(x); err != nil {
		return nil, err
	}
	x.complain()
	return x.r, nil
}

// take looks at customers under a login and notes them as taken.
func (x *player) take(login string, desk int, keys []string) (n int, err error) {
	look, end, err := x.doors.SQL(x.ctx, login, desk)
	if err != nil {
		return 0, err
	}
	defer end()
	address := fmt.Sprintf(x.p.Desk, desk)
	for _, key := range keys {
		s, err := look(x.ctx, key)
		if err != nil {
			return n, err
		}
		if x.r.Last = time.Now().UTC(); x.r.First.IsZero() {
			x.r.First = x.r.Last
		}
		if n++; !slices.Contains(x.r.Logins, login) {
			x.r.Logins = append(x.r.Logins, login)
		}
		if !slices.Contains(x.r.Devices, address) {
			x.r.Devices = append(x.r.Devices, address)
		}
		x.r.Looks++
		x.r.Taken, x.r.shown = append(x.r.Taken, key), append(x.r.shown, s)
		if err := pause(x.ctx, x.p.Pace); err != nil {
			return n, err
		}
	}
	return n, nil
}

func pause(ctx context.Context, d time.Duration) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(d):
		return nil
	}
}

// work is everybody's ordinary day, at desks of their own: desk i is that of Staff[i].
func (x *player) work() error {
	type result struct {
		n   int
		err error
	}
	done := make(chan result, len(x.p.Staff))
	own := some(x.rng, x.p.Own, ownEach*len(x.p.Staff))
	for i, login := range x.p.Staff {
		go func() {
			look, end, err := x.doors.SQL(x.ctx, login, i)
			if err != nil {
				done <- result{0, err}
				return
			}
			defer end()
			shown, err := each(x.ctx, look, own[ownEach*i:ownEach*(i+1)], x.p.Pace, func(string) {})
			done <- result{len(shown), err}
		}()
	}
	var all error
	for range x.p.Staff {
		r := <-done
		x.r.Looks += r.n
		all = errors.Join(all, r.err)
	}
	return all
}

// try notes an attempt. Only an answer of the gate counts as a refusal.
func (x *player) try(what, login string, answer string, err error, refused bool) error {
	var pe *pgconn.PgError
	if err != nil && !errors.As(err, &pe) {
		return err
	}
	if pe != nil {
		answer, refused = pe.Message, true
	}
	x.r.Tried = append(x.r.Tried, Tried{what, login, time.Now().UTC(), refused, answer})
	return nil
}

// leave cuts the insider off, and has them try their own login again.
func (x *player) leave() error {
	who := x.p.Staff[0]
	if err := x.doors.Leave(x.ctx, who); err != nil {
		return err
	}
	x.r.Left = time.Now().UTC()
	_, err := x.doors.Run(x.ctx, who, 0, "SELECT 1")
	return x.try("SQL after leaving", who, "answered", err, false)
}

// borrowed: two colleagues' logins, from a desk of the insider's own; the insider leaves
// and goes on.
func (x *player) borrowed() error {
	if err := x.work(); err != nil {
		return err
	}
	keys := some(x.rng, x.p.Foreign, 50)
	for i, login := range x.p.Staff[1:3] {
		if _, err := x.take(login, 99, keys[20*i:20*i+20]); err != nil {
			return err
		}
	}
	if err := x.leave(); err != nil {
		return err
	}
	n, err := x.take(x.p.Staff[2], 99, keys[40:])
	if x.r.AfterLeave = n; err != nil { // by now somebody may have seen the alert
		return x.try("a colleague's login after leaving", x.p.Staff[2], "", err, true)
	}
	return nil
}

// afterHours: 39 records in 32 paces of the clock, when nobody else is there.
func (x *player) afterHours() error {
	_, err := x.take(x.p.Staff[0], 0, some(x.rng, x.p.Foreign, 39))
	if err != nil {
		return x.try("39 records", x.p.Staff[0], "", err, true)
	}
	return nil
}

// massExport: everything at once, by each way there is, before leaving and after.
func (x *player) massExport() error {
	if err := x.work(); err != nil {
		return err
	}
	for _, when := range []string{"", " after leaving"} {
		for _, sql := range []string{"COPY customers (id, name, phone) TO STDOUT", "SELECT id, name, phone FROM customers"} {
			n, err := x.doors.Run(x.ctx, x.p.Staff[0], 0, sql)
			if err := x.try(sql+when, x.p.Staff[0], fmt.Sprintf("%d customers", n), err, false); err != nil {
				return err
			}
		}
		status, n, err := x.doors.Portal(x.ctx, x.p.Staff[0], 0, "/export/customers.csv")
		if err != nil {
			return err
		}
		if err := x.try("the portal's export button"+when, x.p.Staff[0], fmt.Sprintf("%d %s, %d bytes", status, http.StatusText(status), n), nil, status != http.StatusOK); err != nil {
			return err
		}
		if when == "" {
			if err := x.leave(); err != nil {
				return err
			}
		}
	}
	return nil
}

// complain lets ten of those whose records were taken be called, and five others.
func (x *player) complain() {
	called := time.Now().UTC().Add(time.Second).Truncate(time.Second)
	for _, i := range x.rng.Perm(len(x.r.shown))[:min(10, len(x.r.shown))] {
		s := x.r.shown[i]
		x.r.Complaints = append(x.r.Complaints, LiveComplaint{s.Key, s.Phone, called, "my accident", true})
	}
	for _, key := range some(x.rng, x.p.Past, 5) {
		x.r.Complaints = append(x.r.Complaints, LiveComplaint{Key: key, Called: called})
	}
}
