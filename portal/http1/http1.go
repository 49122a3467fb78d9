// Package http1 is HTTP/1.1 (RFC 9112) as a gate needs it: read strictly, bounded and in
// place, written in as few pieces as possible. Whatever two parsers could read in two
// ways is refused: two lengths, a length beside a coding, folded lines, bare line ends,
// a space before a colon, control characters.
//
// Server serves an http.Handler, so that the same handler serves connections of other
// protocols too, by net/http. Read and ReadAnswer are the two parsers.
package http1

import (
	"errors"
	"net/http"
)

// The most that a head may have, in bytes and in number. A head is a request's or
// answer's first line with its fields.
const (
	MaxHead       = 64 << 10  // of a request
	MaxAnswerHead = 256 << 10 // of an answer
	maxTarget     = 16 << 10
	maxName       = 256
	maxFields     = 128 // of a request
	maxAnswer     = 512 // fields of an answer
	maxTrailer    = 8 << 10
	maxSizeLine   = 256 // of a chunk in an answer, with its extensions
)

// Error is a message that is not read: the status that says why, and a word for
// whoever looks for the fault. It quotes nothing of the message.
type Error struct {
	Status int
	Reason string
}

// Error implements error.
func (e *Error) Error() string { return "http: " + e.Reason }

func bad(reason string) *Error { return &Error{http.StatusBadRequest, reason} }

var (
	errLineEnd   = bad("a line does not end as it must")
	errFirstLine = bad("the first line cannot be read")
	errVersion   = &Error{http.StatusHTTPVersionNotSupported, "not HTTP/1.1"}
	errTarget    = bad("the target cannot be read")
	errLong      = &Error{http.StatusRequestURITooLong, "the target is too long"}
	errHead      = &Error{http.StatusRequestHeaderFieldsTooLarge, "the head is too long"}
	errField     = bad("a field cannot be read")
	errFold      = bad("a field goes on in a second line")
	errHost      = bad("not one host")
	errLength    = bad("the length cannot be read")
	errLengths   = bad("more than one length")
	errCoding    = &Error{http.StatusNotImplemented, "a transfer coding that is not known"}
	errBoth      = bad("a length beside a transfer coding")
	errExpect    = &Error{http.StatusExpectationFailed, "an expectation that is not known"}
	errChunk     = bad("a chunk cannot be read")
	errTrailer   = bad("the trailer cannot be read")
)

// ErrNothing is wrapped by the error of an answer of which no byte arrived.
var ErrNothing = errors.New("http: no answer")

// ErrBroken is wrapped by the error of a body that ends before its end.
var ErrBroken = errors.New("http: the body broke off")
