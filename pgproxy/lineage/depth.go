package lineage

import "custody"

// maxChain bounds the tokens that may build one left- or right-deep chain, such as
// a + b + c …, JOIN … JOIN … or NOT NOT …, over all open brackets together. The
// parser in C overflows its stack at about five times as many.
const maxChain = 5000

// checkDepth bounds nesting before the text reaches the parser, which is recursive
// and would end the process. Lists, AND and OR are flat and start a chain anew;
// joins and set operations go on across them.
func checkDepth(sql string) error {
	x := lexer{text: sql}
	var open [MaxDepth + 1]struct{ chain, kept int }
	depth, live := 0, 0
	for x.next() != tokEnd {
		at := &open[depth]
		switch weigh(&x) {
		case weighOpen:
			if depth++; depth > MaxDepth {
				return tooDeep()
			}
			open[depth].chain, open[depth].kept = 0, 0
		case weighClose:
			if depth > 0 {
				live -= at.chain + at.kept
				depth--
			}
		case weighFlat:
			live -= at.chain
			at.chain = 0
		case weighEnd:
			live -= at.chain + at.kept
			at.chain, at.kept = 0, 0
		case weighKept:
			at.kept += 4
			live += 4
		default:
			at.chain++
			live++
		}
		if live > maxChain {
			return tooDeep()
		}
	}
	return nil
}

func tooDeep() error {
	return custody.E(custody.CodeTooLarge, "the statement is nested too deeply",
		"split it into smaller statements; long lists belong into IN (…) or VALUES")
}

type weight uint8

const (
	weighChain weight = iota
	weighOpen
	weighClose
	weighFlat
	weighEnd
	weighKept
)

// weigh says what a token does to nesting.
func weigh(x *lexer) weight {
	switch x.kind {
	case tokOther:
		switch x.text[x.start] {
		case '(', '[', '{':
			return weighOpen
		case ')', ']', '}':
			return weighClose
		case ',':
			return weighFlat
		case ';':
			return weighEnd
		}
	case tokWord:
		return weighWord(x.text[x.start:x.end])
	}
	return weighChain
}

func weighWord(w string) weight {
	switch {
	case equalFold(w, "and"), equalFold(w, "or"):
		return weighFlat
	case equalFold(w, "case"):
		return weighOpen
	case equalFold(w, "end"):
		return weighClose
	case equalFold(w, "join"), equalFold(w, "union"), equalFold(w, "intersect"), equalFold(w, "except"):
		return weighKept
	}
	return weighChain
}

// equalFold compares with a word in lower case, ASCII only.
func equalFold(w, lower string) bool {
	if len(w) != len(lower) {
		return false
	}
	for i := range len(w) {
		c := w[i]
		if c-'A' < 26 {
			c |= 0x20
		}
		if c != lower[i] {
			return false
		}
	}
	return true
}
