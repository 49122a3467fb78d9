package store

import (
	"context"
	"database/sql"
	"time"

	"custody"
)

// Switch is one use of the take-down switch.
type Switch struct {
	ID         int64
	System     custody.SystemID // zero: all portals
	SystemName string
	Reason     string
	Down       time.Time
	DownBy     custody.PersonID
	DownLogin  string
	Up         time.Time // zero while it is down
	UpBy       custody.PersonID
	UpLogin    string
	// Recorded counts the events of this use that are in the ledger: 1 when its
	// beginning is, 2 when its end is too.
	Recorded int
}

const switchColumns = `SELECT w.id, coalesce(w.system, 0), coalesce(s.name, ''), w.reason, w.down, w.down_by, d.login,
	w.up, coalesce(w.up_by, 0), coalesce(u.login, ''), w.recorded
	FROM switches w JOIN people d ON d.id = w.down_by LEFT JOIN people u ON u.id = w.up_by LEFT JOIN systems s ON s.id = w.system `

func scanSwitch(r *sql.Rows) (w Switch, err error) {
	var down, up sql.NullInt64
	err = r.Scan(&w.ID, &w.System, &w.SystemName, &w.Reason, &down, &w.DownBy, &w.DownLogin, &up, &w.UpBy, &w.UpLogin, &w.Recorded)
	w.Down, w.Up = moment(down), moment(up)
	return w, err
}

// TakeDown takes a portal offline, or all with system zero. Every gate hears it within
// its watch.
func (s *Store) TakeDown(system custody.SystemID, by custody.PersonID, reason string, at time.Time) error {
	return s.tx(context.Background(), func(t *sql.Tx) error {
		_, err := t.Exec("INSERT INTO switches (system, reason, down, down_by) VALUES (?, ?, ?, ?)", some(system), reason, at.UnixMilli(), by)
		if taken(err) {
			return custody.E(custody.CodeConflict, "it is offline already", "custody portal list shows since when and by whom")
		}
		return err
	})
}

// BringUp brings back what TakeDown took offline. Whoever took it down cannot bring it
// back: the error has CodeForbidden.
func (s *Store) BringUp(system custody.SystemID, by custody.PersonID, at time.Time) error {
	return s.tx(context.Background(), func(t *sql.Tx) error {
		var id int64
		var downBy custody.PersonID
		err := t.QueryRow("SELECT id, down_by FROM switches WHERE up IS NULL AND coalesce(system, 0) = ?", system).Scan(&id, &downBy)
		if err == sql.ErrNoRows {
			return custody.E(custody.CodeNotFound, "it is not offline", "custody portal list shows what is; what was taken down with --all comes back with --all")
		}
		if err != nil {
			return err
		}
		if downBy == by {
			return custody.E(custody.CodeForbidden, "whoever took it down cannot bring it back alone", "ask a second person to do it: --by with their login")
		}
		_, err = t.Exec("UPDATE switches SET up = max(down, ?), up_by = ? WHERE id = ?", at.UnixMilli(), by, id)
		return err
	})
}

// Switches lists the uses of the switch: only those that are in force, or all.
func (s *Store) Switches(all bool) ([]Switch, error) {
	where := "WHERE w.up IS NULL ORDER BY w.id"
	if all {
		where = "ORDER BY w.id"
	}
	return list(s.read, scanSwitch, switchColumns+where)
}

// PendingSwitches lists the uses whose events are not all in the ledger yet.
func (s *Store) PendingSwitches() ([]Switch, error) {
	return list(s.read, scanSwitch, switchColumns+"WHERE w.recorded < 1 OR w.up IS NOT NULL AND w.recorded < 2 ORDER BY w.id")
}

// SwitchRecorded notes that so many of a use's events are in the ledger.
func (s *Store) SwitchRecorded(id int64, events int) error {
	return s.tx(context.Background(), func(t *sql.Tx) error {
		_, err := t.Exec("UPDATE switches SET recorded = max(recorded, ?) WHERE id = ?", events, id)
		return err
	})
}
