package web

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"

	"custody/examples/bodyshop/estimate"
)

// builderLine is a row of the builder as it was typed.
type builderLine struct {
	Kind, Description, Quantity, Unit string
	Supplement                        int
}

type builderDiscount struct{ AppliesTo, Percent, Amount string }

// builder is the form in which an estimate is made and changed.
type builder struct {
	*repairEstimate // ID 0 for a new one
	Rows            []builderLine
	Off             []builderDiscount
	Staff           []member
	Message         string
	NextSupplement  int // the number of new lines: 0 for a new estimate
}

// spare is how many empty rows the form has for browsers without scripts.
const spare = 3

// newBuilder fills the form from an estimate.
func newBuilder(e *repairEstimate) *builder {
	b := &builder{repairEstimate: e}
	for _, l := range e.Lines {
		b.Rows = append(b.Rows, builderLine{string(l.Kind), l.Description, l.Quantity.Short(), l.Unit.String(), l.Supplement})
	}
	for _, d := range e.Discounts {
		off := builderDiscount{AppliesTo: string(d.AppliesTo), Percent: d.Percent.Short()}
		if d.Percent == 0 {
			off = builderDiscount{AppliesTo: string(d.AppliesTo), Amount: d.Amount.String()}
		}
		b.Off = append(b.Off, off)
	}
	return b
}

// show answers with the form.
func (c *call) showBuilder(status int, b *builder) error {
	var err error
	if b.Staff, err = c.staff(b.BranchID); err != nil {
		return err
	}
	for _, s := range b.Supplements {
		b.NextSupplement = max(b.NextSupplement, s.Number)
	}
	if b.ID > 0 {
		b.NextSupplement++
	}
	for range spare {
		b.Rows = append(b.Rows, builderLine{Kind: "labour", Unit: b.Rate.String(), Supplement: b.NextSupplement})
	}
	if len(b.Off) == 0 {
		b.Off = append(b.Off, builderDiscount{AppliesTo: "labour"})
	}
	return c.render(status, "builder", b)
}

func (s *Server) editEstimatePage(c *call) error {
	id, err := c.id("id")
	if err != nil {
		return err
	}
	e, err := c.estimate(c.pool, id, "")
	if err != nil {
		return err
	}
	return c.showBuilder(http.StatusOK, newBuilder(e))
}

// ofAccident reads what a new estimate of an accident is about.
func (c *call) ofAccident(id int64) (*repairEstimate, error) {
	e := &repairEstimate{}
	err := c.pool.QueryRow(c.r.Context(), "SELECT (b.labour_rate * 100)::bigint, "+headColumns+` FROM accidents a JOIN customers c ON c.id = a.customer_id
		JOIN branches b ON b.id = c.branch_id`+headJoins+"WHERE a.id = $1 AND b.organisation_id = $2", id, c.session.account.Organisation).
		Scan(append([]any{&e.Rate}, e.head.fields()...)...)
	return e, err
}

func (s *Server) newEstimatePage(c *call) error {
	id, err := c.id("id")
	if err != nil {
		return err
	}
	e, err := c.ofAccident(id)
	if err != nil {
		return err
	}
	return c.showBuilder(http.StatusOK, newBuilder(e))
}

// read takes over what was typed. What cannot be read stays in the form, and the
// message says which row it is.
func (c *call) readBuilder(b *builder) error {
	if err := c.form(); err != nil {
		return err
	}
	form := c.r.PostForm
	lines := form["description"]
	kinds, quantities, units, supplements := form["kind"], form["quantity"], form["unit"], form["supplement"]
	if n := len(lines); len(kinds) != n || len(quantities) != n || len(units) != n || len(supplements) != n || n > estimate.MaxLines+spare {
		return invalid("The estimate has too many rows, or rows with parts missing.")
	}
	b.Rows, b.Off, b.Document = nil, nil, estimate.Document{}
	for i := range lines {
		number, _ := strconv.Atoi(supplements[i])
		row := builderLine{kinds[i], strings.TrimSpace(lines[i]), strings.TrimSpace(quantities[i]), strings.TrimSpace(units[i]), number}
		if row.Description == "" && row.Quantity == "" {
			continue
		}
		b.Rows = append(b.Rows, row)
		line, err := row.read()
		if err != nil && b.Message == "" {
			b.Message = fmt.Sprintf("Row %d: %v.", len(b.Rows), err)
		}
		b.Lines = append(b.Lines, line)
	}
	return c.readDiscounts(b)
}

