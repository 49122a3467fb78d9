package accesslog

import (
	"strings"
)

// maxSeveral bounds the customers that one line may name.
const maxSeveral = 10_000

// several parts a cell that lists customers: keys with a figure each, parted by
// semicolons, bars, line ends or commas. A number with commas between its thousands, and
// whatever else has a comma in it, is one.
func several(v string) []string {
	i := strings.IndexAny(v, ";|\n,")
	if i < 0 {
		return nil
	}
	if v[i] == ',' && thousands(v) {
		return nil
	}
	parts := strings.FieldsFunc(v, func(r rune) bool { return strings.ContainsRune(";|\n,", r) })
	list := parts[:0]
	for _, p := range parts {
		if p = strings.TrimSpace(p); p == "" {
			continue
		}
		if len(p) > 40 || !strings.ContainsAny(p, "0123456789") || strings.Count(p, " ") > 1 {
			return nil
		}
		list = append(list, p)
	}
	if len(list) < 2 || len(list) > maxSeveral {
		return nil
	}
	return list
}

// thousands says whether a text is one number such as 1,234,567.
func thousands(v string) bool {
	for i, p := range strings.Split(v, ",") {
		if strings.Trim(p, "0123456789") != "" || i > 0 && len(p) != 3 || i == 0 && (len(p) == 0 || len(p) > 3) {
			return false
		}
	}
	return true
}
