package subjects_test

import (
	"context"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"

	"custody"
	"custody/custodytest"
	"custody/subjects"
)

func discovered(t *testing.T, conn *pgx.Conn) *subjects.Proposal {
	t.Helper()
	p, err := subjects.Discover(context.Background(), conn)
	if err != nil {
		t.Fatal(err)
	}
	if t.Failed() || testing.Verbose() {
		t.Logf("%+v", p)
	}
	return p
}

func schemaOf(t *testing.T, sql ...string) *pgx.Conn {
	t.Helper()
	pg := custodytest.Postgres(t)
	return pg.Conn(t, pg.CreateDatabase(t, sql...))
}

// outline writes a proposal in short: table, key, then columns with their category,
// identifiers marked with a star. The subjects' table comes first.
func outline(p *subjects.Proposal) []string {
	var list []string
	for _, t := range p.Tables {
		line := t.Schema + "." + t.Name + " by " + t.Key + ":"
		for _, c := range t.Columns {
			line += " " + c.Name + "=" + c.Category.String()
			if c.Identifier {
				line += "*"
			}
		}
		list = append(list, line)
	}
	return list
}

func expect(t *testing.T, p *subjects.Proposal, want ...string) {
	t.Helper()
	if d := cmp.Diff(want, outline(p)); d != "" {
		t.Errorf("proposal (- wanted, + got):\n%s", d)
	}
}

func TestDiscoverBodyshop(t *testing.T) {
	conn := loaded(t, 3000)
	p := discovered(t, conn)
	expect(t, p,
		"public.customers by id: name=name phone=phone* email=email* address_line1=address address_line2=address town=address postcode=address date_of_birth=date-of-birth notes=free-text",
		"public.accidents by customer_id: happened_at=accident place=accident description=accident third_party=name",
		"public.calls by customer_id: phone=phone* summary=free-text",
		"public.claims by customer_id: claim_number=policy*",
		"public.jobs by customer_id: instructions=free-text",
		"public.payments by customer_id: account_name=name sort_code=bank account_number=bank",
		"public.policies by customer_id: policy_number=policy*",
		"public.vehicles by customer_id: registration=vehicle* vin=vehicle*",
	)
	if p.Confidence < 80 {
		t.Errorf("only %d %% sure of customers: %s", p.Confidence, p.Reason)
	}
	var left []string
	for _, l := range p.LeftOut {
		left = append(left, l.Name)
		if l.Personal {
			t.Errorf("%s is left for somebody to decide: %s", l.Name, l.Reason)
		}
	}
	if want := []string{
		"branches", "estimate_discounts", "estimate_lines", "estimate_supplements", "estimate_versions", "estimates", "insurers",
		"organisations", "staff", "web_accounts",
	}; !slices.Equal(left, want) {
		t.Errorf("left out %v, want %v", left, want)
	}
	noValues(t, conn, p)
	filled(t, conn, withNumber(p.System()))
}

func withNumber(s *custody.System) *custody.System {
	s.ID = 1
	return s
}

// noValues fails if a text value of any table stands in the proposal.
func noValues(t *testing.T, conn *pgx.Conn, p *subjects.Proposal) {
	t.Helper()
	text := fmt.Sprintf("%+v", p)
	for _, table := range p.Tables {
		for _, c := range table.Columns {
			sql := fmt.Sprintf("SELECT DISTINCT %s::text FROM %s WHERE length(%[1]s::text) > 4", pgx.Identifier{c.Name}.Sanitize(), pgx.Identifier{table.Schema, table.Name}.Sanitize())
			rows, err := conn.Query(context.Background(), sql)
			if err != nil {
				t.Fatal(err)
			}
			var v string
			if _, err := pgx.ForEachRow(rows, []any{&v}, func() error {
				if strings.Contains(text, v) {
					t.Errorf("a value of %s.%s stands in the proposal", table.Name, c.Name)
				}
				return nil
			}); err != nil {
				t.Fatal(err)
			}
		}
	}
}

// people gives rows of invented people as a VALUES list.
func people(n int, row func(i int) string) string {
	rows := make([]string, n)
	for i := range rows {
		rows[i] = "(" + row(i) + ")"
	}
	return strings.Join(rows, ",")
}

var given = []string{"Alice", "Peter", "Priya", "Siân", "Mohammed", "Karen"}
var family = []string{"Smith", "Patel", "O''Neill", "Okafor", "Jones", "Lloyd", "Brown"}

