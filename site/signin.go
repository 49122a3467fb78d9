package site

import (
	"time"

	"custody/identity/oidc"
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

// Fill puts what doors have in common into a door's options.
func (s SignIn) Fill(o *signin.Options) {
	o.Idle, o.Absolute, o.RPID, o.Notice, o.Providers = s.Idle, s.Absolute, s.PasskeyDomain, s.Notice, s.Providers
}
