package pgproxy_test

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"custody"
	"custody/custodytest"
	"custody/gate"
	"custody/identity"
	"custody/pgproxy"
	"custody/policy"
	"custody/subjects"
)

const (
	point = "SELECT id, name, phone FROM customers WHERE id = 17"
	// hidden needs a column for the key.
	hidden = "SELECT upper(name) AS id, phone FROM customers WHERE branch_id = 17 ORDER BY 1 LIMIT 10"
	join   = `SELECT c.id, c.name, v.registration, a.place FROM customers c JOIN vehicles v ON v.customer_id = c.id
		JOIN accidents a ON a.customer_id = c.id AND a.vehicle_id = v.id WHERE c.id = 17 ORDER BY a.happened_at DESC LIMIT 50`
)

// desk gives a connection of somebody with a grant, over a real site.
func desk(b *testing.B, grant policy.Grant) (*pgproxy.Desk, *gate.Session) {
	b.Helper()
	ctx := context.Background()
	pg := custodytest.Postgres(b)
	s := custodytest.NewSite(b, pg, custodytest.Bodyshop(b, pg, 1000), custodytest.BodyshopSystem())
	token := s.Person("alice", grant)
	credential, err := s.Identity.Password("alice@northfield.example", s.Database, token)
	if err != nil {
		b.Fatal(err)
	}
	id, err := s.Identity.Open(ctx, identity.Request{Login: "alice@northfield.example", System: s.Database, Credential: credential, Address: "127.0.0.1"})
	if err != nil {
		b.Fatal(err)
	}
	session, err := s.Gate.Enter(id, func(custody.Code) {})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(session.Leave)
	sys := &pgproxy.System{System: &s.Options.Systems[0].System, Upstream: s.Options.Systems[0].Upstream}
	if err := sys.Open(ctx); err != nil {
		b.Fatal(err)
	}
	return pgproxy.NewDesk(sys, s.Gate, session, pgproxy.Options{Mask: subjects.MaskValue}), session
}

func seeAll() policy.Grant {
	return policy.Grant{See: custody.Categories(custody.Name, custody.Phone, custody.Vehicle, custody.Accident)}
}

// BenchmarkDecideKnown is a statement of a known shape: analysed, pinned, decided.
func BenchmarkDecideKnown(b *testing.B) {
	b.Run("simple", func(b *testing.B) {
		d, _ := desk(b, seeAll())
		b.ReportAllocs()
		for b.Loop() {
			if err := d.Decide(point); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("hidden", func(b *testing.B) {
		d, _ := desk(b, seeAll())
		b.ReportAllocs()
		for b.Loop() {
			if err := d.Decide(hidden); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("prepared", func(b *testing.B) {
		d, _ := desk(b, seeAll())
		if err := d.Prepare("p", "SELECT id, name, phone FROM customers WHERE id = $1"); err != nil {
			b.Fatal(err)
		}
		b.ReportAllocs()
		for b.Loop() {
			if err := d.Bind("p", "4711"); err != nil {
				b.Fatal(err)
			}
		}
	})
}

// BenchmarkDecideNew is a statement of a shape never seen before.
func BenchmarkDecideNew(b *testing.B) {
	for name, sql := range map[string]string{"point": point, "join": join, "hidden": hidden} {
		b.Run(name, func(b *testing.B) {
			d, _ := desk(b, seeAll())
			b.ReportAllocs()
			n := 0
			for b.Loop() {
				n++
				if err := d.Decide(strings.Replace(sql, " FROM", fmt.Sprintf(" AS c%d FROM", n), 1)); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkDecideRefused is a known shape that nobody may run.
func BenchmarkDecideRefused(b *testing.B) {
	d, _ := desk(b, seeAll())
	b.ReportAllocs()
	for b.Loop() {
		if d.Decide("SELECT name FROM customers INTERSECT SELECT phone FROM customers") == nil {
			b.Fatal("it passes")
		}
	}
}

// BenchmarkRow is one row of a long answer: attributed, counted, recorded with the
// others of its part, two columns masked.
func BenchmarkRow(b *testing.B) {
	for _, masked := range []bool{false, true} {
		b.Run(fmt.Sprintf("masked=%v", masked), func(b *testing.B) {
			grant := policy.Grant{See: custody.Categories(custody.Name, custody.Address, custody.Phone, custody.Email), Export: true}
			if masked {
				grant.See, grant.Mask = custody.Categories(custody.Name, custody.Address), custody.Categories(custody.Phone, custody.Email)
			}
			d, _ := desk(b, grant)
			if err := d.Open("SELECT id, name, phone, email, town, postcode FROM customers"); err != nil {
				b.Fatal(err)
			}
			var rows [][]byte
			for i := range 1000 {
				rows = append(rows, pgproxy.AppendRow(nil, fmt.Sprint(i+1), "Grace Barker", fmt.Sprintf("07700 900%03d", i),
					fmt.Sprintf("grace.barker%d@post.example", i), "Halifax", "HX1 1AA"))
			}
			b.ReportAllocs()
			n := 0
			for b.Loop() {
				if err := d.Row(rows[n%len(rows)]); err != nil {
					b.Fatal(err)
				}
				n++
			}
		})
	}
}
