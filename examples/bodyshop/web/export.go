package web

import (
	"bufio"
	"context"
	"encoding/csv"
	"errors"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
)

// exportHeader names the columns of both exports.
var exportHeader = []string{"id", "name", "phone", "email", "address_line1", "address_line2", "town", "postcode",
	"date_of_birth", "notes", "branch", "marketing", "created_at", "registrations"}

func (c *customer) fields() []string {
	marketing := "no"
	if c.Marketing {
		marketing = "yes"
	}
	return []string{strconv.FormatInt(c.ID, 10), c.Name, c.Phone, c.Email, c.Line1, c.Line2, c.Town, c.Postcode,
		c.DateOfBirth, c.Notes, c.Branch, marketing, c.CreatedAt.UTC().Format(time.RFC3339), strings.Join(c.Registrations, " / ")}
}

// eachCustomer calls do for every customer of a list, however many, in constant
// memory: the rows are read as they come.
func (s *Server) eachCustomer(ctx context.Context, f filter, do func(*customer) error) error {
	where, args := f.where()
	rows, err := s.pool.Query(ctx, customerColumns+where+" ORDER BY c.id", args...)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		one, err := pgx.RowToStructByPos[customer](rows)
		if err != nil {
			return err
		}
		if err := do(&one); err != nil {
			return err
		}
	}
	return rows.Err()
}

// exportCSV is the button of the story: every customer of the firm in one file, for
// anybody who is signed in.
func (s *Server) exportCSV(c *call) error {
	f, err := c.filter()
	if err != nil {
		return err
	}
	c.w.Header().Set("Content-Type", "text/csv; charset=utf-8")
	c.attachment("customers", "csv")
	buffered := bufio.NewWriterSize(c.w, 32<<10)
	out := csv.NewWriter(buffered)
	out.UseCRLF = true // RFC 4180
	out.Write(exportHeader)
	err = s.eachCustomer(c.r.Context(), f, func(one *customer) error {
		fields := one.fields()
		for i := range fields {
			fields[i] = harmless(fields[i])
		}
		return out.Write(fields)
	})
	out.Flush()
	return c.ended(errors.Join(err, out.Error(), buffered.Flush()))
}

// ended cuts the connection when a download fails half way, so that nobody takes a
// part for the whole.
func (c *call) ended(err error) error {
	if err == nil {
		return nil
	}
	if c.r.Context().Err() == nil {
		c.log.Error("an export failed", "error", err)
	}
	panic(http.ErrAbortHandler)
}

func (c *call) attachment(name, ext string) {
	name += "-" + c.now().In(c.views.london).Format(time.DateOnly) + "." + ext
	c.w.Header().Set("Content-Disposition", `attachment; filename="`+name+`"`)
}

var phoneLike = regexp.MustCompile(`^\+[0-9 ()-]+$`)

// harmless keeps a spreadsheet from running what a customer is called: a field that
// begins like a formula gets an apostrophe. Phones that begin with + are none.
func harmless(s string) string {
	if s != "" && strings.ContainsRune("=+-@\t\r", rune(s[0])) && !phoneLike.MatchString(s) {
		return "'" + s
	}
	return s
}
