package identity

import (
	"crypto/ed25519"
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/pbkdf2"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base32"
	"encoding/binary"
	"strings"
	"time"

	"custody"
)

const (
	// Iterations of PBKDF2, the least that RFC 7677 allows. The secrets are 160
	// random bits, so more would slow sign-in and stop nobody.
	Iterations = 4096
	saltBytes  = 16
	// maxSecret is longer than any token: longer ones are refused unread.
	maxSecret = 128
	// maxLive is how many tokens of one login on one system may be live at once.
	maxLive = 16
)

// The marks by which secret scanners find what must not be in a repository.
const (
	tokenPrefix  = "cst_"
	secretPrefix = "csa_"
)

// derive makes the service's keys from the deployment's secret (RFC 5869).
func (s *Service) derive(key []byte) (err error) {
	if s.saltKey, err = hkdf.Key(sha256.New, key, nil, "custody scram salt v1", 32); err != nil {
		return err
	}
	seed, err := hkdf.Key(sha256.New, key, nil, "custody identity signature v1", ed25519.SeedSize)
	if err != nil {
		return err
	}
	s.signKey = ed25519.NewKeyFromSeed(seed)
	return nil
}

// salt is the same for all tokens of a login on a system, because SCRAM sends it
// before it knows which token comes; and it has the same shape for logins that do
// not exist. The length before the login keeps two pairs from running together.
func (s *Service) salt(login, system string) []byte {
	m := hmac.New(sha256.New, s.saltKey)
	var n [4]byte
	binary.BigEndian.PutUint32(n[:], uint32(len(login)))
	m.Write(n[:])
	m.Write([]byte(login))
	m.Write([]byte(system))
	return m.Sum(nil)[:saltBytes]
}

// Scram gives what a SCRAM-SHA-256 exchange needs. It never says whether the login
// exists: an unknown one gets a stable salt and no keys, and the exchange goes on
// to fail as it does for a wrong token. Try every key; the one that fits names the
// credential for Open.
func (s *Service) Scram(login, system string) (salt []byte, iterations int, keys []custody.ScramKey) {
	login = NormalLogin(login)
	salt = s.salt(login, system)
	if s.refresh() != nil {
		return salt, Iterations, nil
	}
	now := s.clock()
	for _, c := range s.now.Load().keys[place{login, system}] {
		if now.Before(c.Expires) {
			keys = append(keys, custody.ScramKey{
				Credential: c.ID, StoredKey: [32]byte(c.StoredKey), ServerKey: [32]byte(c.ServerKey)})
		}
	}
	return salt, Iterations, keys
}

// Password proves a token given in the clear, inside TLS. An unknown login costs
// the same derivation and comparison as a wrong token.
func (s *Service) Password(login, system, token string) (credential int64, err error) {
	salt, iterations, keys := s.Scram(login, system)
	if len(token) > maxSecret {
		token = ""
	}
	stored, _, err := verifier(token, salt, iterations)
	if err != nil {
		return 0, err
	}
	if len(keys) == 0 {
		keys = []custody.ScramKey{{}} // no SHA-256 is all zeros: compares, never fits
	}
	for i := range keys {
		if subtle.ConstantTimeCompare(stored[:], keys[i].StoredKey[:]) == 1 {
			credential = keys[i].Credential
		}
	}
	if credential == 0 {
		return 0, errUnauthorised
	}
	return credential, nil
}

// verifier is StoredKey and ServerKey of RFC 5802, section 3.
func verifier(secret string, salt []byte, iterations int) (stored, server [32]byte, err error) {
	salted, err := pbkdf2.Key(sha256.New, secret, salt, iterations, sha256.Size)
	if err != nil {
		return stored, server, err
	}
	client := mac(salted, "Client Key")
	return sha256.Sum256(client), [32]byte(mac(salted, "Server Key")), nil
}

func mac(key []byte, text string) []byte {
	m := hmac.New(sha256.New, key)
	m.Write([]byte(text))
	return m.Sum(nil)
}

// newSecret makes 160 random bits with a prefix: 36 characters, all of which SASL
// and every client's password box take as they are.
func newSecret(prefix string) string {
	var b [20]byte
	rand.Read(b[:]) // never fails: it ends the process instead
	return prefix + strings.ToLower(base32.StdEncoding.EncodeToString(b[:]))
}

// live counts the credentials of a login on a system.
func (s *snapshot) live(at place, now time.Time) (n int) {
	for _, c := range s.keys[at] {
		if now.Before(c.Expires) {
			n++
		}
	}
	return n
}
