package site

import (
	"context"

	"github.com/jackc/pgx/v5"

	"custody"
	"custody/doctor"
)

// checkRole looks at the role by which the gate signs in. What the gate refuses shall
// be refused by the database too: a superuser is not guarded with unless an
// administrator says so, and whatever else is more than needed is said in the log.
func (s *Site) checkRole(ctx context.Context, sys *System) error {
	conn, err := connect(ctx, sys)
	if err != nil {
		return err
	}
	defer conn.Close(ctx)
	found, super, err := doctor.Gate(ctx, conn, &sys.System)
	if err != nil {
		return err
	}
	if super && !sys.AllowSuperuser {
		return custody.E(custody.CodeForbidden, "the gate's role in the database is a superuser: whatever a person got past the gate could do everything",
			"make a role for the gate: custody setup postgres "+sys.Name+" --admin postgres://…; or set database.allow_superuser: true in custody.yaml")
	}
	if super {
		s.o.Log.Error("GUARDING WITH A SUPERUSER, as database.allow_superuser says: the gate alone stands between people and everything in the database",
			"system", sys.Name, "hint", "custody setup postgres makes a role that can do only what people need")
		return nil
	}
	for i := range found {
		if found[i].Severity > doctor.Note {
			s.o.Log.Warn("the gate's role in the database can do more than it needs", "system", sys.Name, "severity", found[i].Severity.String(),
				"role", found[i].Object, "hint", "custody setup postgres takes it away; custody doctor says how by hand")
		}
	}
	return nil
}

// connect opens a connection to a guarded database with the gate's credential.
func connect(ctx context.Context, sys *System) (*pgx.Conn, error) {
	conn, err := pgx.ConnectConfig(ctx, sys.Upstream)
	if err != nil {
		return nil, &custody.Error{Code: custody.CodeUnavailable, Message: "the database cannot be reached",
			Hint: "check database.url and the credential in custody.yaml", Err: err}
	}
	return conn, nil
}
