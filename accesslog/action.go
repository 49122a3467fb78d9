package accesslog

import (
	"strings"

	"custody"
)

// Done is what a line of a log says that was done.
type Done uint8

// What may be done.
const (
	Looked   Done = iota // or nothing is said
	Exported             // it left as a file
	Changed
	Refused // and nothing was shown
	Failed  // nothing was shown, and not because it was not allowed
)

// Shown says whether anything was disclosed.
func (d Done) Shown() bool { return d != Refused && d != Failed }

// actionWords are the words by which logs say what was done; the first that fits counts.
var actionWords = []struct {
	done  Done
	words []string
}{
	{Refused, []string{"denied", "refused", "forbidden", "failed", "rejected", "unauthor"}},
	{Exported, []string{"export", "download", "print", "copy", "copied", "extract"}},
	{Changed, []string{"update", "change", "edit", "modif", "delete", "insert", "create", "amend", "write"}},
}

// ParseAction says what an action was.
func ParseAction(action string) Done {
	if action == "" {
		return Looked
	}
	action = strings.ToLower(action)
	for _, a := range actionWords {
		for _, w := range a.words {
			if strings.Contains(action, w) {
				return a.done
			}
		}
	}
	return Looked
}

// categoryWords are other names of categories.
var categoryWords = map[string]custody.Category{
	"telephone": custody.Phone, "tel": custody.Phone, "mobile": custody.Phone, "e-mail": custody.Email, "mail": custody.Email, "names": custody.Name,
	"postcode": custody.Address, "dob": custody.DateOfBirth, "birthday": custody.DateOfBirth, "registration": custody.Vehicle, "vin": custody.Vehicle, "car": custody.Vehicle,
	"claim": custody.Accident, "notes": custody.FreeText, "free_text": custody.FreeText, "date_of_birth": custody.DateOfBirth, "insurance": custody.Policy, "account": custody.Bank,
}

// ParseCategories reads a list of categories, parted by spaces, commas, ; or |, and says
// how many of its words are none.
func ParseCategories(text string) (set custody.CategorySet, unknown int) {
	for w := range strings.FieldsFuncSeq(strings.ToLower(text), func(r rune) bool { return strings.ContainsRune(" ,;|+/", r) }) {
		c, ok := custody.ParseCategory(w)
		if !ok {
			c, ok = categoryWords[w]
		}
		if !ok {
			unknown++
			continue
		}
		set |= custody.Categories(c)
	}
	return set, unknown
}
