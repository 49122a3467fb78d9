package backup

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"

	"golang.org/x/crypto/argon2"

	"custody"
)

// A sealed file is sealMagic, a salt, a nonce and AES-256-GCM over the text; its key is
// argon2id of the passphrase.
const (
	sealMagic = "CUSTSEAL1\n"
	saltSize  = 16
	maxSealed = 16 << 20

	// As RFC 9106 recommends where memory is scarce, with one more pass.
	sealTime, sealMemory, sealThreads = 4, 64 << 10, 4
)

// MinPassphrase is the shortest passphrase, in bytes.
const MinPassphrase = 12

// Seal encrypts a text with a passphrase.
func Seal(passphrase, text []byte) ([]byte, error) {
	if len(passphrase) < MinPassphrase {
		return nil, custody.E(custody.CodeInvalid, "the passphrase is shorter than 12 bytes", "take several words; whoever has it and the backup has every key")
	}
	salt := make([]byte, saltSize)
	_, _ = rand.Read(salt) // never fails
	gcm, err := sealer(passphrase, salt)
	if err != nil {
		return nil, err
	}
	nonce := make([]byte, gcm.NonceSize())
	_, _ = rand.Read(nonce)
	out := append(append([]byte(sealMagic), salt...), nonce...)
	return gcm.Seal(out, nonce, text, []byte(sealMagic)), nil
}

// Unseal decrypts what Seal wrote. The error has CodeUnauthorised for a wrong
// passphrase and for a changed file alike.
func Unseal(passphrase, sealed []byte) ([]byte, error) {
	rest, ok := bytes.CutPrefix(sealed, []byte(sealMagic))
	if !ok || len(rest) < saltSize+12+16 || len(sealed) > maxSealed {
		return nil, damaged("its keys are not sealed as they should be")
	}
	gcm, err := sealer(passphrase, rest[:saltSize])
	if err != nil {
		return nil, err
	}
	rest = rest[saltSize:]
	text, err := gcm.Open(nil, rest[:gcm.NonceSize()], rest[gcm.NonceSize():], []byte(sealMagic))
	if err != nil {
		return nil, custody.E(custody.CodeUnauthorised, "the passphrase does not open the keys", "check it; a backup that was changed says the same")
	}
	return text, nil
}

func sealer(passphrase, salt []byte) (cipher.AEAD, error) {
	block, err := aes.NewCipher(argon2.IDKey(passphrase, salt, sealTime, sealMemory, sealThreads, 32))
	if err != nil {
		return nil, err
	}
	return cipher.NewGCM(block)
}
