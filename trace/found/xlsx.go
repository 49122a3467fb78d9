package found

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

// maxUnpacked bounds what a spreadsheet may unpack to, in bytes.
const maxUnpacked = 2 << 30

// book reads the shared texts and then each sheet, in the order of their names.
func (r *reading) book(z *zip.Reader) error {
	var sheets []*zip.File
	var texts []string
	left := int64(maxUnpacked)
	for _, f := range z.File {
		switch {
		case path.Dir(f.Name) == "xl/worksheets" && strings.HasSuffix(f.Name, ".xml"):
			sheets = append(sheets, f)
		case f.Name == "xl/sharedStrings.xml":
			err := unpack(f, &left, func(d *xml.Decoder) (err error) { texts, err = sharedTexts(d); return err })
			if err != nil {
				return err
			}
		}
	}
	if len(sheets) == 0 {
		return custody.E(custody.CodeUnsupported, "the file is packed, and no spreadsheet", "unpack it first")
	}
	slices.SortFunc(sheets, func(a, b *zip.File) int { return strings.Compare(a.Name, b.Name) })
	for _, f := range sheets {
		header := len(r.form.Columns) == 0
		if err := unpack(f, &left, func(d *xml.Decoder) error { return r.sheet(d, texts, header) }); err != nil {
			return err
		}
	}
	return nil
}

// unpack reads one part, within what is left of the bound.
func unpack(f *zip.File, left *int64, read func(*xml.Decoder) error) error {
	in, err := f.Open()
	if err != nil {
		return err
	}
	defer in.Close()
	limited := &io.LimitedReader{R: in, N: *left + 1}
	err = read(xml.NewDecoder(limited))
	if *left = limited.N - 1; *left < 0 {
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
			if len(list) >= MaxRows*4 {
				return nil, custody.E(custody.CodeTooLarge, "the spreadsheet has too many texts", "save it as CSV, in parts")
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
			if inside > 0 && b.Len() < MaxCell {
				b.Write(t)
			}
		}
	}
	return b.String(), nil
}

// sheet reads the rows of a sheet.
func (r *reading) sheet(d *xml.Decoder, texts []string, header bool) error {
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
			case "c":
				text, err := textsIn(d)
				if err != nil {
					return err
				}
				if attribute(t, "t") == "s" {
					n, err := strconv.Atoi(strings.TrimSpace(text))
					if text = ""; err == nil && n >= 0 && n < len(texts) {
						text = texts[n]
					}
				}
				for at := columnOf(attribute(t, "r")); len(values) < min(at, MaxCells); {
					values = append(values, "")
				}
				values = append(values, text)
			}
		case xml.EndElement:
			if t.Name.Local != "row" || len(values) == 0 {
				continue
			}
			if header && line == 1 && isHeader(values) {
				r.form.Columns = trimAll(values)
			} else if err := r.give(line, r.form.Columns, values); err != nil {
				return err
			}
		}
	}
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
