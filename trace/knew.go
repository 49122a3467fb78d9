package trace

import (
	"slices"
	"strings"
	"unicode"
)

// knewWords are the words by which people tell what a caller knew, the strongest first.
var knewWords = []struct {
	ratio float64
	words []string
}{
	{KnewCanary, []string{"planted", "canary"}},
	{KnewAccident, []string{"accident", "claim", "crash", "collision", "bump", "incident", "estimate", "repair", "insurer", "insurance", "excess", "bodyshop", "garage"}},
	{KnewVehicle, []string{"vehicle", "registration", "reg", "car", "van", "plate", "model"}},
	{KnewName, []string{"name", "address", "postcode"}},
}

// nots are words of a part of a sentence that says what a caller did not know.
var nots = []string{"not", "no", "nothing", "without", "never", "didnt", "dont", "wasnt", "couldnt", "none", "unknown"}

// KnewIn weighs what a caller knew, told in free words: whole words count, those of the
// part of a sentence that denies something do not.
func KnewIn(text string) float64 {
	best := KnewNothing
	text = strings.NewReplacer(" but ", ".", "'", "", "’", "").Replace(strings.ToLower(text))
	for part := range strings.FieldsFuncSeq(text, func(r rune) bool { return strings.ContainsRune(".;,!?\n", r) }) {
		words := strings.FieldsFunc(part, func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) })
		if slices.ContainsFunc(words, func(w string) bool { return slices.Contains(nots, w) }) {
			continue
		}
		for _, k := range knewWords {
			if k.ratio > best && slices.ContainsFunc(words, func(w string) bool {
				return slices.Contains(k.words, w) || slices.Contains(k.words, strings.TrimSuffix(w, "s"))
			}) {
				best = k.ratio
			}
		}
	}
	return best
}
