package identity_test

import (
	"context"
	"sync"
	"sync/atomic"
	"testing"

	"custody"
	"custody/identity"
)

// TestRightsUnderConcurrency signs people in, checks them and reloads, all at once,
// while another process changes rights. Whoever has left is out from the moment
// that Leave and Reload have returned, and nobody else ever is.
func TestRightsUnderConcurrency(t *testing.T) {
	k := newKit(t)
	admin := k.service(t) // the command line, in another process
	stays := k.live(t, "bob")
	goes := k.live(t, "alice")
	bob := k.token(t, "bob")
	var left, stop atomic.Bool
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for !stop.Load() {
				gone := left.Load()
				if err := k.Valid(goes); gone && err == nil {
					t.Error("somebody who left is still in")
					return
				}
				if err := k.Valid(stays); err != nil {
					t.Errorf("somebody who stays was cut: %v", err)
					return
				}
			}
		})
	}
	for range 2 {
		wg.Go(func() {
			for !stop.Load() {
				sess, err := k.signIn(t, "bob@northfield.example", bob, "192.0.2.1")
				if err != nil {
					t.Errorf("sign-in: %v", err)
					return
				}
				if err := k.Close(sess, custody.CodeNone); err != nil {
					t.Error(err)
				}
			}
		})
	}
	for i := range 10 {
		_, c, err := admin.IssueToken(identity.CredentialRequest{Login: "alice@northfield.example", System: "claims"})
		must(t, err)
		if i == 5 {
			must(t, admin.Leave("alice@northfield.example"))
			must(t, k.Reload())
			left.Store(true)
			break
		}
		must(t, admin.Revoke(c.ID))
	}
	_, err := k.Open(context.Background(), identity.Request{Login: goes.Login, System: "bodyshop", Credential: goes.CredentialID})
	wantCode(t, err, custody.CodeUnauthorised)
	stop.Store(true)
	wg.Wait()
}
