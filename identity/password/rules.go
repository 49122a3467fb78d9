package password

import (
	"crypto/sha256"
	_ "embed"
	"sort"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"

	"custody"
)

// The lengths, in characters. From Long on a password needs no second factor by
// itself; from Short on it does with a deny list. Both lists hold for every length.
const (
	Short = 8
	Long  = 12
)

// deny.bin is made by deny_make.go: the first five bytes of the SHA-256 of each
// common password, ascending. A password that is not common is taken for one with a
// probability of 2 in ten million.
//
//go:embed deny.bin
var deny string

const denyWidth = 5

// Denied is how many common passwords are known.
const Denied = 250_000

const hintWords = "three random words make a good one; a password manager makes a better one"

// Check holds a password to the rules. about is what is known of the person: name,
// login, organisation, the system's name; a password made of them is refused. The
// error has CodeInvalid and does not repeat the password.
func Check(password string, about ...string) error {
	n := utf8.RuneCountInString(norm.NFKC.String(password))
	switch {
	case !utf8.ValidString(password):
		return custody.E(custody.CodeInvalid, "this password holds characters that cannot be read", hintWords)
	case len(password) > MaxBytes:
		return custody.E(custody.CodeInvalid, "this password is longer than 1,024 bytes", "a shorter one is strong enough")
	case n < Short:
		return custody.E(custody.CodeInvalid, "this password is too short", "use at least 8 characters, better 12; "+hintWords)
	case common(password):
		return custody.E(custody.CodeInvalid, "this password is one that many people use, so it is guessed first", hintWords)
	case repeats(fold(password)):
		return custody.E(custody.CodeInvalid, "this password repeats too few characters", hintWords)
	case personal(fold(password), about):
		return custody.E(custody.CodeInvalid, "this password is made of your name, your address or your organisation", hintWords)
	}
	return nil
}

// fold is how passwords are compared with lists: case does not make one uncommon.
func fold(password string) string { return strings.ToLower(norm.NFKC.String(password)) }

// common says whether a password, or what is left without the digits and signs that
// people hang on, is on the list.
func common(password string) bool {
	word := fold(password)
	if listed(word) {
		return true
	}
	core := strings.TrimFunc(word, func(r rune) bool { return !unicode.IsLetter(r) })
	return core != word && listed(core)
}

// listed looks a folded password up.
func listed(word string) bool {
	sum := sha256.Sum256([]byte(word))
	key := string(sum[:denyWidth])
	n := len(deny) / denyWidth
	i := sort.Search(n, func(i int) bool { return deny[i*denyWidth:(i+1)*denyWidth] >= key })
	return i < n && deny[i*denyWidth:(i+1)*denyWidth] == key
}

// repeats says whether a password is a short piece over and over, or a run such as
// abcdefgh or 87654321.
func repeats(word string) bool {
	distinct := map[rune]bool{}
	for _, r := range word {
		distinct[r] = true
	}
	if len(distinct) < 4 {
		return true
	}
	for size := 1; size <= len(word)/3; size++ {
		if len(word)%size == 0 && strings.Repeat(word[:size], len(word)/size) == word {
			return true
		}
	}
	return run(word, 1) || run(word, -1)
}

// run says whether each character follows the one before it by step.
func run(word string, step rune) bool {
	var before rune
	for i, r := range word {
		if i > 0 && r != before+step {
			return false
		}
		before = r
	}
	return true
}

// personal says whether what is left of a password without the person's own words is
// too little to be one.
func personal(word string, about []string) bool {
	rest := word
	for _, w := range ownWords(about) {
		rest = strings.ReplaceAll(rest, w, "")
	}
	if rest == word {
		return false
	}
	return utf8.RuneCountInString(strings.TrimFunc(rest, func(r rune) bool { return !unicode.IsLetter(r) })) < 6
}

// ownWords are the words of at least three characters in what is known of a person,
// the longest first, so that parts do not spoil wholes.
func ownWords(about []string) []string {
	var words []string
	for _, text := range about {
		text = fold(text)
		words = append(words, strings.ReplaceAll(text, " ", ""))
		for _, w := range strings.FieldsFunc(text, func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) }) {
			if utf8.RuneCountInString(w) >= 3 {
				words = append(words, w)
			}
		}
	}
	sort.SliceStable(words, func(i, j int) bool { return len(words[i]) > len(words[j]) })
	out := words[:0]
	for _, w := range words {
		if w != "" {
			out = append(out, w)
		}
	}
	return out
}
