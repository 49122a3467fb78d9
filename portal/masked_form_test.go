package portal_test

import (
	"net/http"
	"strings"
	"testing"
)

// TestFormWithMasks: a form that was shown with masks does not reach the application,
// and what follows on the same session does.
func TestFormWithMasks(t *testing.T) {
	k := newKit(t)
	alice := k.Browser("alice", see(contacts))
	for range 25 {
		resp, text := k.do(alice, http.MethodPost, "/upload", strings.NewReader("phone=07%E2%80%A2%E2%80%A2%E2%80%A2"),
			"Content-Type: application/x-www-form-urlencoded", "Accept: text/html")
		if resp.StatusCode != http.StatusForbidden || !strings.Contains(text, "masks in their place") {
			t.Fatalf("a form with masks: %d %.300s", resp.StatusCode, text)
		}
		if resp, text := k.get(alice, "/api/customers/2"); resp.StatusCode != http.StatusOK {
			t.Fatalf("the next look: %d %.300s\n%s", resp.StatusCode, text, k.Log)
		}
	}
}
