package lineage

import (
	"strings"
	"unicode/utf8"
)

// literal is one literal that the normaliser took out.
type literal struct {
	start, end int
	str        bool
}

// Marks of what was taken out. They cannot stand in SQL outside of quotes and
// comments, and quoted names with control characters are not normalised.
const (
	markInteger = 1
	markNumber  = 2
	markString  = 3
)

// maxShape is the longest text that is normalised, in bytes.
const maxShape = 16 << 10

// normalise appends the statement with its literals taken out to dst, and the
// literals to lits. Two texts with the same result differ in the values of these
// literals and in white space and comments only, so they mean the same but for
// those values. It is false for whatever is unusual: then the text is parsed.
//
// Small integers after ORDER, GROUP, DISTINCT or FETCH stay, for they may be the
// numbers of output columns.
func normalise(dst []byte, lits []literal, sql string) ([]byte, []literal, bool) {
	if len(sql) > maxShape || strings.IndexByte(sql, 0) >= 0 || !utf8.ValidString(sql) {
		return dst, lits, false
	}
	x := lexer{text: sql}
	verb, ordinals, ended, after := false, false, false, false
	for {
		kind := x.next()
		if kind == tokEnd {
			return dst, lits, verb
		}
		word := sql[x.start:x.end]
		if ended || x.high {
			return dst, lits, false
		}
		if x.start > 0 && len(dst) > 0 {
			dst = gap(dst, &x)
		}
		wasString := after
		after = false
		switch kind {
		case tokWord:
			if !verb && !plainVerb(word) {
				return dst, lits, false
			}
			verb = true
			ordinals = ordinals || bringsOrdinals(word)
			dst = append(dst, word...)
		case tokInteger:
			if ordinals && len(word) <= 4 {
				dst = append(dst, word...)
				continue
			}
			dst = append(dst, markInteger)
			lits = append(lits, literal{x.start, x.end, false})
		case tokNumber:
			dst = append(dst, markNumber)
			lits = append(lits, literal{x.start, x.end, false})
		case tokString:
			if wasString || !verb {
				return dst, lits, false
			}
			after = true
			dst = append(dst, markString)
			lits = append(lits, literal{x.start, x.end, true})
		case tokQuoted:
			if hasControl(word) {
				return dst, lits, false
			}
			dst = append(dst, word...)
		case tokParam:
			dst = append(dst, word...)
		case tokOther:
			ended = word[0] == ';'
			if word[0] < ' ' || word[0] == 0x7f {
				return dst, lits, false
			}
			if !ended {
				dst = append(dst, word...)
			}
		default:
			return dst, lits, false
		}
	}
}

// gap writes one space where white space or a comment stood before a token.
func gap(dst []byte, x *lexer) []byte {
	c := x.text[x.start-1]
	if isSpace(c) || c == '/' && x.start > 1 && x.text[x.start-2] == '*' {
		return append(dst, ' ')
	}
	return dst
}

func hasControl(s string) bool {
	for i := range len(s) {
		if s[i] < ' ' || s[i] == 0x7f {
			return true
		}
	}
	return false
}

// plainVerb: only these statements have shapes.
func plainVerb(w string) bool {
	return equalFold(w, "select") || equalFold(w, "insert") || equalFold(w, "update") ||
		equalFold(w, "delete") || equalFold(w, "with")
}

func bringsOrdinals(w string) bool {
	switch len(w) {
	case 5:
		return equalFold(w, "order") || equalFold(w, "group") || equalFold(w, "fetch")
	case 8:
		return equalFold(w, "distinct")
	}
	return false
}

// hash is FNV-1a of 64 bits: a name for a shape in records, not a proof of equality.
func hash(b []byte) uint64 {
	h := uint64(14695981039346656037)
	for _, c := range b {
		h = (h ^ uint64(c)) * 1099511628211
	}
	return h
}
