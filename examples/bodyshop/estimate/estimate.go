package estimate

import (
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"
)

// Kind says what a line is for.
type Kind string

// The kinds of lines. A discount may also apply to All of them.
const (
	Labour Kind = "labour" // hours at an hourly rate
	Paint  Kind = "paint"
	Part   Kind = "part"
	All    Kind = "all"
)

// The most that one estimate takes; the database's columns hold more.
const (
	MaxLines       = 200
	MaxDiscounts   = 10
	MaxDescription = 200 // characters
	MaxQuantity    = Hundredths(999_999)
	MaxUnit        = Pence(99_999_999)
	MaxTotal       = Pence(999_999_999)
)

// Line is one thing to be done or fitted. Supplement 0 is the first estimate; 1, 2 …
// are what was found later and asked for in addition.
type Line struct {
	Kind        Kind       `json:"kind"`
	Description string     `json:"description"`
	Quantity    Hundredths `json:"quantity"`
	Unit        Pence      `json:"unit_price"`
	Supplement  int        `json:"supplement"`
}

// Amount is quantity times price, rounded half up to the penny.
func (l Line) Amount() Pence { return Pence(divide(int64(l.Quantity)*int64(l.Unit), 100)) }

// Discount takes a percentage off one kind of line or off all, or a fixed amount when
// Percent is 0. Percentages are of the sums before any discount, so their order does
// not matter.
type Discount struct {
	AppliesTo Kind       `json:"applies_to"`
	Percent   Hundredths `json:"percent"`
	Amount    Pence      `json:"amount"` // what it takes off; computed when Percent is set
}

// Totals are the sums of an estimate: Net = Labour + Paint + Parts − Discount, VAT is
// 20 % of Net rounded half up to the penny, Gross = Net + VAT.
type Totals struct {
	Hours    Hundredths `json:"labour_hours"`
	Labour   Pence      `json:"labour_total"`
	Paint    Pence      `json:"paint_total"`
	Parts    Pence      `json:"parts_total"`
	Discount Pence      `json:"discount_total"`
	Net      Pence      `json:"net_total"`
	VAT      Pence      `json:"vat_total"`
	Gross    Pence      `json:"gross_total"`
}

// VATPercent is the standard rate.
const VATPercent = 20

// VAT is the tax on a net sum, rounded half up to the penny.
func VAT(net Pence) Pence { return Pence(divide(int64(net)*VATPercent, 100)) }

// divide rounds half up; neither number is negative.
func divide(n, by int64) int64 { return (n + by/2) / by }

// Document is the content of an estimate, as a version of it is kept.
type Document struct {
	Lines     []Line     `json:"lines"`
	Discounts []Discount `json:"discounts"`
	Totals    Totals     `json:"totals"`
}

// Price works out the amounts of the discounts and the totals, or says what is wrong
// with a line or a discount. The messages are for whoever fills in the form.
func (d *Document) Price() error {
	if len(d.Lines) > MaxLines || len(d.Discounts) > MaxDiscounts {
		return fmt.Errorf("an estimate takes up to %d lines and %d discounts", MaxLines, MaxDiscounts)
	}
	t := Totals{}
	for i, l := range d.Lines {
		if err := l.check(); err != nil {
			return fmt.Errorf("line %d: %w", i+1, err)
		}
		t.add(l)
	}
	for i := range d.Discounts {
		if err := d.Discounts[i].price(&t); err != nil {
			return fmt.Errorf("discount %d: %w", i+1, err)
		}
	}
	sum := t.Labour + t.Paint + t.Parts
	if t.Discount > sum {
		return errors.New("the discounts are more than the estimate")
	}
	t.Net = sum - t.Discount
	t.VAT = VAT(t.Net)
	t.Gross = t.Net + t.VAT
	if t.Hours > MaxQuantity {
		return fmt.Errorf("the hours are more than %s", MaxQuantity)
	}
	if sum > MaxTotal || t.Gross > MaxTotal {
		return fmt.Errorf("the total is over %s", MaxTotal.Pounds())
	}
	d.Totals = t
	return nil
}

func (t *Totals) add(l Line) {
	switch l.Kind {
	case Labour:
		t.Hours += l.Quantity
		t.Labour += l.Amount()
	case Paint:
		t.Paint += l.Amount()
	case Part:
		t.Parts += l.Amount()
	}
}

// base is the sum that a discount is of.
func (t *Totals) base(k Kind) (Pence, bool) {
	switch k {
	case Labour:
		return t.Labour, true
	case Paint:
		return t.Paint, true
	case Part:
		return t.Parts, true
	case All:
		return t.Labour + t.Paint + t.Parts, true
	}
	return 0, false
}

func (d *Discount) price(t *Totals) error {
	base, ok := t.base(d.AppliesTo)
	switch {
	case !ok:
		return errors.New("it applies to labour, paint, part or all")
	case d.Percent < 0 || d.Percent > 100_00:
		return errors.New("a percentage is from 0 to 100")
	case d.Percent > 0:
		d.Amount = Pence(divide(int64(base)*int64(d.Percent), 100_00))
	case d.Amount < 0 || d.Amount > base:
		return errors.New("it is more than what it applies to")
	}
	t.Discount += d.Amount
	return nil
}

func (l Line) check() error {
	switch {
	case l.Kind != Labour && l.Kind != Paint && l.Kind != Part:
		return errors.New("the kind is labour, paint or part")
	case strings.TrimSpace(l.Description) == "":
		return errors.New("say what is to be done or fitted")
	case !utf8.ValidString(l.Description) || utf8.RuneCountInString(l.Description) > MaxDescription:
		return fmt.Errorf("the description has more than %d characters", MaxDescription)
	case l.Quantity <= 0 || l.Quantity > MaxQuantity:
		return fmt.Errorf("the quantity is from 0.01 to %s", MaxQuantity)
	case l.Unit < 0 || l.Unit > MaxUnit:
		return fmt.Errorf("the price is from £0.00 to %s", MaxUnit.Pounds())
	case l.Supplement < 0 || l.Supplement > 99:
		return errors.New("supplements are numbered from 1 to 99")
	}
	return nil
}
