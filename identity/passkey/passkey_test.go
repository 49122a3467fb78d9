package passkey

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"custody"
)

const (
	rp   = "estimates.northfield.example"
	here = "https://estimates.northfield.example"
)

// authenticator is the client's and the authenticator's half in software: it makes
// what WebAuthn level 3 describes, and what a hostile one would make instead.
type authenticator struct {
	key     *ecdsa.PrivateKey
	id      []byte
	handle  []byte
	counter uint32

	origin string
	rp     string
	flags  byte // user present 1, verified 4, backup eligible 8, backed up 16
	typ    string
	cross  bool
}

func newAuthenticator(t testing.TB) *authenticator {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	id := make([]byte, 32)
	rand.Read(id)
	return &authenticator{key: key, id: id, origin: here, rp: rp, flags: 1 | 4}
}

func b64(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }

func (a *authenticator) client(t testing.TB, typ string, options []byte) []byte {
	t.Helper()
	var o struct {
		PublicKey struct {
			Challenge string `json:"challenge"`
		} `json:"publicKey"`
	}
	if err := json.Unmarshal(options, &o); err != nil {
		t.Fatal(err)
	}
	if a.typ != "" {
		typ = a.typ
	}
	data, err := json.Marshal(map[string]any{"type": typ, "challenge": o.PublicKey.Challenge, "origin": a.origin, "crossOrigin": a.cross})
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// data is the authenticator data (section 6.1).
func (a *authenticator) data(extra []byte) []byte {
	hash := sha256.Sum256([]byte(a.rp))
	flags := a.flags
	if extra != nil {
		flags |= 0x40
	}
	out := append(hash[:], flags)
	out = binary.BigEndian.AppendUint32(out, a.counter)
	return append(out, extra...)
}

// cose is an ES256 key in COSE (RFC 9053): {1: 2, 3: -7, -1: 1, -2: x, -3: y}.
func (a *authenticator) cose() []byte {
	x, y := make([]byte, 32), make([]byte, 32)
	point, _ := a.key.PublicKey.Bytes() // 4 ‖ x ‖ y
	copy(x, point[1:33])
	copy(y, point[33:])
	out := []byte{0xa5, 0x01, 0x02, 0x03, 0x26, 0x20, 0x01, 0x21, 0x58, 0x20}
	out = append(out, x...)
	out = append(out, 0x22, 0x58, 0x20)
	return append(out, y...)
}

// create answers BeginCreate with an attestation of format none.
func (a *authenticator) create(t testing.TB, options []byte) []byte {
	t.Helper()
	credential := make([]byte, 16) // AAGUID
	credential = binary.BigEndian.AppendUint16(credential, uint16(len(a.id)))
	credential = append(append(credential, a.id...), a.cose()...)
	data := a.data(credential)
	object := append([]byte{0xa3}, cborText("fmt")...)
	object = append(append(object, cborText("none")...), cborText("attStmt")...)
	object = append(append(object, 0xa0), cborText("authData")...)
	object = append(object, 0x58, byte(len(data)))
	object = append(object, data...)
	return a.answer(t, map[string]any{"clientDataJSON": b64(a.client(t, "webauthn.create", options)), "attestationObject": b64(object)})
}

func cborText(s string) []byte { return append([]byte{0x60 | byte(len(s))}, s...) }

// get answers BeginGet.
func (a *authenticator) get(t testing.TB, options []byte) []byte {
	t.Helper()
	client, data := a.client(t, "webauthn.get", options), a.data(nil)
	hash := sha256.Sum256(client)
	digest := sha256.Sum256(append(bytes.Clone(data), hash[:]...))
	sig, err := ecdsa.SignASN1(rand.Reader, a.key, digest[:])
	if err != nil {
		t.Fatal(err)
	}
	return a.answer(t, map[string]any{"clientDataJSON": b64(client), "authenticatorData": b64(data), "signature": b64(sig), "userHandle": b64(a.handle)})
}

func (a *authenticator) answer(t testing.TB, response map[string]any) []byte {
	t.Helper()
	text, err := json.Marshal(map[string]any{"id": b64(a.id), "rawId": b64(a.id), "type": "public-key", "response": response, "clientExtensionResults": map[string]any{}})
	if err != nil {
		t.Fatal(err)
	}
	return text
}

var alice = Person{Handle: bytes.Repeat([]byte{7}, 32), Login: "alice@northfield.example", Name: "Alice Smith"}

// made enrols an authenticator.
func made(t testing.TB, c *Ceremony) (*authenticator, *Made) {
	t.Helper()
	a := newAuthenticator(t)
	a.handle, a.counter = alice.Handle, 5
	options, state, err := c.BeginCreate(alice)
	if err != nil {
		t.Fatal(err)
	}
	m, err := c.FinishCreate(alice, state, a.create(t, options))
	if err != nil {
		t.Fatalf("%v: %v", err, errors.Unwrap(err))
	}
	return a, m
}

func ceremony(t testing.TB) *Ceremony {
	t.Helper()
	c, err := New(rp, "Northfield Estimates", here)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// signIn goes through the second ceremony with whatever the authenticator makes.
func signIn(t testing.TB, c *Ceremony, a *authenticator, record []byte, change func(state, answer []byte) ([]byte, []byte)) (*Made, error) {
	t.Helper()
	options, state, err := c.BeginGet()
	if err != nil {
		t.Fatal(err)
	}
	answer := a.get(t, options)
	if change != nil {
		state, answer = change(state, answer)
	}
	return c.FinishGet(state, answer, func(id, _ []byte) (Person, error) {
		if !bytes.Equal(id, a.id) {
			return Person{}, errAnswer
		}
		p := alice
		p.Records = [][]byte{record}
		return p, nil
	})
}

// TestOptions: the browser is asked for a discoverable passkey with user verification,
// by the right relying party, and told which it has already.
func TestOptions(t *testing.T) {
	c := ceremony(t)
	a, m := made(t, c)
	p := alice
	p.Records = [][]byte{m.Record}
	options, _, err := c.BeginCreate(p)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{`"residentKey":"required"`, `"requireResidentKey":true`, `"userVerification":"required"`, `"id":"` + rp + `"`, b64(a.id), b64(alice.Handle)} {
		if !strings.Contains(string(options), want) {
			t.Errorf("the options lack %s:\n%s", want, options)
		}
	}
	options, _, err = c.BeginGet()
	if err != nil || !strings.Contains(string(options), `"userVerification":"required"`) || strings.Contains(string(options), "allowCredentials") {
		t.Errorf("%s, %v", options, err)
	}
}

// TestSignIn moves the counter on and keeps the flags.
func TestSignIn(t *testing.T) {
	c := ceremony(t)
	a, m := made(t, c)
	for range 3 {
		a.counter++
		used, err := signIn(t, c, a, m.Record, nil)
		if err != nil {
			t.Fatalf("%v: %v", err, errors.Unwrap(err))
		}
		if !bytes.Equal(used.ID, a.id) || bytes.Equal(used.Record, m.Record) {
			t.Error("the record did not move on")
		}
		m.Record = used.Record
	}
	synced := newAuthenticator(t) // a passkey of a cloud has no counter
	synced.handle, synced.flags = alice.Handle, 1|4|8|16
	options, state, err := c.BeginCreate(alice)
	if err != nil {
		t.Fatal(err)
	}
	k, err := c.FinishCreate(alice, state, synced.create(t, options))
	if err != nil || !k.Backed {
		t.Fatalf("%+v, %v", k, err)
	}
	for range 2 {
		if _, err := signIn(t, c, synced, k.Record, nil); err != nil {
			t.Errorf("%v: %v", err, errors.Unwrap(err))
		}
	}
}

// TestHostileSignIns: each is refused, with one answer.
func TestHostileSignIns(t *testing.T) {
	c := ceremony(t)
	for name, spoil := range map[string]func(a *authenticator) func(state, answer []byte) ([]byte, []byte){
		"another origin": func(a *authenticator) func(s, b []byte) ([]byte, []byte) {
			a.origin = "https://evil.example"
			return nil
		},
		"a subdomain's origin":   func(a *authenticator) func(s, b []byte) ([]byte, []byte) { a.origin = "https://x." + rp; return nil },
		"without TLS":            func(a *authenticator) func(s, b []byte) ([]byte, []byte) { a.origin = "http://" + rp; return nil },
		"another party":          func(a *authenticator) func(s, b []byte) ([]byte, []byte) { a.rp = "evil.example"; return nil },
		"no verification":        func(a *authenticator) func(s, b []byte) ([]byte, []byte) { a.flags = 1; return nil },
		"nobody present":         func(a *authenticator) func(s, b []byte) ([]byte, []byte) { a.flags = 4; return nil },
		"backup out of thin air": func(a *authenticator) func(s, b []byte) ([]byte, []byte) { a.flags = 1 | 4 | 8 | 16; return nil },
		"another's handle": func(a *authenticator) func(s, b []byte) ([]byte, []byte) {
			a.handle = bytes.Repeat([]byte{8}, 32)
			return nil
		},
		"no handle":     func(a *authenticator) func(s, b []byte) ([]byte, []byte) { a.handle = nil; return nil },
		"a copy":        func(a *authenticator) func(s, b []byte) ([]byte, []byte) { a.counter = 5; return nil },
		"an older copy": func(a *authenticator) func(s, b []byte) ([]byte, []byte) { a.counter = 1; return nil },
		"a creation":    func(a *authenticator) func(s, b []byte) ([]byte, []byte) { a.typ = "webauthn.create"; return nil },
		"in a frame":    func(a *authenticator) func(s, b []byte) ([]byte, []byte) { a.cross = true; return nil },
		"another key":   func(a *authenticator) func(s, b []byte) ([]byte, []byte) { a.key = newAuthenticator(t).key; return nil },
		"an unknown passkey": func(a *authenticator) func(s, b []byte) ([]byte, []byte) {
			known := a.id
			_ = known
			return func(s, b []byte) ([]byte, []byte) {
				x := newAuthenticator(t)
				return s, bytes.ReplaceAll(b, []byte(b64(a.id)), []byte(b64(x.id)))
			}
		},
		"an old challenge": func(*authenticator) func(s, b []byte) ([]byte, []byte) {
			return func(_, b []byte) ([]byte, []byte) { _, later, _ := c.BeginGet(); return later, b }
		},
		"a spoiled signature": func(*authenticator) func(s, b []byte) ([]byte, []byte) {
			return func(s, b []byte) ([]byte, []byte) {
				return s, bytes.Replace(b, []byte(`"signature":"`), []byte(`"signature":"AA`), 1)
			}
		},
		"not JSON": func(*authenticator) func(s, b []byte) ([]byte, []byte) {
			return func(s, _ []byte) ([]byte, []byte) { return s, []byte("{") }
		},
		"too long": func(*authenticator) func(s, b []byte) ([]byte, []byte) {
			return func(s, b []byte) ([]byte, []byte) { return s, append(b, bytes.Repeat([]byte(" "), MaxResponse)...) }
		},
		"no state": func(*authenticator) func(s, b []byte) ([]byte, []byte) {
			return func(_, b []byte) ([]byte, []byte) { return []byte("{}"), b }
		},
	} {
		a, m := made(t, c)
		a.counter++
		change := spoil(a)
		if _, err := signIn(t, c, a, m.Record, change); custody.CodeOf(err) != custody.CodeUnauthorised {
			t.Errorf("%s: %v", name, err)
		} else if custody.HintOf(err) == "" {
			t.Errorf("%s has no hint", name)
		}
	}
}

// TestHostileCreations: a passkey that is not bound to person, party and origin is
// not kept.
func TestHostileCreations(t *testing.T) {
	c := ceremony(t)
	for name, spoil := range map[string]func(a *authenticator){
		"another origin": func(a *authenticator) { a.origin = "https://evil.example" }, "another party": func(a *authenticator) { a.rp = "evil.example" },
		"no verification": func(a *authenticator) { a.flags = 1 }, "an assertion": func(a *authenticator) { a.typ = "webauthn.get" },
	} {
		a := newAuthenticator(t)
		spoil(a)
		options, state, err := c.BeginCreate(alice)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := c.FinishCreate(alice, state, a.create(t, options)); custody.CodeOf(err) != custody.CodeUnauthorised {
			t.Errorf("%s: %v", name, err)
		}
	}
	a := newAuthenticator(t)
	options, state, err := c.BeginCreate(alice)
	if err != nil {
		t.Fatal(err)
	}
	bob := alice
	bob.Handle = bytes.Repeat([]byte{9}, 32)
	if _, err := c.FinishCreate(bob, state, a.create(t, options)); err == nil {
		t.Error("a ceremony that Alice began made a passkey for Bob")
	}
}

func FuzzFinish(f *testing.F) {
	c := ceremony(f)
	a, m := made(f, c)
	a.counter++
	options, state, err := c.BeginGet()
	if err != nil {
		f.Fatal(err)
	}
	f.Add(a.get(f, options))
	f.Add([]byte(`{"id":"","rawId":"","type":"public-key","response":{}}`))
	creation, made, err := c.BeginCreate(alice)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(a.create(f, creation))
	right := a.get(f, options)
	f.Fuzz(func(t *testing.T, answer []byte) {
		_, _ = c.FinishCreate(alice, made, answer)
		_, err := c.FinishGet(state, answer, func(id, _ []byte) (Person, error) {
			p := alice
			p.Records = [][]byte{m.Record}
			return p, nil
		})
		if err == nil && !bytes.Contains(answer, []byte(b64(a.id))) {
			t.Errorf("accepted: %q (the right one is %q)", answer, right)
		}
	})
}
