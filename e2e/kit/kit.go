// Package kit is what the tests of the whole share: the sample database behind a gate,
// people's usual rights, and how an answer is held against the ledger.
package kit

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"maps"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"custody"
	"custody/custodytest"
	"custody/policy"
)

// Contacts is what an estimator of the examples may see.
var Contacts = custody.Categories(custody.Name, custody.Phone, custody.Vehicle)

// Bodyshop is a gate before the sample database with a thousand customers.
func Bodyshop(t testing.TB, opts ...custodytest.SiteOption) *custodytest.Site {
	t.Helper()
	pg := custodytest.Postgres(t)
	return custodytest.NewSite(t, pg, custodytest.Bodyshop(t, pg, 1000), custodytest.BodyshopSystem(), opts...)
}

// See is the right to see these categories, and no more.
func See(cats custody.CategorySet) policy.Grant { return policy.Grant{See: cats} }

// SeesAll is the right to see and export all that the sample holds.
func SeesAll() policy.Grant {
	return policy.Grant{See: custody.Categories(custody.Name, custody.Phone, custody.Email, custody.Address, custody.Vehicle), Export: true}
}

// Keys sorts the keys of what was seen.
func Keys(m map[string]custody.CategorySet) []string { return slices.Sorted(maps.Keys(m)) }

// Refusal gives SQLSTATE and message of an error of the gate.
func Refusal(err error) (state, message string) {
	var pe *pgconn.PgError
	if errors.As(err, &pe) {
		return pe.Code, pe.Message + " | " + pe.Hint
	}
	return "", fmt.Sprint(err)
}

// CodeOf gives what the gate's SQLSTATE stands for.
func CodeOf(err error) custody.Code {
	switch state, _ := Refusal(err); state {
	case "53400":
		return custody.CodeLimit
	case "42501":
		return custody.CodeForbidden
	}
	return custody.CodeOf(err)
}

// Expected asks the database itself, around the gate, whose rows a condition means.
func Expected(t testing.TB, s *custodytest.Site, sql string) []string {
	t.Helper()
	rows, err := s.PG.Conn(t, s.Database).Query(context.Background(), sql)
	if err != nil {
		t.Fatal(err)
	}
	list, err := pgx.CollectRows(rows, pgx.RowTo[int64])
	if err != nil {
		t.Fatal(err)
	}
	set := map[string]bool{}
	for _, id := range list {
		set[strconv.FormatInt(id, 10)] = true
	}
	return slices.Sorted(maps.Keys(set))
}

// Await polls until done, for a minute at most.
func Await(t testing.TB, what string, done func() bool) {
	t.Helper()
	for end := time.Now().Add(time.Minute); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		if done() {
			return
		}
	}
	t.Fatalf("waited in vain for %s", what)
}

// Run runs a client program and gives what it wrote, its errors included.
func Run(t testing.TB, env []string, input, name string, args ...string) (string, error) {
	t.Helper()
	cmd := exec.Command(name, args...)
	cmd.Env, cmd.Stdin = env, strings.NewReader(input)
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	err := cmd.Run()
	return out.String(), err
}

// Psql runs a script of lines through psql.
func Psql(t testing.TB, s *custodytest.Site, login, token, script string, args ...string) string {
	t.Helper()
	out, _ := Run(t, s.Env(login, token), script, "psql", append([]string{"-X", "-P", "pager=off"}, args...)...)
	return out
}
