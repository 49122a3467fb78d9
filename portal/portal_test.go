package portal_test

import (
	"net/http"
	"strings"
	"testing"

	"custody"
)

// TestLook follows one look: signed in at the gate, the gate signs in at the
// application, the answer arrives as it was, and the ledger has everybody in it.
func TestLook(t *testing.T) {
	k := newKit(t)
	alice := k.Browser("alice", see(contacts|custody.Categories(custody.FreeText)))
	direct, want := k.get(k.direct(), "/api/customers?n=20")
	_ = direct
	resp, got := k.get(alice, "/api/customers?n=20")
	if resp.StatusCode != http.StatusOK || got != want {
		t.Fatalf("%d %s\n%.300s\nwant\n%.300s", resp.StatusCode, resp.Proto, got, want)
	}
	saw := k.saw("alice", to(20)...)
	if saw["1"]&contacts != contacts {
		t.Errorf("customer 1 in %v", saw["1"])
	}
	if resp, text := k.get(k.stranger(), "/api/customers"); resp.StatusCode != http.StatusUnauthorized || strings.Contains(text, "phone") {
		t.Errorf("a stranger got %d %.200s", resp.StatusCode, text)
	}
}
