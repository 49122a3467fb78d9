package store

import (
	"context"
	"database/sql"
	"strings"
	"time"

	"custody"
	"custody/policy"
)

// GiveGrant is AddGrant with who gave it and why, on the rights log.
func (s *Store) GiveGrant(ctx context.Context, g *policy.Grant, by custody.PersonID, why string, at time.Time) error {
	why, err := rightNote(why, "say why it is given")
	if err != nil {
		return err
	}
	return s.tx(ctx, func(t *sql.Tx) error {
		if err := addGrant(t, g); err != nil {
			return err
		}
		return logGrant(t, g.ID, RightsEntry{Time: at, Act: ActGranted, Changes: Gives, Actor: by, Note: why})
	})
}

// StopGrant is EndGrant, now, with who ended it and why, on the rights log.
func (s *Store) StopGrant(ctx context.Context, id custody.GrantID, by custody.PersonID, why string, at time.Time) error {
	return s.StopGrantAt(ctx, id, by, why, at, at)
}

// StopGrantAt is StopGrant with an end that may be to come.
func (s *Store) StopGrantAt(ctx context.Context, id custody.GrantID, by custody.PersonID, why string, end, at time.Time) error {
	why, err := rightNote(why, "say why it ends")
	if err != nil {
		return err
	}
	if end.After(at) {
		why = fitNote("ends at "+end.UTC().Format(time.RFC3339)+": ", why)
	}
	return s.tx(ctx, func(t *sql.Tx) error {
		r, err := t.Exec("UPDATE grants SET end = max(start, ?1) WHERE id = ?2 AND (end IS NULL OR end > ?1)", end.UnixMilli(), id)
		if err := changed(r, err, custody.E(custody.CodeNotFound, "no grant with this number is in force then", "custody grant list shows them")); err != nil {
			return err
		}
		return logGrant(t, id, RightsEntry{Time: at, Act: ActGrantEnded, Changes: Takes, Actor: by, Note: why})
	})
}

// fitNote puts a few words before a note and holds both to its bound.
func fitNote(before, note string) string {
	if len(before)+len(note) > maxRightNote {
		note = strings.ToValidUTF8(note[:maxRightNote-len(before)], "")
	}
	return before + note
}

// logGrant keeps an entry about a grant, with the holder and the system that it names.
func logGrant(t *sql.Tx, id custody.GrantID, e RightsEntry) error {
	e.Grant, e.Object = id, int64(id)
	if err := t.QueryRow("SELECT coalesce(person, 0), coalesce(organisation, 0), system FROM grants WHERE id = ?", id).
		Scan(&e.Person, &e.Organisation, &e.System); err != nil {
		return err
	}
	return logRight(t, e)
}
