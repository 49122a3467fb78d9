package identity

import (
	"time"

	"custody"
)

// Factors is the part of the storage that holds how people sign in with a browser:
// hashes, sealed secrets and public keys, never what the person knows or holds.
type Factors interface {
	// AddEnrolment keeps a new enrolment; earlier ones of the person that were not
	// used end.
	AddEnrolment(e *Enrolment) error
	// FindEnrolment finds one that can be used at a moment, or has CodeNotFound.
	FindEnrolment(hash [32]byte, at time.Time) (*Enrolment, error)
	// SetPassword puts password, TOTP secret and recovery codes in place of those
	// that were there, and ends the browser sessions that the old ones opened but
	// for the credential keep. enrolment, if not zero, is used up by it.
	SetPassword(p *PasswordFactor, codes [][32]byte, enrolment int64, keep int64, at time.Time) error
	// Password gives the password of a person; nil if there is none.
	Password(person custody.PersonID) (*PasswordFactor, error)
	// UseStep notes a TOTP time step; false if it or a later one was used before.
	UseStep(person custody.PersonID, step int64) (bool, error)
	// UseRecoveryCode uses a code up; false if it is not one, or not any more.
	UseRecoveryCode(person custody.PersonID, hash [32]byte, at time.Time) (bool, error)
	// RecoveryCodes counts those that are left.
	RecoveryCodes(person custody.PersonID) (int, error)

	// AddPasskey keeps a new passkey and sets its number.
	AddPasskey(k *Passkey, enrolment int64) error
	// Passkeys lists a person's passkeys that were not removed, by number.
	Passkeys(person custody.PersonID) ([]Passkey, error)
	// FindPasskey finds a passkey by the authenticator's credential id, or has
	// CodeNotFound.
	FindPasskey(credential []byte) (*Passkey, error)
	// UsePasskey writes the record back after a sign-in.
	UsePasskey(id int64, record []byte, at time.Time) error
	// RemovePasskey takes a passkey away and ends the sessions that it opened.
	RemovePasskey(person custody.PersonID, id int64, at time.Time) error

	// LinkSubject binds a provider's subject to a person, for ever; it gives the
	// link's number, or CodeConflict if it is another person's.
	LinkSubject(person custody.PersonID, issuer, subject string, at time.Time) (int64, error)
	// FindSubject finds the person of a provider's subject; zero if there is none.
	FindSubject(issuer, subject string) (link int64, person custody.PersonID, err error)

	// ResetPerson takes all ways to sign in away and revokes all credentials.
	ResetPerson(person custody.PersonID, at time.Time) error
}

// Browsers is the part of the storage that holds what belongs to the credentials of
// browsers.
type Browsers interface {
	// AddBrowser keeps credential and browser together and sets their number.
	AddBrowser(c *Credential, b *Browser) error
	// FindBrowser finds the browser of a cookie whose credential is in force.
	FindBrowser(hash [32]byte, at time.Time) (*Browser, error)
	// Browsers lists those of a person whose credentials are in force, newest first.
	Browsers(person custody.PersonID, at time.Time) ([]Browser, error)
	// TouchBrowser notes when a browser was last seen and last proved its device.
	TouchBrowser(credential int64, seen, proved time.Time) error
	// BindBrowser gives a browser that has none its device key.
	BindBrowser(credential int64, device []byte, at time.Time) error

	// AcceptNotice writes down that a text was accepted.
	AcceptNotice(a Acceptance) error
	// NoticeAccepted says whether a person has accepted this text.
	NoticeAccepted(person custody.PersonID, version string, digest [32]byte) (bool, error)
	// Notices lists what a person has accepted, oldest first.
	Notices(person custody.PersonID) ([]Acceptance, error)
}

// Enrolment is a one-time permission to set up a way to sign in.
type Enrolment struct {
	ID      int64
	Person  custody.PersonID
	Hash    [32]byte // SHA-256 of the code
	Made    time.Time
	Expires time.Time
}

// PasswordFactor is a password with its second factor.
type PasswordFactor struct {
	Person  custody.PersonID
	Hash    string // argon2id, PHC string format
	TOTP    []byte // RFC 6238 secret; sealed in the store
	Step    int64  // the last time step that was used
	Changed time.Time
}

// Passkey is a WebAuthn credential of a person.
type Passkey struct {
	ID         int64
	Person     custody.PersonID
	RP         string // the relying party id that it was made for
	Credential []byte // the authenticator's credential id
	Record     []byte // JSON of the library's credential record
	Name       string // as the person calls it
	Added      time.Time
	Used       time.Time // zero if never
}

// The ways in which a browser can be signed in.
const (
	MethodPassword = "password"
	MethodPasskey  = "passkey"
	MethodOIDC     = "oidc"
)

// Browser is what belongs to a credential of kind browser.
type Browser struct {
	Credential int64
	Person     custody.PersonID
	System     string
	OrgName    string
	Hash       [32]byte // SHA-256 of the cookie
	Method     string
	Factor     int64    // the passkey or the provider's link that opened it
	Roles      []string // nil: all of the person's
	Address    string
	Agent      string // the browser, as it says of itself
	Started    time.Time
	Expires    time.Time // the absolute end
	Seen       time.Time
	Device     []byte    // public key, SPKI; nil if the browser has none
	Proved     time.Time // when the device last signed
}

// Acceptance says that a person accepted a notice.
type Acceptance struct {
	Person   custody.PersonID
	Version  string
	Digest   [32]byte // SHA-256 of the text
	Accepted time.Time
	Session  custody.SessionID
}
