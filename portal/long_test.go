package portal_test

import (
	"io"
	"net/http"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"

	"custody/custodytest"
)

// longPiece is how much of a long file is about one customer: more than a part.
const longPiece = 300 << 10

// long sends a file of which each piece is about somebody new, so that each part has
// something to record. With die it breaks off in the middle.
func (a *app) long(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "text/csv")
	w.Header().Set("Content-Disposition", `attachment; filename="all.csv"`)
	io.WriteString(w, "id,name,phone,email\n")
	for i, x := range a.customers[:60] {
		line := strconv.FormatInt(x.ID, 10) + "," + x.Name + "," + x.Phone + "," + x.Email + "\n"
		if i == 30 && r.FormValue("die") != "" {
			panic(http.ErrAbortHandler)
		}
		if _, err := io.WriteString(w, strings.Repeat(line, longPiece/len(line))); err != nil {
			return
		}
	}
}

// TestLongFile: in the middle of a long file, of which one part is read, another recognised
// and a third recorded and written, something goes wrong. Whoever was released is in the
// ledger, and the file does not look complete.
func TestLongFile(t *testing.T) {
	var armed atomic.Bool
	k := newKitWith(t, []custodytest.SiteOption{breaking(&armed, syscall.ENOSPC, false)})
	alice := k.Browser("alice", exporting(contacts))
	whole, text := k.get(alice, "/long")
	if n := strings.Count(text, "\n"); whole.StatusCode != http.StatusOK || n < 60*100 {
		t.Fatalf("%d, %d lines", whole.StatusCode, n)
	}
	k.allRecorded("alice", text)
	for name, c := range map[string]struct {
		path, person string
		wrong        func() // nil: the client hangs up
	}{
		"the ledger cannot write": {"/long", "bob", func() { armed.Store(true) }},
		"the application dies":    {"/long?die=yes", "carol", func() {}},
		"the session is cut": {"/long", "dave", func() { // the client reads nothing until it is over
			k.cutAll()
			await(t, "the session to end", func() bool { return k.Gate.Live() == 0 })
		}},
		"the client goes elsewhere": {"/long", "frank", nil},
	} {
		t.Run(name, func(t *testing.T) {
			resp, err := k.Browser(c.person, exporting(contacts)).Get(k.URL + c.path)
			if err != nil {
				t.Fatal(err)
			}
			var got strings.Builder
			if _, err := io.CopyN(&got, resp.Body, 10*longPiece); err != nil {
				t.Fatal(err)
			}
			if c.wrong != nil {
				c.wrong()
				if _, err = io.Copy(&got, resp.Body); err == nil {
					t.Error("the file ended as if it were complete")
				}
			}
			resp.Body.Close()
			armed.Store(false)
			k.Stop()
			k.Start()
			k.allRecorded(c.person, got.String())
		})
	}
}

// allRecorded checks that everybody who is in what somebody got is in the ledger.
func (k *kit) allRecorded(login, text string) {
	k.t.Helper()
	saw := k.Saw(login)
	for line := range strings.Lines(text) {
		id, _, _ := strings.Cut(line, ",")
		if _, err := strconv.Atoi(id); err == nil && strings.HasSuffix(line, "\n") && saw[id] == 0 {
			k.t.Errorf("%s got customer %s, of whom the ledger says nothing", login, id)
			return
		}
	}
}
