package detect

import (
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
	f.Fuzz(func(_ *testing.T, text, address string) {
		p, err := ReadPlaces(strings.NewReader(text))
		if err == nil {
			p.Of(address)
		}
	})
}
