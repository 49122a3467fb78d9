package main

import (
	"context"
	"crypto/hkdf"
	"crypto/sha256"
	"os"

	"github.com/jackc/pgx/v5"

	"custody"
	"custody/identity"
	"custody/store"
	"custody/subjects"
)

// engagement is short for identity's.
type engagement = identity.Engagement

// identifiers is the identifier index of all systems, read from them for one question
// and never written down.
type identifiers struct {
	*subjects.Index
	*subjects.Directory
}

// passing gives numbers to customers who have none yet, for this question only: nobody
// has looked at them, and no record holds these numbers.
type passing struct{ next custody.SubjectID }

func (p *passing) Assign(_ custody.SystemID, keys []string) ([]custody.SubjectID, error) {
	ids := make([]custody.SubjectID, len(keys))
	for i := range ids {
		p.next++
		ids[i] = p.next
	}
	return ids, nil
}

// firstPassing is above all numbers that a store gives.
const firstPassing custody.SubjectID = 1 << 31

// identifiers reads keys and identifiers of all systems.
func (w *workspace) identifiers(ctx context.Context) (*identifiers, error) {
	secret, err := w.readSecret(secretFile)
	if err != nil {
		return nil, err
	}
	key, err := hkdf.Key(sha256.New, secret, nil, "custody identifier index", 32)
	if err != nil {
		return nil, err
	}
	x := &identifiers{Directory: subjects.NewDirectory(&passing{firstPassing})}
	if x.Index, err = subjects.NewIndex(key, 1024); err != nil {
		return nil, err
	}
	systems, err := w.siteSystems()
	if err != nil {
		return nil, err
	}
	for i := range systems {
		s := &systems[i]
		if err := x.load(w.store, s.ID); err != nil {
			return nil, err
		}
		switch {
		case s.Upstream != nil:
			err = x.read(ctx, s.Upstream, &s.System)
		case s.Portal != nil && s.Portal.Customers != nil:
			err = x.export(s.Portal.Customers.File, s.ID, s.Portal.Customers.Export)
		}
		if err != nil {
			return nil, err
		}
	}
	return x, nil
}

// load takes the numbers that the store has given.
func (x *identifiers) load(s *store.Store, system custody.SystemID) error {
	return x.Directory.Load(func(yield func(subjects.Entry, error) bool) {
		for sub, err := range s.Subjects(system) {
			if !yield(subjects.Entry{System: sub.System, Key: sub.Key, Subject: sub.Number}, err) || err != nil {
				return
			}
		}
	})
}

// read reads a guarded database, with the gate's credential.
func (x *identifiers) read(ctx context.Context, upstream *pgx.ConnConfig, system *custody.System) error {
	conn, err := pgx.ConnectConfig(ctx, upstream.Copy())
	if err != nil {
		return custody.E(custody.CodeUnavailable, "system "+system.Name+": its database cannot be reached to look for customers",
			"start it, or let a running gate look: it does so within seconds")
	}
	defer conn.Close(ctx)
	return subjects.Fill(ctx, conn, system, x.Directory, x.Index)
}

// export reads the list of customers of a system without a database.
func (x *identifiers) export(file string, system custody.SystemID, e subjects.Export) error {
	f, err := os.Open(file)
	if err != nil {
		return &custody.Error{Code: custody.CodeNotFound, Message: "the portal's list of customers cannot be opened", Hint: "customers.file in custody.yaml names it", Err: err}
	}
	defer f.Close()
	return subjects.FillExport(f, system, e, x.Directory, x.Index)
}
