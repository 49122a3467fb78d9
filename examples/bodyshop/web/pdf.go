package web

import (
	"bytes"
	"compress/gzip"
	_ "embed"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"sync"

	"github.com/go-pdf/fpdf"

	"custody/examples/bodyshop/estimate"
)

// otherNames is a font for names that Helvetica's code page has no letters for.
//
//go:embed fonts/DejaVuSansCondensed.ttf.gz
var otherNames []byte

var otherFont = sync.OnceValues(func() ([]byte, error) {
	z, err := gzip.NewReader(bytes.NewReader(otherNames))
	if err != nil {
		return nil, err
	}
	return io.ReadAll(z)
})

// sheet is a printed estimate in the making. Lengths are millimetres.
type sheet struct {
	*fpdf.Fpdf
	e      *repairEstimate
	date   func(*repairEstimate) string
	latin  func(string) string
	loaded bool // the other font is in the document
}

const (
	margin    = 16.0
	pageWidth = 210.0
	textWidth = pageWidth - 2*margin
)

// columns of the table of lines: description, quantity, price, amount.
var columns = [4]float64{textWidth - 66, 18, 24, 24}

func (s *Server) estimatePDF(c *call) error {
	e, err := c.shownEstimate()
	if err != nil {
		return err
	}
	b, err := s.print(e)
	if err != nil {
		return err
	}
	c.w.Header().Set("Content-Type", "application/pdf")
	c.w.Header().Set("Content-Disposition", fmt.Sprintf(`inline; filename="%s-v%d.pdf"`, e.Number, e.Version))
	c.w.Header().Set("Content-Length", strconv.Itoa(len(b)))
	c.w.WriteHeader(http.StatusOK)
	_, err = c.w.Write(b)
	return err
}

// print makes the PDF: A4, as many pages as the lines take.
func (s *Server) print(e *repairEstimate) ([]byte, error) {
	pdf := fpdf.New("P", "mm", "A4", "")
	p := &sheet{Fpdf: pdf, e: e, latin: pdf.UnicodeTranslatorFromDescriptor("")}
	p.date = func(e *repairEstimate) string { return stamp(e.CreatedAt.In(s.views.london), "02/01/2006") }
	pdf.SetMargins(margin, margin, margin)
	pdf.SetAutoPageBreak(false, 0)
	pdf.SetTitle(e.Number, true)
	pdf.SetAuthor(e.Firm, true)
	pdf.SetCreationDate(e.CreatedAt)
	pdf.AliasNbPages("{pages}")
	pdf.SetFooterFunc(p.footer)
	pdf.AddPage()
	p.head()
	p.about(stamp(e.HappenedAt.In(s.views.london), "02/01/2006 15:04"))
	p.lines()
	p.totals()
	var b bytes.Buffer
	err := pdf.Output(&b)
	return b.Bytes(), err
}

// style sets the font and size of what follows.
func (p *sheet) style(bold string, size float64, grey int) {
	p.SetFont("Helvetica", bold, size)
	p.SetTextColor(grey, grey, grey)
}

// cell writes text into a box, cut to its width. Helvetica writes what Windows-1252
// has; anything else is written in the other font.
func (p *sheet) cell(w, h float64, text, border string, ln int, align string) {
	size, unit := p.GetFontSize()
	_ = unit
	out := p.latin(text)
	if !isLatin(text) && p.useOther(size) {
		defer p.SetFont("Helvetica", "", size)
		out = text
	}
	for r := []rune(out); w > 0 && p.GetStringWidth(out) > w-1 && len(r) > 1; {
		r = r[:len(r)-1]
		if out = string(r) + "..."; isLatin(text) {
			out = out[:len(out)-3]
		}
	}
	p.CellFormat(w, h, out, border, ln, align, false, 0, "")
}

func (p *sheet) useOther(size float64) bool {
	if !p.loaded {
		font, err := otherFont()
		if err != nil {
			return false
		}
		p.AddUTF8FontFromBytes("Other", "", font)
		p.loaded = true
	}
	p.SetFont("Other", "", size)
	return true
}

// isLatin says whether Windows-1252 has every letter.
func isLatin(s string) bool {
	for _, r := range s {
		if r > 0xff && !strings.ContainsRune("€‚ƒ„…†‡ˆ‰Š‹ŒŽ‘’“”•–—˜™š›œžŸ", r) || r >= 0x80 && r < 0xa0 {
			return false
		}
	}
	return true
}

func (p *sheet) head() {
	e := p.e
	p.SetFillColor(23, 50, 74)
	p.Rect(0, 0, pageWidth, 5, "F")
	p.style("B", 15, 20)
	p.cell(textWidth/2, 8, e.Firm, "", 0, "L")
	p.style("B", 15, 20)
	p.cell(textWidth/2, 8, "Repair estimate", "", 1, "R")
	p.style("", 9, 80)
	p.cell(textWidth/2, 5, e.Branch+", "+e.BranchTown+" "+e.BranchPostcode, "", 0, "L")
	p.cell(textWidth/2, 5, fmt.Sprintf("%s, version %d, %s", e.Number, e.Version, p.date(e)), "", 1, "R")
	p.cell(textWidth/2, 5, "Telephone "+e.BranchPhone, "", 0, "L")
	p.cell(textWidth/2, 5, "Estimator "+e.Estimator, "", 1, "R")
	p.Ln(5)
}

