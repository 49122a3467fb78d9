package subjects_test

import (
	"context"
	"errors"
	"slices"
	"strconv"
	"sync"
	"testing"

	"github.com/jackc/pgx/v5"

	"custody"
	"custody/custodytest"
	"custody/examples/bodyshop"
	"custody/subjects"
)

// numbers is a namer in memory; the store's own is tested there.
type numbers struct {
	mu    sync.Mutex
	known map[string]custody.SubjectID
	most  int
	fail  error
}

func (n *numbers) Assign(_ custody.SystemID, keys []string) ([]custody.SubjectID, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.fail != nil {
		return nil, n.fail
	}
	if n.known == nil {
		n.known = map[string]custody.SubjectID{}
	}
	n.most = max(n.most, len(keys))
	var ids []custody.SubjectID
	for _, k := range keys {
		if n.known[k] == 0 {
			n.known[k] = custody.SubjectID(len(n.known) + 1)
		}
		ids = append(ids, n.known[k])
	}
	return ids, nil
}

func bodyshopSystem() *custody.System {
	return &custody.System{ID: 1, Name: "bodyshop", Tables: []custody.Table{
		{Schema: "public", Name: "vehicles", Key: "customer_id", Columns: map[string]custody.Category{"registration": custody.Vehicle}, Identifiers: []string{"registration"}},
		{Schema: "public", Name: "calls", Key: "customer_id", Columns: map[string]custody.Category{"phone": custody.Phone, "summary": custody.FreeText}, Identifiers: []string{"phone"}},
		{Schema: "public", Name: "customers", Key: "id", Subject: true,
			Columns:     map[string]custody.Category{"name": custody.Name, "phone": custody.Phone, "email": custody.Email},
			Identifiers: []string{"phone", "email"}},
		{Schema: "public", Name: "accidents", Key: "customer_id", Columns: map[string]custody.Category{"description": custody.Accident}},
	}}
}

func filled(tb testing.TB, conn *pgx.Conn, sys *custody.System) (*numbers, *subjects.Directory, *subjects.Index) {
	tb.Helper()
	n := &numbers{}
	d := subjects.NewDirectory(n)
	x, err := subjects.NewIndex([]byte("a key for tests only"), 0)
	if err != nil {
		tb.Fatal(err)
	}
	if err := subjects.Fill(context.Background(), conn, sys, d, x); err != nil {
		tb.Fatal(err, errors.Unwrap(err))
	}
	return n, d, x
}

func loaded(tb testing.TB, customers int) *pgx.Conn {
	tb.Helper()
	pg := custodytest.Postgres(tb)
	conn := pg.Conn(tb, pg.CreateDatabase(tb))
	if err := bodyshop.Load(context.Background(), conn, customers, 1); err != nil {
		tb.Fatal(err)
	}
	return conn
}

// Every identifier in the database must find its own subject, in the spelling of the
// row, and the directory must know every key.
func TestFillFindsEverybody(t *testing.T) {
	ctx := context.Background()
	conn := loaded(t, 12_000)
	n, d, x := filled(t, conn, bodyshopSystem())
	if d.Len(1) != 12_000 || n.most > 10_000 {
		t.Errorf("%d keys, %d at once", d.Len(1), n.most)
	}
	count := 0
	for _, q := range []struct {
		category custody.Category
		sql      string
	}{
		{custody.Phone, "SELECT id, phone FROM customers WHERE phone IS NOT NULL UNION ALL SELECT customer_id, phone FROM calls"},
		{custody.Email, "SELECT id, email FROM customers WHERE email IS NOT NULL"},
		{custody.Vehicle, "SELECT customer_id, registration::text FROM vehicles"},
	} {
		rows, err := conn.Query(ctx, q.sql)
		if err != nil {
			t.Fatal(err)
		}
		var key int64
		var value string
		if _, err := pgx.ForEachRow(rows, []any{&key, &value}, func() error {
			id, ok := d.Lookup(1, []byte(strconv.FormatInt(key, 10)))
			found := x.Find(nil, 1, q.category, []byte(value))
			if !ok || !slices.Contains(found, id) || len(found) > 2 {
				t.Errorf("%v of customer %d finds %v, wanted %d", q.category, key, found, id)
			}
			count++
			return nil
		}); err != nil {
			t.Fatal(err)
		}
	}
	if count < 40_000 {
		t.Errorf("only %d identifiers were tried", count)
	}
	if !conn.PgConn().IsBusy() && conn.PgConn().TxStatus() != 'I' {
		t.Error("the transaction is still open")
	}
}

