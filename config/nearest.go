package config

import (
	"fmt"
	"slices"
	"strings"
)

// unknown says that a word is not known, and which known one was probably meant.
func unknown(what, word string, known []string) string {
	if near, ok := Nearest(word, known); ok {
		return fmt.Sprintf("unknown %s %q: did you mean %q?", what, clip(word), near)
	}
	known = slices.Clone(known)
	slices.Sort(known)
	return fmt.Sprintf("unknown %s %q: it can be %s", what, clip(word), strings.Join(known, ", "))
}

// clip keeps messages short whatever the file holds.
func clip(s string) string {
	if len(s) > 60 {
		return s[:60] + "…"
	}
	return s
}

// Nearest finds the known word that differs least from word, if any is so near that
// it may be meant: at most a third of the letters are other ones.
func Nearest(word string, known []string) (string, bool) {
	if len(word) > 60 {
		return "", false
	}
	best, least := "", 1000
	for _, k := range known {
		if d := distance(strings.ToLower(word), k); d < least || d == least && k < best {
			best, least = k, d
		}
	}
	return best, least <= max(1, min(3, (len(word)+1)/3))
}

// distance counts the letters to insert, remove, replace or swap with their
// neighbour to make b of a: the optimal string alignment distance.
func distance(a, b string) int {
	before, last := make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range last {
		last[j] = j
	}
	for i := 1; i <= len(a); i++ {
		row := make([]int, len(b)+1)
		row[0] = i
		for j := 1; j <= len(b); j++ {
			row[j] = min(last[j]+1, row[j-1]+1, last[j-1]+differ(a[i-1], b[j-1]))
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				row[j] = min(row[j], before[j-2]+1)
			}
		}
		before, last = last, row
	}
	return last[len(b)]
}

func differ(a, b byte) int {
	if a == b {
		return 0
	}
	return 1
}
