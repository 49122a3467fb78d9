package portal

import (
	"bytes"
	"net/http"
	"strings"

	"custody"
)

// masks are how two dots of a mask, one after the other, are written in what browsers
// and scripts send: as they are, in a form, in JSON. People write one dot at a time.
var masks = [][]byte{[]byte("••"), []byte("%e2%80%a2%e2%80%a2"), []byte(`\u2022\u2022`)}

const longestMask = len("%e2%80%a2%e2%80%a2")

var errMasked = deny(http.StatusForbidden, custody.CodeForbidden, "this form holds values that are masked for you; saving it would put the masks in their place",
	"nothing was saved; ask somebody who may see these values to make the change")

// unmasked looks through what a person sends for masks of ours. A form that was shown
// with masks comes back with them, and the application would take them for values: what
// it knows of the customer would be lost.
type unmasked struct {
	tail [longestMask - 1]byte // the end of what went by
	n    int
}

// formWithMasks refuses what is sent with masks in it, as far as it is held.
func (v *visit) formWithMasks(held []byte) error {
	kind := strings.ToLower(v.r.Header.Get("Content-Type"))
	if !strings.Contains(kind, "form") && !strings.Contains(kind, "json") || v.rights.With(custody.Clear) == custody.Categories(custody.AllCategories()...) {
		return nil
	}
	if (&unmasked{}).holds(held) {
		v.refused(custody.CodeForbidden)
		return errMasked
	}
	return nil
}

// holds says whether a mask ends in b, which follows what was given before.
func (u *unmasked) holds(b []byte) bool {
	for _, m := range masks {
		if contains(b, m) {
			return true
		}
	}
	seam := append(u.tail[:u.n:u.n], b[:min(len(b), longestMask-1)]...)
	found := false
	for _, m := range masks {
		found = found || contains(seam, m)
	}
	rest := append(u.tail[:u.n:u.n], b[max(0, len(b)-len(u.tail)):]...)
	u.n = copy(u.tail[:], rest[max(0, len(rest)-len(u.tail)):])
	return found
}

// contains looks for a needle, whose letters may be large or small.
func contains(b, needle []byte) bool {
	if needle[0] >= 0x80 {
		return bytes.Contains(b, needle)
	}
	first := needle[:1]
	for {
		i := bytes.Index(b, first)
		if i < 0 || len(b)-i < len(needle) {
			return false
		}
		if bytes.EqualFold(b[i:i+len(needle)], needle) {
			return true
		}
		b = b[i+1:]
	}
}
