package portal

import (
	"strings"
	"testing"
)

// TestUnmasked finds a mask wherever a body is cut.
func TestUnmasked(t *testing.T) {
	for text, want := range map[string]bool{
		"name=Alice&phone=07••• •••123": true, "phone=07%E2%80%A2%e2%80%a2%E2%80%A2+1": true, `{"phone":"07\u2022\u2022\u2022"}`: true, `{"dob":"1984-••-••"}`: true,
		"notes=• one • two": false, "notes=%E2%80%A2+one": false, "": false, `\u2022\u2023 %e2%80%a2%e2%80`: false, strings.Repeat("%", 100): false,
	} {
		for _, pad := range []string{"", strings.Repeat("x", 40)} {
			whole := pad + text + pad
			for cut := 0; cut <= len(whole); cut++ {
				for _, second := range []int{0, 1, 5} {
					var u unmasked
					end := min(cut+second, len(whole))
					a, b, c := u.holds([]byte(whole[:cut])), u.holds([]byte(whole[cut:end])), u.holds([]byte(whole[end:]))
					if got := a || b || c; got != want {
						t.Fatalf("%q cut at %d and %d: %v", whole, cut, end, got)
					}
				}
			}
		}
	}
}

func FuzzUnmasked(f *testing.F) {
	f.Add([]byte("phone=07%E2%80%A2%E2%80%A2"), 3)
	f.Add([]byte("07••"), 5)
	f.Fuzz(func(t *testing.T, b []byte, cut int) {
		cut = max(0, min(cut, len(b)))
		var u, v unmasked
		first := u.holds(b[:cut])
		if got, want := u.holds(b[cut:]) || first, v.holds(b); got != want {
			t.Errorf("%q cut at %d: %v, whole %v", b, cut, got, want)
		}
	})
}
