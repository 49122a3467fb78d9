package body

import (
	"archive/zip"
	"bytes"
	"io"
	"path"
	"strings"
)

// Bounds of workbooks.
const (
	maxParts    = 2000
	maxPart     = 64 << 20  // unpacked
	maxUnpacked = 256 << 20 // all parts together
)

// workbook reads an XLSX file (ECMA-376): cells by the rules of their columns, which
// the first row names, and by identifiers; other parts as XML. A row is a record. Cells
// that are masked become text; parts without a mask are copied as they are, packed.
func (f *Filter) workbook(dst []byte) ([]byte, error) {
	z, err := zip.NewReader(bytes.NewReader(f.raw), int64(len(f.raw)))
	if err != nil || len(z.File) > maxParts {
		return dst, ErrUninspectable
	}
	b := &book{f: f, parts: map[string][]byte{}}
	if err := b.check(z); err != nil {
		return dst, err
	}
	for _, file := range z.File {
		if isStrings(file.Name) {
			if err := b.readStrings(file); err != nil {
				return dst, err
			}
		}
	}
	for _, file := range z.File {
		if err := b.part(file); err != nil {
			return dst, err
		}
	}
	if err := b.finishStrings(); err != nil {
		return dst, err
	}
	return b.write(dst, z)
}

// book is a workbook while it is read.
type book struct {
	f        *Filter
	unpacked int
	strings  sharedStrings
	parts    map[string][]byte // those that have changed
}

// check wants the parts of a workbook, and none that cannot be looked into.
func (b *book) check(z *zip.Reader) error {
	types, main := false, false
	seen := map[string]bool{}
	for _, file := range z.File {
		name := strings.ToLower(file.Name)
		if seen[name] || file.Flags&1 != 0 { // twice the same name, or encrypted
			return ErrUninspectable
		}
		seen[name] = true
		types = types || name == "[content_types].xml"
		main = main || name == "xl/workbook.xml"
		if inside := inspect(name); inside == partUnknown {
			return ErrUninspectable
		}
	}
	if !types || !main {
		return ErrUninspectable
	}
	return nil
}

type partKind int

const (
	partUnknown partKind = iota
	partXML
	partSheet
	partStrings
	partPicture
)

// inspect says what a part is by its name. Pictures and printer settings are let
// through; programs and files in the file are not.
func inspect(name string) partKind {
	switch ext := path.Ext(name); {
	case isStrings(name):
		return partStrings
	case strings.HasPrefix(name, "xl/worksheets/") && ext == ".xml":
		return partSheet
	case ext == ".xml" || ext == ".rels" || ext == ".vml":
		return partXML
	case strings.HasPrefix(name, "xl/media/") && (ext == ".png" || ext == ".jpeg" || ext == ".jpg" || ext == ".gif" || ext == ".emf" || ext == ".wmf"):
		return partPicture
	case strings.HasPrefix(name, "xl/printersettings/"), strings.HasSuffix(name, "/"):
		return partPicture
	}
	return partUnknown
}

func isStrings(name string) bool { return strings.EqualFold(name, "xl/sharedStrings.xml") }

// open unpacks a part within the bounds.
func (b *book) open(file *zip.File) ([]byte, error) {
	r, err := file.Open()
	if err != nil {
		return nil, ErrUninspectable
	}
	defer r.Close()
	text, err := io.ReadAll(io.LimitReader(r, maxPart+1))
	if err != nil {
		return nil, ErrUninspectable
	}
	if b.unpacked += len(text); len(text) > maxPart || b.unpacked > maxUnpacked {
		return nil, errTooLarge("the workbook unpacks to more than 64 MiB a part or 256 MiB in all")
	}
	if looksUTF16(text) != 0 || bytes.HasPrefix(text, []byte("\xff\xfe")) || bytes.HasPrefix(text, []byte("\xfe\xff")) {
		return nil, ErrUninspectable
	}
	return text, nil
}

// part reads one part and keeps it if something in it is masked.
func (b *book) part(file *zip.File) error {
	kind := inspect(strings.ToLower(file.Name))
	if kind == partPicture || kind == partStrings {
		return nil
	}
	text, err := b.open(file)
	if err != nil {
		return err
	}
	var changed []byte
	if kind == partSheet {
		changed, err = b.sheet(text)
	} else {
		changed, err = b.xml(text)
	}
	if err != nil {
		return err
	}
	if !bytes.Equal(changed, text) {
		b.parts[file.Name] = changed
	}
	return nil
}

// xml looks at a part as XML without any rules: comments, properties, caches of
// pivot tables.
func (b *book) xml(text []byte) ([]byte, error) {
	o := b.f.o
	o.Charset, o.Plan = "utf-8", nothing
	inner, err := New(XML, o)
	if err != nil {
		return nil, err
	}
	out, err := inner.Write(make([]byte, 0, len(text)), text)
	if err != nil {
		return nil, err
	}
	out, err = inner.Close(out)
	b.f.hidden += inner.hidden
	return out, err
}

// write gives the workbook: changed parts packed anew, others byte for byte.
func (b *book) write(dst []byte, z *zip.Reader) ([]byte, error) {
	if len(b.parts) == 0 {
		return append(dst, b.f.raw...), nil
	}
	out := bytes.NewBuffer(dst)
	w := zip.NewWriter(out)
	w.SetComment(z.Comment)
	for _, file := range z.File {
		text, changed := b.parts[file.Name]
		if !changed {
			if err := w.Copy(file); err != nil {
				return dst, ErrUninspectable
			}
			continue
		}
		part, err := w.CreateHeader(&zip.FileHeader{Name: file.Name, Method: zip.Deflate, Modified: file.Modified})
		if err != nil {
			return dst, err
		}
		if _, err := part.Write(text); err != nil {
			return dst, err
		}
	}
	if err := w.Close(); err != nil {
		return dst, err
	}
	return out.Bytes(), nil
}
