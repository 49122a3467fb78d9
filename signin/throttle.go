package signin

import (
	"sync"
	"time"
)

// Throttle makes guessing slow. Every guess is charged before it is looked at and
// given back if it was right, so that guesses at the same time count too. The delay
// after a charge doubles from four seconds: ten guesses in the first five minutes
// (Cyber Essentials), then at most one in fifteen minutes; it never locks anybody out
// for good. It knows people by pseudonym, existing or not, and is the same for both.
type Throttle struct {
	now func() time.Time

	most int // buckets

	mu      sync.Mutex
	buckets map[[32]byte]*bucket
}

type bucket struct {
	charges int
	last    time.Time
	until   time.Time
}

// kind says how patient a bucket is.
type kind struct {
	free  int           // charges without a delay
	first time.Duration // the delay after them
	most  time.Duration
	decay time.Duration // one charge is forgotten in this time
}

var (
	// perPerson is for one login from browsers where that login never signed in.
	perPerson = kind{free: 4, first: 4 * time.Second, most: 15 * time.Minute, decay: 30 * time.Minute}
	// perBrowser is for one login from one browser where it has signed in before, so
	// that strangers cannot slow its owner down there.
	perBrowser = perPerson
	// perAddress is for everything from one network address; an office shares one.
	perAddress = kind{free: 30, first: time.Second, most: time.Minute, decay: 20 * time.Second}
	// perCeremony is for beginning with a passkey, which guesses nothing but costs a bit.
	perCeremony = kind{free: 300, first: time.Second, most: time.Minute, decay: time.Second}
)

const maxBuckets = 100_000

// NewThrottle makes an empty throttle.
func NewThrottle(now func() time.Time) *Throttle {
	return &Throttle{now: now, most: maxBuckets, buckets: map[[32]byte]*bucket{}}
}

// charge is one bucket that a guess is charged to.
type charge struct {
	key  [32]byte
	kind kind
}

// take charges a guess to all buckets, or says how long to wait; then nothing was
// charged, so that waiting ends.
func (t *Throttle) take(charges ...charge) (wait time.Duration) {
	t.mu.Lock()
	defer t.mu.Unlock()
	now := t.now()
	for _, c := range charges {
		if b := t.buckets[c.key]; b != nil && now.Before(b.until) {
			wait = max(wait, b.until.Sub(now))
		}
	}
	if wait > 0 {
		return wait
	}
	for _, c := range charges {
		t.bucket(c.key, now).charge(c.kind, now)
	}
	return 0
}

func (b *bucket) charge(k kind, now time.Time) {
	b.forget(k, now)
	b.charges++
	b.last = now
	if over := b.charges - k.free; over >= 0 {
		b.until = now.Add(min(k.most, k.first<<min(over, 20)))
	}
}

// forget takes away what time has forgiven.
func (b *bucket) forget(k kind, now time.Time) {
	b.charges = max(0, b.charges-int(now.Sub(b.last)/k.decay))
}

// give takes a charge back after a right guess: all of them for a person's own bucket.
func (t *Throttle) give(all bool, key [32]byte) {
	t.mu.Lock()
	defer t.mu.Unlock()
	b := t.buckets[key]
	switch {
	case b == nil:
	case all || b.charges <= 1:
		delete(t.buckets, key)
	default:
		b.charges--
		b.until = time.Time{}
	}
}

// bucket finds or makes a bucket. A full memory forgets what lies longest.
func (t *Throttle) bucket(key [32]byte, now time.Time) *bucket {
	if b := t.buckets[key]; b != nil {
		return b
	}
	if len(t.buckets) >= t.most {
		t.shed(now)
	}
	b := &bucket{last: now}
	t.buckets[key] = b
	return b
}

func (t *Throttle) shed(now time.Time) {
	for age := 24 * time.Hour; len(t.buckets) >= t.most; age /= 2 {
		for key, b := range t.buckets {
			if now.Sub(b.last) >= age {
				delete(t.buckets, key)
			}
		}
	}
}
