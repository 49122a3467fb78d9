package doctor

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// stored is a login with the verifier of its password.
type stored struct {
	name     string
	verifier string
	super    bool
}

// verifiers reads them; only superusers may.
func (e *exam) verifiers(ctx context.Context) ([]stored, error) {
	return query(ctx, e.conn, func(r pgx.CollectableRow) (s stored, err error) {
		err = r.Scan(&s.name, &s.verifier, &s.super)
		return s, err
	}, `SELECT rolname::text, coalesce(rolpassword, ''), rolsuper FROM pg_authid WHERE rolcanlogin ORDER BY 1`)
}

// checkVerifiers tells of passwords that are kept as MD5, that two roles share, and
// that others share with the gate's role. No password is guessed here.
func (e *exam) checkVerifiers(ctx context.Context) error {
	list, err := e.verifiers(ctx)
	if err != nil {
		return err
	}
	same := map[string][]string{}
	for _, s := range list {
		if strings.HasPrefix(s.verifier, "md5") {
			e.found(Finding{Object: quote(s.name) + " md5", Severity: Warning, Fix: []string{forget(s.name)}, Advice: newPassword(s.name),
				Message: "the password of " + quote(s.name) + " is kept as MD5: who reads it can sign in with it"})
		}
		if s.verifier != "" {
			same[s.verifier] = append(same[s.verifier], s.name)
		}
		if s.name != e.GateRole && e.GatePassword != "" && opens(s.verifier, s.name, e.GatePassword) {
			e.found(Finding{Object: quote(s.name) + " as the gate", Severity: Critical, Fix: []string{forget(s.name)}, Advice: newPassword(s.name),
				Message: quote(s.name) + " has the password of the gate's role: who knows the one is in by the other"})
		}
	}
	for _, names := range same {
		if len(names) < 2 {
			continue
		}
		slices.Sort(names)
		f := Finding{Object: strings.Join(names, ", "), Severity: Serious, Advice: "each gets a password of its own: \\password in psql",
			Message: listed(names) + " share one password: their verifiers are the same"}
		for _, n := range names {
			if n != e.GateRole {
				f.Fix = append(f.Fix, forget(n))
			}
		}
		e.found(f)
	}
	return nil
}

// forget is the SQL that ends a password until somebody sets another.
func forget(role string) string { return "ALTER ROLE " + quote(role) + " PASSWORD NULL;" }

func newPassword(role string) string {
	return "until it gets a new one (\\password " + role + " in psql) it cannot sign in by password"
}

// Guess is consent to try well-known passwords on the logins of one server.
type Guess struct {
	// Server is the configured database; no other host is ever tried.
	Server *pgx.ConnConfig
	// Pause between two tries, 100 ms if zero.
	Pause time.Duration
}

// Bounds of the trying.
const (
	maxGuessed = 50  // logins
	maxTries   = 600 // sign-ins
	pause      = 100 * time.Millisecond
)

// wellKnown are passwords that programs ship with and that people use first. {} stands
// for the login.
var wellKnown = []string{"{}", "postgres", "password", "{}123", "{}1", "changeme", "admin", "123456", "12345678", "secret", "welcome1"}

// candidates are what is tried for one login.
func (e *exam) candidates(login string) []string {
	var list []string
	for _, w := range append(slices.Clone(wellKnown), e.database, e.System.Name) {
		if w = strings.ReplaceAll(w, "{}", login); !slices.Contains(list, w) {
			list = append(list, w)
		}
	}
	return list
}

// checkPasswords tries well-known passwords: against the verifiers when they may be
// read, which nobody notices, else by signing in to the configured server, slowly.
func (e *exam) checkPasswords(ctx context.Context) error {
	if e.Guess == nil {
		return skipped("nobody consented: --try-passwords does")
	}
	list, err := e.verifiers(ctx)
	if err == nil {
		for _, s := range list {
			if i := slices.IndexFunc(e.candidates(s.name), func(c string) bool { return opens(s.verifier, s.name, c) }); i >= 0 {
				e.guessed(s.name, s.super)
			}
		}
		return nil
	}
	return e.knock(ctx)
}

// guessed tells of a login with a well-known password; never of the password.
func (e *exam) guessed(login string, super bool) {
	f := Finding{Object: quote(login), Severity: Critical, Message: quote(login) + " has a well-known password", Fix: []string{forget(login)}, Advice: newPassword(login)}
	if login == e.GateRole {
		f.Fix, f.Advice = nil, "custody setup postgres "+e.System.Name+" --new-password --yes gives the gate's role another"
	}
	if super {
		f.Message += ", and is a superuser"
	}
	e.found(f)
}

// knock signs in with each candidate until the bounds are reached.
func (e *exam) knock(ctx context.Context) error {
	logins, err := query(ctx, e.conn, pgx.RowTo[string], `SELECT rolname::text FROM pg_roles WHERE rolcanlogin ORDER BY rolsuper DESC, 1`)
	if err != nil {
		return err
	}
	cut := len(logins) > maxGuessed
	tries := 0
	for _, login := range logins[:min(len(logins), maxGuessed)] {
		open, done, err := e.try(ctx, login, rand.Text())
		if err != nil {
			return err
		}
		if open {
			e.found(Finding{Object: quote(login) + " without", Severity: Critical, Message: "the server lets " + quote(login) + " in with any password, from this machine",
				Advice: "a rule of pg_hba.conf says trust: the check of the rules says which, with --admin"})
		}
		for _, c := range e.candidates(login) {
			if open || done || tries >= maxTries {
				cut = cut || tries >= maxTries
				break
			}
			tries++
			if open, done, err = e.try(ctx, login, c); err != nil {
				return err
			}
			if open {
				e.guessed(login, false)
			}
		}
	}
	if cut {
		return skipped(fmt.Sprintf("only %d logins and %d passwords were tried: with --admin all are", min(len(logins), maxGuessed), tries))
	}
	return nil
}

// try signs in once to the configured server. done says that more tries are in vain:
// the server does not let this login come from here at all.
func (e *exam) try(ctx context.Context, login, password string) (open, done bool, err error) {
	c := e.Guess.Server.Copy()
	c.User, c.Password = login, password
	c.Fallbacks = slices.DeleteFunc(slices.Clone(c.Fallbacks), func(f *pgconn.FallbackConfig) bool { return f.Host != c.Host || f.Port != c.Port })
	wait := e.Guess.Pause
	if wait == 0 {
		wait = pause
	}
	select {
	case <-time.After(wait): // slow on purpose: a server under attack looks the same
	case <-ctx.Done():
		return false, false, ctx.Err()
	}
	conn, err := pgx.ConnectConfig(ctx, c)
	if err == nil {
		return true, false, conn.Close(ctx)
	}
	var pg *pgconn.PgError
	if errors.As(err, &pg) {
		// 28P01: the password is wrong. 28000: no rule for it. 3D000, 42501: signed
		// in, and not let into this database. Others are no answer to the question.
		return pg.Code == "3D000" || pg.Code == "42501", pg.Code != "28P01", nil
	}
	if errors.As(err, new(net.Error)) {
		return false, false, unreadable(err)
	}
	return false, true, nil // a method that this client does not speak
}
