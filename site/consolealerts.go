package site

import (
	"encoding/base32"
	"encoding/json"
	"strconv"

	"custody"
	"custody/console"
	"custody/identity"
	"custody/store"
)

// consoleAlerts fits alerts to the console. The store holds to the separation of duties.
type consoleAlerts struct{ s *Site }

// Alerts implements console.Alerts.
func (c consoleAlerts) Alerts(all bool) ([]console.Alert, error) {
	kept, err := c.s.o.Store.Alerts(all)
	if err != nil {
		return nil, err
	}
	list := make([]console.Alert, len(kept))
	for i := range kept {
		if list[i], err = c.alertOf(&kept[i]); err != nil {
			return nil, err
		}
	}
	return list, nil
}

// Open implements console.Alerts.
func (c consoleAlerts) Open() ([][]custody.PersonID, error) {
	return c.s.o.Store.OpenAlerts()
}

// Alert implements console.Alerts.
func (c consoleAlerts) Alert(id int64) (*console.Alert, error) {
	kept, err := c.s.o.Store.Alert(id)
	if err != nil {
		return nil, err
	}
	a, err := c.alertOf(kept)
	return &a, err
}

// alertOf is the alert without what leads to a name that is sealed.
func (c consoleAlerts) alertOf(k *store.Alert) (a console.Alert, err error) {
	if err := json.Unmarshal(k.Body, &a.Alert); err != nil {
		return a, err
	}
	k.Seal()
	a.ID, a.About, a.SystemName, a.Device, a.Rules, a.Strength = k.ID, k.About(), k.SystemName, k.Device, k.Rules, k.Strength
	a.Raised, a.State, a.Unsealed, a.Says, a.Held, a.Session, a.Grant, a.Key = k.Raised, k.State, k.Unsealed, k.Says, k.Held, k.Session, k.Grant, k.Key
	a.Several = len(k.Logins) > 0
	return a, nil
}

// Pseudonym implements console.Alerts.
func (c consoleAlerts) Pseudonym(p custody.PersonID) string { return AlertPseudonym(c.s.Identity, p) }

// AlertPseudonym stands for whoever is under review, the same in all alerts about them.
// It is keyed: nobody makes it from a login, and in another deployment it is another.
func AlertPseudonym(id *identity.Service, p custody.PersonID) string {
	made := id.Pseudonym("alerts", strconv.FormatUint(uint64(p), 10))
	return "person " + base32.StdEncoding.EncodeToString(made[:])[:6]
}

// Reviews implements console.Alerts.
func (c consoleAlerts) Reviews(id int64) ([]console.AlertReview, error) {
	all, err := c.s.o.Store.AlertReviews(id)
	list := make([]console.AlertReview, len(all))
	for i, r := range all {
		list[i] = console.AlertReview{Time: r.Time, By: r.Login, State: r.State, Reason: r.Reason}
	}
	return list, err
}

// Actions implements console.Alerts.
func (c consoleAlerts) Actions(id int64) ([]string, error) { return c.s.o.Store.AlertActions(id) }

// Review implements console.Alerts.
func (c consoleAlerts) Review(id int64, by custody.PersonID, state, reason string) error {
	return c.s.o.Store.ReviewAlert(id, by, state, reason, c.s.o.Now())
}

// Unseal implements console.Alerts.
func (c consoleAlerts) Unseal(id int64, by custody.PersonID, reason string) (bool, error) {
	return c.s.o.Store.UnsealAlert(id, by, reason, c.s.o.Now())
}
