package console

import "time"

func systemCalls() []call {
	return []call{
		{"GET", "systems", "systems", "The guarded systems", areaSystems, scopePeople, list, nil, nil, SystemItem{}, callSystems},
		{"GET", "systems/{system}/findings", "findings", "What the doctor found wrong in a system and is still there, worst first", areaSystems, scopePeople, list, nil, nil, FindingItem{}, callFindings},
		{"POST", "systems/{system}/down", "takeDown", "Take a system's portal offline for everybody, now", areaSwitch, scopeSystems, 0, nil, Why{}, Done{}, callTakeDown},
		{"POST", "systems/{system}/up", "bringUp", "Bring a portal back; somebody else than who took it down", areaSwitch, scopeSystems, 0, nil, nil, Done{}, callBringUp},
		{"POST", "portals/down", "takeAllDown", "Take all portals offline for everybody, now", areaSwitch, scopeSystems, 0, nil, Why{}, Done{}, callTakeAllDown},
		{"POST", "portals/up", "bringAllUp", "Bring all portals back; somebody else than who took them down", areaSwitch, scopeSystems, 0, nil, nil, Done{}, callBringAllUp},
	}
}

// SystemItem is a guarded system.
type SystemItem struct {
	Name     string   `json:"name"`
	Title    string   `json:"title"`
	Holds    []string `json:"holds"`
	Database bool     `json:"database"`
	Portal   string   `json:"portal,omitempty"`
	Down     bool     `json:"down"`
	Findings int      `json:"findings"` // of the doctor, that are still there
}

func callSystems(v *visit, _ any) (any, error) {
	all, err := v.c.o.Systems.Systems()
	if err != nil {
		return nil, err
	}
	items := make([]SystemItem, 0, len(all))
	for _, s := range all {
		items = append(items, SystemItem{s.Name, s.Title, s.Held.Strings(), s.Database, s.Portal, s.Down != nil, len(s.Findings)})
	}
	return part(v, items)
}

// FindingItem is something that the doctor found wrong.
type FindingItem struct {
	Severity int       `json:"severity"` // 1 note to 4 critical
	Check    string    `json:"check"`
	Object   string    `json:"object,omitempty"`
	Message  string    `json:"message"`
	Opened   time.Time `json:"opened"`
}

func callFindings(v *visit, _ any) (any, error) {
	s, err := v.system()
	if err != nil {
		return nil, err
	}
	items := []FindingItem{}
	for _, f := range s.Findings {
		items = append(items, FindingItem{int(f.Severity), f.Check, f.Object, f.Message, f.Opened})
	}
	return part(v, items)
}

func callTakeDown(v *visit, in any) (any, error) {
	return Done{"down"}, v.takePortalDown(in.(Why).Reason)
}

func callBringUp(v *visit, _ any) (any, error) { return Done{"up"}, v.bringPortalUp() }

func callTakeAllDown(v *visit, in any) (any, error) {
	return Done{"down"}, v.takeDown(0, in.(Why).Reason)
}

func callBringAllUp(v *visit, _ any) (any, error) { return Done{"up"}, v.bringUp(0) }
