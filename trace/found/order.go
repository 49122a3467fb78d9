package found

import (
	"cmp"
	"fmt"
	"strconv"
	"strings"
)

// order notices by which column a file is sorted: an export keeps the order of its query.
type order struct {
	columns []ordered
	rows    int
}

type ordered struct {
	name             string
	last             string
	up, down, broken int
}

func (o *order) row(r Row) {
	o.rows++
	for i, c := range r.Cells[:min(len(r.Cells), 32)] {
		if i >= len(o.columns) {
			o.columns = append(o.columns, ordered{name: c.Column, last: c.Text})
			continue
		}
		k := &o.columns[i]
		if k.name != c.Column {
			k.broken++
			continue
		}
		switch d := compare(k.last, c.Text); {
		case d < 0:
			k.up++
		case d > 0:
			k.down++
		}
		k.last = strings.Clone(c.Text)
	}
}

// compare puts numbers in the order of numbers, all else in that of letters.
func compare(a, b string) int {
	x, e1 := strconv.ParseFloat(a, 64)
	y, e2 := strconv.ParseFloat(b, 64)
	if e1 == nil && e2 == nil {
		return cmp.Compare(x, y)
	}
	return strings.Compare(strings.ToLower(a), strings.ToLower(b))
}

// String says it in words; empty if there is no order in enough rows.
func (o *order) String() string {
	for i, k := range o.columns {
		moves := k.up + k.down
		if moves < 10 || k.broken > 0 || moves < o.rows/2 {
			continue
		}
		name := k.name
		if name == "" {
			name = fmt.Sprintf("column %d", i+1)
		}
		switch {
		case k.down*200 <= moves:
			return "sorted by " + name + ", rising"
		case k.up*200 <= moves:
			return "sorted by " + name + ", falling"
		}
	}
	return ""
}