// A program of the eighties: capitals, short words, no foreign keys, text for all.
func TestDiscoverLegacyCapitals(t *testing.T) {
	p := discovered(t, schemaOf(t, `
		CREATE TABLE "CLIENTS" ("CLIENT_NO" varchar(8) PRIMARY KEY, "SURNAME" varchar(40), "FORENAMES" varchar(40), "TEL_NO" varchar(20), "MOB_NO" varchar(20),
			"E_MAIL" varchar(60), "ADDR1" varchar(40), "ADDR2" varchar(40), "POST_CD" varchar(8), "DOB" varchar(10), "MEMO" text, "BRANCH_CD" char(3), "TEL_TYPE" char(1));
		CREATE TABLE "VEH" ("VEH_ID" integer PRIMARY KEY, "CLIENT_NO" varchar(8), "REG_NO" varchar(10), "REG_DATE" date, "MAKE_NM" varchar(20));
		CREATE TABLE "CLM" ("CLM_ID" integer PRIMARY KEY, "CLIENT_NO" varchar(8), "CLAIM_REF" varchar(12), "REGION" varchar(10));
		CREATE TABLE "BRANCHES" ("BRANCH_CD" char(3) PRIMARY KEY, "NAME" varchar(30), "TEL_NO" varchar(20), "POST_CD" varchar(8));
		INSERT INTO "BRANCHES" VALUES ('ASH', 'Ashbridge', '0121 496 0000', 'LS2 1AB');
		INSERT INTO "CLIENTS" VALUES `+people(200, func(i int) string {
		return fmt.Sprintf("'C%05d', upper('%s'), upper('%s'), '01632 960%03d', '07700 900%03d', 'c%d@post.example', '%d High Street', 'Calder Mills', 'HX6 %dAB', '0%d/03/19%d', NULL, 'ASH', 'H'",
			i, family[i%7], given[i%6], i, i, i, i+1, i%10, i%9+1, 40+i%50)
	})+`;
		INSERT INTO "VEH" VALUES `+people(200, func(i int) string {
		return fmt.Sprintf("%d, 'C%05d', 'AB%02d C%cE', '2015-01-01', 'Ford'", i, i, 10+i%50, 'A'+rune(i%20))
	})+`;
		INSERT INTO "CLM" VALUES `+people(50, func(i int) string {
		return fmt.Sprintf("%d, 'C%05d', 'CL/%06d', 'NORTH'", i, i*3, i)
	})+`;`))
	expect(t, p,
		`public.CLIENTS by CLIENT_NO: SURNAME=name FORENAMES=name TEL_NO=phone* MOB_NO=phone* E_MAIL=email* ADDR1=address ADDR2=address POST_CD=address DOB=date-of-birth MEMO=free-text`,
		`public.CLM by CLIENT_NO: CLAIM_REF=policy*`,
		`public.VEH by CLIENT_NO: REG_NO=vehicle*`,
	)
}

