package lineage

import (
	"cmp"
	"slices"
	"unicode/utf8"
)

// Edit replaces the tokens From up to, but without, To of a string by Text; none if
// they are equal: then Text follows the token before From. Tokens are counted from
// 0 over the whole string. Texts of one shape have the same tokens in the same
// places, so the edits of one hold for all of them.
type Edit struct {
	From, To int
	Text     string
}

// span is where a token stands, in bytes.
type span struct{ start, end int }

// tokensOf cuts a string into tokens; nil if a part of it is unusual.
func tokensOf(sql string) []span {
	x := lexer{text: sql}
	list := make([]span, 0, len(sql)/4+1)
	for {
		switch x.next() {
		case tokEnd:
			return list
		case tokBroken:
			return nil
		}
		list = append(list, span{x.start, x.end})
	}
}

// Splice gives the text with the edits made, which are in order, and false if they do
// not fit it. White space, comments and literals around them stay as they are. It
// reads no further than the last edit.
func Splice(sql string, edits []Edit) (string, bool) {
	size := len(sql)
	for i := range edits {
		size += len(edits[i].Text)
	}
	b := make([]byte, 0, size)
	x := lexer{text: sql}
	n, end, at := 0, 0, 0 // tokens read, end of the last, copied up to
	read := func(to int) bool {
		for ; n < to; n++ {
			if k := x.next(); k == tokEnd || k == tokBroken {
				return false
			}
			end = x.end
		}
		return true
	}
	for _, e := range edits {
		if e.From > e.To || e.From < n && n > 0 && e.From != n || !read(e.From) {
			return "", false
		}
		cut := end
		if e.From < e.To {
			if !read(e.From + 1) {
				return "", false
			}
			cut = x.start
		}
		if cut < at || !read(e.To) {
			return "", false
		}
		b = append(append(b, sql[at:cut]...), e.Text...)
		at = end
	}
	return string(append(b, sql[at:]...)), true
}

// ClientPosition translates a position in the text that Splice made, in characters
// from 1 as the database reports it, into one in the client's text. What stands in
// an edit is shown where the edit was made.
func ClientPosition(sql string, edits []Edit, position int) int {
	sent, was := 0, 0 // characters passed in each
	at := 0
	for _, c := range cutsOf(sql, edits) {
		same := utf8.RuneCountInString(sql[at:c.start])
		if position <= sent+same {
			break
		}
		sent, was = sent+same, was+same
		added := utf8.RuneCountInString(c.text)
		if position <= sent+added {
			return max(was, 1)
		}
		sent += added
		was += utf8.RuneCountInString(sql[c.start:c.end])
		at = c.end
	}
	return was + position - sent
}

// insertedBy says where Splice puts the texts of edits, in the text that it makes.
func insertedBy(sql string, edits []Edit) []span {
	var list []span
	grown := 0
	for _, c := range cutsOf(sql, edits) {
		list = append(list, span{c.start + grown, c.start + grown + len(c.text)})
		grown += len(c.text) - (c.end - c.start)
	}
	return list
}

// cut is an edit by bytes.
type cut struct {
	span
	text string
}

// cutsOf finds where edits stand in a text, in order; nil if they do not fit.
func cutsOf(sql string, edits []Edit) []cut {
	tokens := tokensOf(sql)
	sorted := slices.Clone(edits)
	slices.SortStableFunc(sorted, func(a, b Edit) int { return cmp.Compare(a.From, b.From) })
	cuts := make([]cut, 0, len(sorted))
	last := 0
	for _, e := range sorted {
		if len(tokens) == 0 || e.From < last || e.To > len(tokens) || e.From > e.To {
			return nil
		}
		s := span{}
		if e.From > 0 {
			s = span{tokens[e.From-1].end, tokens[e.From-1].end}
		}
		if e.From < e.To {
			s = span{tokens[e.From].start, tokens[e.To-1].end}
		}
		last = e.To
		cuts = append(cuts, cut{s, e.Text})
	}
	return cuts
}
