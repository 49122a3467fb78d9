package web

import (
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"net/http"
	"sync"
	"time"
)

const (
	sessionCookie = "session"
	sessionLength = 12 * time.Hour
	maxSessions   = 10_000
)

// session is one browser that signed in with an account.
type session struct {
	account account
	csrf    string
	until   time.Time
}

// sessions are kept in memory, by the hash of the cookie: who reads the memory of a
// crash finds no cookie in it. A restart signs everybody out.
type sessions struct {
	now func() time.Time
	mu  sync.Mutex
	all map[[sha256.Size]byte]*session
}

func newSessions(now func() time.Time) *sessions {
	return &sessions{now: now, all: map[[sha256.Size]byte]*session{}}
}

// open starts a session and sets its cookie.
func (s *sessions) open(w http.ResponseWriter, a account) {
	token := rand.Text()
	s.mu.Lock()
	s.sweep()
	s.all[sha256.Sum256([]byte(token))] = &session{account: a, csrf: rand.Text(), until: s.now().Add(sessionLength)}
	s.mu.Unlock()
	http.SetCookie(w, &http.Cookie{Name: sessionCookie, Value: token, Path: "/", HttpOnly: true, SameSite: http.SameSiteLaxMode})
}

// sweep drops what has ended, and when there are still too many the first to end.
func (s *sessions) sweep() {
	if len(s.all) < maxSessions {
		return
	}
	now := s.now()
	var oldest [sha256.Size]byte
	var first time.Time
	for key, one := range s.all {
		if one.until.Before(now) {
			delete(s.all, key)
		} else if first.IsZero() || one.until.Before(first) {
			oldest, first = key, one.until
		}
	}
	if len(s.all) >= maxSessions {
		delete(s.all, oldest)
	}
}

// find gives the live session of a request, or nil.
func (s *sessions) find(r *http.Request) *session {
	cookie, err := r.Cookie(sessionCookie)
	if err != nil {
		return nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	one := s.all[sha256.Sum256([]byte(cookie.Value))]
	if one == nil || one.until.Before(s.now()) {
		return nil
	}
	return one
}

// close ends the session of a request.
func (s *sessions) close(w http.ResponseWriter, r *http.Request) {
	if cookie, err := r.Cookie(sessionCookie); err == nil {
		s.mu.Lock()
		delete(s.all, sha256.Sum256([]byte(cookie.Value)))
		s.mu.Unlock()
	}
	http.SetCookie(w, &http.Cookie{Name: sessionCookie, Path: "/", MaxAge: -1, HttpOnly: true, SameSite: http.SameSiteLaxMode})
}

// same compares two secrets in constant time; an empty one is never right.
func same(a, b string) bool {
	return a != "" && subtle.ConstantTimeCompare([]byte(a), []byte(b)) == 1
}
