package totp

import (
	"strings"
	"testing"
	"time"
)

// TestRFC6238 holds the truncated numbers against appendix B of RFC 6238, which has
// eight digits; ours are the last six.
func TestRFC6238(t *testing.T) {
	secret := []byte("12345678901234567890")
	for at, want := range map[int64]string{
		59: "94287082", 1111111109: "07081804", 1111111111: "14050471",
		1234567890: "89005924", 2000000000: "69279037", 20000000000: "65353130",
	} {
		if got := Code(secret, Step(time.Unix(at, 0))); got != want[2:] {
			t.Errorf("at %d: %s, want %s", at, got, want[2:])
		}
	}
}

// TestRFC4226 is appendix D of RFC 4226: the counters 0 to 9.
func TestRFC4226(t *testing.T) {
	secret := []byte("12345678901234567890")
	for i, want := range strings.Fields("755224 287082 359152 969429 338314 254676 287922 162583 399871 520489") {
		if got := Code(secret, int64(i)); got != want {
			t.Errorf("counter %d: %s, want %s", i, got, want)
		}
	}
}

func TestVerify(t *testing.T) {
	secret, now := NewSecret(), time.Unix(1_700_000_010, 0)
	here := Step(now)
	for _, c := range []struct {
		name string
		step int64
		last int64
		ok   bool
	}{
		{"now", here, 0, true}, {"one behind", here - 1, 0, true}, {"one ahead", here + 1, 0, true},
		{"two behind", here - 2, 0, false}, {"two ahead", here + 2, 0, false},
		{"used", here, here, false}, {"older than the used one", here - 1, here, false}, {"after the used one", here + 1, here, true},
	} {
		step, ok := Verify(secret, Code(secret, c.step), now, c.last)
		if ok != c.ok || ok && step != c.step {
			t.Errorf("%s: step %d, %v", c.name, step, ok)
		}
	}
	code := Code(secret, here)
	if _, ok := Verify(secret, code[:3]+" "+code[3:], now, 0); !ok {
		t.Error("a code with a space in the middle is refused")
	}
	for _, wrong := range []string{"", "12345", "1234567", "abcdef", "١٢٣٤٥٦", strings.Repeat("0", 1<<16)} {
		if _, ok := Verify(secret, wrong, now, 0); ok {
			t.Errorf("%.10q is accepted", wrong)
		}
	}
}

func TestURI(t *testing.T) {
	got := URI([]byte("12345678901234567890"), "Northfield: Estimates", "alice@northfield.example")
	want := "otpauth://totp/Northfield%20Estimates:alice@northfield.example?algorithm=SHA1&digits=6&issuer=Northfield%20Estimates&period=30&secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"
	if got != want {
		t.Errorf("got %s", got)
	}
	if text := Text([]byte("12345678901234567890")); text != "GEZD GNBV GY3T QOJQ GEZD GNBV GY3T QOJQ" {
		t.Errorf("got %s", text)
	}
}

func FuzzVerify(f *testing.F) {
	f.Add("123456")
	f.Add(" 12-34 56\u00a0")
	f.Fuzz(func(t *testing.T, code string) {
		if n := Normal(code); n != "" && len(n) != Digits {
			t.Errorf("%q became %q", code, n)
		}
		Verify([]byte("12345678901234567890"), code, time.Unix(59, 0), 0)
	})
}
