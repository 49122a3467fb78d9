// Package identity turns a credential into a session of one named person (P2) and
// says, at any moment, whether that session's right is still current (P3).
//
// A person's rights exist only through a current engagement with an organisation.
// Credentials are personal, scoped to one system, expiring and revocable: tokens
// (kept as SCRAM-SHA-256 verifiers), client certificates, and the secrets of
// applications. Rights are answered from a snapshot in memory; Reload replaces it.
package identity

import (
	"context"
	"crypto/ed25519"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"custody"
)

// Options are what a Service needs.
type Options struct {
	Storage Storage
	// Key is the deployment's secret: at least 32 random bytes, kept in a file
	// that only the gate and the administrator's command line can read. Salts
	// and the key that signs identities are derived from it.
	Key []byte
	// CA signs personal client certificates. Nil: none are issued or accepted.
	CA *CA
	// Now is the clock; nil is time.Now.
	Now func() time.Time
	// ConfirmAt gives the address at which people of a system confirm what was asked in
	// their name; empty, or nil: there is none.
	ConfirmAt func(system string) string
	// SeveralEmployers lets a person work for several organisations at a time.
	SeveralEmployers bool
}

// Service is safe for concurrent use.
type Service struct {
	store   Storage
	ca      *CA
	clock   func() time.Time
	confirm func(system string) string
	several bool   // employers at a time
	key     []byte // the deployment's secret
	saltKey []byte
	signKey ed25519.PrivateKey
	totp    *Sealer // secrets of second factors

	loading sync.Mutex // one reload at a time
	now     atomic.Pointer[snapshot]
	acting  acting
}

// New derives the keys and reads the rights for the first time.
func New(o Options) (*Service, error) {
	if len(o.Key) < 32 {
		return nil, custody.E(custody.CodeInvalid, "the deployment key is too short",
			"it must hold at least 32 random bytes; custody init writes one")
	}
	s := &Service{store: o.Storage, ca: o.CA, clock: o.Now, confirm: o.ConfirmAt, several: o.SeveralEmployers}
	if s.clock == nil {
		s.clock = time.Now
	}
	if err := s.derive(o.Key); err != nil {
		return nil, err
	}
	s.key = slices.Clone(o.Key)
	var err error
	if s.totp, err = s.Sealer("totp v1"); err != nil {
		return nil, err
	}
	return s, s.Reload()
}

// Reload reads the rights that have changed and puts them in force at once. Call it when the
// store says that something changed, and when NextChange has come.
func (s *Service) Reload() error {
	s.loading.Lock()
	defer s.loading.Unlock()
	return s.load()
}

func (s *Service) load() error {
	old := s.now.Load()
	since := uint64(0)
	if old != nil {
		since = old.generation
	}
	r, err := s.store.RightsSince(s.clock(), since)
	if err != nil {
		return err
	}
	if old == nil || r.Of == nil {
		s.now.Store(newSnapshot(r))
	} else {
		s.now.Store(old.patched(r, s.clock()))
	}
	return nil
}

// refresh reloads if another process changed a right since the last reload, so
// that a token works, and a revocation counts, at the very next sign-in. If the
// store cannot be read the error is returned and nobody signs in. Many who sign in
// at once after a change wait for one reload, not for one each.
func (s *Service) refresh() error {
	n, err := s.store.Generation()
	if err != nil {
		return err
	}
	if s.now.Load().generation == n {
		return nil
	}
	s.loading.Lock()
	defer s.loading.Unlock()
	if s.now.Load().generation >= n {
		return nil
	}
	return s.load()
}

// NextChange is the next moment at which time alone changes a right: a credential
// expires, an engagement starts or ends, a grant starts or ends. Reload and ask
// Valid for every session then. The zero time means that nothing is due.
func (s *Service) NextChange() time.Time { return s.now.Load().next(s.clock()) }

// Valid says whether the right behind a live session is still current. It reads
// the snapshot only: no SQL, no allocation. The error has CodeRevoked.
func (s *Service) Valid(sess *custody.Session) error {
	return s.now.Load().valid(sess, s.clock())
}

// Request is what a gate knows of somebody who has just proved a credential.
type Request struct {
	Login      string
	System     string
	Kind       string // "token", "certificate", "application" or "browser"; empty: not checked
	Credential int64  // as Password, Certificate or the chosen ScramKey gave it
	Address    string // the client's network address, without its port
	AppName    string // as the client gave it
	// Roles narrows a person's roles to these; nil leaves them all.
	Roles []string
}

// Open begins a session and writes it down. If the credential is live at another
// address, both sessions are noted and SecondAddress is set on the new one; the
// gate writes that in the session's first event.
func (s *Service) Open(ctx context.Context, r Request) (*custody.Session, error) {
	if err := s.refresh(); err != nil {
		return nil, err
	}
	now := s.clock()
	sess, err := s.now.Load().session(r, now)
	if err != nil {
		return nil, err
	}
	return s.begin(ctx, sess, 0)
}

// begin stores the session; the store gives the number.
func (s *Service) begin(ctx context.Context, sess *custody.Session, through custody.SessionID) (*custody.Session, error) {
	id, others, err := s.store.OpenSession(ctx, sess, through)
	if err != nil {
		return nil, err
	}
	sess.ID, sess.SecondAddress = id, others > 0
	return sess, nil
}

// Close ends a session, with an application's those of people through it; code says
// why it was cut, or CodeNone.
func (s *Service) Close(sess *custody.Session, code custody.Code) error {
	s.acting.forget(sess.ID)
	return s.store.CloseSession(sess.ID, s.clock(), code)
}

// Recover ends the sessions that a stopped gate left open; call it once at start,
// before the first Open. It gives how many there were.
func (s *Service) Recover() (int, error) {
	return s.store.CloseLeftover(s.clock(), custody.CodeUnavailable)
}

// Cut asks for the end of one live session. Gates hear it within their watch.
func (s *Service) Cut(id custody.SessionID) error { return s.store.CutSession(id, s.clock()) }

// Reason writes down why the person looks. The same text in the same session gets
// the same number. At most MaxReason runes.
func (s *Service) Reason(sess *custody.Session, text string) (custody.ReasonID, error) {
	clean, err := cleanReason(text)
	if err != nil {
		return 0, err
	}
	return s.store.AddReason(sess.ID, clean, s.clock())
}
