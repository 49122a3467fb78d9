package upstream

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"
)

// Person is whom a signed token names.
type Person struct {
	Login        string
	FullName     string
	Organisation string
	Roles        []string
}

// Signer makes tokens that an application can check with the published key (RFC 7519,
// RFC 7517; ES256). Its key is derived from the deployment's secret and the system's
// name, so that no file more needs to be kept.
type Signer struct {
	signer   jose.Signer
	public   []byte
	issuer   string
	audience string
	life     time.Duration
}

// TokenLife is how long a signed token holds. A new one is made after half of it.
const TokenLife = 10 * time.Minute

// NewSigner derives the key. Issuer is the portal's public address, audience the
// application's.
func NewSigner(secret []byte, system, issuer, audience string) (*Signer, error) {
	key, err := deriveKey(secret, system)
	if err != nil {
		return nil, err
	}
	point, err := key.PublicKey.Bytes()
	if err != nil {
		return nil, err
	}
	sum := sha256.Sum256(point)
	id := hex.EncodeToString(sum[:8])
	s := &Signer{issuer: issuer, audience: audience, life: TokenLife}
	s.signer, err = jose.NewSigner(jose.SigningKey{Algorithm: jose.ES256, Key: jose.JSONWebKey{Key: key, KeyID: id}},
		(&jose.SignerOptions{}).WithType("JWT"))
	if err != nil {
		return nil, err
	}
	s.public, err = json.Marshal(jose.JSONWebKeySet{Keys: []jose.JSONWebKey{
		{Key: &key.PublicKey, KeyID: id, Algorithm: string(jose.ES256), Use: "sig"},
	}})
	return s, err
}

// deriveKey takes the first derived number that is a private key of P-256, which is
// nearly always the first.
func deriveKey(secret []byte, system string) (*ecdsa.PrivateKey, error) {
	for i := range 16 {
		b, err := hkdf.Key(sha256.New, secret, nil, fmt.Sprintf("custody portal identity %d %s", i, system), 32)
		if err != nil {
			return nil, err
		}
		if key, err := ecdsa.ParseRawPrivateKey(elliptic.P256(), b); err == nil {
			return key, nil
		}
	}
	return nil, fmt.Errorf("no key for %s", system)
}

// Keys is the JSON Web Key Set with which an application checks tokens.
func (s *Signer) Keys() []byte { return s.public }

// Token names a person, and says when to ask for the next one.
func (s *Signer) Token(who Person) (token string, renew time.Time, err error) {
	now := time.Now()
	token, err = jwt.Signed(s.signer).Claims(jwt.Claims{
		Issuer: s.issuer, Subject: who.Login, Audience: jwt.Audience{s.audience}, ID: rand.Text(),
		IssuedAt: jwt.NewNumericDate(now), NotBefore: jwt.NewNumericDate(now.Add(-30 * time.Second)), Expiry: jwt.NewNumericDate(now.Add(s.life)),
	}).Claims(map[string]any{
		"email": who.Login, "name": who.FullName, "organisation": who.Organisation, "roles": who.Roles,
	}).Serialize()
	return token, now.Add(s.life / 2), err
}
