package identity_test

import (
	"context"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"custody"
	"custody/identity"
	"custody/store"
)

// kit is a real store with a real service on a clock that tests move.
type kit struct {
	*identity.Service
	store *store.Store
	path  string
	clock *clock
	ca    *identity.CA
}

type clock struct {
	mu sync.Mutex
	at time.Time
}

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.at
}

func (c *clock) pass(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at = c.at.Add(d)
}

var key = []byte(strings.Repeat("k", 32))

func newKit(t testing.TB) *kit {
	t.Helper()
	k := &kit{path: filepath.Join(t.TempDir(), "custody.db"), clock: &clock{at: time.Now().UTC().Truncate(time.Second)}}
	var err error
	k.store, err = store.Open(k.path)
	must(t, err)
	t.Cleanup(func() { k.store.Close() })
	cert, caKey, err := identity.CreateCA("Custody test", k.clock.now())
	must(t, err)
	k.ca, err = identity.LoadCA(cert, caKey)
	must(t, err)
	k.Service = k.service(t)
	for _, system := range []string{"bodyshop", "claims"} {
		_, err := k.store.EnsureSystem(system)
		must(t, err)
	}
	for _, login := range []string{"alice", "bob"} {
		k.person(t, login)
	}
	return k
}

// service is a further service on the same store, as another process has one.
func (k *kit) service(t testing.TB) *identity.Service {
	t.Helper()
	s, err := identity.New(identity.Options{Storage: k.store, Key: key, CA: k.ca, Now: k.clock.now})
	must(t, err)
	return s
}

func (k *kit) person(t testing.TB, name string) *identity.Person {
	t.Helper()
	p, err := k.AddPerson(identity.NewPerson{Login: name + "@northfield.example", FullName: strings.ToUpper(name[:1]) + name[1:] + " Smith",
		Organisation: "Northfield", Roles: []string{"estimator"}})
	must(t, err)
	return p
}

func (k *kit) token(t testing.TB, name string) string {
	t.Helper()
	token, _, err := k.IssueToken(identity.CredentialRequest{Login: name + "@northfield.example", System: "bodyshop"})
	must(t, err)
	return token
}

// signIn goes through token and session, as the gate does.
func (k *kit) signIn(t testing.TB, login, token, address string) (*custody.Session, error) {
	t.Helper()
	credential, err := k.Password(login, "bodyshop", token)
	if err != nil {
		return nil, err
	}
	return k.Open(context.Background(), identity.Request{Login: login, System: "bodyshop", Credential: credential, Address: address, AppName: "psql"})
}

func (k *kit) live(t testing.TB, name string) *custody.Session {
	t.Helper()
	sess, err := k.signIn(t, name+"@northfield.example", k.token(t, name), "192.0.2.1")
	must(t, err)
	return sess
}

// application declares the portal and signs it in.
func (k *kit) application(t testing.TB, name, system string) *custody.Session {
	t.Helper()
	_, err := k.AddApplication(name, "Northfield")
	must(t, err)
	secret, _, err := k.IssueSecret(identity.CredentialRequest{Login: name, System: system})
	must(t, err)
	credential, err := k.Password(name, system, secret)
	must(t, err)
	sess, err := k.Open(context.Background(), identity.Request{Login: name, System: system, Credential: credential, Address: "192.0.2.9"})
	must(t, err)
	return sess
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatalf("%v (%s)", err, custody.HintOf(err))
	}
}

func wantCode(t testing.TB, err error, want custody.Code) {
	t.Helper()
	if got := custody.CodeOf(err); got != want {
		t.Fatalf("got code %v (%v), want %v", got, err, want)
	}
	if custody.HintOf(err) == "" {
		t.Errorf("the error %q has no hint", err)
	}
	if strings.Contains(err.Error()+custody.HintOf(err), "@northfield.example") {
		t.Errorf("the error %q names somebody", err)
	}
}
