package pgproxy

import (
	"slices"

	"custody"
)

// keptSet is how many subjects the memory that is kept from row to row may hold.
const keptSet = 1 << 16

// attributeSets finds everybody who has part in the row: an aggregate over a hundred
// customers says something of a hundred. If they are more than a limit leaves, the
// row is not shown, and none of them counts for it.
func (c *conn) attributeSets() error {
	r := &c.rows
	for i := range r.sources {
		s := &r.sources[i]
		s.everybody = s.everybody[:0]
		if len(s.Sets) == 0 {
			continue
		}
		if err := c.everybodyOf(s); err != nil {
			return err
		}
		if err := c.answer.Room(s.group, s.everybody); err != nil {
			return err
		}
	}
	for i := range r.sources {
		s := &r.sources[i]
		for _, id := range s.everybody {
			s.shown = true
			if err := c.answer.Add(s.group, id); err != nil {
				return err
			}
		}
		if cap(s.everybody) > keptSet {
			s.everybody = nil
		}
	}
	return nil
}

// everybodyOf lists the subjects of a source's key sets in the row, ascending and
// without repeats; none if they are those of the row before, of the same part.
func (c *conn) everybodyOf(s *rowSource) error {
	r := &c.rows
	part := c.answer.Taken()
	same := s.setPart == part+1
	for i, set := range s.Sets {
		if i == len(s.lastSets) {
			s.lastSets, same = append(s.lastSets, nil), false
		}
		v := r.values[set.Column]
		same = same && string(v) == string(s.lastSets[i])
	}
	if same {
		return nil
	}
	s.setPart = part + 1
	for i, set := range s.Sets {
		v := r.values[set.Column]
		s.lastSets[i] = append(s.lastSets[i][:0], v...)
		if v == nil {
			continue
		}
		if err := c.keys(s, v, set.Depth); err != nil {
			s.setPart = 0
			return err
		}
	}
	slices.Sort(s.everybody)
	s.everybody = slices.Compact(s.everybody)
	return nil
}

// keys reads one array of keys, or of arrays of them.
func (c *conn) keys(s *rowSource, v []byte, depth int) error {
	return elements(v, func(e []byte, null bool) error {
		switch {
		case null && (s.Outer || depth > 1):
			return nil // an outer join found no row, or a part of the whole had none
		case null:
			return unattributed(s.Table)
		case depth > 1:
			return c.keys(s, e, depth-1)
		}
		id, err := c.lookup(e)
		if err == nil {
			s.everybody = append(s.everybody, id)
		}
		return err
	})
}

// elements calls fn for every element of a one-dimensional array in PostgreSQL's
// text form. What fn is given holds until it returns.
func elements(v []byte, fn func(e []byte, null bool) error) error {
	n := len(v)
	if n == 0 {
		return custody.E(custody.CodeUnattributed, "a window spans too many rows to say in each of them whose they are",
			"add PARTITION BY the customer's key to the window, or ask for at most 2,000 rows at a time")
	}
	if n < 2 || v[0] != '{' || v[n-1] != '}' {
		return notKeys()
	}
	var plain []byte
	for at := 1; at < n-1; {
		var e []byte
		end, quoted := at, v[at] == '"'
		if quoted {
			plain, end = unquoteElement(plain[:0], v, at+1)
			e = plain
		} else {
			for end < n-1 && v[end] != ',' {
				if v[end] == '"' || v[end] == '{' || v[end] == '}' || v[end] == '\\' {
					return notKeys()
				}
				end++
			}
			e = v[at:end]
		}
		if end < 0 || end > n-1 || end == at || end < n-1 && v[end] != ',' || end == n-2 {
			return notKeys()
		}
		if err := fn(e, !quoted && string(e) == "NULL"); err != nil {
			return err
		}
		at = end + 1
	}
	return nil
}

// unquoteElement reads from after the opening quote, and gives where the element
// ends, -1 if it does not.
func unquoteElement(dst, v []byte, at int) ([]byte, int) {
	for ; at < len(v); at++ {
		switch v[at] {
		case '"':
			return dst, at + 1
		case '\\':
			if at++; at == len(v) {
				return dst, -1
			}
		}
		dst = append(dst, v[at])
	}
	return dst, -1
}

func notKeys() error {
	return custody.E(custody.CodeUnattributed, "the keys of an aggregate's customers are in a form that the gate does not read", "group by the customer's key, and add it to the select list")
}