func (r builderLine) read() (l estimate.Line, err error) {
	l = estimate.Line{Kind: estimate.Kind(r.Kind), Description: r.Description, Supplement: r.Supplement}
	if l.Quantity, err = estimate.ParseHundredths(r.Quantity); err != nil {
		return l, fmt.Errorf("the quantity is %w", err)
	}
	if l.Unit, err = estimate.ParsePence(r.Unit); err != nil {
		return l, fmt.Errorf("the price is %w", err)
	}
	return l, nil
}

func (c *call) readDiscounts(b *builder) error {
	form := c.r.PostForm
	kinds, percents, amounts := form["applies_to"], form["percent"], form["amount"]
	if n := len(kinds); len(percents) != n || len(amounts) != n || n > estimate.MaxDiscounts {
		return invalid("The estimate has too many discounts, or discounts with parts missing.")
	}
	for i := range kinds {
		off := builderDiscount{kinds[i], strings.TrimSpace(percents[i]), strings.TrimSpace(amounts[i])}
		if off.Percent == "" && off.Amount == "" {
			continue
		}
		b.Off = append(b.Off, off)
		d, err := off.read()
		if err != nil && b.Message == "" {
			b.Message = fmt.Sprintf("Discount %d: %v.", len(b.Off), err)
		}
		b.Discounts = append(b.Discounts, d)
	}
	if b.Message == "" && len(b.Lines) == 0 {
		b.Message = "An estimate needs one line at least."
	}
	if b.Message == "" {
		if err := b.Price(); err != nil {
			b.Message = sentence(err.Error())
		}
	}
	return nil
}

func (r builderDiscount) read() (d estimate.Discount, err error) {
	d.AppliesTo = estimate.Kind(r.AppliesTo)
	if r.Percent != "" {
		if r.Amount != "" {
			return d, fmt.Errorf("give a percentage or an amount, not both")
		}
		d.Percent, err = estimate.ParseHundredths(r.Percent)
		return d, err
	}
	d.Amount, err = estimate.ParsePence(r.Amount)
	return d, err
}

func sentence(s string) string { return strings.ToUpper(s[:1]) + s[1:] + "." }

// priced is the answer to a builder that asks for its totals while somebody types.
type priced struct {
	Amounts  []string `json:"amounts"` // of the rows that are not empty
	Labour   string   `json:"labour"`
	Paint    string   `json:"paint"`
	Parts    string   `json:"parts"`
	Discount string   `json:"discount"`
	Net      string   `json:"net"`
	VAT      string   `json:"vat"`
	Gross    string   `json:"gross"`
	Message  string   `json:"message"`
}

// apiPrice prices a form without saving it, so that the arithmetic has one home.
func (s *Server) apiPrice(c *call) error {
	b := &builder{repairEstimate: &repairEstimate{}}
	if err := c.readBuilder(b); err != nil {
		return err
	}
	t := b.Totals
	p := priced{Labour: t.Labour.Pounds(), Paint: t.Paint.Pounds(), Parts: t.Parts.Pounds(), Discount: (-t.Discount).Pounds(),
		Net: t.Net.Pounds(), VAT: t.VAT.Pounds(), Gross: t.Gross.Pounds(), Message: b.Message, Amounts: []string{}}
	for _, l := range b.Lines {
		amount := ""
		if l.Quantity <= estimate.MaxQuantity && l.Unit <= estimate.MaxUnit {
			amount = l.Amount().Pounds()
		}
		p.Amounts = append(p.Amounts, amount)
	}
	return c.json(p)
}
