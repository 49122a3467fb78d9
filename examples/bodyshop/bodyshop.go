// Package bodyshop makes the records of an invented vehicle-repair group: a small
// but real schema and as many customers as are asked for, the same for the same
// seed. Nobody in it exists, and no phone or email in it reaches anybody: see
// phones.go and people.go for the ranges and why they are safe.
package bodyshop

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5"
)

// Schema is the whole schema, as psql would run it on an empty database.
//
//go:embed schema.sql
var Schema string

// halves parts the schema where the loader fills the tables.
const halves = "-- The second half:"

// MaxCustomers is the most that one database takes: after that phones run out.
const MaxCustomers = 10_000_000

// Load makes the schema and fills it with everything that the given number of
// customers brings: vehicles, policies, accidents, claims, estimates, jobs, calls
// and payments. It is one transaction: it happens wholly or not at all. Memory
// stays the same for any size.
func Load(ctx context.Context, conn *pgx.Conn, customers int, seed uint64) error {
	return load(ctx, conn, customers, seed, append(lean[:len(lean):len(lean)], rest...))
}

// LoadLean makes the same schema and the same customers and vehicles as Load, and
// leaves all that hangs on them empty. It is meant for millions.
func LoadLean(ctx context.Context, conn *pgx.Conn, customers int, seed uint64) error {
	return load(ctx, conn, customers, seed, lean)
}

func load(ctx context.Context, conn *pgx.Conn, customers int, seed uint64, tables []table) error {
	if customers < 1 || customers > MaxCustomers {
		return fmt.Errorf("bodyshop: customers must be 1 to %d", MaxCustomers)
	}
	before, after, ok := strings.Cut(Schema, halves)
	if !ok {
		return errors.New("bodyshop: schema.sql has lost the line that parts it")
	}
	tx, err := conn.Begin(ctx)
	if err != nil {
		return err
	}
	defer tx.Rollback(ctx)
	if _, err := conn.PgConn().Exec(ctx, before).ReadAll(); err != nil {
		return fmt.Errorf("bodyshop: making the tables: %w", err)
	}
	g := &generator{seed: seed, customers: int64(customers)}
	if err := g.fixed(ctx, conn); err != nil {
		return err
	}
	for _, t := range tables {
		if err := g.copyTable(ctx, conn, t); err != nil {
			return err
		}
	}
	if _, err := conn.PgConn().Exec(ctx, "SET LOCAL maintenance_work_mem = '256MB';\n--"+after).ReadAll(); err != nil {
		return fmt.Errorf("bodyshop: making keys and indexes: %w", err)
	}
	if err := tx.Commit(ctx); err != nil {
		return err
	}
	_, err = conn.Exec(ctx, "ANALYZE")
	return err
}
