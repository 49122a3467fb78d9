package accesslog

import (
	"bytes"
	"io"
	"unicode/utf8"

	"golang.org/x/text/encoding/charmap"

	"custody"
)

// lines gives the physical lines of a file from one buffer. Lines that are not UTF-8 are
// taken for Windows-1252, which older programs of this country write, each by itself:
// some files are both.
type lines struct {
	in       io.Reader
	buf      []byte
	from, to int
	eol      byte // '\n', or '\r' where there is no other
	at       int  // number of the line that was given last
	end      error
}

// bufferSize is what is read at once; a line must fit into it.
const bufferSize = 2 * MaxLine

func newLines(in io.Reader) *lines {
	l := &lines{in: in, buf: make([]byte, bufferSize), eol: '\n'}
	for l.fill() && l.to < sniffed {
	}
	if start := l.start(); bytes.IndexByte(start, '\n') < 0 && bytes.IndexByte(start, '\r') >= 0 {
		l.eol = '\r'
	}
	return l
}

// sniffed is how much of a file is looked at to tell what it is, in bytes.
const sniffed = 1 << 16

// start gives the beginning of what is not read yet.
func (l *lines) start() []byte { return l.buf[l.from:min(l.to, l.from+sniffed)] }

// fill reads more, keeping what is not read yet. It says false at the end of the file
// and when the buffer is full.
func (l *lines) fill() bool {
	if l.end != nil {
		return false
	}
	if l.from > 0 && l.to > len(l.buf)/2 {
		l.to = copy(l.buf, l.buf[l.from:l.to])
		l.from = 0
	}
	if l.to == len(l.buf) {
		return false
	}
	n, err := l.in.Read(l.buf[l.to:])
	l.to += n
	l.end = err
	return n > 0 || err == nil
}

// find gives where the line ends that holds the byte at, both counted from the first
// byte that is not read yet. At the end of the file that is the end; -1: it is too long.
func (l *lines) find(at int) int {
	for {
		if l.from+at > l.to {
			if !l.fill() {
				return l.to - l.from
			}
			continue
		}
		if i := bytes.IndexByte(l.buf[l.from+at:l.to], l.eol); i >= 0 {
			return at + i
		}
		at = l.to - l.from
		if at > MaxLine {
			return -1
		}
		if !l.fill() {
			return at
		}
	}
}

// done says whether nothing is left, with the reason if the file failed.
func (l *lines) done() (bool, error) {
	for l.from == l.to {
		if !l.fill() {
			return true, l.failed()
		}
	}
	return false, nil
}

// failed is why the file ended, if not by its end.
func (l *lines) failed() error {
	if l.end == nil || l.end == io.EOF {
		return nil
	}
	return &custody.Error{Code: custody.CodeInvalid, Message: "the file cannot be read to its end", Hint: "is it complete? copy it again", Err: l.end}
}

// take gives the next n bytes, of the given number of lines, and goes on behind their end.
func (l *lines) take(n, count int) []byte {
	text := l.buf[l.from : l.from+n]
	l.from = min(l.from+n+1, l.to)
	l.at += count
	return text
}

// skip goes on behind a line that is too long.
func (l *lines) skip() {
	l.at++
	for {
		if i := bytes.IndexByte(l.buf[l.from:l.to], l.eol); i >= 0 {
			l.from += i + 1
			return
		}
		l.from = l.to
		if !l.fill() {
			return
		}
	}
}

// next gives the next line that is not blank, without its end. It holds until the next.
func (l *lines) next() ([]byte, error) {
	for {
		if over, err := l.done(); over {
			if err == nil {
				err = io.EOF
			}
			return nil, err
		}
		n := l.find(0)
		if n < 0 || n > MaxLine {
			l.skip()
			return nil, &broken{l.at, longLine}
		}
		if text := bytes.TrimSpace(l.take(n, 1)); len(text) > 0 {
			if bytes.IndexByte(text, 0) >= 0 {
				return nil, &broken{l.at, noText}
			}
			return decoded(text), nil
		}
	}
}

// Reasons of lines that cannot be taken apart.
const (
	longLine   = "the line is longer than 1 MiB"
	noText     = "the line holds bytes that are no text (zeros): a part of the file was lost"
	openQuote  = "the quotes of the line do not match"
	noObject   = "the line is not a JSON object"
	manyFields = "the line has more than 1024 columns"
)

// decoded gives a text as UTF-8.
func decoded(text []byte) []byte {
	if utf8.Valid(text) {
		return text
	}
	if better, err := charmap.Windows1252.NewDecoder().Bytes(text); err == nil {
		return better
	}
	return bytes.ToValidUTF8(text, []byte("\uFFFD"))
}
