package bodyshop

import (
	"context"
	"fmt"
	"io"
	"strconv"
	"time"

	"github.com/jackc/pgx/v5"
)

const (
	day   = 86400
	epoch = 1577836800 // 2020-01-01, when the group's records begin
	asOf  = 1790726400 // 2026-09-30: the records end here, whatever the clock says
)

// table is one pass over the customers that writes one table. Rows appends the rows
// that a customer brings, in PostgreSQL's text format for COPY.
type table struct {
	name, columns string
	identity      bool // the sequence of id must be moved on afterwards
	rows          func(g *generator, dst []byte, p *plan) []byte
}

// source feeds COPY from a walk, a block at a time.
type source struct {
	g    *generator
	t    table
	walk walker
	buf  []byte
	read int
}

// Read gives the next bytes of the walk (io.Reader).
func (s *source) Read(p []byte) (int, error) {
	if s.read == len(s.buf) {
		s.fill()
	}
	if len(s.buf) == 0 {
		return 0, io.EOF
	}
	n := copy(p, s.buf[s.read:])
	s.read += n
	return n, nil
}

func (s *source) fill() {
	s.buf, s.read = s.buf[:0], 0
	for len(s.buf) < 60_000 {
		p := s.walk.next()
		if p == nil {
			return
		}
		s.buf = s.t.rows(s.g, s.buf, p)
	}
}

// copyTable writes one table. FREEZE is allowed because the same transaction made
// the table; it saves the first reader from writing every page again.
func (g *generator) copyTable(ctx context.Context, conn *pgx.Conn, t table) error {
	src := &source{g: g, t: t, walk: walker{g: g}, buf: make([]byte, 0, 80_000)}
	sql := "COPY " + t.name + " (" + t.columns + ") FROM STDIN (FREEZE)"
	if _, err := conn.PgConn().CopyFrom(ctx, src, sql); err != nil {
		return fmt.Errorf("bodyshop: filling %s: %w", t.name, err)
	}
	if !t.identity {
		return nil
	}
	_, err := conn.Exec(ctx, "SELECT setval(pg_get_serial_sequence($1, 'id'), coalesce((SELECT max(id) FROM "+t.name+"), 1))", t.name)
	return err
}

// The append functions below write one field each, with the tab after it; end
// turns the last tab into the end of the row.

func text(dst []byte, parts ...string) []byte {
	for _, s := range parts {
		dst = append(dst, s...)
	}
	return append(dst, '\t')
}

func number(dst []byte, n int64) []byte { return append(strconv.AppendInt(dst, n, 10), '\t') }

func null(dst []byte) []byte { return append(dst, `\N`+"\t"...) }

// numberOrNull writes 0 as NULL.
func numberOrNull(dst []byte, n int64) []byte {
	if n == 0 {
		return null(dst)
	}
	return number(dst, n)
}

// hundredths writes a number of hundredths (pence, or hundredths of an hour).
func hundredths(dst []byte, n int64) []byte {
	dst = strconv.AppendInt(dst, n/100, 10)
	return append(dst, '.', byte('0'+n/10%10), byte('0'+n%10), '\t')
}

func stamp(dst []byte, seconds int64) []byte {
	return append(time.Unix(seconds, 0).UTC().AppendFormat(dst, "2006-01-02 15:04:05+00"), '\t')
}

func date(dst []byte, seconds int64) []byte {
	return append(time.Unix(seconds, 0).UTC().AppendFormat(dst, time.DateOnly), '\t')
}

func boolean(dst []byte, b bool) []byte {
	if b {
		return append(dst, "t\t"...)
	}
	return append(dst, "f\t"...)
}

func end(dst []byte) []byte {
	dst[len(dst)-1] = '\n'
	return dst
}

// digits writes n with leading zeros to the given width.
func digits(dst []byte, n int64, width int) []byte {
	at := len(dst)
	for range width {
		dst = append(dst, '0')
	}
	for i := len(dst) - 1; i >= at; i-- {
		dst[i] = byte('0' + n%10)
		n /= 10
	}
	return dst
}

// width is how many decimal digits n takes.
func width(n int64) int {
	w := 1
	for ; n >= 10; n /= 10 {
		w++
	}
	return w
}
