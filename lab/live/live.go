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
	Staff   []Look // colleagues, the insider first
	Keys    []string
	Each    int // looks of each at customers of their own jobs
	Taken   int // looks of the insider at customers of others
	Victims int // of those taken, who complain
	Others  int // complaints that have nothing to do with it
}

// Complaint is one unwanted call.
type Complaint struct {
	Shown
	Leaked bool // truth
}

// Truth is what happened.
type Truth struct {
	Looks      int
	Taken      []Shown
	Complaints []Complaint
	Last       time.Time // of the last look
}

// Play lets everybody work at the same time and gives the complaints that follow.
func Play(ctx context.Context, o Options) (*Truth, error) {
	rng := rand.New(rand.NewPCG(o.Seed, 11))
	need := len(o.Staff)*o.Each + o.Taken + o.Others
	if len(o.Keys) < need {
		return nil, fmt.Errorf("%d customers are needed, %d are there", need, len(o.Keys))
	}
	keys := make([]string, 0, need)
	for _, i := range rng.Perm(len(o.Keys))[:need] {
		keys = append(keys, o.Keys[i])
	}
	t := &Truth{}
	type result struct {
		who   int
		shown []Shown
		err   error
	}
	done := make(chan result, len(o.Staff))
	for who, look := range o.Staff {
		mine := keys[who*o.Each : (who+1)*o.Each]
		if who == 0 {
			mine = mixed(rng, mine, keys[len(o.Staff)*o.Each:len(o.Staff)*o.Each+o.Taken])
		}
		go func() {
			shown, err := each(ctx, look, mine)
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
			if slices.Contains(keys[len(o.Staff)*o.Each:], s.Key) {
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

func each(ctx context.Context, look Look, keys []string) (list []Shown, err error) {
	for _, key := range keys {
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
