// Package book reads the rows of spreadsheets (XLSX) as text: numbers as they are kept,
// so that a date is the number of its days.
package book

import (
	"archive/zip"
	"encoding/xml"
	"errors"
	"io"
	"path"
	"slices"
	"strconv"
	"strings"

	"custody"
)

// Bounds of what is read.
const (
	MaxCells = 1024 // of a row; what is further right is left out
	MaxText  = 4096 // bytes of a text, at least; what is longer is cut
	maxTexts = 20_000_000
	// maxUnpacked bounds what a spreadsheet may unpack to, in bytes.
	maxUnpacked = 2 << 30
)

// Book is an open spreadsheet.
type Book struct {
	Sheets   int
	Date1904 bool // days are counted from 1904, as old programs do

	sheets []*zip.File
	texts  []string
	left   int64
}

// Open reads what all sheets share.
func Open(z *zip.Reader) (*Book, error) {
	b := &Book{left: maxUnpacked}
	for _, f := range z.File {
		var err error
		switch {
		case path.Dir(f.Name) == "xl/worksheets" && strings.HasSuffix(f.Name, ".xml"):
			b.sheets = append(b.sheets, f)
		case f.Name == "xl/sharedStrings.xml":
			err = b.unpack(f, func(d *xml.Decoder) (err error) { b.texts, err = sharedTexts(d); return err })
		case f.Name == "xl/workbook.xml":
			err = b.unpack(f, b.properties)
		}
		if err != nil {
			return nil, err
		}
	}
	if b.Sheets = len(b.sheets); b.Sheets == 0 {
		return nil, custody.E(custody.CodeUnsupported, "the file is an archive and not a spreadsheet", "unpack it and give the file inside")
	}
	slices.SortFunc(b.sheets, func(a, c *zip.File) int {
		if d := len(a.Name) - len(c.Name); d != 0 { // sheet10 comes after sheet9
			return d
		}
		return strings.Compare(a.Name, c.Name)
	})
	return b, nil
}

// Rows gives the rows of sheet n, from 0, with their numbers. Values hold until the next.
func (b *Book) Rows(n int, take func(line int, values []string) error) error {
	return b.unpack(b.sheets[n], func(d *xml.Decoder) error { return sheet(d, b.texts, take) })
}

// properties reads from when days are counted.
func (b *Book) properties(d *xml.Decoder) error {
	for {
		t, err := d.Token()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		if s, ok := t.(xml.StartElement); ok && s.Name.Local == "workbookPr" {
			v := attribute(s, "date1904")
			b.Date1904 = v == "1" || v == "true"
		}
	}
}

// unpack reads one part, within what is left of the bound.
func (b *Book) unpack(f *zip.File, read func(*xml.Decoder) error) error {
	in, err := f.Open()
	if err != nil {
		return err
	}
	defer in.Close()
	limited := &io.LimitedReader{R: in, N: b.left + 1}
	err = read(xml.NewDecoder(limited))
	if b.left = limited.N - 1; b.left < 0 {
		return custody.E(custody.CodeTooLarge, "the spreadsheet unpacks to more than 2 GiB", "save it as CSV, in parts")
	}
	return err
}

// sharedTexts reads the table of texts; rich ones are joined.
func sharedTexts(d *xml.Decoder) (list []string, err error) {
	for {
		t, err := d.Token()
		if errors.Is(err, io.EOF) {
			return list, nil
		}
		if err != nil {
			return nil, err
		}
		if s, ok := t.(xml.StartElement); ok && s.Name.Local == "si" {
			text, err := textsIn(d)
			if err != nil {
				return nil, err
			}
			if len(list) >= maxTexts {
				return nil, custody.E(custody.CodeTooLarge, "the spreadsheet holds more text than can be read", "save it as CSV, in parts")
			}
			list = append(list, text)
		}
	}
}

// textsIn joins the text in the element that has begun, up to its end.
func textsIn(d *xml.Decoder) (string, error) {
	var b strings.Builder
	for depth, inside := 1, 0; depth > 0; {
		t, err := d.Token()
		if err != nil {
			return "", err
		}
		switch t := t.(type) {
		case xml.StartElement:
			depth++
			if t.Name.Local == "t" || t.Name.Local == "v" {
				inside++
			}
		case xml.EndElement:
			depth--
			if t.Name.Local == "t" || t.Name.Local == "v" {
				inside--
			}
		case xml.CharData:
			if inside > 0 && b.Len() < MaxText {
				b.Write(t)
			}
		}
	}
	return b.String(), nil
}

// sheet reads the rows of a sheet.
func sheet(d *xml.Decoder, texts []string, take func(int, []string) error) error {
	line, values := 0, []string(nil)
	for {
		t, err := d.Token()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		switch t := t.(type) {
		case xml.StartElement:
			switch t.Name.Local {
			case "row":
				line, values = line+1, values[:0]
				if n, err := strconv.Atoi(attribute(t, "r")); err == nil && n > line { // empty rows are left out
					line = n
				}
			case "c":
				if values, err = cell(d, t, texts, values); err != nil {
					return err
				}
			}
		case xml.EndElement:
			if t.Name.Local == "row" && len(values) > 0 {
				if err := take(line, values); err != nil {
					return err
				}
			}
		}
	}
}

// cell adds a cell's text in its place.
func cell(d *xml.Decoder, e xml.StartElement, texts, values []string) ([]string, error) {
	text, err := textsIn(d)
	if err != nil {
		return nil, err
	}
	if attribute(e, "t") == "s" {
		n, err := strconv.Atoi(strings.TrimSpace(text))
		if text = ""; err == nil && n >= 0 && n < len(texts) {
			text = texts[n]
		}
	}
	for at := columnOf(attribute(e, "r")); len(values) < min(at, MaxCells); {
		values = append(values, "")
	}
	if len(values) < MaxCells {
		values = append(values, text)
	}
	return values, nil
}

func attribute(e xml.StartElement, name string) string {
	for _, a := range e.Attr {
		if a.Name.Local == name {
			return a.Value
		}
	}
	return ""
}

// columnOf gives the place of a cell from its reference: 0 for A7, 27 for AB7.
func columnOf(ref string) int {
	n := 0
	for _, c := range ref {
		if c < 'A' || c > 'Z' || n > MaxCells {
			break
		}
		n = n*26 + int(c-'A') + 1
	}
	return max(0, n-1)
}
