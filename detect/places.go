package detect

import (
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"math"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"custody"
)

// Places says where networks are. A nil one knows nothing.
type Places struct {
	spans []placed // by first address; of nested networks the narrower comes later
}

type placed struct {
	network netip.Prefix
	place   Place
	around  int32 // the narrowest network around it; -1 if there is none
}

// MaxPlaces bounds a table of places: 72 bytes each.
const MaxPlaces = 5_000_000

// ReadPlaces reads a table of places: CSV with a header and the columns network (CIDR),
// latitude and longitude in degrees and, if there is one, relay or is_anonymous_proxy (1,
// true or yes for the network of a VPN or a relay). It is the form in which tables of
// the whole internet are published; a hand-written one of the own branches does as well.
func ReadPlaces(r io.Reader) (*Places, error) {
	c := csv.NewReader(r)
	c.ReuseRecord = true
	head, err := c.Read()
	if err != nil {
		return nil, badPlaces(1, "the header cannot be read")
	}
	columns, err := placeColumns(head)
	if err != nil {
		return nil, err
	}
	p := &Places{}
	for {
		row, err := c.Read()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			var bad *csv.ParseError
			line := 0
			if errors.As(err, &bad) {
				line = bad.Line
			}
			return nil, badPlaces(line, "the line cannot be read")
		}
		line, _ := c.FieldPos(0)
		x, known, err := columns.read(row, line)
		if err != nil {
			return nil, err
		}
		if !known {
			continue
		}
		if p.spans = append(p.spans, x); len(p.spans) > MaxPlaces {
			return nil, custody.E(custody.CodeTooLarge, "the table of places has more than 5,000,000 networks", "leave out regions from which nobody signs in")
		}
	}
	slices.SortFunc(p.spans, func(a, b placed) int {
		if d := a.network.Addr().Compare(b.network.Addr()); d != 0 {
			return d
		}
		return a.network.Bits() - b.network.Bits()
	})
	p.nest()
	return p, nil
}

// nest finds for each network the narrowest one around it.
func (p *Places) nest() {
	around := int32(-1)
	for i := range p.spans {
		x := &p.spans[i]
		for around >= 0 && !p.spans[around].network.Contains(x.network.Addr()) {
			around = p.spans[around].around
		}
		x.around, around = around, int32(i)
	}
}

func badPlaces(line int, what string) error {
	return custody.E(custody.CodeInvalid, fmt.Sprintf("the table of places, line %d: %s", line, what), "columns are network, latitude, longitude and, if needed, relay: 192.0.2.0/24,53.80,-1.55,0")
}

// placeTable says in which columns a table of places has what.
type placeTable struct{ network, latitude, longitude, relay int }

func placeColumns(head []string) (t placeTable, err error) {
	find := func(names ...string) int {
		return slices.IndexFunc(head, func(h string) bool {
			return slices.Contains(names, strings.ToLower(strings.TrimSpace(strings.TrimPrefix(h, "\ufeff"))))
		})
	}
	t = placeTable{find("network"), find("latitude"), find("longitude"), find("relay", "is_anonymous_proxy")}
	if t.network < 0 || t.latitude < 0 || t.longitude < 0 {
		return t, badPlaces(1, "a column is missing")
	}
	return t, nil
}

// read reads a row; known is false for a network of which no place is given.
func (t *placeTable) read(row []string, line int) (x placed, known bool, err error) {
	if x.network, err = netip.ParsePrefix(strings.TrimSpace(row[t.network])); err != nil {
		return x, false, badPlaces(line, "this is no network")
	}
	x.network = x.network.Masked()
	if t.relay >= 0 {
		switch strings.ToLower(strings.TrimSpace(row[t.relay])) {
		case "1", "true", "yes":
			x.place.Relay = true
		}
	}
	if row[t.latitude] == "" && row[t.longitude] == "" {
		return x, x.place.Relay, nil
	}
	a, err1 := strconv.ParseFloat(strings.TrimSpace(row[t.latitude]), 64)
	b, err2 := strconv.ParseFloat(strings.TrimSpace(row[t.longitude]), 64)
	if err1 != nil || err2 != nil || !(math.Abs(a) <= 90) || !(math.Abs(b) <= 180) {
		return x, false, badPlaces(line, "this is no place on earth")
	}
	x.place.Latitude, x.place.Longitude = a, b
	return x, true, nil
}

// Of gives the place of an address, by the narrowest network that holds it.
func (p *Places) Of(address string) (Place, bool) {
	if p == nil {
		return Place{}, false
	}
	a, err := netip.ParseAddr(address)
	if err != nil {
		return Place{}, false
	}
	a = a.Unmap().WithZone("")
	at, _ := slices.BinarySearchFunc(p.spans, a, func(x placed, a netip.Addr) int {
		if x.network.Addr().Compare(a) <= 0 {
			return -1
		}
		return 1
	})
	for i := int32(at) - 1; i >= 0; i = p.spans[i].around {
		if p.spans[i].network.Contains(a) {
			return p.spans[i].place, true
		}
	}
	return Place{}, false
}

// Len is how many networks are known.
func (p *Places) Len() int {
	if p == nil {
		return 0
	}
	return len(p.spans)
}
