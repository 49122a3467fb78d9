package main

import (
	"encoding/json"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// tableWidth is how wide tables are where their words allow it, in characters.
const tableWidth = 100

// stamp is a time: RFC 3339 in UTC in JSON, and left out when it is zero.
type stamp struct{ time.Time }

// MarshalJSON writes the time in UTC.
func (s stamp) MarshalJSON() ([]byte, error) { return json.Marshal(s.UTC().Format(time.RFC3339Nano)) }

// local writes a time for people, in the time zone of the configuration.
func (a *app) local(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	zone := a.zone
	if zone == nil {
		zone = time.Local
	}
	return t.In(zone).Format("2006-01-02 15:04:05")
}

// minute is local without seconds, for what is planned by people.
func (a *app) minute(t time.Time) string {
	text := a.local(t)
	return text[:max(0, len(text)-3)]
}

// object prints one JSON object on a line.
func (a *app) object(v any) error {
	enc := json.NewEncoder(a.out)
	enc.SetEscapeHTML(false)
	return enc.Encode(v)
}

// say prints a line for people; nothing with --json.
func (a *app) say(format string, args ...any) {
	if !a.json {
		fmt.Fprintf(a.out, format+"\n", args...)
	}
}

// done prints what a command did: an object with --json, else a sentence.
func (a *app) done(v any, format string, args ...any) error {
	if a.json {
		return a.object(v)
	}
	a.say(format, args...)
	return nil
}

// column is one column of a table for people.
type column[T any] struct {
	title string
	cell  func(T) string
	wrap  bool // its text may go on in the next line
}

// list prints rows: objects with --json, else a table, or a sentence if there are none.
func list[T any](a *app, rows []T, none string, columns ...column[T]) error {
	if a.json {
		for _, r := range rows {
			if err := a.object(r); err != nil {
				return err
			}
		}
		return nil
	}
	if len(rows) == 0 {
		a.say("%s", none)
		return nil
	}
	t := table{wrap: make([]bool, len(columns))}
	titles := make([]string, len(columns))
	for i, c := range columns {
		titles[i], t.wrap[i] = c.title, c.wrap
	}
	t.rows = append(t.rows, titles)
	for _, r := range rows {
		cells := make([]string, len(columns))
		for i, c := range columns {
			cells[i] = printable(c.cell(r))
		}
		t.rows = append(t.rows, cells)
	}
	return t.write(a.out)
}

// printable keeps what others typed from moving the terminal's cursor.
func printable(s string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f || r >= 0x80 && r < 0xa0 || r == utf8.RuneError {
			return '\u00b7'
		}
		return r
	}, s)
}

// table holds cells of text; the first row is the titles.
type table struct {
	rows [][]string
	wrap []bool
}

const gap = 2

// write prints the table with aligned columns. What may wrap goes on in the next line
// when the table would be wider than tableWidth.
func (t *table) write(w io.Writer) error {
	widths := t.widths()
	for _, row := range t.rows {
		cells := make([][]string, len(row))
		height := 1
		for i, text := range row {
			cells[i] = []string{text}
			if t.wrap[i] {
				cells[i] = wrapText(text, widths[i])
			}
			height = max(height, len(cells[i]))
		}
		for line := range height {
			if _, err := io.WriteString(w, joinLine(cells, widths, line)); err != nil {
				return err
			}
		}
	}
	return nil
}

// widths fits the columns into tableWidth by making the widest that may wrap narrower,
// down to its longest word.
func (t *table) widths() []int {
	widths, least := make([]int, len(t.wrap)), make([]int, len(t.wrap))
	total := gap * (len(widths) - 1)
	for i := range widths {
		for _, row := range t.rows {
			widths[i] = max(widths[i], utf8.RuneCountInString(row[i]))
			least[i] = max(least[i], longestWord(row[i]))
		}
		total += widths[i]
	}
	for total > tableWidth {
		widest := -1
		for i, w := range widths {
			if t.wrap[i] && w > least[i] && (widest < 0 || w > widths[widest]) {
				widest = i
			}
		}
		if widest < 0 {
			break
		}
		widths[widest]--
		total--
	}
	return widths
}

func longestWord(text string) int {
	longest := 0
	for word := range strings.FieldsSeq(text) {
		longest = max(longest, utf8.RuneCountInString(word))
	}
	return longest
}

// plural counts things in words: 1 system, 2 systems.
func plural(n int, thing string) string {
	if n == 1 {
		return "1 " + thing
	}
	return strconv.Itoa(n) + " " + thing + "s"
}

func joinLine(cells [][]string, widths []int, line int) string {
	var b strings.Builder
	for i, lines := range cells {
		text := ""
		if line < len(lines) {
			text = lines[line]
		}
		b.WriteString(text)
		if i < len(cells)-1 {
			b.WriteString(strings.Repeat(" ", max(0, widths[i]-utf8.RuneCountInString(text))+gap))
		}
	}
	return strings.TrimRight(b.String(), " ") + "\n"
}

// wrapText breaks text at spaces into lines of at most width characters; a longer word
// has a line of its own.
func wrapText(text string, width int) []string {
	var lines []string
	line := ""
	for word := range strings.FieldsSeq(text) {
		switch {
		case line == "":
			line = word
		case utf8.RuneCountInString(line)+1+utf8.RuneCountInString(word) <= width:
			line += " " + word
		default:
			lines = append(lines, line)
			line = word
		}
	}
	return append(lines, line)
}
