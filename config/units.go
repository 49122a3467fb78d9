package config

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"gopkg.in/yaml.v3"
)

// Duration is a length of time as people write it: 500ms, 20s, 8h, 7d, 2w, 1d12h.
type Duration time.Duration

// ParseDuration reads a Duration: what time.ParseDuration reads, and days (24 h)
// and weeks before it.
func ParseDuration(s string) (time.Duration, error) {
	var total time.Duration
	rest := s
	for _, unit := range []struct {
		letter string
		length time.Duration
	}{{"w", 7 * 24 * time.Hour}, {"d", 24 * time.Hour}} {
		number, after, found := strings.Cut(rest, unit.letter)
		if !found {
			continue
		}
		n, err := strconv.ParseUint(number, 10, 16)
		if err != nil || time.Duration(n) > (math.MaxInt64-total)/unit.length {
			return 0, badDuration(s)
		}
		total += time.Duration(n) * unit.length
		rest = after
	}
	if rest == "" && rest != s {
		return total, nil
	}
	d, err := time.ParseDuration(rest)
	if err != nil || d < 0 || d > math.MaxInt64-total {
		return 0, badDuration(s)
	}
	return total + d, nil
}

func badDuration(s string) error {
	return fmt.Errorf("%q is not a length of time: write 500ms, 20s, 8h or 7d", s)
}

// Std is the duration as package time has it.
func (d Duration) Std() time.Duration { return time.Duration(d) }

// String writes the duration as ParseDuration reads it, without zero parts.
func (d Duration) String() string {
	text := time.Duration(d).String()
	if days := d / Duration(24*time.Hour); days > 0 && d%Duration(24*time.Hour) == 0 {
		return strconv.FormatInt(int64(days), 10) + "d"
	}
	if strings.HasSuffix(text, "m0s") {
		text = strings.TrimSuffix(text, "0s")
	}
	if strings.HasSuffix(text, "h0m") {
		text = strings.TrimSuffix(text, "0m")
	}
	return text
}

func (d *Duration) read(p *decoder, n *yaml.Node) {
	v, err := ParseDuration(p.text(n))
	if err != nil {
		p.fail(n, err.Error())
		return
	}
	*d = Duration(v)
}

// Size is a number of bytes as people write it: 4096, 64KiB, 64MiB, 1GiB.
type Size int64

var sizeUnits = []struct {
	name  string
	shift int
}{{"KiB", 10}, {"MiB", 20}, {"GiB", 30}}

// ParseSize reads a size: a whole number with KiB, MiB or GiB behind it, or of bytes. The
// error says how one is written.
func ParseSize(s string) (Size, error) {
	digits, shift := s, 0
	for _, u := range sizeUnits {
		if before, ok := strings.CutSuffix(s, u.name); ok {
			digits, shift = strings.TrimSpace(before), u.shift
		}
	}
	n, err := strconv.ParseInt(digits, 10, 64)
	if err != nil || n < 0 || n > math.MaxInt64>>shift {
		return 0, fmt.Errorf("%q is not a size: write 64KiB, 64MiB or 1GiB", s)
	}
	return Size(n << shift), nil
}

// String writes the size with the largest unit that divides it.
func (s Size) String() string {
	for i := len(sizeUnits) - 1; i >= 0; i-- {
		if u := sizeUnits[i]; s > 0 && s&(1<<u.shift-1) == 0 {
			return strconv.FormatInt(int64(s>>u.shift), 10) + u.name
		}
	}
	return strconv.FormatInt(int64(s), 10)
}

func (s *Size) read(p *decoder, n *yaml.Node) {
	v, err := ParseSize(p.text(n))
	if err != nil {
		p.fail(n, err.Error())
		return
	}
	*s = v
}
