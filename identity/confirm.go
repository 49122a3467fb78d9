package identity

import (
	"time"

	"custody"
)

// Unconfirmed is what was asked in a person's name and waits for their word.
type Unconfirmed struct {
	Since       time.Time
	SystemName  string
	Application string // empty if no application asked
	Denied      bool   // the person said that it was not they
}

// Confirmed says whether the person of a session has no word to give first: after a
// step-up an application that asks for them gets nothing until they have signed in
// anew themselves and said that it is they. It reads the snapshot only. The error has
// CodeConfirm; the session does not end by it, for others share its connection.
func (s *Service) Confirmed(sess *custody.Session) error {
	if !onBehalf(sess) {
		return nil
	}
	if _, waits := s.now.Load().unconfirmed[sess.Person]; !waits {
		return nil
	}
	at := ""
	if s.confirm != nil {
		at = s.confirm(sess.SystemName)
	}
	if at == "" {
		return errConfirmNowhere
	}
	return custody.E(custody.CodeConfirm, confirmFirst, "open "+at+" in a browser, sign in and confirm; then do the same again")
}

const confirmFirst = "you have to confirm that it is you before this application is shown more customers in your name"

var errConfirmNowhere = custody.E(custody.CodeConfirm, confirmFirst,
	"ask whoever is responsible for data protection: there is no page here on which you could confirm")

// Unconfirmed lists what waits for a person's word, newest first.
func (s *Service) Unconfirmed(person custody.PersonID) ([]Unconfirmed, error) {
	return s.store.Unconfirmed(person, s.clock())
}

// Confirm takes the word of a person who has just signed in anew: it was they who asked
// through an application, which may go on, or it was not, and it stays shut until a
// review of the alert.
func (s *Service) Confirm(sess *custody.Session, theirs bool) error {
	if sess.Credential != KindBrowser {
		return custody.E(custody.CodeForbidden, "only a person in a browser can confirm", "sign in there with all factors")
	}
	if err := s.Valid(sess); err != nil {
		return err
	}
	if err := s.store.Confirm(sess.Person, theirs, s.clock()); err != nil {
		return err
	}
	return s.Reload()
}
