package detect

import "math"

// Memory is what an engine holds.
type Memory struct {
	People  int    `json:"people"`
	Devices int    `json:"devices"`
	Pairs   int    `json:"pairs_seen"`  // at most Policy.Pairs
	Bytes   uint64 `json:"state_bytes"` // an estimate
}

// Memory estimates what the engine holds.
func (e *Engine) Memory() Memory {
	m := Memory{Pairs: e.pairs}
	for _, p := range e.people {
		if p == nil {
			continue
		}
		m.People++
		if p.takenWho != nil {
			m.Bytes += p.takenWho.GetSizeInBytes()
		}
		m.Bytes += 1200 + p.seen.GetSizeInBytes() + uint64(8*(cap(p.recent.list)+cap(p.sitting.entries.list)+cap(p.takenIn.list)+cap(p.answer.entries.list))+32*cap(p.window.looks)+48*cap(p.devices)+24*len(p.window.subjects)) + p.sitting.subjects.GetSizeInBytes()
	}
	for _, d := range e.devices {
		if d != nil {
			m.Devices++
			m.Bytes += 600 + uint64(8*cap(d.recent.list)+48*cap(d.logins))
		}
	}
	m.Bytes += e.anybody.GetSizeInBytes() + uint64(8*(len(e.people)+len(e.devices)))
	return m
}

func log10(x float64) float64 { return math.Log10(x) }
