package accesslog

import (
	"strings"
)

// monthNames are the beginnings of months' names here and in neighbours' languages,
// without accents.
var monthNames = map[string]string{
	"jan": "Jan", "feb": "Feb", "mar": "Mar", "apr": "Apr", "may": "May", "jun": "Jun", "jul": "Jul", "aug": "Aug", "sep": "Sep", "oct": "Oct", "nov": "Nov", "dec": "Dec",
	"mrz": "Mar", "mai": "May", "okt": "Oct", "dez": "Dec", "fev": "Feb", "avr": "Apr", "jui": "Jun", "juil": "Jul", "aou": "Aug", "mei": "May", "maa": "Mar", "ene": "Jan", "abr": "Apr", "ago": "Aug", "dic": "Dec",
}

// months puts the name of a month into the short English form and leaves out the day of
// the week and the ending of the day; first says that the month stands before the day.
func months(v string, first bool) string {
	if len(v) > 64 || strings.IndexFunc(v, func(r rune) bool { return r >= 'A' }) < 0 {
		return v
	}
	var b strings.Builder
	for v != "" {
		n := 0
		for n < len(v) && (v[n]|0x20 >= 'a' && v[n]|0x20 <= 'z' || v[n] >= 0x80) {
			n++
		}
		if n == 0 {
			b.WriteByte(v[0])
			v = v[1:]
			continue
		}
		word := v[:n]
		v = v[n:]
		bare := plain(word)
		month := monthNames[bare[:min(len(bare), 4)]]
		if month == "" {
			month = monthNames[bare[:min(len(bare), 3)]]
		}
		digit := b.Len() > 0 && b.String()[b.Len()-1] >= '0' && b.String()[b.Len()-1] <= '9'
		switch {
		case digit && (bare == "st" || bare == "nd" || bare == "rd" || bare == "th"):
		case len(bare) >= 3 && month != "" && bare != "mardi" && bare != "marti":
			b.WriteString(month)
			v = strings.TrimPrefix(v, ".")
		case len(bare) >= 2 && b.Len() == 0: // the day of the week
			v = strings.TrimLeft(v, "., ")
		case bare == "utc" || bare == "gmt":
			b.WriteString("+0000")
		case bare == "at" || bare == "um":
			v = strings.TrimLeft(v, " ")
		default:
			b.WriteString(word)
		}
	}
	out := strings.Join(strings.Fields(b.String()), " ")
	if first {
		out = strings.Replace(out, ",", "", 1)
	}
	return out
}

// zoneNames are ends of times that name a zone, and what they stand for.
var zoneNames = []struct{ end, is string }{{" UTC", "Z"}, {" GMT", "Z"}, {" Z", "Z"}, {" BST", "+01:00"}, {" CET", "+01:00"}, {" CEST", "+02:00"}}

// zones puts a zone behind a time into the form +01:00 or Z.
func zones(v string) string {
	if len(v) < 17 {
		return v
	}
	for _, z := range zoneNames {
		if rest, ok := strings.CutSuffix(v, z.end); ok {
			return rest + z.is
		}
	}
	i := strings.LastIndexAny(v, "+-")
	if i < 16 {
		return v
	}
	zone := v[i:]
	switch len(zone) {
	case 3: // +01
		zone += ":00"
	case 5: // +0100
		zone = zone[:3] + ":" + zone[3:]
	}
	return strings.TrimRight(v[:i], " ") + zone
}
