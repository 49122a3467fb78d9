package routes

import (
	"maps"
	"strings"
	"testing"
)

// honest is an ordinary statement of staff or of a report: it works for who may see,
// and the record is exact.
type honest struct {
	sql    string
	rows   int
	record string // "" for none
}

// TestRoutesHonest: what people do all day passes unchanged.
func TestRoutesHonest(t *testing.T) {
	c := openCourt(t)
	for _, h := range []honest{
		// One customer.
		{"SELECT * FROM people WHERE id = 101", 1, allOf101},
		{"SELECT name, phone FROM people WHERE id = 101", 1, "101:name,phone"},
		{"SELECT name FROM people WHERE id = '101'", 1, "101:name"},
		{"SELECT p.name, p.email FROM people AS p WHERE p.id = 101 LIMIT 1", 1, "101:name,email"},
		{"SELECT name FROM people WHERE id = 99999", 0, ""},
		{"SELECT upper(name) AS name, coalesce(email, '-') FROM people WHERE id = 101", 1, "101:name,email"},
		{"SELECT name || ' <' || email || '>' AS label FROM people WHERE id = 101", 1, "101:name,email"},
		{"SELECT id, name, CASE WHEN notes IS NULL THEN 'no' ELSE 'yes' END AS has_notes FROM people WHERE id = 101", 1, "101:name,free-text"},
		{"SELECT extract(year FROM age(born)) AS years FROM people WHERE id = 101", 1, "101:date-of-birth"},
		{"SELECT to_char(born, 'DD/MM/YYYY') FROM people WHERE id = 101", 1, "101:date-of-birth"},
		{"SELECT EXISTS (SELECT 1 FROM people WHERE id = 101)", 1, ""},
		// Looking somebody up.
		{"SELECT id, name, phone FROM people WHERE name ILIKE 'zoq101%' ORDER BY name LIMIT 20", 1, "101:name,phone"},
		{"SELECT id, name FROM people WHERE phone = '07700900101'", 1, "101:name,phone"},
		{"SELECT id, name FROM people WHERE lower(email) = lower('ZOQ101MAIL@example.com')", 1, "101:name,email"},
		{"SELECT id, name FROM people WHERE name LIKE 'Zoq10%' OR email LIKE 'zoq10%' ORDER BY id LIMIT 5", 5, "101-105:name,email"},
		{"SELECT id, name, phone FROM people WHERE id IN (101, 102, 103) ORDER BY id", 3, "101-103:name,phone"},
		{"SELECT id, name FROM people WHERE id = ANY (ARRAY[101, 102])", 2, "101-102:name"},
		{"SELECT id, name FROM people WHERE id BETWEEN 101 AND 104", 4, "101-104:name"},
		{"SELECT id, name FROM people WHERE name = 'nobody'", 0, ""},
		// Lists and pages.
		{"SELECT id, name FROM people ORDER BY id LIMIT 10", 10, "101-110:name"},
		{"SELECT id, name FROM people ORDER BY id LIMIT 10 OFFSET 10", 10, "111-120:name"},
		{"SELECT id, name FROM people ORDER BY name, id FETCH FIRST 5 ROWS ONLY", 5, "101-105:name"},
		{"SELECT id, name FROM people WHERE id > 105 ORDER BY id LIMIT 3", 3, "106-108:name"},
		{"SELECT id, name, count(*) OVER () AS total FROM people WHERE branch_id = 6 ORDER BY id LIMIT 2", 2, "101:name 107:name"},
		{"SELECT * FROM (SELECT id, name, row_number() OVER (ORDER BY id) AS n FROM people) x WHERE n BETWEEN 1 AND 3", 3, "101-103:name"},
		{"SELECT DISTINCT id, name FROM people WHERE branch_id = 6 AND id < 110", 2, "101:name 107:name"},
		// Joins with the key in the select list.
		{"SELECT p.id, p.name, c.reg FROM people p JOIN cars c ON c.person_id = p.id WHERE p.id = 101", 1, "101:name,vehicle"},
		{"SELECT p.name, c.reg FROM people p JOIN cars c ON c.person_id = p.id WHERE p.id = 101", 1, "101:name,vehicle"},
		{"SELECT p.id, p.name, c.reg FROM people p LEFT JOIN cars c ON c.person_id = p.id WHERE p.id IN (140, 141) ORDER BY 1", 2, "140-141:name,vehicle"}, // that 141 has no car is a look, too
		{"SELECT p.id, p.name, b.name AS branch FROM people p JOIN branches b ON b.id = p.branch_id WHERE b.town = 'Town 6' AND p.id < 108", 2, "101:name 107:name"},
		{"SELECT c.person_id, c.reg, p.phone FROM cars c JOIN people p ON p.id = c.person_id WHERE c.reg = 'VZ101QZ'", 1, "101:vehicle,phone"},
		{"SELECT v.person_id, v.day, v.notes FROM visits v WHERE v.person_id = 101 ORDER BY v.day DESC", 1, "101:free-text"},
		{"SELECT p.id, p.name, v.day FROM people p JOIN visits v ON v.person_id = p.id WHERE v.day BETWEEN '2018-01-01' AND '2018-02-15'", 2, "101-102:name"},
		{"SELECT p.id, p.name, (SELECT count(*) FROM visits v WHERE v.person_id = p.id) AS visits FROM people p WHERE p.id = 101", 1, "101:name"},
		{"SELECT p.id, p.name FROM people p WHERE EXISTS (SELECT 1 FROM cars c WHERE c.person_id = p.id AND c.colour = 'red') AND p.id < 103", 2, "101-102:name"},
		{"SELECT p.id, p.name, string_agg(c.reg, ', ' ORDER BY c.reg) FROM people p JOIN cars c ON c.person_id = p.id WHERE p.id < 103 GROUP BY p.id, p.name", 2, "101-102:name,vehicle"},
		{"SELECT p.id, max(p.name) AS name, count(v.id) FROM people p LEFT JOIN visits v ON v.person_id = p.id WHERE p.id < 103 GROUP BY p.id", 2, "101-102:name"},
		{"WITH recent AS (SELECT person_id, max(day) AS last FROM visits GROUP BY person_id) SELECT p.id, p.name, r.last FROM people p JOIN recent r ON r.person_id = p.id WHERE p.id = 101", 1, "101:name"},
		{"SELECT id, who, phone FROM people_view WHERE id = 101", 1, "101:name,phone"},
		{"SELECT p.id, p.name, l.day FROM people p LEFT JOIN LATERAL (SELECT day FROM visits v WHERE v.person_id = p.id ORDER BY day DESC LIMIT 1) l ON true WHERE p.id = 101", 1, "101:name"},
		// Figures without people.
		{"SELECT count(*) FROM people", 1, ""},
		{"SELECT branch_id, count(*) FROM people GROUP BY branch_id ORDER BY 2 DESC", 6, ""},
		{"SELECT b.name, count(p.id) FROM branches b LEFT JOIN people p ON p.branch_id = b.id GROUP BY b.name ORDER BY 1", 6, ""},
		{"SELECT date_trunc('month', day) AS month, count(*) FROM visits GROUP BY 1 ORDER BY 1 LIMIT 12", 12, ""},
		{"SELECT colour, count(*) FROM cars GROUP BY colour HAVING count(*) > 1", 1, ""},
		{"SELECT min(since), max(since) FROM people", 1, ""},
		{"SELECT part, price * left_over AS worth, vat(price) FROM stock ORDER BY worth DESC", 3, ""},
		{"SELECT sum(price * left_over) FROM stock", 1, ""},
		{"SELECT part, rank() OVER (ORDER BY price DESC) FROM stock", 3, ""},
		{"SELECT n, people_blind.branch_id FROM people_blind ORDER BY 1", 6, ""},
		{"SELECT branch_id, avg(n) FROM (SELECT branch_id, person_id, count(*) AS n FROM visits JOIN people ON people.id = person_id GROUP BY 1, 2) x GROUP BY 1", 6, ""},
		{"SELECT id, branch_id, since FROM people WHERE branch_id = 6", 10, ""},
		{"SELECT 1", 1, ""},
		{"SELECT current_user IS NOT NULL, version() LIKE 'PostgreSQL%', now() > '2020-01-01'", 1, ""},
		// Writing.
		{"UPDATE people SET phone = '07700900999' WHERE id = 101", 0, ""},
		{"UPDATE people SET notes = 'called back', branch_id = 2 WHERE id = 101", 0, ""},
		{"UPDATE people SET notes = coalesce(notes, '') || ' called back' WHERE id = 101", 0, ""},
		{"UPDATE people SET name = initcap(name) WHERE id = 101 RETURNING id", 1, ""},
		{"UPDATE people SET phone = '07700900998' WHERE id = 101 RETURNING id, phone", 1, "101:phone"},
		{"UPDATE cars SET colour = 'green' WHERE person_id = 101", 0, ""},
		{"UPDATE stock SET left_over = left_over - 1 WHERE part = 'door' RETURNING left_over", 1, ""},
		{"INSERT INTO people (id, branch_id, name, phone) VALUES (161, 1, 'Una Grey', '07700900161') RETURNING id", 1, ""},
		{"INSERT INTO people (id, branch_id, name) VALUES (nextval('tick') + 1000, 1, 'Una Grey') RETURNING id, name", 1, "1001:name"},
		{"INSERT INTO cars (id, person_id, reg) SELECT 1, id, 'VZ1QZ' FROM people WHERE id = 150", 0, ""},
		{"INSERT INTO people (id, branch_id, name, phone) VALUES (101, 1, 'x', '07700900101') ON CONFLICT (id) DO UPDATE SET phone = excluded.phone", 0, ""},
		{"INSERT INTO visits (id, person_id, day, notes) VALUES (1, 101, current_date, 'windscreen') RETURNING id", 1, ""},
		{"DELETE FROM visits WHERE person_id = 101 AND day < '2018-06-01'", 0, ""},
		{"WITH gone AS (DELETE FROM visits WHERE person_id = 101 RETURNING id) SELECT count(*) FROM gone", 1, ""},
		// Work of tools.
		{"CREATE TEMP TABLE t (k int, v text)", 0, ""},
		{"CREATE TEMP TABLE ids AS SELECT id FROM people WHERE branch_id = 6", 0, ""},
		{"EXPLAIN SELECT branch_id FROM people", 1, ""},
		{"SHOW server_version", 1, ""},
		{"SET statement_timeout = '5s'", 0, ""},
		{"SELECT relname FROM pg_class WHERE relname = 'people'", 1, ""},
		{"SELECT column_name, data_type FROM information_schema.columns WHERE table_name = 'people' ORDER BY ordinal_position", 9, ""},
		{"SELECT nspname FROM pg_namespace WHERE nspname = 'public'", 1, ""},
		{"COPY (SELECT part, price FROM stock) TO STDOUT (FORMAT csv)", 0, ""},
		{"COPY (SELECT id, name FROM people WHERE branch_id = 6 AND id < 110) TO STDOUT (FORMAT csv, HEADER)", 0, "101:name 107:name"},
	} {
		for _, how := range []string{"simple", "extended"} {
			t.Run(how+" "+h.sql, func(t *testing.T) { c.honest(t, h, how) })
		}
	}
}

func (c *court) honest(t *testing.T, s honest, how string) {
	login, token := c.person()
	r := route{do: sql(s.sql), dirty: !strings.HasPrefix(s.sql, "SELECT")}
	if how == "extended" {
		r.do = []any{once(s.sql)}
	}
	h := c.try(t, login, token, &r)
	if len(h.errors) > 0 {
		t.Fatalf("refused: %s (%s)", h.complaints(), h.errors[0].Hint)
	}
	if len(h.rows) != s.rows {
		t.Errorf("%d rows, want %d: %.200q", len(h.rows), s.rows, h.rows)
	}
	want, _ := parseRecord(s.record)
	if saw := c.Saw(login); !maps.Equal(saw, want) {
		t.Errorf("recorded %v, want %v", saw, want)
	}
}
