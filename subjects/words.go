package subjects

import (
	"unicode"
	"unicode/utf8"
)

// NextWord finds the first word of text[from:]: letters and digits of any script,
// with apostrophes and accents between them. It gives the end of the text twice if
// there is none.
func NextWord(text []byte, from int) (start, end int) {
	for from < len(text) {
		if wordBytes[text[from]] {
			break
		}
		if text[from] >= utf8.RuneSelf {
			if r, size := utf8.DecodeRune(text[from:]); !wordRune(r) {
				from += size
				continue
			}
			break
		}
		from++
	}
	for start, end = from, from; end < len(text); {
		c := text[end]
		if c < utf8.RuneSelf {
			if !wordBytes[c] && !(c == '\'' && inner(text, end+1)) {
				break
			}
			end++
			continue
		}
		r, size := utf8.DecodeRune(text[end:])
		if !wordRune(r) && !(silent(r) && inner(text, end+size)) {
			break
		}
		end += size
	}
	return start, end
}

// inner says whether a letter follows.
func inner(text []byte, at int) bool {
	if at >= len(text) {
		return false
	}
	r, _ := utf8.DecodeRune(text[at:])
	return unicode.IsLetter(r)
}

// silent says whether a rune does not count inside a word: apostrophes, accents that
// stand alone, what is not seen.
func silent(r rune) bool {
	return r == '\'' || r == 0x2019 || r == 0x2018 || r == 0x2BC || r >= 0x300 && r <= 0x36F || isInvisible(r)
}

func wordRune(r rune) bool {
	return r != utf8.RuneError && (unicode.IsLetter(r) || unicode.IsDigit(r) || r >= 0x300 && r <= 0x36F)
}

var wordBytes = func() (t [256]bool) {
	for _, c := range "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789" {
		t[c] = true
	}
	return t
}()

// AppendWord appends a word in the one spelling that all its spellings share: lower
// case, without apostrophes.
func AppendWord(dst, word []byte) []byte {
	for len(word) > 0 {
		c := word[0]
		if c < utf8.RuneSelf {
			if c >= 'A' && c <= 'Z' {
				c += 'a' - 'A'
			}
			if c != '\'' {
				dst = append(dst, c)
			}
			word = word[1:]
			continue
		}
		r, size := utf8.DecodeRune(word)
		word = word[size:]
		if !silent(r) {
			dst = utf8.AppendRune(dst, unicode.ToLower(r))
		}
	}
	return dst
}
