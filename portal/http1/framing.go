package http1

import (
	"net/http"
	"strings"
)

// The lengths of a body whose length is not said.
const (
	chunked  = -1
	tillOver = -2 // an answer's, as long as the connection
)

// framing reads how long a body is from its fields: a length, chunked, or tillOver
// where nothing says it.
func framing(h http.Header, minor int) (int64, error) {
	lengths, codings := h["Content-Length"], h["Transfer-Encoding"]
	switch {
	case lengths == nil && codings == nil:
		return tillOver, nil
	case len(codings) > 0:
		if len(lengths) > 0 {
			return 0, errBoth
		}
		if len(codings) > 1 || minor == 0 || !strings.EqualFold(codings[0], "chunked") {
			return 0, errCoding
		}
		return chunked, nil
	case len(lengths) > 1:
		return 0, errLengths
	}
	return length(lengths[0])
}

// length reads a length: digits only, below 10^18.
func length(s string) (n int64, err error) {
	if s == "" || len(s) > 18 {
		return 0, errLength
	}
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return 0, errLength
		}
		n = 10*n + int64(s[i]-'0')
	}
	return n, nil
}
