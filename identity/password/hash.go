// Package password holds the rules for passwords and their hashes. The rules are the
// National Cyber Security Centre's and Cyber Essentials': at least twelve characters,
// or at least eight and not a common one; no maximum that anybody meets, no rule on
// composition, no expiry.
package password

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"encoding/base64"
	"fmt"
	"strings"
	"time"

	"golang.org/x/crypto/argon2"
	"golang.org/x/text/unicode/norm"

	"custody"
)

// The cost of a hash (RFC 9106, argon2id version 19): 32 MiB, three passes, one lane;
// well over the least that OWASP recommends (19 MiB, two passes).
const (
	Memory  = 32 << 10 // KiB
	Passes  = 3
	lanes   = 1
	saltLen = 16
	keyLen  = 32
	// MaxBytes is the longest password that is hashed, in bytes.
	MaxBytes = 1024
)

// Cost is what a hash costs: KiB of memory and passes over it.
type Cost struct{ Memory, Passes uint32 }

// Hasher hashes with bounded memory: at most so many at a time, the others wait.
type Hasher struct {
	cost  Cost
	slots chan struct{}
	queue chan struct{}
	wait  time.Duration
}

// NewHasher makes a hasher that computes n hashes at a time (n × 32 MiB) and lets
// sixteen times as many wait, none longer than ten seconds.
func NewHasher(n int) *Hasher {
	return &Hasher{cost: Cost{Memory, Passes}, slots: make(chan struct{}, n), queue: make(chan struct{}, 17*n), wait: 10 * time.Second}
}

// WithCost makes new hashes cost something else, never more than the package's own; what
// was hashed before is still verified. Tests of other things use a low one.
func (h *Hasher) WithCost(c Cost) *Hasher {
	h.cost = Cost{min(c.Memory, Memory), min(c.Passes, Passes)}
	return h
}

var errBusy = custody.E(custody.CodeUnavailable, "too many people sign in at this moment", "wait a few seconds and try again")

// enter waits for a slot.
func (h *Hasher) enter(ctx context.Context) error {
	select {
	case h.queue <- struct{}{}:
	default:
		return errBusy
	}
	defer func() { <-h.queue }()
	late := time.NewTimer(h.wait)
	defer late.Stop()
	select {
	case h.slots <- struct{}{}:
		return nil
	case <-late.C:
		return errBusy
	case <-ctx.Done():
		return errBusy
	}
}

// Hash makes the PHC string of a password that Check has passed.
func (h *Hasher) Hash(ctx context.Context, password string) (string, error) {
	salt := make([]byte, saltLen)
	rand.Read(salt) // never fails: it ends the process instead
	p := params{memory: h.cost.Memory, passes: h.cost.Passes, lanes: lanes, salt: salt}
	key, err := h.derive(ctx, password, p)
	if err != nil {
		return "", err
	}
	return fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=%d$%s$%s", argon2.Version, p.memory, p.passes, p.lanes,
		base64.RawStdEncoding.EncodeToString(salt), base64.RawStdEncoding.EncodeToString(key)), nil
}

// Verify compares a password with a PHC string. An empty or damaged string costs the
// same work and fits nothing, so that time does not tell who has a password.
func (h *Hasher) Verify(ctx context.Context, phc, password string) (bool, error) {
	p, want, err := parse(phc)
	if err != nil {
		p, want = params{memory: h.cost.Memory, passes: h.cost.Passes, lanes: lanes, salt: make([]byte, saltLen)}, nil
	}
	got, err := h.derive(ctx, password, p)
	if err != nil {
		return false, err
	}
	return len(want) == keyLen && subtle.ConstantTimeCompare(got, want) == 1, nil
}

func (h *Hasher) derive(ctx context.Context, password string, p params) ([]byte, error) {
	if len(password) > MaxBytes {
		password = password[:MaxBytes]
	}
	if err := h.enter(ctx); err != nil {
		return nil, err
	}
	defer func() { <-h.slots }()
	return argon2.IDKey([]byte(norm.NFKC.String(password)), p.salt, p.passes, p.memory, p.lanes, keyLen), nil
}

type params struct {
	memory uint32 // KiB
	passes uint32
	lanes  uint8
	salt   []byte
}

var errPHC = custody.E(custody.CodeInvalid, "the stored password cannot be read", "let the person set a new one: custody person enrol LOGIN")

// parse reads a PHC string whose costs are no more than ours: a changed database must
// not be able to take the gate's memory.
func parse(phc string) (p params, key []byte, err error) {
	parts := strings.Split(phc, "$")
	if len(phc) > 256 || len(parts) != 6 || parts[0] != "" || parts[1] != "argon2id" || parts[2] != fmt.Sprintf("v=%d", argon2.Version) {
		return p, nil, errPHC
	}
	if n, err := fmt.Sscanf(parts[3], "m=%d,t=%d,p=%d", &p.memory, &p.passes, &p.lanes); n != 3 || err != nil {
		return p, nil, errPHC
	}
	if p.memory < 8 || p.memory > Memory || p.passes < 1 || p.passes > Passes || p.lanes != lanes {
		return p, nil, errPHC
	}
	if p.salt, err = base64.RawStdEncoding.DecodeString(parts[4]); err != nil || len(p.salt) < 8 {
		return p, nil, errPHC
	}
	if key, err = base64.RawStdEncoding.DecodeString(parts[5]); err != nil || len(key) != keyLen {
		return p, nil, errPHC
	}
	return p, key, nil
}
