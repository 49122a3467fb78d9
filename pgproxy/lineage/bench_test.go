package lineage_test

import "testing"

const (
	pointSelect = "SELECT id, name, phone FROM customers WHERE id = 4711 AND branch_id = 3 ORDER BY created DESC LIMIT 10"
	threeTables = `SELECT c.id, c.name, v.reg, j.description, j.price FROM customers c JOIN vehicles v ON v.customer_id = c.id
		JOIN jobs j ON j.vehicle_id = v.id AND j.customer_id = c.id WHERE c.branch_id = 2 AND j.day >= '2024-01-01' ORDER BY j.day DESC LIMIT 50`
)

func BenchmarkKnownShape(b *testing.B) {
	_, a := garage(b)
	var lits []string
	if _, _, err := a.AnalyseCached(pointSelect, nil); err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		_, l, err := a.AnalyseCached(pointSelect, lits[:0])
		if err != nil {
			b.Fatal(err)
		}
		lits = l
	}
}

func benchmarkNew(b *testing.B, sql string) {
	_, a := garage(b)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := a.Analyse(sql); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkNewPointSelect(b *testing.B) { benchmarkNew(b, pointSelect) }

func BenchmarkNewThreeTables(b *testing.B) { benchmarkNew(b, threeTables) }
