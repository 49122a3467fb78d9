package detect

import (
	"fmt"
	"strings"
	"testing"

	"custody"
)

const table = "network,geoname_id,latitude,longitude,is_anonymous_proxy\n" +
	"192.0.2.0/24,1,53.8,-1.55,0\n192.0.2.128/25,2,51.5,-0.12,0\n198.51.100.7/32,3,,,1\n203.0.113.0/24,4,,,0\n2001:db8::/32,5,48.8,2.3,0\n"

// TestPlaces: the narrowest network counts, what is not in the table is nowhere.
func TestPlaces(t *testing.T) {
	p, err := ReadPlaces(strings.NewReader(table))
	if err != nil {
		t.Fatal(err)
	}
	for address, want := range map[string]float64{"192.0.2.3": 53.8, "192.0.2.200": 51.5, "::ffff:192.0.2.3": 53.8, "2001:db8::9": 48.8} {
		if at, ok := p.Of(address); !ok || at.Latitude != want {
			t.Errorf("%s is at %+v, %v", address, at, ok)
		}
	}
	for _, address := range []string{"192.0.3.1", "203.0.113.9", "127.0.0.1", "", "nobody", "2001:db9::1"} {
		if at, ok := p.Of(address); ok {
			t.Errorf("%s is at %+v", address, at)
		}
	}
	if at, ok := p.Of("198.51.100.7"); !ok || !at.Relay {
		t.Errorf("the relay is %+v, %v", at, ok)
	}
	if _, ok := (*Places)(nil).Of("192.0.2.3"); ok || p.Len() != 4 {
		t.Errorf("%d networks", p.Len())
	}
}

func TestBadPlaces(t *testing.T) {
	for text, says := range map[string]string{
		"": "line 1", "a,b\n": "a column is missing", "network,latitude,longitude\nhere,1,2\n": "line 2: this is no network",
		"network,latitude,longitude\n192.0.2.0/24,91,2\n": "no place on earth", "network,latitude,longitude\n192.0.2.0/24,NaN,2\n": "no place on earth",
		"network,latitude,longitude\n192.0.2.0/24,1\n": "line 2",
	} {
		if _, err := ReadPlaces(strings.NewReader(text)); custody.CodeOf(err) != custody.CodeInvalid || !strings.Contains(err.Error(), says) {
			t.Errorf("%q: %v", text, err)
		}
	}
}

// FuzzPlaces: no table makes it fail in an unplanned way.
func FuzzPlaces(f *testing.F) {
	f.Add(table, "192.0.2.3")
	f.Add("network,latitude,longitude,relay\n::/0,0,0,yes\n", "::1")
	f.Add("network,latitude,longitude\n192\"", "192.0.2.3")
	f.Fuzz(func(_ *testing.T, text, address string) {
		p, err := ReadPlaces(strings.NewReader(text))
		if err == nil {
			p.Of(address)
		}
	})
}

// TestNestedPlaces: a wide network is found however many narrower ones lie before the
// address.
func TestNestedPlaces(t *testing.T) {
	var b strings.Builder
	b.WriteString("network,latitude,longitude\n10.0.0.0/8,50,0\n10.0.0.0/16,51,0\n")
	for i := range 200 {
		fmt.Fprintf(&b, "10.0.%d.0/24,52,0\n", i)
	}
	p, err := ReadPlaces(strings.NewReader(b.String()))
	if err != nil {
		t.Fatal(err)
	}
	for address, want := range map[string]float64{"10.0.7.7": 52, "10.0.250.1": 51, "10.200.0.1": 50} {
		if x, ok := p.Of(address); !ok || x.Latitude != want {
			t.Errorf("%s: %v %v", address, x, ok)
		}
	}
	if _, ok := p.Of("11.0.0.1"); ok {
		t.Error("an address of no network has a place")
	}
}
