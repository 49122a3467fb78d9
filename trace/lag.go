package trace

import (
	"math"
	"time"
)

// Lag is how long after a look its calls come: a log-normal density, cut off at Longest.
type Lag struct {
	// Even counts every look alike, however old: a file that is found holds what was
	// seen long ago as well.
	Even    bool
	Median  time.Duration
	Spread  float64 // standard deviation of the logarithm
	Longest time.Duration
}

// DefaultLag: lists are sold within days and called for weeks. Seven shapes were tried on 80
// tuning seeds and five of them, with mixtures, on 110: all were right about as often
// (scenario light-user: 72 to 75, and 104 to 106 runs); this one was sure most often.
var DefaultLag = Lag{Median: 14 * 24 * time.Hour, Spread: 0.8, Longest: 90 * 24 * time.Hour}

// Times scales the lag, for the test of stability.
func (g Lag) Times(x float64) Lag {
	g.Median = time.Duration(float64(g.Median) * x)
	g.Longest = time.Duration(float64(g.Longest) * x)
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
	n := int(g.Longest.Seconds())/step + 1
	t := make([]float32, n)
	if g.Even {
		for i := range t {
			t[i] = 1
		}
		return t
	}
	var top float64
	density := func(i int) float64 {
		x := (float64(i) + 0.5) * float64(step)
		z := (math.Log(x) - math.Log(g.Median.Seconds())) / g.Spread
		return math.Exp(-z*z/2) / x
	}
	for i := range t {
		top = max(top, density(i))
	}
	for i := range t {
		t[i] = float32(density(i) / top)
	}
	return t
}
