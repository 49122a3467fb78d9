package lineage_test

import "testing"

func TestTry(t *testing.T) {
	conn, a := garage(t)
	for _, sql := range []string{
		"SELECT DISTINCT name FROM customers ORDER BY name DESC LIMIT 4",
		"SELECT count(*) FROM (SELECT DISTINCT phone FROM customers) s",
		"SELECT name FROM customers UNION SELECT reg FROM vehicles ORDER BY name",
		"SELECT name FROM customers UNION SELECT reg FROM vehicles UNION SELECT name FROM branches ORDER BY 1",
		"SELECT name FROM customers UNION ALL SELECT reg FROM vehicles UNION DISTINCT (SELECT name FROM branches LIMIT 1) ORDER BY 1",
		"SELECT name FROM customers UNION SELECT reg FROM vehicles UNION ALL (SELECT DISTINCT name FROM customers LIMIT 1) ORDER BY 1",
		"SELECT * FROM (SELECT name FROM customers UNION SELECT reg FROM vehicles) x JOIN branches b ON true",
		"WITH w AS (SELECT name FROM customers UNION (SELECT reg FROM vehicles ORDER BY 1 LIMIT 2)) SELECT max(name) FROM w",
		"(SELECT name FROM customers) UNION (SELECT reg FROM vehicles)",
		"SELECT name FROM customers WHERE id = 17 UNION SELECT reg FROM vehicles",
	} {
		list, err := a.Analyse(sql)
		if err != nil {
			t.Error(err)
			continue
		}
		s := list[0]
		t.Logf("%s\n  → %s\n  %v %s", sql, s.Send, s.Refusal, describe(&s))
		runs(t, conn, a, sql)
		if _, err := ask(conn, s.Send); s.Send != "" && err != nil {
			t.Error(err)
		}
	}
}
