package bodyshop

import (
	"crypto/pbkdf2"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"fmt"
	"strconv"
	"strings"
)

// passwordRounds is low on purpose: this is the portal of the story, and a sample
// database with its accounts must load in a moment.
const passwordRounds = 4096

// HashPassword gives what web_accounts.password holds, for a salt that the caller chose.
func HashPassword(password, salt string) string {
	return fmt.Sprintf("pbkdf2$%d$%s$%s", passwordRounds, salt, derive(password, salt, passwordRounds))
}

// PasswordMatches compares a password with what HashPassword gave.
func PasswordMatches(hash, password string) bool {
	parts := strings.Split(hash, "$")
	if len(parts) != 4 || parts[0] != "pbkdf2" {
		return false
	}
	rounds, err := strconv.Atoi(parts[1])
	if err != nil || rounds < 1 || rounds > 10_000_000 {
		return false
	}
	return subtle.ConstantTimeCompare([]byte(derive(password, parts[2], rounds)), []byte(parts[3])) == 1
}

func derive(password, salt string, rounds int) string {
	key, err := pbkdf2.Key(sha256.New, password, []byte(salt), rounds, 32)
	if err != nil { // only in FIPS mode, for short salts
		panic(err)
	}
	return hex.EncodeToString(key)
}
