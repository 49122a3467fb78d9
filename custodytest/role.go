package custodytest

import (
	"context"
	"testing"

	"github.com/jackc/pgx/v5"

	"custody"
	"custody/doctor"
	"custody/site"
)

// GateRole makes the role that custody setup postgres makes, for the gate of one
// database, and gives the way to the database as that role.
func (pg *PG) GateRole(ctx context.Context, database string, sys *custody.System) (*pgx.ConnConfig, error) {
	conn, err := pgx.Connect(ctx, pg.URLFor(database))
	if err != nil {
		return nil, err
	}
	defer conn.Close(ctx)
	name, password := database+"_gate", "of-"+database // a site that is started again finds the same
	plan, err := doctor.PlanRole(ctx, conn, sys, doctor.RoleRequest{Name: name, Password: password})
	if err != nil {
		return nil, err
	}
	if err := plan.Apply(ctx, conn, true); err != nil {
		return nil, err
	}
	return pgx.ParseConfig(pg.UserURL(name, password, database))
}

// Superuser makes a gate sign in to its database as the superuser, for tests in which
// nothing but the gate may stand between people and the database, and for those that
// create as they please through it.
func Superuser(tb testing.TB, pg *PG) SiteOption {
	tb.Helper()
	return func(o *site.Options) {
		upstream, err := pgx.ParseConfig(pg.URLFor(o.Systems[0].Name))
		if err != nil {
			tb.Fatal(err)
		}
		o.Systems[0].Upstream, o.Systems[0].AllowSuperuser = upstream, true
	}
}
