package portal_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"custody"
	"custody/custodytest"
	"custody/site"
)

// TestApplicationChangesIdentifiers: a phone that somebody saved through the application
// names its customer soon after, without waiting for the schedule.
func TestApplicationChangesIdentifiers(t *testing.T) {
	k := newKitWith(t, []custodytest.SiteOption{func(o *site.Options) { o.Systems[0].SubjectEvery = time.Hour }})
	alice := k.Browser("alice", see(custody.Categories(custody.Name, custody.Email)))
	const fresh = "07700 900987"
	if resp, text := k.do(alice, http.MethodPost, "/phone?id=1&phone=07700+900987", nil, "Origin: "+k.URL); resp.StatusCode != http.StatusNoContent {
		t.Fatalf("%d %s", resp.StatusCode, text)
	}
	line := func(phone string) string {
		return "/file?h=Content-Type:text/plain&body=ring+" + strings.ReplaceAll(phone, " ", "+")
	}
	await(t, "the new phone to name its customer", func() bool {
		_, text := k.get(alice, line(fresh))
		return text == "ring ••••"
	})
	k.saw("alice", 1)
}