func TestFillAgainFollowsTheDatabase(t *testing.T) {
	ctx := context.Background()
	conn := loaded(t, 500)
	n, d, x := filled(t, conn, bodyshopSystem())
	before := x.Len()
	if _, err := conn.Exec(ctx, "INSERT INTO customers (name, phone, branch_id) VALUES ('New', '07700 900999', 1), ('No phone', NULL, 1)"); err != nil {
		t.Fatal(err)
	}
	if err := subjects.Fill(ctx, conn, bodyshopSystem(), d, x); err != nil {
		t.Fatal(err)
	}
	if d.Len(1) != 502 || len(n.known) != 502 || x.Len() != before+1 {
		t.Errorf("%d keys, %d named, %d identifiers after %d", d.Len(1), len(n.known), x.Len(), before)
	}
	if _, err := conn.Exec(ctx, "UPDATE customers SET phone = '01632 960999' WHERE name = 'New'"); err != nil {
		t.Fatal(err)
	}
	if err := subjects.Fill(ctx, conn, bodyshopSystem(), d, x); err != nil {
		t.Fatal(err)
	}
	was, is := x.Find(nil, 1, custody.Phone, []byte("07700 900999")), x.Find(nil, 1, custody.Phone, []byte("01632 960999"))
	if len(is) != 1 || slices.Contains(was, is[0]) {
		t.Errorf("the old phone finds %v, the new one %v", was, is)
	}
	bad := bodyshopSystem()
	bad.Tables[0].Name = "gone" // it is read after the customers
	if err := subjects.Fill(ctx, conn, bad, d, x); err == nil || x.Len() != before+1 {
		t.Errorf("after an error: %v, %d identifiers", err, x.Len())
	}
}

func TestFillKeysOfEveryType(t *testing.T) {
	pg := custodytest.Postgres(t)
	conn := pg.Conn(t, pg.CreateDatabase(t, `
		CREATE TABLE u ("Customer Key" uuid, "E-Mail" text);
		INSERT INTO u VALUES ('0F8FAD5B-D9CB-469F-A165-70867728950E', 'a@post.example'), (NULL, 'nobody@post.example');
		CREATE TABLE c (k char(8), phone numeric);
		INSERT INTO c VALUES ('C-1', 7700900123), ('', 7700900124);`))
	sys := &custody.System{ID: 1, Tables: []custody.Table{
		{Schema: "public", Name: "u", Key: "Customer Key", Subject: true, Columns: map[string]custody.Category{"E-Mail": custody.Email}, Identifiers: []string{"E-Mail"}},
		{Schema: "public", Name: "c", Key: "k", Columns: map[string]custody.Category{"phone": custody.Phone}, Identifiers: []string{"phone"}},
	}}
	n, d, x := filled(t, conn, sys)
	for _, key := range []string{"0f8fad5b-d9cb-469f-a165-70867728950e", "C-1     "} { // as the wire shows them
		if _, ok := d.Lookup(1, []byte(key)); !ok {
			t.Errorf("key %q is not known; known are %v", key, n.known)
		}
	}
	if got := x.Find(nil, 1, custody.Email, []byte("nobody@post.example")); got != nil {
		t.Errorf("a row without a key names %v", got)
	}
	if got := x.Find(nil, 1, custody.Phone, []byte("07700 900123")); len(got) != 1 {
		t.Errorf("a phone kept as a number names %v", got)
	}
}

