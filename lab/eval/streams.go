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
	Devices stream `json:"devices"` // of one login of late
	Shared  stream `json:"shared"`  // of several

	told map[string]string         // by alert: what the test said last
	used map[uint32]map[uint32]int // by device and login: the last day
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
	return &streams{Logins: kind(), Devices: kind(), Shared: kind(), told: map[string]string{}, used: map[uint32]map[uint32]int{}}
}

func (s *streams) look(l *lab.Look) {
	login, device := uint32(l.Login+1), uint32(l.Device+1)
	if s.used[device] == nil {
		s.used[device] = map[uint32]int{}
	}
	s.Logins.today[login] = true
	if !s.Devices.today[device] && !s.Shared.today[device] {
		s.kind(device).today[device] = true
	}
	s.used[device][login] = s.days
}

// kind says of which kind a device is on the day that begins: detection's question.
func (s *streams) kind(device uint32) *stream {
	hands := 0
	for _, day := range s.used[device] {
		if s.days-day <= detect.CrowdDays {
			hands++
		}
	}
	if hands > 1 {
		return &s.Shared
	}
	return &s.Devices
}

func (s *streams) endDay() {
	s.days++
	for _, k := range []*stream{&s.Logins, &s.Devices, &s.Shared} {
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
				if k, who = &s.Devices, a.Device; f.Parameters["logins"] > 1 {
					k = &s.Shared
				}
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

// streamsText holds the sequential test to its guarantee.
func streamsText(list []watchOutcome) string {
	var b strings.Builder
	for _, kind := range []struct {
		name string
		of   func(*streams) *stream
	}{{"logins", func(s *streams) *stream { return &s.Logins }}, {"devices of one login", func(s *streams) *stream { return &s.Devices }},
		{"devices of several", func(s *streams) *stream { return &s.Shared }}} {
		var all stream
		for i := range list {
			if s := list[i].Streams; s != nil {
				k := kind.of(s)
				all.Streams, all.Days, all.Alarms, all.Ever = all.Streams+k.Streams, all.Days+k.Days, all.Alarms+k.Alarms, all.Ever+k.Ever
				all.Threshold = k.Threshold
			}
		}
		if all.Threshold == 0 {
			continue
		}
		allowed := float64(all.Days) / all.Threshold
		fmt.Fprintf(&b, "| %s | %d | %.1f | %.0f | %d | %.0f | %.2f | %s | %.1f %% |\n", kind.name, all.Streams, float64(all.Days)/float64(all.Streams), all.Threshold,
			all.Alarms, allowed, float64(all.Alarms)/allowed, share(all.Ever, all.Streams), 100*allowed/float64(all.Streams))
	}
	if b.Len() == 0 {
		return ""
	}
	return `
The guarantee of the sequential test, on the same runs: a stream that was active on *T* days raises *T/c* alarms on average at most, and the share of streams that ever
alarm in *T* days is *T/c* at most. It is proved for days that are as the null hypothesis says; this is what it is worth where they come from people at work:

| streams | how many | active days of each | c | alarms | allowed | ratio | ever alarmed | allowed |
| --- | --- | --- | --- | --- | --- | --- | --- | --- |
` + b.String() + `
The day of a device is that of all logins who used it of late, together. As long as it was not, devices alarmed 1.33 times as often as is allowed: the days of a shared desk,
with one of its people there, or all, are no days of one rate.
`
}
