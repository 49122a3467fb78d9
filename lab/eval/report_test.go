package main

import (
	"math"
	"strings"
	"testing"

	"custody/detect"
	"custody/lab"
)

// TestIntervals holds intervals to printed tables.
func TestIntervals(t *testing.T) {
	for freedom, want := range map[int]float64{9: 2.262, 11: 2.201, 30: 2.042} {
		if got := student(freedom); math.Abs(got-want) > 0.01 {
			t.Errorf("Student's t of %d degrees of freedom: %.3f, wanted %.3f", freedom, got, want)
		}
	}
	low, high := wilson(0, 400)
	if low > 1e-9 || math.Abs(high-0.951) > 0.01 {
		t.Errorf("none of 400: %.3f to %.3f", low, high)
	}
	if low, high = wilson(8, 10); math.Abs(low-49.0) > 0.1 || math.Abs(high-94.3) > 0.1 {
		t.Errorf("8 of 10: %.1f to %.1f", low, high)
	}
}

// TestStreams: an alarm is counted once, whatever else the alert grows by, and for logins,
// devices of one and devices of several apart.
func TestStreams(t *testing.T) {
	s := newStreams()
	for range detect.DefaultPolicy().Learn + 3 {
		s.look(&lab.Look{Login: 1, Device: 7})
		s.look(&lab.Look{Login: 2, Device: 7})
		s.endDay()
	}
	alert := detect.Alert{Key: "a", Person: 2, Device: 8, Findings: []detect.Finding{
		{Rule: detect.Slow, Says: "4 customers under this login", Evidence: 1400, Parameters: map[string]float64{"threshold": 1333}}}}
	s.alert(&alert)
	alert.Revision++
	alert.Findings = append(alert.Findings, detect.Finding{Rule: detect.Burst})
	s.alert(&alert)
	alert.Findings[0].Says = "6 customers on this device"
	s.alert(&alert)
	alert.Findings[0].Says, alert.Findings[0].Parameters["logins"] = "7 customers on this device", 2
	s.alert(&alert)
	if l := s.Logins; l.Streams != 2 || l.Days != 6 || l.Alarms != 1 || l.Ever != 1 || l.Threshold != 1333 {
		t.Errorf("logins %+v", l)
	}
	if d := s.Devices; d.Days != 0 || d.Alarms != 1 {
		t.Errorf("devices of one login %+v: on the first day nobody knew better", d)
	}
	if d := s.Shared; d.Streams != 1 || d.Days != 3 || d.Alarms != 1 {
		t.Errorf("devices of several %+v", d)
	}
	if text := streamsText([]watchOutcome{{Streams: s}}); !strings.Contains(text, "| logins | 2 | 3.0 | 1333 | 1 |") {
		t.Error(text)
	}
}

// TestAnExportIsOneAnswer: what is taken at one moment reaches the detectors as one event.
func TestAnExportIsOneAnswer(t *testing.T) {
	var day []lab.Look
	for n := range answerOf {
		day = append(day, lab.Look{Login: 3, Device: 3, Subject: n, Home: n % 5})
	}
	p := lab.Defaults()
	c := newCurrent()
	if n := c.set(day, &p); n != answerOf || len(c.event.Subjects) != answerOf || !c.event.Taken || c.customers != answerOf {
		t.Errorf("%d looks became an event of %d customers, taken %v, of %d", n, len(c.event.Subjects), c.event.Taken, c.customers)
	}
	if n := c.set(day[1:], &p); n != 1 || c.event.Taken {
		t.Errorf("%d looks, fewer than an export has, became one event", n)
	}
}