// Camel case in a schema of its own, uuids, a policyholder; details in a table that
// shares the key; incidents that are reached only through the policy; users who are
// staff.
func TestDiscoverCamelCase(t *testing.T) {
	p := discovered(t, schemaOf(t, `
		CREATE SCHEMA crm;
		CREATE TABLE crm."policyHolders" ("holderId" uuid PRIMARY KEY, "fullName" text NOT NULL, "createdAt" timestamptz, "emailVerified" boolean, "contactType" text);
		CREATE TABLE crm."holderDetails" ("holderId" uuid PRIMARY KEY REFERENCES crm."policyHolders", "emailAddress" text, "mobilePhone" text, "homeAddress" jsonb, "birthDate" date, "phoneVerifiedAt" timestamptz);
		CREATE TABLE crm."holderNotes" (id bigserial PRIMARY KEY, "detailsId" uuid REFERENCES crm."holderDetails", body text, "writtenBy" bigint);
		CREATE TABLE crm."motorPolicies" (id bigserial PRIMARY KEY, "policyHolderId" uuid NOT NULL REFERENCES crm."policyHolders", "namedDriverId" uuid REFERENCES crm."policyHolders", "policyNumber" text UNIQUE, "numberPlate" text);
		CREATE TABLE crm."incidentReports" (id bigserial PRIMARY KEY, "policyId" bigint REFERENCES crm."motorPolicies", narrative text, "witnessName" text, "witnessPhone" text);
		CREATE TABLE crm.users (id bigserial PRIMARY KEY, name text, email text, "lastLogin" timestamptz);
		ALTER TABLE crm."holderNotes" ADD FOREIGN KEY ("writtenBy") REFERENCES crm.users;
		INSERT INTO crm."policyHolders" SELECT md5(i::text)::uuid, (ARRAY['Alice Smith', 'Peter Jones', 'Karen Lloyd'])[1 + i % 3], now(), true, 'post' FROM generate_series(1, 300) i;
		INSERT INTO crm."holderDetails" SELECT md5(i::text)::uuid, 'h' || i || '@post.example', '+44 7700 900' || lpad(i::text, 3, '0'), '{"line1": "1 High Street"}', '1970-01-01'::date + i, now() FROM generate_series(1, 300) i;
		INSERT INTO crm."motorPolicies" ("policyHolderId", "policyNumber", "numberPlate") SELECT md5(i::text)::uuid, 'P-' || i, 'AB' || 10 + i % 60 || ' XYZ' FROM generate_series(1, 300) i;`))
	expect(t, p,
		`crm.policyHolders by holderId: fullName=name`,
		`crm.holderDetails by holderId: emailAddress=email* mobilePhone=phone* homeAddress=free-text birthDate=date-of-birth`,
		`crm.holderNotes by detailsId: body=free-text`,
		`crm.motorPolicies by policyHolderId: policyNumber=policy* numberPlate=vehicle*`,
	)
	for _, l := range p.LeftOut {
		if l.Personal != (l.Name == "incidentReports") {
			t.Errorf("%s: %v: %s", l.Name, l.Personal, l.Reason)
		}
	}
}

// Names that say nothing: the values must. And a column called customer_id that
// holds other numbers must not be taken for the key.
func TestDiscoverByValues(t *testing.T) {
	p := discovered(t, schemaOf(t, `
		CREATE TABLE member (id integer PRIMARY KEY, f1 text, f2 text, f3 text, f4 text, f5 text, f6 date, f7 text, code text);
		CREATE TABLE visit (id integer PRIMARY KEY, member_id integer, f1 text);
		CREATE TABLE export_log (id integer PRIMARY KEY, member_id integer, f1 text);
		CREATE TABLE empty_log (id integer PRIMARY KEY, member_id integer, message text);
		INSERT INTO member SELECT i, (ARRAY['Alice Smith', 'Peter O''Neill', 'Zoë Brown', 'Xavi Puig'])[1 + i % 4], '07700 900' || lpad((i % 1000)::text, 3, '0'), 'm' || i || '@post.example',
			'HX' || i % 9 || ' ' || i % 10 || 'AB', 'AB' || 10 + i % 60 || ' C' || chr(65 + i % 7) || chr(65 + i % 11), '1940-06-01'::date + i * 60, 'Rings from 07700 900' || lpad((i % 1000)::text, 3, '0'), 'K' || i % 7
			FROM generate_series(1, 400) i;
		INSERT INTO visit SELECT i, 1 + i % 400, 'The car was late and he was cross with us' FROM generate_series(1, 500) i;
		INSERT INTO export_log SELECT i, 900000 + i, 'x' || i || '@post.example' FROM generate_series(1, 500) i;`))
	expect(t, p,
		"public.member by id: f1=name f2=phone* f3=email* f4=address f5=vehicle* f6=date-of-birth f7=free-text",
		"public.empty_log by member_id: message=free-text",
		"public.visit by member_id: f1=free-text",
	)
	if len(p.LeftOut) != 1 || p.LeftOut[0].Name != "export_log" || !p.LeftOut[0].Personal {
		t.Errorf("left out: %+v", p.LeftOut)
	}
}

// A key of two columns with a tenant, partitions, a domain, a materialised view, and
// tables without a row.
func TestDiscoverTenantsAndPartitions(t *testing.T) {
	p := discovered(t, schemaOf(t, `
		CREATE DOMAIN phone_number AS varchar(20);
		CREATE TABLE tenants (id integer PRIMARY KEY, name text);
		CREATE TABLE clients (tenant_id integer REFERENCES tenants, client_id bigint UNIQUE, first_name text, last_name text, home_phone phone_number, postcode text, PRIMARY KEY (tenant_id, client_id));
		CREATE TABLE letters (tenant_id integer, client_id bigint, sent_on date, body text, FOREIGN KEY (tenant_id, client_id) REFERENCES clients) PARTITION BY RANGE (sent_on);
		CREATE TABLE letters_2025 PARTITION OF letters FOR VALUES FROM ('2025-01-01') TO ('2026-01-01');
		CREATE MATERIALIZED VIEW phone_book AS SELECT client_id, last_name, home_phone FROM clients;`))
	expect(t, p,
		"public.clients by client_id: first_name=name last_name=name home_phone=phone* postcode=address",
		"public.letters by client_id: body=free-text",
		"public.phone_book by client_id: last_name=name home_phone=phone*",
	)
}

