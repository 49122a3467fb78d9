package main

import (
	"fmt"
	"strings"

	"custody/detect"
	"custody/lab"
)

// streams holds what the sequential test did where nothing is wrong, beside what its
// guarantee allows: a stream, which is a login or a device, that has been active for T
// days raises T/c alarms at most on average, c being the threshold; and the share of
// streams that ever alarmed is T/c at most as well.
type streams struct {
	Logins  stream `json:"logins"`
	Devices stream `json:"devices"`

	told map[string]string // by alert: what the test said last
	days int
}

// stream counts one kind of streams.
type stream struct {
	Streams   int     `json:"streams"`
	Days      int     `json:"active_days"` // of all together, without the days of learning
	Alarms    int     `json:"alarms"`
	Ever      int     `json:"ever"`      // streams that alarmed at least once
	Threshold float64 `json:"threshold"` // the lowest

	today, known, alarmed map[uint32]bool
}

func newStreams() *streams {
	kind := func() stream {
		return stream{today: map[uint32]bool{}, known: map[uint32]bool{}, alarmed: map[uint32]bool{}}
	}
	return &streams{Logins: kind(), Devices: kind(), told: map[string]string{}}
}

func (s *streams) look(l *lab.Look) {
	s.Logins.today[uint32(l.Login+1)], s.Devices.today[uint32(l.Device+1)] = true, true
}

func (s *streams) endDay() {
	s.days++
	for _, k := range []*stream{&s.Logins, &s.Devices} {
		for n := range k.today {
			k.known[n] = true
		}
		k.Streams = len(k.known)
		if s.days > detect.DefaultPolicy().Learn {
			k.Days += len(k.today)
		}
		clear(k.today)
	}
}

// alert counts alarms of the sequential test: each changes what the alert says of it.
func (s *streams) alert(a *detect.Alert) {
	for _, f := range a.Findings {
		if said := fmt.Sprint(f.Says, f.Evidence); f.Rule == detect.Slow && s.told[a.Key] != said {
			s.told[a.Key] = said
			k, who := &s.Logins, a.Person
			if strings.Contains(f.Says, "on this device") {
				k, who = &s.Devices, a.Device
			}
			k.alarm(who, f.Parameters["threshold"])
		}
	}
}

func (k *stream) alarm(who uint32, threshold float64) {
	k.Alarms++
	k.alarmed[who] = true
	k.Ever = len(k.alarmed)
	if k.Threshold == 0 || threshold < k.Threshold {
		k.Threshold = threshold
	}
}
