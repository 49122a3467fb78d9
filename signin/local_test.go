package signin

import (
	"net/url"
	"strings"
	"testing"
	"time"
)

func TestLocalPath(t *testing.T) {
	for next, want := range map[string]string{
		"":                              "/",
		"/":                             "/",
		"/jobs?id=7&x=a%2Fb":            "/jobs?id=7&x=a%2Fb",
		"/jobs#top":                     "/jobs#top",
		"/.custody/keys":                "/.custody/keys",
		"/.custody/sessions":            "/.custody/sessions",
		"https://evil.example":          "/",
		"//evil.example":                "/",
		"///evil.example":               "/",
		"/\\evil.example":               "/",
		"\\/evil.example":               "/",
		"/\t/evil.example":              "/",
		"/\n/evil.example":              "/",
		"/\u00a0/evil.example":          "/",
		"/.custody/sign-out":            "/",
		"/.custody/oidc/northfield":     "/",
		"/.custody/../evil":             "/",
		"javascript:alert(1)":           "/",
		"http:/evil.example":            "/",
		"/\r\nLocation: /x":             "/",
		"evil.example":                  "/",
		"@evil.example/":                "/",
		"/%0d%0aSet-Cookie:a=b":         "/%0d%0aSet-Cookie:a=b", // stays in its percent signs
		"/%2f%2fevil.example":           "/",
		"/" + strings.Repeat("a", 3000): "/",
	} {
		if got := localPath(next); got != want {
			t.Errorf("%.40q became %q, want %q", next, got, want)
		}
	}
}

func FuzzLocalPath(f *testing.F) {
	for _, seed := range []string{"/jobs?id=7", "//evil.example", "/\\evil.example", "https://evil.example/", "/.custody/keys", "/%2f%2fx", "/a/../.."} {
		f.Add(seed)
	}
	base, _ := url.Parse("https://estimates.northfield.example/")
	f.Fuzz(func(t *testing.T, next string) {
		got := localPath(next)
		u, err := base.Parse(got)
		if err != nil || u.Host != base.Host || u.Scheme != "https" {
			t.Errorf("%q leads to %v, %v", next, u, err)
		}
		if strings.ContainsAny(got, "\r\n\\\t ") || !strings.HasPrefix(got, "/") || strings.HasPrefix(got, "//") {
			t.Errorf("%q became %q", next, got)
		}
	})
}

func FuzzNotice(f *testing.F) {
	f.Add(defaultNotice)
	f.Add("# One\n\n- a\n  b\n- c\n\ntext\r\n\r\nmore")
	f.Add("- ")
	f.Fuzz(func(t *testing.T, text string) {
		n := Notice{Version: "1", Text: text}
		for _, b := range n.blocks() {
			if b.Heading == "" && b.Text == "" && len(b.Items) == 0 && !strings.ContainsAny(text, "#-") {
				t.Errorf("an empty block of %q", text)
			}
		}
	})
}

func FuzzSigned(f *testing.F) {
	f.Add([]byte{}, "")
	f.Add([]byte("MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE"), strings.Repeat("A", 86))
	f.Fuzz(func(t *testing.T, spki []byte, signature string) {
		if signed(spki, "a message that nobody signed", signature) {
			t.Errorf("%x signed with %q", spki, signature)
		}
	})
}

// TestThrottleForgetsAndIsBounded.
func TestThrottleForgetsAndIsBounded(t *testing.T) {
	now := time.Unix(1_700_000_000, 0)
	th := NewThrottle(func() time.Time { return now })
	c := charge{[32]byte{1}, perPerson}
	var waits []time.Duration
	for range 20 {
		if w := th.take(c); w > 0 {
			waits = append(waits, w)
			now = now.Add(w)
			th.take(c)
		}
	}
	for i := 1; i < len(waits); i++ {
		if waits[i] < waits[i-1] || waits[i] > perPerson.most {
			t.Errorf("the waits are %v", waits)
		}
	}
	if waits[0] != 4*time.Second || waits[len(waits)-1] != 15*time.Minute {
		t.Errorf("the waits are %v", waits)
	}
	now = now.Add(48 * time.Hour)
	for range perPerson.free - 1 {
		if w := th.take(c); w != 0 {
			t.Errorf("two days later: %v", w)
		}
	}
	th.give(true, c.key)
	if len(th.buckets) != 0 {
		t.Error("a right guess leaves a bucket")
	}
	th.most = 1000
	for i := range th.most + 100 {
		th.take(charge{[32]byte{byte(i), byte(i >> 8), 2}, perPerson})
	}
	if len(th.buckets) > th.most {
		t.Errorf("%d buckets", len(th.buckets))
	}
}
