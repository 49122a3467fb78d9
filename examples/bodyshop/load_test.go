package bodyshop_test

import (
	"context"
	"testing"

	"custody/custodytest"
	"custody/examples/bodyshop"
)

func TestLoad(t *testing.T) {
	pg := custodytest.Postgres(t)
	conn := pg.Conn(t, pg.CreateDatabase(t))
	ctx := context.Background()
	if err := bodyshop.Load(ctx, conn, 2000, 1); err != nil {
		t.Fatal(err)
	}
	for _, q := range []struct{ what, sql string }{
		{"every customer is there", `SELECT count(*) = 2000 FROM customers`},
		{"every customer has a vehicle", `SELECT count(DISTINCT customer_id) = 2000 FROM vehicles`},
		{"every table has rows", `SELECT bool_and(n > 0) FROM (SELECT count(*) n FROM policies UNION ALL SELECT count(*) FROM accidents
			UNION ALL SELECT count(*) FROM claims UNION ALL SELECT count(*) FROM jobs UNION ALL SELECT count(*) FROM calls
			UNION ALL SELECT count(*) FROM payments UNION ALL SELECT count(*) FROM customer_overview UNION ALL SELECT count(*) FROM open_jobs) x`},
		{"totals are the sums of the lines", `SELECT bool_and(gross_total + discount_total = s) FROM estimates JOIN
			(SELECT estimate_id, sum(amount) s FROM estimate_lines GROUP BY 1) l ON l.estimate_id = id`},
		{"some estimates have supplements, each with its earlier version", `SELECT count(*) > 20 AND bool_and(e.version = 2 AND v.contents #>> '{totals,gross_total}' < 'x'
			AND (v.contents #>> '{totals,gross_total}')::numeric <= e.gross_total AND EXISTS (SELECT FROM estimate_lines l WHERE l.estimate_id = e.id AND l.supplement = 1))
			FROM estimates e JOIN estimate_supplements s ON s.estimate_id = e.id LEFT JOIN estimate_versions v ON v.estimate_id = e.id`},
		{"every branch has an account", `SELECT count(*) = 24 FROM web_accounts a JOIN branches b ON b.id = a.branch_id AND b.organisation_id = a.organisation_id`},
		{"two organisations have customers", `SELECT count(DISTINCT organisation_id) = 2 FROM customers c JOIN branches b ON b.id = c.branch_id`},
		{"the vehicle of an estimate is the customer's own", `SELECT bool_and(v.customer_id = e.customer_id) FROM estimates e JOIN vehicles v ON v.id = e.vehicle_id`},
		{"the accident of a claim is the customer's own", `SELECT bool_and(a.customer_id = c.customer_id AND p.customer_id = c.customer_id)
			FROM claims c JOIN accidents a ON a.id = c.accident_id JOIN policies p ON p.id = c.policy_id`},
		{"nothing is dated after the records end", `SELECT max(t) <= '2026-09-30' FROM (SELECT max(created_at) t FROM customers UNION ALL SELECT max(happened_at) FROM accidents) x`},
		{"new customers get new numbers", `WITH x AS (INSERT INTO customers (name, branch_id) VALUES ('New', 1) RETURNING id) SELECT id = 2001 FROM x`},
	} {
		var ok *bool
		if err := conn.QueryRow(ctx, q.sql).Scan(&ok); err != nil || ok == nil || !*ok {
			t.Errorf("%s: %v %v", q.what, ok, err)
		}
	}
}

func TestLoadLeanHasTheSameCustomers(t *testing.T) {
	pg := custodytest.Postgres(t)
	ctx := context.Background()
	var sums [2]string
	for i := range sums {
		conn := pg.Conn(t, pg.CreateDatabase(t))
		load := bodyshop.Load
		if i == 1 {
			load = bodyshop.LoadLean
		}
		if err := load(ctx, conn, 300, 5); err != nil {
			t.Fatal(err)
		}
		if err := conn.QueryRow(ctx, `SELECT md5(string_agg(c::text || v::text, '' ORDER BY v.id))
			FROM customers c JOIN vehicles v ON customer_id = c.id`).Scan(&sums[i]); err != nil {
			t.Fatal(err)
		}
	}
	if sums[0] != sums[1] {
		t.Error("lean customers differ from the full ones")
	}
}

func TestLoadTwiceChangesNothing(t *testing.T) {
	pg := custodytest.Postgres(t)
	conn := pg.Conn(t, pg.CreateDatabase(t))
	ctx := context.Background()
	if err := bodyshop.Load(ctx, conn, 10, 1); err != nil {
		t.Fatal(err)
	}
	if err := bodyshop.Load(ctx, conn, 20, 1); err == nil {
		t.Fatal("a full database was filled again")
	}
	var n int
	if err := conn.QueryRow(ctx, "SELECT count(*) FROM customers").Scan(&n); err != nil || n != 10 {
		t.Errorf("%d customers, %v", n, err)
	}
}

func TestLoadRefusesSizes(t *testing.T) {
	for _, n := range []int{-1, 0, bodyshop.MaxCustomers + 1} {
		if bodyshop.Load(context.Background(), nil, n, 1) == nil {
			t.Errorf("%d customers were not refused", n)
		}
	}
}