func TestFillErrors(t *testing.T) {
	ctx := context.Background()
	conn := loaded(t, 20)
	d := subjects.NewDirectory(&numbers{})
	x, _ := subjects.NewIndex([]byte("a key for tests only"), 0)
	change := func(f func(*custody.System)) *custody.System {
		s := bodyshopSystem()
		f(s)
		return s
	}
	for name, c := range map[string]struct {
		sys  *custody.System
		code custody.Code
	}{
		"no number":   {change(func(s *custody.System) { s.ID = 0 }), custody.CodeInvalid},
		"no table":    {change(func(s *custody.System) { s.Tables[2].Name = "clients" }), custody.CodeInvalid},
		"no schema":   {change(func(s *custody.System) { s.Tables[2].Schema = "crm" }), custody.CodeInvalid},
		"no key":      {change(func(s *custody.System) { s.Tables[2].Key = "number" }), custody.CodeInvalid},
		"no column":   {change(func(s *custody.System) { delete(s.Tables[2].Columns, "email") }), custody.CodeInvalid},
		"quoted name": {change(func(s *custody.System) { s.Tables[2].Key = `id" FROM customers; DROP TABLE calls; --` }), custody.CodeInvalid},
	} {
		err := subjects.Fill(ctx, conn, c.sys, d, x)
		if custody.CodeOf(err) != c.code || custody.HintOf(err) == "" {
			t.Errorf("%s: %v (%v)", name, err, errors.Unwrap(err))
		}
	}
	full := errors.New("disk full")
	if err := subjects.Fill(ctx, conn, bodyshopSystem(), subjects.NewDirectory(&numbers{fail: full}), x); !errors.Is(err, full) {
		t.Errorf("a namer that fails: %v", err)
	}
	if err := subjects.Fill(ctx, conn, bodyshopSystem(), d, nil); err != nil || d.Len(1) != 20 {
		t.Errorf("without an index: %v, %d keys", err, d.Len(1))
	}
}

func TestFillStopsWithItsContext(t *testing.T) {
	conn := loaded(t, 20)
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	x, _ := subjects.NewIndex([]byte("a key for tests only"), 0)
	if err := subjects.Fill(ctx, conn, bodyshopSystem(), subjects.NewDirectory(&numbers{}), x); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}

func BenchmarkFill(b *testing.B) {
	conn := loaded(b, 200_000)
	for b.Loop() {
		_, d, x := filled(b, conn, bodyshopSystem())
		b.ReportMetric(float64(d.Len(1)), "subjects")
		b.ReportMetric(float64(x.Len()), "identifiers")
	}
}

