package accesslog

import (
	"fmt"
	"io"
	"iter"

	"custody"
	"custody/internal/book"
)

// bookSource gives the rows of a sheet.
type bookSource struct {
	pull func() (record, error, bool)
}

// openBook reads the first sheet of a spreadsheet.
func openBook(in io.Reader) (*opened, error) {
	_, z, err := readZip(in)
	if err != nil {
		return nil, err
	}
	b, err := book.Open(z)
	if err != nil {
		return nil, badZip(err)
	}
	if b.Date1904 {
		return nil, custody.E(custody.CodeUnsupported, "the spreadsheet counts its days from 1904", "save it as CSV with its dates written out")
	}
	pull, _ := iter.Pull2(func(yield func(record, error) bool) {
		stop := fmt.Errorf("nobody asks for more")
		err := b.Rows(0, func(line int, values []string) error {
			if !yield(record{fields: values, line: line}, nil) {
				return stop
			}
			return nil
		})
		if err != nil && err != stop {
			yield(record{}, badZip(err))
		}
	})
	o, err := table(&bookSource{pull})
	if err == nil && b.Sheets > 1 {
		o.notes = append(o.notes, fmt.Sprintf("the spreadsheet has %d sheets: the first was read; save others as files of their own", b.Sheets))
	}
	return o, err
}

func (s *bookSource) next() ([]string, int, error) {
	r, err, ok := s.pull()
	switch {
	case !ok:
		return nil, 0, io.EOF
	case err != nil:
		return nil, 0, err
	}
	return r.fields, r.line, nil
}
