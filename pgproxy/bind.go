package pgproxy

import (
	"encoding/binary"
	"fmt"
	"strconv"
	"strings"

	"custody"
)

// Types whose binary form the gate reads as a subject's key.
const (
	oidInt8    = 20
	oidInt2    = 21
	oidInt4    = 23
	oidText    = 25
	oidChar    = 18
	oidName    = 19
	oidBpchar  = 1042
	oidVarchar = 1043
	oidDate    = 1082
	oidUUID    = 2950
	oidUnknown = 705
)

// bound is what a Bind message carries. Slices point into the message.
type bound struct {
	formats []int16
	values  [][]byte // nil for NULL
	results []int16
}

// readBind reads a Bind message after its two names.
func readBind(c *cursor) bound {
	var b bound
	b.formats = readFormats(c)
	for range c.uint16() {
		var v []byte
		if size := c.int32(); size >= 0 {
			v = c.take(size)
		} else if size != -1 {
			c.bad = true
		}
		if c.bad {
			return b
		}
		b.values = append(b.values, v)
	}
	b.results = readFormats(c)
	return b
}

func readFormats(c *cursor) []int16 {
	n := c.uint16()
	if n*2 > len(c.b) {
		c.bad = true
		return nil
	}
	if n == 0 {
		return nil
	}
	list := make([]int16, n)
	for i := range list {
		list[i] = int16(c.int16())
	}
	return list
}

// format gives the format of column i: one entry holds for all, none means text.
func format(formats []int16, i int) int16 {
	switch {
	case len(formats) == 1:
		return formats[0]
	case i < len(formats):
		return formats[i]
	}
	return 0
}

// pins gives the keys that the statement fixes, parameters filled in.
func (b *bound) pins(st *step) ([]string, error) {
	pins := st.pins
	copied := false
	for i := range st.Sources {
		p := st.Sources[i].Pin
		if p == nil || p.Param == 0 {
			continue
		}
		if p.Param > len(b.values) {
			continue // the database will refuse it
		}
		if !copied {
			pins, copied = append(make([]string, 0, len(st.Sources)), st.pins...), true
			for len(pins) < len(st.Sources) {
				pins = append(pins, "")
			}
		}
		v := b.values[p.Param-1]
		if v == nil {
			continue // equal to NULL: no rows
		}
		key, ok := keyText(nil, p.TypeOID, format(b.formats, p.Param-1), v)
		if !ok {
			return nil, custody.E(custody.CodeUnattributed, fmt.Sprintf("parameter $%d does not have the key's own type", p.Param),
				"cast it to the column's type, or send it as text")
		}
		pins[i] = canonicalKey(p.TypeOID, string(key))
	}
	return pins, nil
}

// pinTypes refuses parameters that fix a key and are declared with a type in which
// the same bytes, or the same text, are another key. types is the end of a Parse
// message.
func pinTypes(steps []step, types []byte) error {
	if len(steps) != 1 {
		return nil
	}
	body := cursor{b: types}
	declared := make([]uint32, body.uint16())
	for i := range declared {
		declared[i] = uint32(body.int32())
	}
	for i := range steps[0].Sources {
		p := steps[0].Sources[i].Pin
		if p == nil || p.Param == 0 || p.Param > len(declared) || declared[p.Param-1] == 0 {
			continue
		}
		if t := declared[p.Param-1]; !sameKeys(t, p.TypeOID) {
			return custody.E(custody.CodeUnattributed, fmt.Sprintf("parameter $%d is declared with another type than the key has", p.Param),
				"declare it with the column's type, or leave its type open")
		}
	}
	return nil
}

// sameKeys says whether a parameter of one type spells keys as a column of another.
func sameKeys(param, column uint32) bool {
	text := func(t uint32) bool { return t == oidText || t == oidVarchar || t == oidUnknown }
	return param == column || param == oidUnknown || integer(param) && integer(column) || text(param) && text(column)
}

// keyText gives a key's text form from a value in either format.
func keyText(dst []byte, typ uint32, format int16, v []byte) ([]byte, bool) {
	if format == 0 {
		return v, true
	}
	switch {
	case len(v) == 4 && typ == oidInt4:
		return strconv.AppendInt(dst, int64(int32(binary.BigEndian.Uint32(v))), 10), true
	case len(v) == 8 && typ == oidInt8:
		return strconv.AppendInt(dst, int64(binary.BigEndian.Uint64(v)), 10), true
	case len(v) == 2 && typ == oidInt2:
		return strconv.AppendInt(dst, int64(int16(binary.BigEndian.Uint16(v))), 10), true
	case integer(typ): // a parameter of another integer width than the column
		return widerInt(dst, v)
	case len(v) == 16 && typ == oidUUID:
		return fmt.Appendf(dst, "%x-%x-%x-%x-%x", v[:4], v[4:6], v[6:8], v[8:10], v[10:]), true
	case typ == oidText || typ == oidVarchar || typ == oidBpchar || typ == oidName || typ == oidChar:
		return v, true
	}
	return nil, false
}

func widerInt(dst, v []byte) ([]byte, bool) {
	switch len(v) {
	case 2:
		return strconv.AppendInt(dst, int64(int16(binary.BigEndian.Uint16(v))), 10), true
	case 4:
		return strconv.AppendInt(dst, int64(int32(binary.BigEndian.Uint32(v))), 10), true
	case 8:
		return strconv.AppendInt(dst, int64(binary.BigEndian.Uint64(v)), 10), true
	}
	return nil, false
}

func integer(typ uint32) bool { return typ == oidInt2 || typ == oidInt4 || typ == oidInt8 }

// canonicalKey gives the form in which the directory holds a key that a person
// typed: '04711' and ' 4711' are 4711, a uuid is lower case with dashes. It gives
// nothing for what cannot be a key of that type.
func canonicalKey(typ uint32, s string) string {
	switch {
	case integer(typ):
		n, err := strconv.ParseInt(strings.TrimSpace(s), 10, 64)
		if err != nil {
			return ""
		}
		return strconv.FormatInt(n, 10)
	case typ == oidUUID:
		hex := strings.ToLower(strings.NewReplacer("-", "", "{", "", "}", "").Replace(strings.TrimSpace(s)))
		if len(hex) != 32 {
			return ""
		}
		return hex[:8] + "-" + hex[8:12] + "-" + hex[12:16] + "-" + hex[16:20] + "-" + hex[20:]
	}
	return s
}
