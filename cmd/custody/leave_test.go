package main

import (
	"testing"
	"time"
)

// TestTheLastDayEndsAtMidnight: the last day of work ends at the midnight after it where
// the people are, on the days on which the clock changes too.
func TestTheLastDayEndsAtMidnight(t *testing.T) {
	london, err := time.LoadLocation("Europe/London")
	if err != nil {
		t.Fatal(err)
	}
	a := &app{zone: london, now: time.Now}
	for day, want := range map[moment]string{
		"2026-03-28": "2026-03-29T00:00:00Z", // the clock goes forward an hour later
		"2026-03-29": "2026-03-29T23:00:00Z", // a day of 23 hours
		"2026-10-24": "2026-10-24T23:00:00Z",
		"2026-10-25": "2026-10-26T00:00:00Z", // a day of 25 hours
		"2026-12-31": "2027-01-01T00:00:00Z",
		"2028-02-29": "2028-03-01T00:00:00Z",
	} {
		got, err := a.leaveMoment("", day)
		if err != nil || got.UTC().Format(time.RFC3339) != want {
			t.Errorf("%s: %v, %v, want %s", day, got.UTC(), err, want)
		}
	}
	for _, wrong := range []moment{"2026-02-29", "31.12.2026", "17:00", "tomorrow"} {
		if got, err := a.leaveMoment("", wrong); err == nil {
			t.Errorf("%s: %v", wrong, got)
		}
	}
}
