package console

import (
	"strings"
	"time"

	"custody/trace/inquiry"
)

func canaryCalls() []call {
	return []call{
		{"GET", "canaries", "canaries", "Planted customers, those that are watched first; which customers they are is told to those who may plant", areaCanaries, scopeCanaries, list, nil, nil, CanaryItem{}, callCanaries},
		{"POST", "canaries", "plant", "Watch customers of a system as planted ones from now on: all of the list or none", areaCanariesDo, scopeCanariesDo, dear | lists, nil, NewCanaries{}, PlantedNow{}, callPlant},
		{"POST", "canaries/{canary}/withdraw", "withdrawCanary", "Watch a planted customer no longer; nobody does while an alert about themselves waits", areaCanariesDo, scopeCanariesDo, 0, nil, nil, Done{}, callWithdrawCanary},
	}
}

// CanaryItem is a planted customer. Key, note, for and the time of the newest look are
// there for those who may plant.
type CanaryItem struct {
	ID          int64     `json:"id"`
	System      string    `json:"system"`
	Key         string    `json:"key,omitempty"`
	Note        string    `json:"note,omitempty"`
	Meant       string    `json:"for,omitempty"` // the candidate of a trace to whom alone it is shown
	Planted     time.Time `json:"planted"`
	PlantedBy   string    `json:"planted_by,omitempty"`
	Withdrawn   time.Time `json:"withdrawn,omitzero"`
	WithdrawnBy string    `json:"withdrawn_by,omitempty"`
	Looks       int       `json:"looks"`
	Last        time.Time `json:"newest_look,omitzero"`
	Calls       int       `json:"calls"`
}

func callCanaries(v *visit, _ any) (any, error) {
	rows, err := v.planted()
	if err != nil {
		return nil, err
	}
	p, err := part(v, rows)
	if err != nil {
		return nil, err
	}
	shown := p.Items.([]canaryRow)
	v.countTouches(shown)
	items := make([]CanaryItem, len(shown))
	for i, r := range shown {
		items[i] = CanaryItem{r.ID, r.SystemName, r.Key, r.Note, r.Meant, r.Planted, r.PlantedBy, r.Withdrawn, r.WithdrawnBy, r.Looks, r.Last, r.Calls}
	}
	p.Items = items
	return p, nil
}

// NewCanaries are customers to be planted: a list with the columns subject and, for the
// test of a trace, for. Lines without a subject are passed over.
type NewCanaries struct {
	System string `json:"system"`
	Note   string `json:"note,omitempty"`
	CSV    string `json:"csv" text:"whole"`
}

// PlantedNow is how many were planted, and how many lines of the list had no number yet.
type PlantedNow struct {
	Planted int `json:"planted"`
	Empty   int `json:"without_number"`
}

func callPlant(v *visit, in any) (any, error) {
	n := in.(NewCanaries)
	list, empty, err := inquiry.ReadPlan(strings.NewReader(n.CSV))
	if err != nil {
		return nil, err
	}
	return PlantedNow{len(list), empty}, v.plant(n.System, list, n.Note)
}

func callWithdrawCanary(v *visit, _ any) (any, error) { return Done{"withdrawn"}, v.unplant() }
