// Package estimate is the arithmetic of a repair estimate: labour hours times rate,
// paint, parts, discounts and VAT, exact to the penny. Money is counted in whole
// pence and quantities in whole hundredths; nothing is ever a floating-point number.
package estimate

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// Pence is an amount of money.
type Pence int64

// Hundredths is a quantity (hours, pieces) or a percentage, times 100.
type Hundredths int64

// String gives pounds with two decimals, such as 1234.50: what a numeric column and
// an API take.
func (p Pence) String() string { return decimal(int64(p)) }

// String gives the quantity with two decimals, such as 1.25.
func (h Hundredths) String() string { return decimal(int64(h)) }

// Short gives the quantity without zeros at the end: 2, 1.5, 0.25.
func (h Hundredths) Short() string {
	return strings.TrimSuffix(strings.TrimRight(decimal(int64(h)), "0"), ".")
}

func decimal(n int64) string {
	sign := ""
	if n < 0 {
		sign, n = "-", -n
	}
	return fmt.Sprintf("%s%d.%02d", sign, n/100, n%100)
}

// Pounds writes an amount as people read it: £1,234.50, −£20.00.
func (p Pence) Pounds() string {
	sign, n := "", int64(p)
	if n < 0 {
		sign, n = "−", -n
	}
	whole := strconv.FormatInt(n/100, 10)
	for at := len(whole) - 3; at > 0; at -= 3 {
		whole = whole[:at] + "," + whole[at:]
	}
	return fmt.Sprintf("%s£%s.%02d", sign, whole, n%100)
}

// MarshalText writes the amount as String does.
func (p Pence) MarshalText() ([]byte, error) { return []byte(p.String()), nil }

// UnmarshalText reads what MarshalText writes.
func (p *Pence) UnmarshalText(b []byte) (err error) {
	*p, err = ParsePence(string(b))
	return err
}

// MarshalText writes the quantity as String does.
func (h Hundredths) MarshalText() ([]byte, error) { return []byte(h.String()), nil }

// UnmarshalText reads what MarshalText writes.
func (h *Hundredths) UnmarshalText(b []byte) (err error) {
	*h, err = ParseHundredths(string(b))
	return err
}

// maxDigits bounds what a field may hold: 9,999,999,999.99 is more than any column.
const maxDigits = 10

var errNumber = errors.New("not an amount: write figures such as 12.50")

// ParsePence reads an amount as people type it: 12, 12.5, £1,234.50. It takes no sign.
func ParsePence(s string) (Pence, error) {
	n, err := parse(strings.TrimPrefix(strings.TrimSpace(s), "£"))
	return Pence(n), err
}

// ParseHundredths reads a quantity or a percentage as people type it: 2, 1.5, 12.5%.
func ParseHundredths(s string) (Hundredths, error) {
	n, err := parse(strings.TrimSuffix(strings.TrimSpace(s), "%"))
	return Hundredths(n), err
}

func parse(s string) (int64, error) {
	whole, part, _ := strings.Cut(strings.TrimSpace(s), ".")
	whole, err := ungroup(whole)
	if err != nil || len(part) > 2 || whole == "" && part == "" || len(whole) > maxDigits {
		return 0, errNumber
	}
	part += "00"[len(part):]
	var n int64
	for _, c := range []byte(whole + part) {
		if c < '0' || c > '9' {
			return 0, errNumber
		}
		n = n*10 + int64(c-'0')
	}
	return n, nil
}

// ungroup takes the commas between thousands out, and refuses them elsewhere: 1,50
// is more often a mistake than a hundred and fifty.
func ungroup(s string) (string, error) {
	groups := strings.Split(s, ",")
	for i, g := range groups {
		if i > 0 && len(g) != 3 || len(groups) > 1 && len(g) == 0 {
			return "", errNumber
		}
	}
	return strings.Join(groups, ""), nil
}
