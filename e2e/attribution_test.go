package e2e

import (
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"custody"
	"custody/custodytest"
	"custody/site"
)

// TestRowsWithoutAKey: a row that carries a phone, an email or a registration names
// its customers by that; a phone that a family shares names all of them.
func TestRowsWithoutAKey(t *testing.T) {
	s := bodyshop(t)
	token := s.Person("alice", see(contacts|categories(custody.Email)))
	conn := s.As("alice", token)
	for _, sql := range []string{
		"SELECT email FROM customers WHERE branch_id = 1 LIMIT 5",
		"SELECT phone FROM customers WHERE id BETWEEN 10 AND 20 LIMIT 50",
		"SELECT registration, make FROM vehicles WHERE customer_id = 33 LIMIT 9",
	} {
		if _, err := conn.Exec(ctx, sql); err != nil {
			t.Errorf("%s: %v", sql, err)
		}
	}
	if _, err := conn.Exec(ctx, "SELECT name, phone FROM customers WHERE id BETWEEN 40 AND 41 LIMIT 5"); err != nil {
		t.Errorf("name and phone: %v", err)
	}
	want := expected(t, s, `SELECT id FROM customers WHERE phone IN (SELECT phone FROM customers WHERE id BETWEEN 10 AND 20)
		UNION SELECT 33`)
	saw := s.Saw("alice")
	for _, k := range want {
		if saw[k] == 0 {
			t.Errorf("customer %s was shown by phone or registration and is not recorded", k)
		}
	}
}

// TestUpstreamByCertificateAndTLS: the gate reaches the database by TLS with the
// server's certificate checked, and signs in by a client certificate.
func TestUpstreamByCertificateAndTLS(t *testing.T) {
	pg := custodytest.Postgres(t, custodytest.WithHBA("hostssl all cert_gate all cert clientcert=verify-full"))
	database := custodytest.Bodyshop(t, pg, 1000)
	pg.Exec(t, database, "CREATE ROLE cert_gate LOGIN", "GRANT SELECT ON ALL TABLES IN SCHEMA public TO cert_gate")
	cert, key := pg.ClientCertificate(t, "cert_gate")
	s := custodytest.NewSite(t, pg, database, custodytest.BodyshopSystem(), func(o *site.Options) {
		config, err := pgx.ParseConfig("host=" + pg.Host + " port=" + strconv.Itoa(pg.Port) + " user=cert_gate dbname=" + database +
			" sslmode=verify-full sslrootcert=" + pg.RootCert + " sslcert=" + cert + " sslkey=" + key)
		if err != nil {
			t.Fatal(err)
		}
		o.Systems[0].Upstream = config
	})
	token := s.Person("alice", see(contacts))
	var tls bool
	var who string
	conn := s.As("alice", token)
	if err := conn.QueryRow(ctx, "SELECT ssl, current_user FROM pg_stat_ssl WHERE pid = pg_backend_pid()").Scan(&tls, &who); err != nil || !tls || who != "cert_gate" {
		t.Errorf("upstream: TLS %v as %s, %v", tls, who, err)
	}
	if _, err := conn.Exec(ctx, "SELECT id, name FROM customers WHERE id = 9"); err != nil {
		t.Fatal(err)
	}
	if got := keys(s.Saw("alice")); !slices.Equal(got, []string{"9"}) {
		t.Errorf("the ledger says %v", got)
	}
}

// TestRoleThatCanTooMuch: the gate does not guard with a superuser unless it is told
// to, then says so loudly; it says what else its role can do too much, and is silent
// about the role that custody setup postgres makes.
func TestRoleThatCanTooMuch(t *testing.T) {
	pg := custodytest.Postgres(t)
	s := bodyshop(t)
	if log := s.Log.String(); strings.Contains(log, "more than it needs") || strings.Contains(log, "SUPERUSER") {
		t.Errorf("the proper role was complained of: %s", log)
	}
	pg.Exec(t, s.Database, "GRANT pg_monitor TO "+s.Options.Systems[0].Upstream.User)
	s.Stop()
	s.Start()
	if log := s.Log.String(); !strings.Contains(log, "is a member of pg_monitor") {
		t.Errorf("a role that can too much went unnoticed: %s", log)
	}
	s.Stop()
	custodytest.Superuser(t, pg)(&s.Options)
	s.Start()
	if log := s.Log.String(); !strings.Contains(log, "GUARDING WITH A SUPERUSER") {
		t.Errorf("a superuser went unnoticed: %s", log)
	}
	s.Stop()
	s.Options.Systems[0].AllowSuperuser = false
	refused, err := site.Open(ctx, s.Options)
	if err == nil {
		refused.Close()
	}
	if custody.CodeOf(err) != custody.CodeForbidden || !strings.Contains(custody.HintOf(err), "custody setup postgres") {
		t.Errorf("guarding with a superuser: %v", err)
	}
}

// TestExecuteFixesTheKey: PREPARE and EXECUTE of SQL pin a customer as a parameter
// of the protocol does.
func TestExecuteFixesTheKey(t *testing.T) {
	s := bodyshop(t)
	conn := s.As("alice", s.Person("alice", see(contacts)))
	for _, sql := range []string{
		"PREPARE one (bigint) AS SELECT name FROM customers WHERE id = $1",
		"EXECUTE one(21)", "EXECUTE one(22)", "EXECUTE one (21)",
	} {
		if _, err := conn.Exec(ctx, sql, pgx.QueryExecModeSimpleProtocol); err != nil {
			t.Errorf("%s: %v", sql, err)
		}
	}
	if got := keys(s.Saw("alice")); !slices.Equal(got, []string{"21", "22"}) {
		t.Errorf("the ledger says %v", got)
	}
}

// TestSchemaChangedInTransaction: what the gate cannot see yet it does not believe.
func TestSchemaChangedInTransaction(t *testing.T) {
	s := bodyshop(t)
	conn := s.As("alice", s.Person("alice", see(contacts)))
	tx, err := conn.Begin(ctx)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := tx.Exec(ctx, "CREATE TEMP TABLE scratch (a int)"); err != nil {
		t.Fatal(err)
	}
	if _, err := tx.Exec(ctx, "SELECT id, name FROM customers WHERE id = 1", pgx.QueryExecModeSimpleProtocol); codeOf(err) != custody.CodeForbidden {
		t.Errorf("in a transaction that changed the schema: %v", err)
	}
	if err := tx.Rollback(ctx); err != nil {
		t.Fatal(err)
	}
	if _, err := conn.Exec(ctx, "SELECT id, name FROM customers WHERE id = 1"); err != nil {
		t.Errorf("after it: %v", err)
	}
}
