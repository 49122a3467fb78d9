package signin

import (
	"encoding/json"
	"io"
	"net/http"

	"custody"
	"custody/identity"
	"custody/identity/passkey"
)

// ceremony is what the door remembers between the halves of a ceremony.
type ceremony struct {
	State []byte `json:"s"`
}

// passkeyBegin starts a sign-in with a passkey. It is the same for everybody.
func (d *Door) passkeyBegin(w http.ResponseWriter, r *http.Request) {
	address := charge{d.id.Pseudonym("throttle ceremony", network(d.o.Address(r))), perCeremony}
	if wait := d.o.Throttle.take(address); wait > 0 {
		d.tell(w, custody.E(custody.CodeLimit, "too many tries", "wait a minute, then try again"))
		return
	}
	options, state, err := d.passkeys.BeginGet()
	if err != nil {
		d.fail(w, r, err)
		return
	}
	d.sendOptions(w, r, "passkey", options, state)
}

func (d *Door) sendOptions(w http.ResponseWriter, r *http.Request, kind string, options, state []byte) {
	if err := d.begin(w, kind, ceremony{state}, passkey.Timeout); err != nil {
		d.fail(w, r, err)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	_, _ = w.Write(options)
}

// ceremonyAnswer is what the page's script sends.
type ceremonyAnswer struct {
	Credential json.RawMessage `json:"credential"`
	Name       string          `json:"name"`
	Next       string          `json:"next"`
}

func readAnswer(r *http.Request) (a ceremonyAnswer, err error) {
	body, err := io.ReadAll(r.Body)
	if err != nil || json.Unmarshal(body, &a) != nil || len(a.Credential) == 0 {
		return a, custody.E(custody.CodeInvalid, "this answer cannot be read", "open the page again")
	}
	return a, nil
}

// passkeyFinish signs in with the authenticator's answer.
func (d *Door) passkeyFinish(w http.ResponseWriter, r *http.Request) {
	a, err := readAnswer(r)
	if err != nil {
		d.tell(w, err)
		return
	}
	var c ceremony
	cookie, err := d.under(r, "passkey", &c)
	if err != nil {
		d.tell(w, err)
		return
	}
	p, err := d.provePasskey(c.State, a.Credential)
	if err == nil && !d.finish(w, "passkey", cookie) {
		err = errFlow
	}
	if err != nil {
		d.o.Log.Info("a sign-in failed", "system", d.o.System, "method", identity.MethodPasskey, "err", cause(err))
		d.tell(w, err)
		return
	}
	p.Next = localPath(a.Next)
	d.goOn(w, r, p)
}

// cause is what the log may know: the library's reason has no personal data.
func cause(err error) error {
	if e, ok := err.(*custody.Error); ok && e.Err != nil {
		return e.Err
	}
	return err
}

// goOn answers a script with the address to go on to.
func (d *Door) goOn(w http.ResponseWriter, r *http.Request, p proof) {
	location, err := d.arrive(w, r, p, "")
	if err != nil {
		d.tell(w, err)
		return
	}
	d.sendLocation(w, location)
}

func (d *Door) sendLocation(w http.ResponseWriter, location string) {
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(map[string]string{"location": location})
}

// provePasskey checks an assertion against the passkey that it names, and writes the
// counter and flags back before anybody is let in.
func (d *Door) provePasskey(state, response []byte) (p proof, err error) {
	var k *identity.Passkey
	used, err := d.passkeys.FinishGet(state, response, func(id, _ []byte) (passkey.Person, error) {
		if k, err = d.id.FindPasskey(id); err != nil {
			return passkey.Person{}, err
		}
		return passkey.Person{Handle: d.id.UserHandle(k.Person), Records: [][]byte{k.Record}}, nil
	})
	if err != nil {
		return p, err
	}
	who := d.id.ByID(k.Person)
	if who == nil || k.RP != d.passkeys.RP() || len(d.id.Employers(k.Person)) == 0 {
		if who != nil {
			d.refused(who.Login)
		}
		return p, custody.E(custody.CodeUnauthorised, "this passkey cannot sign in here now", "ask your administrator whether your engagement is current")
	}
	if err := d.id.UsePasskey(k.ID, used.Record); err != nil {
		return p, err
	}
	return proof{Login: who.Login, Method: identity.MethodPasskey, Factor: k.ID}, nil
}

// maker is who makes a passkey: somebody who enrols, or somebody who is signed in and
// has proved it lately.
type maker struct {
	person    *identity.Person
	enrolment int64
	flow      string // the cookie of the enrolment
}

func (d *Door) maker(r *http.Request) (m maker, err error) {
	_, cookie, found, p, err := d.enrolling(r)
	if err == nil && found != nil {
		return maker{p, found.ID, cookie}, nil
	}
	v, err := d.fresh(r)
	if err != nil {
		return m, err
	}
	return maker{person: d.id.ByID(v.sess.Person)}, nil
}

func (d *Door) holder(p *identity.Person) (passkey.Person, error) {
	kept, err := d.id.Passkeys(p.ID)
	h := passkey.Person{Handle: d.id.UserHandle(p.ID), Login: p.Login, Name: p.FullName}
	for _, k := range kept {
		h.Records = append(h.Records, k.Record)
	}
	return h, err
}

func (d *Door) createBegin(w http.ResponseWriter, r *http.Request) {
	m, err := d.maker(r)
	if err != nil {
		d.tell(w, err)
		return
	}
	h, err := d.holder(m.person)
	if err != nil {
		d.fail(w, r, err)
		return
	}
	options, state, err := d.passkeys.BeginCreate(h)
	if err != nil {
		d.fail(w, r, err)
		return
	}
	d.sendOptions(w, r, "create", options, state)
}

// createFinish keeps a new passkey. Who enrolled is signed in with it.
func (d *Door) createFinish(w http.ResponseWriter, r *http.Request) {
	m, err := d.maker(r)
	if err != nil {
		d.tell(w, err)
		return
	}
	k, err := d.made(w, r, m)
	if err != nil {
		d.o.Log.Info("a passkey was not made", "system", d.o.System, "person", m.person.ID, "err", cause(err))
		d.tell(w, err)
		return
	}
	d.o.Log.Info("a passkey was made", "system", d.o.System, "person", m.person.ID, "passkey", k.ID)
	if m.enrolment == 0 {
		d.sendLocation(w, Prefix+"keys")
		return
	}
	d.finish(w, "enrol", m.flow)
	d.goOn(w, r, proof{Login: m.person.Login, Method: identity.MethodPasskey, Factor: k.ID})
}

// made checks the authenticator's answer and keeps the passkey.
func (d *Door) made(w http.ResponseWriter, r *http.Request, m maker) (*identity.Passkey, error) {
	a, err := readAnswer(r)
	if err != nil {
		return nil, err
	}
	var c ceremony
	cookie, err := d.under(r, "create", &c)
	if err != nil {
		return nil, err
	}
	h, err := d.holder(m.person)
	if err != nil {
		return nil, err
	}
	made, err := d.passkeys.FinishCreate(h, c.State, a.Credential)
	if err != nil {
		return nil, err
	}
	if !d.finish(w, "create", cookie) {
		return nil, errFlow
	}
	name := a.Name
	if name == "" {
		name = agent(r.UserAgent())
	}
	k := &identity.Passkey{Person: m.person.ID, RP: d.passkeys.RP(), Credential: made.ID, Record: made.Record, Name: name}
	return k, d.id.AddPasskey(k, m.enrolment)
}