// An address in a table of its own, at which the customer points: there is no column
// to declare as its key, and the proposal must say so.
func TestDiscoverAddressesApart(t *testing.T) {
	p := discovered(t, schemaOf(t, `
		CREATE TABLE addresses (id integer PRIMARY KEY, line1 text, street text, postcode text);
		CREATE TABLE customers (id integer PRIMARY KEY, full_name text, email text, address_id integer REFERENCES addresses, referred_by integer REFERENCES customers);
		CREATE TABLE bookings (id integer PRIMARY KEY, introduced_by integer REFERENCES customers, customer_id integer NOT NULL REFERENCES customers, wishes_text text);
		CREATE MATERIALIZED VIEW never_filled AS SELECT id AS customer_id, email FROM customers WITH NO DATA;`))
	expect(t, p,
		"public.customers by id: full_name=name email=email*",
		"public.bookings by customer_id: wishes_text=free-text",
		"public.never_filled by customer_id: email=email*",
	)
	if len(p.LeftOut) != 1 || !p.LeftOut[0].Personal || !strings.Contains(p.LeftOut[0].Reason, "customers.address_id points at it") {
		t.Errorf("left out: %+v", p.LeftOut)
	}
}

func TestDiscoverNobody(t *testing.T) {
	conn := schemaOf(t, `CREATE TABLE parts (id integer PRIMARY KEY, name text, price numeric);
		CREATE TABLE sites (id integer PRIMARY KEY, name text, phone text);`)
	for range 2 { // the connection stays usable
		if _, err := subjects.Discover(context.Background(), conn); custody.CodeOf(err) != custody.CodeNotFound || custody.HintOf(err) == "" {
			t.Error(err)
		}
	}
}

// A login with few rights gets a proposal of what it may see.
func TestDiscoverWithFewRights(t *testing.T) {
	pg := custodytest.Postgres(t)
	db := pg.CreateDatabase(t, `
		CREATE TABLE customers (id integer PRIMARY KEY, name text, phone text, secret_email text);
		INSERT INTO customers VALUES (1, 'Alice Smith', '07700 900001', 'alice@post.example');
		CREATE TABLE orders (id integer PRIMARY KEY, customer_id integer REFERENCES customers, delivery_address text);
		CREATE TABLE payroll (id integer PRIMARY KEY, name text, iban text);
		CREATE ROLE narrow LOGIN PASSWORD 'narrow';
		GRANT SELECT (id, name, phone) ON customers TO narrow;
		GRANT SELECT ON orders TO narrow;`)
	t.Cleanup(func() { pg.Exec(t, db, "DROP OWNED BY narrow; DROP ROLE narrow") })
	conn, err := pgx.Connect(context.Background(), pg.UserURL("narrow", "narrow", db))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(context.Background())
	p := discovered(t, conn)
	expect(t, p, "public.customers by id: name=name phone=phone* secret_email=email*", "public.orders by customer_id: delivery_address=address")
	if !strings.Contains(p.Tables[0].Columns[1].Reason, "1 of 1") {
		t.Errorf("the columns that may be read were not sampled: %s", p.Tables[0].Columns[1].Reason)
	}
	if len(p.LeftOut) != 1 || !p.LeftOut[0].Personal || !strings.Contains(p.LeftOut[0].Reason, "may not read") {
		t.Errorf("left out: %+v", p.LeftOut)
	}
}

func TestSystemName(t *testing.T) {
	form := regexp.MustCompile(`^[a-z][a-z0-9_-]{0,62}$`)
	for name, want := range map[string]string{"bodyshop": "bodyshop", "Body Shop": "body_shop", "1st": "db1st", "": "db", "é": "db_", strings.Repeat("x", 80): strings.Repeat("x", 60)} {
		if got := (&subjects.Proposal{Database: name}).SystemName(); got != want || !form.MatchString(got) {
			t.Errorf("%q becomes %q", name, got)
		}
	}
}
