package store_test

import (
	"context"
	"os"
	"path/filepath"
	"testing"
	"time"

	"custody"
	"custody/identity"
	"custody/store"
)

// openSession signs a person in with a fresh token.
func openSession(t testing.TB, s *store.Store, p *identity.Person, e *identity.Engagement, sys custody.SystemID, address string) custody.SessionID {
	t.Helper()
	c := &identity.Credential{Kind: identity.KindToken, Person: p.ID, Organisation: e.Organisation, System: sys,
		StoredKey: make([]byte, 32), ServerKey: make([]byte, 32), Issued: t0, Expires: t0.Add(8 * time.Hour)}
	if err := s.AddCredential(c); err != nil {
		t.Fatal(err)
	}
	id, _, err := s.OpenSession(context.Background(), &custody.Session{Person: p.ID, Organisation: e.Organisation, System: sys,
		CredentialID: c.ID, Roles: e.Roles, Address: address, Started: t0}, 0)
	if err != nil {
		t.Fatal(err)
	}
	return id
}

func TestSessionsEndOnce(t *testing.T) {
	s, _ := open(t)
	p, e := alice(t, s)
	id := openSession(t, s, p, e, system(t, s, "bodyshop"), "192.0.2.1")
	live, err := s.LiveSessions()
	must(t, err)
	if len(live) != 1 || live[0].ID != id || live[0].Login != p.Login {
		t.Errorf("live: %+v", live)
	}
	must(t, s.CloseSession(id, t0.Add(time.Hour), custody.CodeRevoked))
	must(t, s.CloseSession(id, t0.Add(2*time.Hour), custody.CodeNone))
	kept, err := s.Session(id)
	must(t, err)
	if !kept.Ended.Equal(t0.Add(time.Hour)) || kept.EndCode != custody.CodeRevoked {
		t.Errorf("ended %v with %v: the second end replaced the first", kept.Ended, kept.EndCode)
	}
	wantCode(t, s.CloseSession(99, t0, custody.CodeNone), custody.CodeNotFound)
	wantCode(t, s.CutSession(id, t0), custody.CodeNotFound)
	_, err = s.Session(99)
	wantCode(t, err, custody.CodeNotFound)
}

// TestSessionsDoNotMakeGatewaysReload: only changes of rights raise the generation.
func TestSessionsDoNotMakeGatewaysReload(t *testing.T) {
	s, _ := open(t)
	p, e := alice(t, s)
	sys := system(t, s, "bodyshop")
	id := openSession(t, s, p, e, sys, "192.0.2.1")
	before, err := s.Generation()
	must(t, err)
	_, err = s.AddReason(id, "claim 123", t0)
	must(t, err)
	assign(t, s, sys, "4711")
	must(t, s.CloseSession(id, t0, custody.CodeNone))
	after, err := s.Generation()
	must(t, err)
	if after != before {
		t.Errorf("generation went from %d to %d", before, after)
	}
	next := openSession(t, s, p, e, sys, "192.0.2.1") // its token is a right
	cut, err := s.Generation()
	must(t, err)
	must(t, s.CutSession(next, t0))
	if now, _ := s.Generation(); now == cut || cut == after {
		t.Errorf("generations %d, %d, %d: a token and a cut must each raise it", after, cut, now)
	}
}

// TestWatchReportsWhatItCannotHear: a gate must know when it is deaf (P3).
func TestWatchReportsWhatItCannotHear(t *testing.T) {
	s, path := open(t)
	type look struct {
		changed bool
		err     error
	}
	looks := make(chan look)
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		defer close(done)
		s.Watch(ctx, time.Millisecond, func(changed bool, err error) {
			select {
			case looks <- look{changed, err}:
			case <-ctx.Done():
			}
		})
	}()
	if l := <-looks; l.err != nil {
		t.Fatal(l.err)
	}
	away := filepath.Join(filepath.Dir(path), "away.db")
	must(t, os.Rename(path, away))
	until(t, "an error while the file is away", func() bool { l := <-looks; return l.err != nil })
	must(t, os.Rename(away, path))
	until(t, "a change once it can hear again", func() bool { l := <-looks; return l.err == nil && l.changed })

	// Another file in its place would never show a change: that is deafness too.
	must(t, os.Rename(path, away))
	must(t, os.WriteFile(path, nil, 0o600))
	until(t, "an error for a replaced file", func() bool { l := <-looks; return custody.CodeOf(l.err) == custody.CodeUnavailable })
	cancel()
	<-done
}

// TestWatchAnnouncesAgainWhatCouldNotBeRead: a change whose reading failed must not
// be lost with it.
func TestWatchAnnouncesAgainWhatCouldNotBeRead(t *testing.T) {
	for name, read := range map[string]func(*store.Store) error{
		"grants": func(s *store.Store) error { _, err := s.Grants(); return err },
		"rights": func(s *store.Store) error { _, err := s.Rights(t0); return err },
	} {
		t.Run(name, func(t *testing.T) {
			s, path := open(t)
			ctx, cancel := context.WithCancel(context.Background())
			defer cancel()
			looks := make(chan bool)
			go s.Watch(ctx, time.Millisecond, func(changed bool, _ error) {
				select {
				case looks <- changed:
				case <-ctx.Done():
				}
			})
			until(t, "the first look", func() bool { return <-looks })
			db := raw(t, path)
			_, err := db.Exec("ALTER TABLE grants RENAME TO hidden")
			must(t, err)
			if read(s) == nil {
				t.Fatal("it was read all the same")
			}
			until(t, "the change again", func() bool { return <-looks })
			_, err = db.Exec("ALTER TABLE hidden RENAME TO grants")
			must(t, err)
			must(t, read(s))
		})
	}
}

// until waits for an event, with a bound that only a broken program meets.
func until(t *testing.T, what string, happened func() bool) {
	t.Helper()
	for range 5000 {
		if happened() {
			return
		}
	}
	t.Fatalf("never: %s", what)
}