// about says whose vehicle it is and what happened, in two columns.
func (p *sheet) about(happened string) {
	e := p.e
	left := [][2]string{{"Customer", e.Customer}, {"Address", e.Line1}, {"", e.Line2}, {"", join(" ", e.Town, e.Postcode)}, {"Telephone", e.Phone}, {"Email", e.Email}}
	right := [][2]string{{"Vehicle", e.Vehicle}, {"Registration", e.Registration}, {"VIN", e.VIN}, {"Accident", happened}, {"Place", e.Place}, {"Claim", join(", ", e.ClaimNumber, e.Insurer)}}
	top := p.GetY()
	bottom := max(p.facts(margin, top, left), p.facts(margin+textWidth/2, top, right))
	p.SetXY(margin, bottom+1)
	p.style("", 9, 20)
	p.MultiCell(textWidth, 4.5, p.latin(short(e.Description, 600)), "", "L", false)
	p.Ln(4)
}

func (p *sheet) facts(x, y float64, list [][2]string) float64 {
	for _, f := range list {
		if f[1] == "" {
			continue
		}
		p.SetXY(x, y)
		p.style("", 8, 110)
		p.cell(22, 5, f[0], "", 0, "L")
		p.style("", 9, 20)
		p.cell(textWidth/2-24, 5, f[1], "", 0, "L")
		y += 5
	}
	return y
}

func (p *sheet) lines() {
	p.tableHead()
	for _, kind := range []struct {
		kind estimate.Kind
		name string
	}{{estimate.Labour, "Labour"}, {estimate.Paint, "Paint"}, {estimate.Part, "Parts"}} {
		first := true
		for _, l := range p.e.Lines {
			if l.Kind != kind.kind {
				continue
			}
			if first {
				p.room(12)
				p.style("B", 9, 20)
				p.cell(textWidth, 6, kind.name, "", 1, "L")
				first = false
			}
			p.line(l)
		}
	}
}

func (p *sheet) tableHead() {
	p.style("B", 8, 90)
	for i, name := range []string{"Work and parts", "Quantity", "Price", "Amount"} {
		p.cell(columns[i], 6, name, "B", i/3, []string{"L", "R", "R", "R"}[i])
	}
}

func (p *sheet) line(l estimate.Line) {
	p.room(6)
	text := l.Description
	if l.Supplement > 0 {
		text = fmt.Sprintf("%s (supplement %d)", text, l.Supplement)
	}
	p.style("", 9, 20)
	p.cell(columns[0], 5.5, text, "", 0, "L")
	p.cell(columns[1], 5.5, l.Quantity.Short(), "", 0, "R")
	p.cell(columns[2], 5.5, l.Unit.Pounds(), "", 0, "R")
	p.cell(columns[3], 5.5, l.Amount().Pounds(), "", 1, "R")
}

// room begins a new page when less than h is left on this one.
func (p *sheet) room(h float64) {
	if p.GetY()+h > 297-24 {
		p.AddPage()
		p.tableHead()
	}
}

func (p *sheet) totals() {
	t := p.e.Totals
	p.room(60)
	p.Ln(2)
	sum := func(name, amount, bold string) {
		p.style(bold, 9.5, 20)
		p.SetX(margin + textWidth - 84)
		p.cell(56, 6, name, "T", 0, "L")
		p.cell(28, 6, amount, "T", 1, "R")
	}
	sum("Labour, "+t.Hours.Short()+" hours", t.Labour.Pounds(), "")
	sum("Paint", t.Paint.Pounds(), "")
	sum("Parts", t.Parts.Pounds(), "")
	for _, d := range p.e.Discounts {
		sum(discountName(d), "-"+d.Amount.Pounds(), "")
	}
	sum("Net", t.Net.Pounds(), "B")
	sum(fmt.Sprintf("VAT at %d %%", estimate.VATPercent), t.VAT.Pounds(), "")
	sum("Total", t.Gross.Pounds(), "B")
	p.Ln(4)
	p.style("", 8, 110)
	p.MultiCell(textWidth, 4, "This estimate holds for 30 days. Damage that is found when the vehicle is stripped is asked for as a supplement.", "", "L", false)
}

func (p *sheet) footer() {
	p.SetY(-14)
	p.style("", 8, 110)
	p.cell(textWidth/2, 5, p.e.Number+", "+p.e.Registration, "", 0, "L")
	p.cell(textWidth/2, 5, fmt.Sprintf("Page %d of {pages}", p.PageNo()), "", 0, "R")
}

// discountName says what a discount is of.
func discountName(d estimate.Discount) string {
	of := map[estimate.Kind]string{estimate.Labour: "labour", estimate.Paint: "paint", estimate.Part: "parts", estimate.All: "all"}[d.AppliesTo]
	if d.Percent > 0 {
		return fmt.Sprintf("Discount %s %% on %s", d.Percent.Short(), of)
	}
	return "Discount on " + of
}

func join(sep string, parts ...string) string {
	var kept []string
	for _, p := range parts {
		if p != "" {
			kept = append(kept, p)
		}
	}
	return strings.Join(kept, sep)
}

func short(s string, n int) string {
	if r := []rune(s); len(r) > n {
		return string(r[:n]) + "…"
	}
	return s
}
