package site

import (
	"sync"
	"time"

	"custody/identity/oidc"
	"custody/identity/password"
	"custody/signin"
)

// SignIn is what all doors for browsers have in common.
type SignIn struct {
	Idle          time.Duration // zero: the door's default
	Absolute      time.Duration
	PasskeyDomain string // empty: each portal's host
	Notice        signin.Notice
	Providers     []*oidc.Provider
}

// doors is what all doors of a site share: memory for hashes, and who guessed too often.
type doors struct {
	once     sync.Once
	hasher   *password.Hasher
	throttle *signin.Throttle
}

// newDoor makes a door for browsers with what all doors have in common.
func (s *Site) newDoor(o signin.Options) (*signin.Door, error) {
	s.doors.once.Do(func() { s.doors.hasher, s.doors.throttle = password.NewHasher(2), signin.NewThrottle(s.o.Now) })
	o.Hasher, o.Throttle = s.doors.hasher, s.doors.throttle
	in := &s.o.SignIn
	o.Idle, o.Absolute, o.RPID, o.Notice, o.Providers = in.Idle, in.Absolute, in.PasskeyDomain, in.Notice, in.Providers
	o.Denied = s.denied
	o.Refused = func(login string) { s.refused(login, o.System) }
	return signin.New(o)
}
