package lineage

// Normalise gives the shape of a text, for tests.
func Normalise(sql string) (string, bool) {
	b, _, ok := normalise(nil, nil, sql)
	return string(b), ok
}

// Literals gives where the literals of a text are, from and to.
func Literals(sql string) (spans [][2]int) {
	_, lits, ok := normalise(nil, nil, sql)
	if !ok {
		return nil
	}
	for _, l := range lits {
		spans = append(spans, [2]int{l.start, l.end})
	}
	return spans
}
