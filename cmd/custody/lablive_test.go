package main

import (
	"testing"
	"time"
)

// TestPastFitsTheHour: whatever the time of day, the night's insider comes when nobody
// has ever worked, for the nine hours to come, and everybody else when they do.
func TestPastFitsTheHour(t *testing.T) {
	worked := func(start, hour int) bool { return (hour-start+24)%24 < 6 }
	for hour := range 24 {
		now := time.Date(2026, 3, 2, hour, 59, 0, 0, time.UTC)
		if start := pastStart("borrowed-login", now); !worked(start, hour) || !worked(start, (hour+1)%24) {
			t.Errorf("at %d nobody of the past was at work: it began at %d", hour, start)
		}
		for later := range 9 {
			if start := pastStart("after-hours", now); worked(start, (hour+later)%24) {
				t.Errorf("at %d the past was at work: it began at %d", (hour+later)%24, start)
			}
		}
	}
}
