package custodytest

import (
	"context"
	"fmt"
	"net/http/httptest"
	"sync"
	"testing"

	"github.com/jackc/pgx/v5/pgxpool"

	"custody"
	"custody/examples/bodyshop"
	"custody/examples/bodyshop/web"
)

var bodyshops struct {
	mu   sync.Mutex
	made map[string]bool
}

// Bodyshop makes a database with the sample data of that many customers. Databases
// of one size are copies of one template, so that the second costs little.
func Bodyshop(tb testing.TB, pg *PG, customers int) string {
	tb.Helper()
	bodyshops.mu.Lock()
	defer bodyshops.mu.Unlock()
	template := fmt.Sprintf("bodyshop_%d", customers)
	if key := pg.URL + template; !bodyshops.made[key] {
		pg.Exec(tb, "postgres", "CREATE DATABASE "+template)
		conn := pg.Conn(tb, template)
		if err := bodyshop.Load(context.Background(), conn, customers, 1); err != nil {
			tb.Fatal(err)
		}
		conn.Close(context.Background())
		if bodyshops.made == nil {
			bodyshops.made = map[string]bool{}
		}
		bodyshops.made[key] = true
	}
	name := fmt.Sprintf("b%d", databases.Add(1))
	pg.Exec(tb, "postgres", "CREATE DATABASE "+name+" TEMPLATE "+template)
	tb.Cleanup(func() { pg.dropDatabase(name) })
	return name
}

// BodyshopSystem declares what the sample data holds.
func BodyshopSystem() custody.System {
	table := func(name, key string, columns map[string]custody.Category, identifiers ...string) custody.Table {
		return custody.Table{Schema: "public", Name: name, Key: key, Subject: name == "customers", Columns: columns, Identifiers: identifiers}
	}
	return custody.System{Tables: []custody.Table{
		table("customers", "id", map[string]custody.Category{
			"name": custody.Name, "phone": custody.Phone, "email": custody.Email, "address_line1": custody.Address,
			"address_line2": custody.Address, "town": custody.Address, "postcode": custody.Address,
			"date_of_birth": custody.DateOfBirth, "notes": custody.FreeText,
		}, "phone", "email"),
		table("vehicles", "customer_id", map[string]custody.Category{"registration": custody.Vehicle, "vin": custody.Vehicle}, "registration"),
		table("policies", "customer_id", map[string]custody.Category{"policy_number": custody.Policy}),
		table("accidents", "customer_id", map[string]custody.Category{
			"happened_at": custody.Accident, "place": custody.Accident, "description": custody.Accident, "third_party": custody.Accident,
		}),
		table("claims", "customer_id", map[string]custody.Category{"claim_number": custody.Policy}),
		table("jobs", "customer_id", map[string]custody.Category{"instructions": custody.FreeText}),
		table("calls", "customer_id", map[string]custody.Category{"phone": custody.Phone, "summary": custody.FreeText}, "phone"),
		table("payments", "customer_id", map[string]custody.Category{
			"account_name": custody.Bank, "sort_code": custody.Bank, "account_number": custody.Bank,
		}),
	}}
}

// BodyshopApp serves the sample application, weak on purpose, over a database of its
// data, and gives its address and its connections.
func BodyshopApp(tb testing.TB, pg *PG, database string) (url string, pool *pgxpool.Pool) {
	tb.Helper()
	pool, err := pgxpool.New(context.Background(), pg.URLFor(database))
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(pool.Close)
	app, err := web.New(context.Background(), pool, web.Options{})
	if err != nil {
		tb.Fatal(err)
	}
	server := httptest.NewServer(app)
	tb.Cleanup(func() { app.Close(); server.CloseClientConnections(); server.Close() })
	return server.URL, pool
}
