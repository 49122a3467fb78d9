package body

import (
	"bytes"
	"unicode"

	"github.com/ledongthuc/pdf"

	"custody"
)

// maxPages is how many pages of a PDF are read.
const maxPages = 2000

// pdf reads the text of a PDF. It is let through whole or not at all: when something
// in it is forbidden it is refused, as text in a PDF cannot be masked.
func (f *Filter) pdf(dst []byte) ([]byte, error) {
	pages, err := pdfText(f.raw)
	if err != nil {
		return dst, err
	}
	c := newCells(f.o)
	masked := false
	c.change = func(int, []byte) { masked = true }
	for n, text := range pages {
		c.put(n, text, ruleNone, noScope)
	}
	if err := c.end(true); err != nil {
		return dst, err
	}
	if masked {
		return dst, custody.E(custody.CodeForbidden, "the PDF shows what you may not see, and a PDF cannot be masked",
			"look at the customer's page instead, or ask for the missing categories")
	}
	return append(dst, f.raw...), nil
}

// pdfText gives the text of each page. A file that is encrypted or damaged, and one
// with a page of which no text can be had, as of a scan, cannot be inspected.
func pdfText(file []byte) (pages [][]byte, err error) {
	defer func() {
		if recover() != nil { // the library's way to say that a file is damaged
			pages, err = nil, ErrUninspectable
		}
	}()
	r, err := pdf.NewReader(bytes.NewReader(file), int64(len(file)))
	if err != nil || r.NumPage() < 1 || r.NumPage() > maxPages {
		return nil, ErrUninspectable
	}
	root := r.Trailer().Key("Root")
	if !root.Key("AcroForm").IsNull() || hasNames(root.Key("Names").Key("EmbeddedFiles")) || hasNames(root.Key("Names").Key("JavaScript")) {
		return nil, ErrUninspectable // fields, files and programs in the file
	}
	pages = append(pages, described(r.Trailer().Key("Info")))
	total := 0
	for n := 1; n <= r.NumPage(); n++ {
		page := r.Page(n)
		if page.V.IsNull() || page.V.Key("Annots").Len() > maxNotes {
			return nil, ErrUninspectable
		}
		rows, err := page.GetTextByRow()
		if err != nil {
			return nil, ErrUninspectable
		}
		var text []byte
		for _, row := range rows {
			for _, word := range row.Content {
				text = append(append(text, word.S...), ' ')
			}
			text = append(text, '\n')
		}
		if !readable(text) {
			return nil, ErrUninspectable
		}
		text = append(text, notes(page.V.Key("Annots"))...)
		if total += len(text); total > MaxRecord {
			return nil, errTooLarge("the text of the PDF is longer than 1 MiB")
		}
		pages = append(pages, text)
	}
	return pages, nil
}

// hasNames says whether a tree of names has any.
func hasNames(tree pdf.Value) bool { return tree.Key("Names").Len() > 0 || tree.Key("Kids").Len() > 0 }

// described gives the file's own description: title, author and the like.
func described(info pdf.Value) (text []byte) {
	for _, key := range info.Keys() {
		if v := info.Key(key); v.Kind() == pdf.String {
			text = append(append(text, v.Text()...), '\n')
		}
	}
	return text
}

// maxNotes is how many notes and links a page may have.
const maxNotes = 1000

// notes gives the texts of notes and the addresses of links.
func notes(list pdf.Value) (text []byte) {
	for i := range list.Len() {
		note := list.Index(i)
		for _, v := range []pdf.Value{note.Key("Contents"), note.Key("A").Key("URI"), note.Key("T")} {
			if v.Kind() == pdf.String {
				text = append(append(text, v.Text()...), '\n')
			}
		}
	}
	return text
}

// readable says whether a page's text is text: fonts without a table of their
// characters give signs that mean nothing.
func readable(text []byte) bool {
	letters, strange := 0, 0
	for _, r := range string(text) {
		switch {
		case unicode.IsLetter(r) || unicode.IsDigit(r):
			letters++
		case r == unicode.ReplacementChar || unicode.IsControl(r) && r != '\n' && r != '\t' || r >= 0xE000 && r <= 0xF8FF:
			strange++
		}
	}
	return letters > 0 && strange*10 <= letters
}
