// Package passkey is the WebAuthn ceremony of one relying party: discoverable
// credentials, user verification required, no attestation asked for. It keeps nothing:
// what must be remembered between the two halves of a ceremony is given to the caller,
// who keeps it where the browser cannot change it.
package passkey

import (
	"bytes"
	"encoding/json"
	"errors"
	"time"

	"github.com/go-webauthn/webauthn/protocol"
	"github.com/go-webauthn/webauthn/webauthn"

	"custody"
)

// Timeout is how long a ceremony may take.
const Timeout = 5 * time.Minute

// MaxResponse is the longest answer of a browser that is read, in bytes.
const MaxResponse = 32 << 10

// Ceremony is one relying party at one origin.
type Ceremony struct {
	w    *webauthn.WebAuthn
	rpID string
}

// New makes the ceremonies of a relying party. name is what authenticators show.
func New(rpID, name, origin string) (*Ceremony, error) {
	limit := webauthn.TimeoutConfig{Enforce: true, Timeout: Timeout, TimeoutUVD: Timeout}
	w, err := webauthn.New(&webauthn.Config{
		RPID: rpID, RPDisplayName: name, RPOrigins: []string{origin},
		AttestationPreference: protocol.PreferNoAttestation,
		Timeouts:              webauthn.TimeoutsConfig{Login: limit, Registration: limit},
	})
	if err != nil {
		return nil, &custody.Error{Code: custody.CodeInvalid, Message: "passkeys cannot be used at this address",
			Hint: "the portal's public address must be https with a host name, or localhost", Err: err}
	}
	return &Ceremony{w, rpID}, nil
}

// RP is the relying party id that passkeys made here belong to.
func (c *Ceremony) RP() string { return c.rpID }

// Person is who makes or has passkeys.
type Person struct {
	Handle  []byte // opaque, the same for ever
	Login   string
	Name    string
	Records [][]byte // of the passkeys that they have
}

// user fits a person to the library.
type user struct {
	Person
	credentials []webauthn.Credential
}

func (u *user) WebAuthnID() []byte                         { return u.Handle }
func (u *user) WebAuthnName() string                       { return u.Login }
func (u *user) WebAuthnDisplayName() string                { return u.Name }
func (u *user) WebAuthnCredentials() []webauthn.Credential { return u.credentials }

func newUser(p Person) (*user, error) {
	u := &user{Person: p}
	for _, r := range p.Records {
		var c webauthn.Credential
		if err := json.Unmarshal(r, &c); err != nil {
			return nil, &custody.Error{Code: custody.CodeInternal, Message: "a stored passkey cannot be read", Hint: "remove it and make a new one", Err: err}
		}
		u.credentials = append(u.credentials, c)
	}
	return u, nil
}

// Made is a passkey as it is to be kept.
type Made struct {
	ID     []byte // the authenticator's credential id
	Record []byte // JSON
	Backed bool   // it can be on several devices of its person
}

// BeginCreate gives the options for the browser and the state for FinishCreate.
func (c *Ceremony) BeginCreate(p Person) (options, state []byte, err error) {
	u, err := newUser(p)
	if err != nil {
		return nil, nil, err
	}
	required := true
	creation, session, err := c.w.BeginRegistration(u,
		webauthn.WithAuthenticatorSelection(protocol.AuthenticatorSelection{
			RequireResidentKey: &required, ResidentKey: protocol.ResidentKeyRequirementRequired, UserVerification: protocol.VerificationRequired}),
		webauthn.WithExclusions(webauthn.Credentials(u.credentials).CredentialDescriptors()))
	if err != nil {
		return nil, nil, fault(err)
	}
	return both(creation, session)
}

// FinishCreate checks the browser's answer.
func (c *Ceremony) FinishCreate(p Person, state, response []byte) (*Made, error) {
	u, session, err := c.resume(p, state)
	if err != nil {
		return nil, err
	}
	if len(response) > MaxResponse {
		return nil, errAnswer
	}
	parsed, err := protocol.ParseCredentialCreationResponseBytes(response)
	if err != nil {
		return nil, fault(err)
	}
	made, err := c.w.CreateCredential(u, *session, parsed)
	if err != nil {
		return nil, fault(err)
	}
	record, err := json.Marshal(made)
	return &Made{ID: made.ID, Record: record, Backed: made.Flags.BackupEligible}, err
}

func (c *Ceremony) resume(p Person, state []byte) (*user, *webauthn.SessionData, error) {
	u, err := newUser(p)
	if err != nil {
		return nil, nil, err
	}
	session := &webauthn.SessionData{}
	return u, session, json.Unmarshal(state, session)
}

// BeginGet gives the options for the browser and the state for FinishGet. It names
// nobody: the authenticator says whose passkey it holds.
func (c *Ceremony) BeginGet() (options, state []byte, err error) {
	assertion, session, err := c.w.BeginDiscoverableLogin(webauthn.WithUserVerification(protocol.VerificationRequired))
	if err != nil {
		return nil, nil, fault(err)
	}
	return both(assertion, session)
}

// FinishGet checks the browser's answer. find gives the person of a passkey with the
// record of that passkey alone. It gives the passkey's credential id and the record to
// write back: its counter and flags have moved on.
func (c *Ceremony) FinishGet(state, response []byte, find func(id, handle []byte) (Person, error)) (*Made, error) {
	if len(response) > MaxResponse {
		return nil, errAnswer
	}
	var session webauthn.SessionData
	if err := json.Unmarshal(state, &session); err != nil {
		return nil, fault(err)
	}
	parsed, err := protocol.ParseCredentialRequestResponseBytes(response)
	if err != nil {
		return nil, fault(err)
	}
	_, used, err := c.w.ValidatePasskeyLogin(func(id, handle []byte) (webauthn.User, error) {
		p, err := find(id, handle)
		if err != nil {
			return nil, err
		}
		if !bytes.Equal(p.Handle, handle) {
			return nil, errAnswer
		}
		return newUser(p)
	}, session, parsed)
	if err != nil {
		return nil, fault(err)
	}
	if used.Authenticator.CloneWarning {
		return nil, errCloned
	}
	record, err := json.Marshal(used)
	return &Made{ID: used.ID, Record: record, Backed: used.Flags.BackupEligible}, err
}

func both(options, session any) (o, s []byte, err error) {
	if o, err = json.Marshal(options); err != nil {
		return nil, nil, err
	}
	s, err = json.Marshal(session)
	return o, s, err
}

var (
	errAnswer = custody.E(custody.CodeUnauthorised, "this passkey was not accepted", "try again; if it stays, sign in another way and make a new passkey")
	errCloned = custody.E(custody.CodeUnauthorised, "this passkey was used out of order, as a copy of it would be", "tell the administrator: they can remove it, and you make a new one")
)

// fault hides what exactly did not fit; the log has it.
func fault(err error) error {
	var ours *custody.Error
	if errors.As(err, &ours) {
		return ours
	}
	detail := err
	var theirs *protocol.Error
	if errors.As(err, &theirs) {
		detail = errors.New(theirs.Type + ": " + theirs.Details + ": " + theirs.DevInfo)
	}
	return &custody.Error{Code: errAnswer.Code, Message: errAnswer.Message, Hint: errAnswer.Hint, Err: detail}
}
