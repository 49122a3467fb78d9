package lineage_test

import "testing"

// TestPoint: only a look at one subject's own row, found by its key alone, is one.
func TestPoint(t *testing.T) {
	_, a := garage(t)
	for sql, want := range map[string]bool{
		"SELECT id, name, phone FROM customers WHERE id = 11":          true,
		"SELECT name FROM customers WHERE id = $1":                     true,
		"SELECT c.name FROM public.customers c WHERE 11 = c.id":        true,
		"SELECT * FROM customers WHERE id = $1":                        true,
		"SELECT name FROM nowhere.public.customers WHERE id = 11":      false,
		"SELECT name FROM customers WHERE id = 11 AND name = 'x'":      false,
		"SELECT name FROM customers WHERE id = 11 AND 1 = 2":           false,
		"SELECT name FROM customers WHERE id = 11 LIMIT 0":             false,
		"SELECT upper(name) FROM customers WHERE id = 11":              false,
		"SELECT name::int FROM customers WHERE id = 11":                false,
		"SELECT name, 1/0 FROM customers WHERE id = 11":                false,
		"SELECT name FROM customers WHERE id > 11":                     false,
		"SELECT reg FROM vehicles WHERE customer_id = 11":              false,
		"SELECT id FROM customers WHERE id = 11":                       false, // discloses nothing
		"SELECT name FROM customers WHERE id = 11 UNION ALL SELECT ''": false,
		"SELECT name FROM customers WHERE id = 11 FOR UPDATE":          false,
		"SELECT name FROM (SELECT * FROM customers) c WHERE id = 11":   false,
	} {
		list, err := a.Analyse(sql)
		if err != nil || len(list) != 1 {
			t.Fatalf("%s: %v", sql, err)
		}
		if list[0].Point != want {
			t.Errorf("%s: %v", sql, list[0].Point)
		}
	}
}
