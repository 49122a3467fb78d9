package routes

import "testing"

// TestRoutesDeeper: the same ideas, one level further in. None may count, measure or
// compare people without saying who they are.
func TestRoutesDeeper(t *testing.T) {
	openCourt(t).run([]route{
		{name: "OFFSET by a value in LATERAL", do: sql("SELECT count(*) FROM people p JOIN LATERAL (SELECT 1 OFFSET length(p.phone) - 11) q ON true"), able: "refused"},
		{name: "LIMIT by a value in LATERAL", do: sql("SELECT count(*) FROM people p, LATERAL (SELECT k FROM scratch LIMIT right(p.phone, 1)::int) q"), able: "refused"},
		{name: "IN a set made of values", do: sql("SELECT branch_id FROM people WHERE id IN (SELECT 100 + generate_series(1, length(name)) FROM people)"), able: "refused"},
		{name: "ARRAY of a set made of values", do: sql("SELECT array_length(ARRAY(SELECT generate_series(1, length(name)) FROM people), 1)"), able: "refused"},
		{name: "count of distinct values below", do: sql("SELECT count(*) FROM (SELECT DISTINCT left(phone, 10) FROM people) q"), able: "refused"},
		{name: "count of groups below", do: sql("SELECT count(*) FROM (SELECT 1 FROM people GROUP BY left(phone, 10)) q"), able: "refused"},
		{name: "count of a union below", do: sql("SELECT count(*) FROM (SELECT phone FROM people UNION SELECT '07700900101') q"), able: "refused"},
		{name: "HAVING without GROUP BY", do: sql("SELECT 1 FROM people HAVING max(phone) > '0'"), able: "refused"},
		{name: "GROUPING of a value", do: sql("SELECT grouping(phone), count(*) FROM people GROUP BY ROLLUP (phone)"), able: "refused"},
		{name: "INSERT of as many rows as a value is long", do: sql("INSERT INTO scratch (k) SELECT 1 FROM people p, generate_series(1, length(p.name))", "SELECT count(*) FROM scratch"), able: "refused", dirty: true},
		{name: "INSERT of a set made of values", do: sql("INSERT INTO scratch (k) SELECT generate_series(1, length(name)) FROM people", "SELECT count(*) FROM scratch"), able: "refused", dirty: true},
		{name: "UPDATE of as many rows as a value is long", do: sql("UPDATE scratch SET v = 'x' FROM people p, generate_series(1, length(p.name)) g WHERE g = scratch.k", "SELECT count(*) FROM scratch WHERE v = 'x'"), able: "refused", dirty: true},
		{name: "DELETE where a subselect compares", do: sql("DELETE FROM scratch WHERE k < (SELECT max(length(name)) FROM people)", "SELECT count(*) FROM scratch"), able: "refused", dirty: true},
		{name: "CREATE TABLE AS of as many rows", do: sql("CREATE TEMP TABLE loot AS SELECT 1 AS x FROM people p, generate_series(1, length(p.name))", "SELECT count(*) FROM loot"), able: "refused"},
		{name: "COPY of as many rows", do: sql("COPY (SELECT 1 FROM people p, generate_series(1, length(p.name))) TO STDOUT"), able: "101-140:name"},
		{name: "a cursor over as many rows", do: sql("BEGIN", "DECLARE c CURSOR FOR SELECT 1 FROM people p, generate_series(1, length(p.name))", "FETCH ALL FROM c", "ROLLBACK"), able: "101-140:name"},
		{name: "EXPLAIN ANALYZE of as many rows", do: sql("EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF) SELECT 1 FROM people p, generate_series(1, length(p.name))"), able: "refused"},
		{name: "LEFT JOIN LATERAL unnest", do: sql("SELECT p.branch_id FROM people p LEFT JOIN LATERAL unnest(string_to_array(p.phone, NULL)) u ON true"), able: "101-140:phone"},
		{name: "a row type with a failing field", do: sql("SELECT count(q.*) FROM (SELECT branch_id, ROW(1 / (length(phone) - 11)) AS a FROM people OFFSET 0) q"), able: "refused"},
		{name: "VALUES ordered by a subselect", do: sql("VALUES (1), (2) ORDER BY (SELECT max(phone) FROM people)"), able: "refused"},
		{name: "a subselect in a window's frame", do: sql("SELECT count(*) OVER (ORDER BY k ROWS BETWEEN (SELECT length(min(name)) FROM people) PRECEDING AND CURRENT ROW) FROM scratch"), able: "refused"},
		{name: "a subselect in FILTER", do: sql("SELECT count(*) FILTER (WHERE k < (SELECT length(min(name)) FROM people)) FROM scratch"), able: "refused"},
		{name: "a subselect in GROUP BY", do: sql("SELECT count(*) FROM scratch GROUP BY k < (SELECT length(min(name)) FROM people)"), able: "refused"},
		{name: "a subselect as an argument in FROM", do: sql("SELECT count(*) FROM generate_series(1, (SELECT length(min(name)) FROM people))"), able: "refused"},
		{name: "a subselect in an array subscript", do: sql("SELECT (ARRAY[1, 2, 3])[(SELECT length(min(name)) - 8 FROM people)]"), able: "refused"},
		{name: "a subselect in JSON_TABLE's place", do: sql("SELECT count(*) FROM jsonb_array_elements((SELECT jsonb_agg(phone) FROM people))"), able: "refused"},
		{name: "two levels of WITH that nobody reads", do: sql("WITH a AS MATERIALIZED (SELECT id, phone AS p FROM people), b AS MATERIALIZED (SELECT id, 1 / (length(p) - 11) AS x FROM a) SELECT count(*) FROM b"), able: "error"},
		{name: "doubling what nobody reads", do: sql("SELECT count(*) FROM (SELECT branch_id, x || x || x AS y FROM (SELECT branch_id, phone || phone AS x FROM people OFFSET 0) a OFFSET 0) b"), able: "refused"},
		{name: "an inner error tied to another's key", do: sql("SELECT a.id FROM people a, LATERAL (SELECT 1 / (length(b.phone) - 11) + random() AS x FROM people b WHERE b.branch_id = a.branch_id OFFSET 0) q WHERE a.id = 102"), able: "error"},
		{name: "a view's set counted", do: sql("SELECT sum(n) FROM (SELECT (SELECT count(*) FROM regexp_split_to_table(who, '')) AS n FROM people_view) q"), able: "refused"},
	})
}
