package lineage

// tokenKind tells the tokens of SQL apart as far as nesting and literals need it.
type tokenKind uint8

const (
	tokEnd     tokenKind = iota
	tokWord              // identifier or keyword
	tokQuoted            // "identifier"
	tokString            // '…'
	tokSpecial           // a string with a prefix, or in dollar quotes
	tokInteger           // digits only
	tokNumber            // any other number
	tokParam             // $1
	tokOther             // one character of an operator or punctuation
	tokBroken            // ends before its closing quote, or is unusual
)

// lexer cuts SQL into tokens as PostgreSQL's scanner does with
// standard_conforming_strings on. It allocates nothing.
type lexer struct {
	text       string
	pos        int
	start, end int
	kind       tokenKind
	// high: the token holds bytes over 0x7f outside of quotes, or a backslash.
	high bool
}

func isSpace(c byte) bool {
	return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f' || c == '\v'
}

func isDigit(c byte) bool { return c-'0' < 10 }

func isWordStart(c byte) bool { return c|0x20-'a' < 26 || c == '_' || c >= 0x80 }

func isWord(c byte) bool { return isWordStart(c) || isDigit(c) || c == '$' }

// next reads one token and gives its kind.
func (x *lexer) next() tokenKind {
	x.skip()
	x.start, x.high = x.pos, false
	if x.pos >= len(x.text) {
		x.end = x.pos
		x.kind = tokEnd
		return tokEnd
	}
	x.kind = x.token(x.text[x.pos])
	x.end = x.pos
	return x.kind
}

// skip passes white space and comments.
func (x *lexer) skip() {
	for x.pos < len(x.text) {
		c := x.text[x.pos]
		switch {
		case isSpace(c):
			x.pos++
		case c == '-' && x.at(1) == '-':
			x.line()
		case c == '/' && x.at(1) == '*':
			x.comment()
		default:
			return
		}
	}
}

func (x *lexer) at(i int) byte {
	if x.pos+i < len(x.text) {
		return x.text[x.pos+i]
	}
	return 0
}

// line passes a comment up to the end of the line.
func (x *lexer) line() {
	for x.pos < len(x.text) && x.text[x.pos] != '\n' && x.text[x.pos] != '\r' {
		x.pos++
	}
}

// comment passes a comment in /* */; they nest.
func (x *lexer) comment() {
	depth := 0
	for x.pos < len(x.text) {
		switch {
		case x.text[x.pos] == '/' && x.at(1) == '*':
			depth++
			x.pos += 2
		case x.text[x.pos] == '*' && x.at(1) == '/':
			depth--
			x.pos += 2
			if depth == 0 {
				return
			}
		default:
			x.pos++
		}
	}
}

// token reads the token that starts with c.
func (x *lexer) token(c byte) tokenKind {
	switch {
	case c == '\'':
		return x.quoted('\'', tokString)
	case c == '"':
		return x.quoted('"', tokQuoted)
	case isDigit(c) || c == '.' && isDigit(x.at(1)):
		return x.number()
	case c == '$':
		return x.dollar()
	case isWordStart(c):
		return x.word()
	}
	x.high = c == '\\'
	x.pos++
	return tokOther
}

// quoted reads up to the closing quote; a doubled quote stands for itself.
func (x *lexer) quoted(q byte, kind tokenKind) tokenKind {
	x.pos++
	for x.pos < len(x.text) {
		if x.text[x.pos] != q {
			x.pos++
			continue
		}
		x.pos++
		if x.at(0) != q || x.pos >= len(x.text) {
			return kind
		}
		x.pos++
	}
	return tokBroken
}

// word reads an identifier, or a string with a prefix.
func (x *lexer) word() tokenKind {
	if x.at(1) == '\'' {
		switch x.text[x.pos] | 0x20 {
		case 'e':
			x.pos++
			return x.escaped()
		case 'b', 'x', 'n':
			x.pos++
			if x.quoted('\'', tokSpecial) == tokBroken {
				return tokBroken
			}
			return tokSpecial
		}
	}
	if x.text[x.pos]|0x20 == 'u' && x.at(1) == '&' && (x.at(2) == '\'' || x.at(2) == '"') {
		x.pos += 2
		if x.quoted(x.text[x.pos], tokSpecial) == tokBroken {
			return tokBroken
		}
		return tokSpecial
	}
	for x.pos < len(x.text) && isWord(x.text[x.pos]) {
		x.high = x.high || x.text[x.pos] >= 0x80
		x.pos++
	}
	return tokWord
}

// escaped reads E'…', with the further parts that follow on new lines.
func (x *lexer) escaped() tokenKind {
	for {
		x.pos++
		for {
			if x.pos >= len(x.text) {
				return tokBroken
			}
			c := x.text[x.pos]
			if c == '\\' {
				x.pos = min(x.pos+2, len(x.text))
				continue
			}
			x.pos++
			if c != '\'' {
				continue
			}
			if x.at(0) != '\'' {
				break
			}
			x.pos++
		}
		if !x.continued() {
			return tokSpecial
		}
	}
}

// continued moves to the next part of a string if there is one: after white space
// with a line break, in which -- comments may stand.
func (x *lexer) continued() bool {
	at := *x
	broken := false
	for at.pos < len(at.text) {
		c := at.text[at.pos]
		switch {
		case c == '\n' || c == '\r':
			broken = true
			at.pos++
		case isSpace(c):
			at.pos++
		case c == '-' && at.at(1) == '-':
			at.line()
		case c == '\'' && broken:
			x.pos = at.pos
			return true
		default:
			return false
		}
	}
	return false
}

// number reads digits, a fraction and an exponent.
func (x *lexer) number() tokenKind {
	kind := tokInteger
	x.digits()
	if x.at(0) == '.' && x.at(1) != '.' {
		kind = tokNumber
		x.pos++
		x.digits()
	}
	if x.at(0)|0x20 == 'e' && (isDigit(x.at(1)) || (x.at(1) == '+' || x.at(1) == '-') && isDigit(x.at(2))) {
		kind = tokNumber
		x.pos += 2
		x.digits()
	}
	if x.pos < len(x.text) && isWordStart(x.text[x.pos]) {
		return tokBroken
	}
	return kind
}

func (x *lexer) digits() {
	for x.pos < len(x.text) && isDigit(x.text[x.pos]) {
		x.pos++
	}
}

// dollar reads $1 or $tag$…$tag$.
func (x *lexer) dollar() tokenKind {
	if isDigit(x.at(1)) {
		x.pos++
		x.digits()
		if x.pos < len(x.text) && isWordStart(x.text[x.pos]) {
			return tokBroken
		}
		return tokParam
	}
	end := x.pos + 1
	for end < len(x.text) && (isWordStart(x.text[end]) || end > x.pos+1 && isDigit(x.text[end])) {
		end++
	}
	if end >= len(x.text) || x.text[end] != '$' {
		x.pos++
		return tokOther
	}
	tag := x.text[x.pos : end+1]
	for at := end + 1; at+len(tag) <= len(x.text); at++ {
		if x.text[at] == '$' && x.text[at:at+len(tag)] == tag {
			x.pos = at + len(tag)
			return tokSpecial
		}
	}
	x.pos = len(x.text)
	return tokBroken
}
