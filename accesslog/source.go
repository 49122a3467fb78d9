package accesslog

import (
	"bufio"
	"bytes"
	"io"
	"slices"

	"golang.org/x/text/encoding/unicode"

	"custody"
)

// source gives the records of a file. A record that is broken comes as an error of type
// *broken, after which the next can be asked for.
type source interface {
	next() (record []string, line int, err error)
}

// broken is one record that cannot be taken apart.
type broken struct {
	line   int
	reason string
}

func (b *broken) Error() string { return b.reason }

// opened is a file whose form is known.
type opened struct {
	source
	header []string
	notes  []string   // what is to be told of the form
	later  [][]string // some records from further on, where they can be had
	bare   bool       // the file names no columns
	web    bool       // a web server's log: most of its lines are of no customer
}

// open tells by the first bytes what a file is.
func open(r io.Reader) (*opened, error) {
	in := bufio.NewReaderSize(r, sniffed)
	start, err := in.Peek(sniffed)
	if err != nil && err != io.EOF && err != bufio.ErrBufferFull {
		return nil, &custody.Error{Code: custody.CodeInvalid, Message: "the file cannot be read", Hint: "is it complete?", Err: err}
	}
	if bytes.HasPrefix(start, []byte(zipMagic)) {
		return openBook(in)
	}
	l := newLines(wide(in, start))
	if bytes.HasPrefix(l.start(), []byte{0xef, 0xbb, 0xbf}) {
		l.from += 3
	}
	text := bytes.TrimLeft(l.start(), " \t\r\n")
	switch {
	case len(text) == 0:
		return nil, custody.E(custody.CodeInvalid, "the file is empty", "check that it is the right file")
	case text[0] == '{', text[0] == '[':
		return openJSON(l, text)
	}
	for _, form := range []func(*lines, [][]byte) (*opened, error){openW3C, openWeb, openPairs} {
		if o, err := form(l, firstLines(text, l.eol)); o != nil || err != nil {
			return o, err
		}
	}
	s := openCSV(l)
	o, err := table(s)
	if p, ok := r.(interface{ pieces() [][]byte }); ok && err == nil {
		for _, piece := range p.pieces() {
			o.later = append(o.later, s.inside(piece)...)
		}
	}
	return o, err
}

// firstLines are some whole lines of a beginning.
func firstLines(text []byte, eol byte) [][]byte {
	list := bytes.Split(text, []byte{eol})
	if len(list) > 1 {
		list = list[:len(list)-1] // it may be cut
	}
	list = slices.DeleteFunc(list[:min(len(list), 100)], func(l []byte) bool { return len(bytes.TrimSpace(l)) == 0 })
	for i := range list {
		list[i] = decoded(bytes.TrimSpace(list[i]))
	}
	return list
}

// wide reads UTF-16 as UTF-8, also where no mark says that it is: every other byte of
// such a text is zero.
func wide(in io.Reader, start []byte) io.Reader {
	even, odd := 0, 0
	for i, b := range start {
		if b == 0 && i%2 == 0 {
			even++
		} else if b == 0 {
			odd++
		}
	}
	order, mark := unicode.LittleEndian, unicode.UseBOM
	switch {
	case bytes.HasPrefix(start, []byte{0xff, 0xfe}), bytes.HasPrefix(start, []byte{0xfe, 0xff}):
	case odd > len(start)/4 && even < len(start)/20:
	case even > len(start)/4 && odd < len(start)/20:
		order = unicode.BigEndian
	default:
		return in
	}
	return unicode.UTF16(order, mark).NewDecoder().Reader(in)
}
