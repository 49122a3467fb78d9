package trace_test

import (
	"testing"

	"custody/trace"
)

func TestKnewInFreeWords(t *testing.T) {
	for text, want := range map[string]float64{
		"":                                     trace.KnewNothing,
		"my accident":                          trace.KnewAccident,
		"Knew my name, and the repairs":        trace.KnewAccident,
		"said he would take care of it":        trace.KnewNothing, // not a car
		"rang regularly, was scary":            trace.KnewNothing,
		"knew the reg":                         trace.KnewVehicle,
		"full name and postcode":               trace.KnewName,
		"did not know about my accident":       trace.KnewNothing,
		"didn't know my name but knew the car": trace.KnewVehicle,
		"No name given. Asked about the crash on the A64.": trace.KnewAccident,
		"planted number": trace.KnewCanary,
	} {
		if got := trace.KnewIn(text); got != want {
			t.Errorf("%q: %g, want %g", text, got, want)
		}
	}
}
