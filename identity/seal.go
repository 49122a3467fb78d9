package identity

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"

	"custody"
)

// Sealer encrypts small values under a key of the deployment (AES-256-GCM, random
// nonces), each purpose under a key of its own.
type Sealer struct{ aead cipher.AEAD }

// Sealer gives the sealer of one purpose, such as "signin flow v1".
func (s *Service) Sealer(purpose string) (*Sealer, error) {
	key, err := hkdf.Key(sha256.New, s.key, nil, "custody seal "+purpose, 32)
	if err != nil {
		return nil, err
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, err
	}
	aead, err := cipher.NewGCMWithRandomNonce(block)
	return &Sealer{aead}, err
}

// Seal encrypts; about is authenticated with it and must be given to Open.
func (s *Sealer) Seal(plain, about []byte) []byte { return s.aead.Seal(nil, nil, plain, about) }

// Open decrypts what Seal made. The error has CodeInvalid.
func (s *Sealer) Open(sealed, about []byte) ([]byte, error) {
	plain, err := s.aead.Open(nil, nil, sealed, about)
	if err != nil {
		return nil, custody.E(custody.CodeInvalid, "a sealed value cannot be opened", "it was changed, or belongs to another deployment key")
	}
	return plain, nil
}

// random gives n random bytes.
func random(n int) []byte {
	b := make([]byte, n)
	rand.Read(b) // never fails: it ends the process instead
	return b
}
