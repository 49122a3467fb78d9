package trace

import (
	"math"
	"time"
)

// Lag is how long after a look its calls come: alike for a while, then fading fast.
type Lag struct {
	// Even counts every look alike up to Longest, however old: a file that is found holds
	// what was seen long ago as well.
	Even    bool
	Usual   time.Duration // calls come within it, at any time alike
	Fade    time.Duration // after which a later call is e times less likely
	Longest time.Duration // none come later
}

// DefaultLag: lists are sold within days and called for about a month. On 310 tuning seeds of
// the scenario light-user the right login was first in 292 with a log-normal lag (median
// 14 days, spread 0.8) and in 295 to 296 with flat ones that end after 30 or 31 days, which
// were also sure more often (217 to 223 runs against 201).
var DefaultLag = LagOf(30 * 24 * time.Hour)

// LagOf is a lag of the default's shape, whose calls come within usual.
func LagOf(usual time.Duration) Lag {
	return Lag{Usual: usual, Fade: usual / 15, Longest: usual * 3 / 2}
}

// Times scales the lag, for the test of stability.
func (g Lag) Times(x float64) Lag {
	scale := func(d *time.Duration) { *d = time.Duration(float64(*d) * x) }
	scale(&g.Usual)
	scale(&g.Fade)
	scale(&g.Longest)
	return g
}

// FileLag is for the rows of a file that was found: what was seen within ten years.
var FileLag = Lag{Even: true, Longest: 3650 * 24 * time.Hour}

// step is the grain of the table, in seconds: an hour, less for short lags.
func (g Lag) step() int { return min(3600, max(1, int(g.Longest.Seconds())/2000)) }

// table gives the density by steps, its highest value being 1: only ratios matter,
// and then the strength of a leak is told in multiples of the background's rate.
func (g Lag) table() []float32 {
	step := g.step()
	t := make([]float32, int(g.Longest.Seconds())/step+1)
	for i := range t {
		t[i] = 1
		if late := (float64(i)+0.5)*float64(step) - g.Usual.Seconds(); !g.Even && late > 0 {
			t[i] = float32(math.Exp(-late / g.Fade.Seconds()))
		}
	}
	return t
}