// TestReread: after a few customers were read again, the index finds what a Fill of
// the whole database would find.
func TestReread(t *testing.T) {
	conn, sys := loaded(t, 200), bodyshopSystem()
	n, d, x := filled(t, conn, sys)
	for _, sql := range []string{
		"UPDATE customers SET phone = '07700900991', email = 'new@example.com' WHERE id = 7",
		"UPDATE customers SET phone = NULL WHERE id = 8",
		"UPDATE vehicles SET registration = 'AB12CDE' WHERE customer_id = 9",
		"DELETE FROM calls WHERE customer_id IN (7, 8, 9, 10)",
	} {
		if _, err := conn.Exec(context.Background(), sql); err != nil {
			t.Fatal(err)
		}
	}
	var changed []subjects.Entry
	for _, key := range []string{"7", "8", "9", "10", "999"} {
		ids, err := d.Assign(1, []string{key})
		if err != nil {
			t.Fatal(err)
		}
		changed = append(changed, subjects.Entry{System: 1, Key: key, Subject: ids[0]})
	}
	if err := subjects.Reread(context.Background(), conn, sys, x, changed); err != nil {
		t.Fatal(err, errors.Unwrap(err))
	}
	if got := x.Find(nil, 1, custody.Phone, []byte("07700 900991")); len(got) != 1 || got[0] != n.known["7"] {
		t.Errorf("the new phone names %v", got)
	}
	fresh, err := subjects.NewIndex([]byte("a key for tests only"), 0)
	if err != nil {
		t.Fatal(err)
	}
	if err := subjects.Fill(context.Background(), conn, sys, d, fresh); err != nil {
		t.Fatal(err)
	}
	rows, err := conn.Query(context.Background(), "SELECT 'phone', phone FROM customers UNION SELECT 'email', email FROM customers UNION SELECT 'vehicle', registration FROM vehicles UNION SELECT 'phone', phone FROM calls")
	if err != nil {
		t.Fatal(err)
	}
	for rows.Next() {
		var name string
		var value *string
		if err := rows.Scan(&name, &value); err != nil {
			t.Fatal(err)
		}
		if value == nil {
			continue
		}
		c, _ := custody.ParseCategory(name)
		got, want := x.Find(nil, 1, c, []byte(*value)), fresh.Find(nil, 1, c, []byte(*value))
		slices.Sort(got)
		slices.Sort(want)
		if !slices.Equal(got, want) {
			t.Errorf("a %s names %v, in a fresh index %v", name, got, want)
		}
	}
	if rows.Err() != nil {
		t.Fatal(rows.Err())
	}
}

func TestRereadOfTooMany(t *testing.T) {
	_, _, x := filled(t, loaded(t, 1), bodyshopSystem())
	if err := subjects.Reread(context.Background(), nil, bodyshopSystem(), x, make([]subjects.Entry, subjects.MaxReread+1)); custody.CodeOf(err) != custody.CodeTooLarge {
		t.Error(err)
	}
}

// TestFillRemembers: names, dates and addresses are known of those whose they are.
func TestFillRemembers(t *testing.T) {
	conn, sys := loaded(t, 50), bodyshopSystem()
	_, d, x := filled(t, conn, sys)
	if len(x.Known(nil, 1, 1)) > 0 {
		t.Error("known of a system that nobody asked to remember")
	}
	x.Remember(1)
	sys.Tables[2].Columns["date_of_birth"] = custody.DateOfBirth
	if err := subjects.Fill(context.Background(), conn, sys, d, x); err != nil {
		t.Fatal(err)
	}
	rows, err := conn.Query(context.Background(), "SELECT id::text, name, date_of_birth::text FROM customers ORDER BY id")
	if err != nil {
		t.Fatal(err)
	}
	for rows.Next() {
		var key, name string
		var born *string
		if err := rows.Scan(&key, &name, &born); err != nil {
			t.Fatal(err)
		}
		id, _ := d.Lookup(1, []byte(key))
		known := x.Known(nil, 1, id)
		want := x.Terms(nil, 1, custody.Name, []byte(name))
		if born != nil {
			want = x.Terms(want, 1, custody.DateOfBirth, []byte(*born))
		}
		for _, p := range want {
			if !slices.Contains(known, p) {
				t.Errorf("something of customer %s is not known", key)
			}
		}
	}
	if rows.Err() != nil {
		t.Fatal(rows.Err())
	}
	if _, err := conn.Exec(context.Background(), "UPDATE customers SET name = 'Orla Quill' WHERE id = 7"); err != nil {
		t.Fatal(err)
	}
	id, _ := d.Lookup(1, []byte("7"))
	if err := subjects.Reread(context.Background(), conn, sys, x, []subjects.Entry{{System: 1, Key: "7", Subject: id}}); err != nil {
		t.Fatal(err)
	}
	if want := x.Terms(nil, 1, custody.Name, []byte("Orla Quill")); !slices.Contains(x.Known(nil, 1, id), want[1]) {
		t.Error("the new name is not known")
	}
}
