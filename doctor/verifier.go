package doctor

import (
	"crypto/hmac"
	"crypto/md5"
	"crypto/pbkdf2"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/hex"
	"strconv"
	"strings"
)

// rounds of PBKDF2 in a verifier, as PostgreSQL makes them.
const rounds = 4096

// maxRounds is how many rounds of somebody else's verifier are computed at most.
const maxRounds = 100_000

// Verifier gives the SCRAM-SHA-256 verifier of a password as PostgreSQL keeps it
// (RFC 5803 in its own notation). The password must be ASCII: it is not prepared.
func Verifier(password string) string {
	salt := make([]byte, 16)
	rand.Read(salt)
	return verifier(password, salt, rounds)
}

func verifier(password string, salt []byte, iterations int) string {
	salted, err := pbkdf2.Key(sha256.New, password, salt, iterations, sha256.Size)
	if err != nil {
		panic(err) // only for lengths that no caller can give
	}
	b64 := base64.StdEncoding.EncodeToString
	stored := sha256.Sum256(mac(salted, "Client Key"))
	return "SCRAM-SHA-256$" + strconv.Itoa(iterations) + ":" + b64(salt) + "$" + b64(stored[:]) + ":" + b64(mac(salted, "Server Key"))
}

func mac(key []byte, text string) []byte {
	h := hmac.New(sha256.New, key)
	h.Write([]byte(text))
	return h.Sum(nil)
}

// opens says whether a password is the one of a role's stored verifier, SCRAM or MD5.
func opens(stored, role, password string) bool {
	if sum, ok := strings.CutPrefix(stored, "md5"); ok {
		want := md5.Sum([]byte(password + role))
		return subtle.ConstantTimeCompare([]byte(sum), []byte(hex.EncodeToString(want[:]))) == 1
	}
	rest, ok := strings.CutPrefix(stored, "SCRAM-SHA-256$")
	head, _, cut := strings.Cut(rest, "$")
	count, salt64, colon := strings.Cut(head, ":")
	iterations, err := strconv.Atoi(count)
	salt, err64 := base64.StdEncoding.DecodeString(salt64)
	if !ok || !cut || !colon || err != nil || err64 != nil || iterations < 1 || iterations > maxRounds {
		return false
	}
	return subtle.ConstantTimeCompare([]byte(stored), []byte(verifier(password, salt, iterations))) == 1
}
