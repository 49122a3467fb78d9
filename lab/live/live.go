// Package live plays an insider at work on a real gate: colleagues look at the customers
// of their jobs, each over a connection of their own, and one of them takes more than the
// work needs. Days are seconds here. What is taken, and who complains, is the truth beside.
package live

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"
)

// Shown is what one look showed: the customer's key and phone, as the gate let it pass.
type Shown struct{ Key, Phone string }

// Look looks at a customer's record as somebody.
type Look func(ctx context.Context, key string) (Shown, error)

// Options say who works on what.
type Options struct {
	Seed    uint64
	Staff   []Look   // colleagues, the insider first
	Own     []string // customers of their jobs
	Foreign []string // customers with whom none of them has to do
	Each    int      // looks of each at customers of their own jobs
	Taken   int      // looks of the insider at customers of others
	Pause   time.Duration
	Began   chan<- time.Time // told once, when the insider first takes one; may be nil
	Victims int              // of those taken, who complain
	Others  int              // complaints that have nothing to do with it
}

// Complaint is one unwanted call.
type Complaint struct {
	Shown
	Leaked bool // truth
}

// Truth is what really happened, against which what is found is held.
type Truth struct {
	Looks      int
	Taken      []Shown
	Complaints []Complaint
	Last       time.Time // of the last look
}

// Play lets everybody work at the same time and gives the complaints that follow.
func Play(ctx context.Context, o Options) (*Truth, error) {
	rng := rand.New(rand.NewPCG(o.Seed, 11))
	if len(o.Own) < len(o.Staff)*o.Each || len(o.Foreign) < o.Taken {
		return nil, fmt.Errorf("%d customers of their own and %d others are needed, %d and %d are there", len(o.Staff)*o.Each, o.Taken, len(o.Own), len(o.Foreign))
	}
	own, taken := some(rng, o.Own, len(o.Staff)*o.Each), some(rng, o.Foreign, o.Taken)
	t := &Truth{}
	type result struct {
		who   int
		shown []Shown
		err   error
	}
	done := make(chan result, len(o.Staff))
	for who, look := range o.Staff {
		mine, told := own[who*o.Each:(who+1)*o.Each], chan<- time.Time(nil)
		if who == 0 {
			mine, told = mixed(rng, mine, taken), o.Began
		}
		go func() {
			shown, err := each(ctx, look, mine, o.Pause, func(key string) {
				if told != nil && slices.Contains(taken, key) {
					told <- time.Now()
					told = nil
				}
			})
			done <- result{who, shown, err}
		}()
	}
	var seen []Shown
	for range o.Staff {
		r := <-done
		if r.err != nil {
			return nil, r.err
		}
		t.Looks += len(r.shown)
		if r.who != 0 {
			seen = append(seen, r.shown...)
			continue
		}
		for _, s := range r.shown {
			if slices.Contains(taken, s.Key) {
				t.Taken = append(t.Taken, s)
			}
		}
	}
	t.Last = time.Now()
	slices.SortFunc(seen, func(a, b Shown) int { return compare(a.Key, b.Key) })
	t.complain(rng, o, seen)
	return t, nil
}

func compare(a, b string) int {
	if len(a) != len(b) {
		return len(a) - len(b)
	}
	if a < b {
		return -1
	}
	return 1
}

// mixed puts two lists together in a random order.
func mixed(rng *rand.Rand, a, b []string) []string {
	list := slices.Concat(a, b)
	rng.Shuffle(len(list), func(i, j int) { list[i], list[j] = list[j], list[i] })
	return list
}

// some picks n of a list.
func some(rng *rand.Rand, list []string, n int) []string {
	picked := make([]string, 0, n)
	for _, i := range rng.Perm(len(list))[:n] {
		picked = append(picked, list[i])
	}
	return picked
}

func each(ctx context.Context, look Look, keys []string, pause time.Duration, next func(key string)) (list []Shown, err error) {
	for _, key := range keys {
		next(key)
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-time.After(pause):
		}
		s, err := look(ctx, key)
		if err != nil {
			return nil, err
		}
		list = append(list, s)
	}
	return list, nil
}

// complain chooses who is called: some of those taken, and some of the others' customers.
func (t *Truth) complain(rng *rand.Rand, o Options, others []Shown) {
	for _, i := range rng.Perm(len(t.Taken))[:min(o.Victims, len(t.Taken))] {
		t.Complaints = append(t.Complaints, Complaint{t.Taken[i], true})
	}
	for _, i := range rng.Perm(len(others))[:min(o.Others, len(others))] {
		t.Complaints = append(t.Complaints, Complaint{others[i], false})
	}
	rng.Shuffle(len(t.Complaints), func(i, j int) { t.Complaints[i], t.Complaints[j] = t.Complaints[j], t.Complaints[i] })
}

// SQL gives a look over a connection. query has one parameter, the key as text, and
// gives two columns, the key and the phone.
func SQL(conn *pgx.Conn, query string) Look {
	return func(ctx context.Context, key string) (s Shown, err error) {
		var id any
		var phone *string
		err = conn.QueryRow(ctx, query, key).Scan(&id, &phone)
		s.Key = fmt.Sprint(id)
		if phone != nil {
			s.Phone = *phone
		}
		return s, err
	}
}
