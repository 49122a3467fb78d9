package portal

import (
	"io"
	"net/http"

	"custody/portal/http1"
	"custody/portal/upstream"
)

// known is what is kept of a request for the next one over the same connection, which
// often has the same head to the last byte: a page that asks again and again, a program
// at work. What depends on nothing but the head and on settings that never change is not
// worked out anew. Everything else is asked anew for each request, in the order in which
// it is for any other: the switch, the session with its right, its notice and its device,
// the decision, the record.
type known struct {
	g       *guest
	shape   uint64
	furnish bool
	req     upstream.Request // without the sign-in

	// Of the answer, if it held nobody: its head is known by its turn, its body by text,
	// beside whatever recognition depends on. turn 0: none.
	turn uint64
	blank
}

// knownOf gives what is known of a request; nil: nothing.
func knownOf(w http.ResponseWriter) *known {
	b, ok := w.(http1.Busy)
	if !ok {
		return nil
	}
	k, _ := b.Kept().(*known)
	return k
}

// holds asks for the session again. Why it says no is found out as for any request.
func (k *known) holds() bool {
	k.g.mu.Lock()
	ended := k.g.ended
	k.g.mu.Unlock()
	return !ended && k.g.p.o.Door.Again(k.g.sess) == nil
}

// request gives the request to the application, ready to be signed.
func (k *known) request() *upstream.Request {
	clear(k.req.Header)
	k.req.Cookie = ""
	return &k.req
}

// keep notes a request that came twice and has run to its end in a loop, and its answer.
func (v *visit) keep() {
	k := v.known
	if k == nil {
		if !v.sent || v.reason || v.stated || !v.busy.Same() || v.r.Method != http.MethodGet || v.r.Body != http.NoBody {
			return
		}
		k = &known{g: v.g, shape: v.shape, furnish: v.furnish, req: *v.request()}
		k.req.Fix()
		v.busy.Keep(k)
	}
	if v.repeats {
		return
	}
	if k.turn = 0; v.held != nil && v.coding == "" {
		k.turn, k.blank = v.turn, *v.held
	}
}

// expected says whether the answer may be the one before: its head is.
func (v *visit) expected(resp *http.Response) bool {
	v.turn = upstream.Turn(resp)
	return v.known != nil && v.known.turn != 0 && v.known.turn == v.turn
}

// same reads all of an expected answer, and says whether it is the one before and nothing
// has changed that recognition depends on.
func (v *visit) same(resp *http.Response) (first []byte, rest io.Reader, err error) {
	first, err = v.gather(nil, resp.Body)
	if err != io.EOF {
		return first, resp.Body, err
	}
	k := v.known
	v.repeats = string(first) == k.text && !v.reason && k.rights == v.rights.Treatments && k.version == v.p.blanks.version()
	return first, nothing{}, nil
}
