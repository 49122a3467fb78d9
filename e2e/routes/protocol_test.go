package routes

import (
	"encoding/binary"
	"math"
	"testing"

	"github.com/jackc/pgx/v5/pgproto3"
)

func parse(name, query string, types ...uint32) *pgproto3.Parse {
	return &pgproto3.Parse{Name: name, Query: query, ParameterOIDs: types}
}

func bind(portal, statement string, values ...string) *pgproto3.Bind {
	b := &pgproto3.Bind{DestinationPortal: portal, PreparedStatement: statement}
	for _, v := range values {
		b.Parameters = append(b.Parameters, []byte(v))
	}
	return b
}

// inBinary asks for results and sends parameters in binary form.
func inBinary(b *pgproto3.Bind) *pgproto3.Bind {
	b.ResultFormatCodes = []int16{1}
	if len(b.Parameters) > 0 {
		b.ParameterFormatCodes = []int16{1}
	}
	return b
}

func execute(portal string) *pgproto3.Execute { return &pgproto3.Execute{Portal: portal} }
func some(portal string, n uint32) *pgproto3.Execute {
	return &pgproto3.Execute{Portal: portal, MaxRows: n}
}
func describe(kind byte, name string) *pgproto3.Describe {
	return &pgproto3.Describe{ObjectType: kind, Name: name}
}
func closing(kind byte, name string) *pgproto3.Close {
	return &pgproto3.Close{ObjectType: kind, Name: name}
}

var syncNow = &pgproto3.Sync{}

// once is a statement in the extended protocol.
func once(query string) wire { return wire{parse("", query), bind("", ""), execute(""), syncNow} }

func float(v float64) string { return string(binary.BigEndian.AppendUint64(nil, math.Float64bits(v))) }
func int4(v uint32) string   { return string(binary.BigEndian.AppendUint32(nil, v)) }

func query(text string) *pgproto3.Query { return &pgproto3.Query{String: text} }

const (
	harmless = "SELECT id, since FROM people WHERE id < 104"
	harmful  = "SELECT id, phone FROM people WHERE id < 104"
	three    = "101:phone 102:phone 103:phone"
)

// TestRoutesProtocol: the messages are in an unusual order, form or number.
func TestRoutesProtocol(t *testing.T) {
	openCourt(t).run([]route{
		{name: "the extended protocol", do: []any{once(harmful)}, able: three},
		{name: "without Describe, in binary", do: []any{wire{parse("", harmful), inBinary(bind("", "")), execute(""), syncNow}}, able: three},
		{name: "with Describe of both", do: []any{wire{parse("s", harmful), describe('S', "s"), bind("p", "s"), describe('P', "p"), execute("p"), syncNow}}, able: three},
		{name: "a key as text in binary", do: []any{wire{parse("", "SELECT id::text, phone FROM people WHERE id < 104"), inBinary(bind("", "")), execute(""), syncNow}}, able: three},
		{name: "a key of four characters in binary", do: []any{wire{parse("", "SELECT id::varchar, phone FROM people WHERE id < 104"), inBinary(bind("", "")), execute(""), syncNow}}, able: three},
		{name: "a union of key types in binary", do: []any{wire{parse("", "SELECT id, phone FROM people WHERE id = 101 UNION ALL SELECT id::bigint, phone FROM people WHERE id = 102"), inBinary(bind("", "")), execute(""), syncNow}}, able: "101:phone 102:phone"},
		{name: "a mixture of formats", do: []any{wire{parse("", harmful), &pgproto3.Bind{ResultFormatCodes: []int16{1, 0}}, execute(""), syncNow}}, able: three},
		{name: "a parameter as key", do: []any{wire{parse("", "SELECT phone FROM people WHERE id = $1"), bind("", "", "101"), execute(""), syncNow}}, able: "101:phone"},
		{name: "a parameter as key, spelt oddly", do: []any{wire{parse("", "SELECT name FROM people WHERE id = $1"), bind("", "", " 00101 "), execute(""), syncNow}}, able: "101:name"},
		{name: "a parameter as key, in binary", do: []any{wire{parse("", "SELECT name FROM people WHERE id = $1"), inBinary(bind("", "", int4(101))), execute(""), syncNow}}, able: "101:name"},
		{name: "a parameter declared as a float", do: []any{wire{parse("", "SELECT name FROM people WHERE id = $1", 701), inBinary(bind("", "", float(101))), execute(""), syncNow}}, able: "refused"},
		{name: "a parameter declared as a float, in text", do: []any{wire{parse("", "SELECT name FROM people WHERE id = $1", 701), bind("", "", "1.01e2"), execute(""), syncNow}}, able: "refused"},
		{name: "a parameter declared as float4", do: []any{wire{parse("", "SELECT name FROM people WHERE id = $1", 700), inBinary(bind("", "", int4(math.Float32bits(101)))), execute(""), syncNow}}, able: "refused"},
		{name: "a parameter that another mention makes a float", do: []any{wire{parse("", "SELECT name, $1::float8 FROM people WHERE id = $1"), inBinary(bind("", "", float(101))), execute(""), syncNow}}, able: "refused"},
		{name: "a parameter cast to float and back", do: []any{wire{parse("", "SELECT name FROM people WHERE id = $1::float8"), inBinary(bind("", "", float(101))), execute(""), syncNow}}, able: "101:name"},
		{name: "a parameter cast in a condition before", do: []any{wire{parse("", "SELECT name FROM people WHERE $1::float8 > 0 AND id = $1"), inBinary(bind("", "", float(101))), execute(""), syncNow}}, able: "refused"},
		{name: "a parameter of PREPARE as a float", do: []any{"PREPARE q(float8) AS SELECT name FROM people WHERE id = $1", wire{inBinary(bind("", "q", float(101))), execute(""), syncNow}}, able: "refused"},
		{name: "a parameter of PREPARE as a float, by EXECUTE", do: []any{"PREPARE q(float8) AS SELECT name FROM people WHERE id = $1", "EXECUTE q(101)"}, able: "refused"},
		{name: "a parameter as NULL", do: []any{wire{parse("", "SELECT name FROM people WHERE id = $1"), &pgproto3.Bind{Parameters: [][]byte{nil}}, execute(""), syncNow}}, able: "nothing"},
		{name: "too few parameters", do: []any{wire{parse("", "SELECT name FROM people WHERE id = $1"), bind("", ""), execute(""), syncNow}}, able: "error"},

		{name: "PREPARE and EXECUTE", do: sql("PREPARE q AS "+harmful, "EXECUTE q"), able: three},
		{name: "PREPARE and EXECUTE in one string", do: sql("PREPARE q AS " + harmful + "; EXECUTE q"), able: three},
		{name: "PREPARE, DEALLOCATE, PREPARE in one string", do: sql("PREPARE q AS "+harmless, "DEALLOCATE q; PREPARE q AS "+harmful+"; EXECUTE q"), able: three},
		{name: "EXECUTE with parameters", do: sql("PREPARE q AS SELECT id, phone FROM people WHERE id = $1", "EXECUTE q(101)"), able: "101:phone"},
		{name: "Bind of a PREPARE", do: []any{"PREPARE q AS " + harmful, wire{bind("", "q"), execute(""), syncNow}}, able: three},
		{name: "EXECUTE of a Parse", do: []any{wire{parse("q", harmful), syncNow}, "EXECUTE q"}, able: three},
		{name: "EXECUTE in the extended protocol, in binary", do: []any{"PREPARE q AS " + harmful, wire{parse("", "EXECUTE q"), inBinary(bind("", "")), execute(""), syncNow}}, able: three},
		{name: "a name that changes its meaning in a pipeline", do: []any{"PREPARE q AS " + harmless, wire{
			parse("d", "DEALLOCATE q"), bind("d", "d"), execute("d"), parse("p", "PREPARE q AS "+harmful), bind("p", "p"), execute("p"),
			bind("x", "q"), execute("x"), syncNow}}, able: three},
		{name: "a name that changes its meaning by Close and Parse", do: []any{wire{parse("q", harmless), syncNow}, wire{
			closing('S', "q"), parse("q", harmful), bind("x", "q"), execute("x"), syncNow}}, able: three},
		{name: "a portal bound before its statement changed", do: []any{wire{parse("q", harmful), bind("x", "q"), closing('S', "q"), parse("q", harmless), execute("x"), syncNow}}, able: three},
		{name: "a portal's name bound twice", do: []any{wire{parse("a", harmless), parse("b", harmful), bind("", "a"), bind("", "b"), execute(""), syncNow}}, able: three},
		{name: "the unnamed statement used again", do: []any{wire{parse("", harmless), parse("", harmful), bind("", ""), execute(""), syncNow}, wire{bind("", ""), execute(""), syncNow}}, able: three},
		{name: "the unnamed statement after a simple query", do: []any{wire{parse("", harmful), syncNow}, "SELECT 1", wire{bind("", ""), execute(""), syncNow}}, able: "error"},
		{name: "a statement prepared again after an error", do: []any{wire{parse("q", "SELECT nowhere FROM people"), syncNow}, wire{parse("q", harmful), bind("", "q"), execute(""), syncNow}}, able: three},
		{name: "a statement whose second Parse fails", do: []any{wire{parse("q", harmful), syncNow}, wire{parse("q", harmless), bind("", "q"), execute(""), syncNow}, wire{bind("", "q"), execute(""), syncNow}}, able: three},
		{name: "a refusal in the middle of a pipeline", do: []any{wire{parse("", harmless), bind("", ""), execute(""), parse("", "SELECT phone FROM people INTERSECT SELECT phone FROM people"), bind("", ""), execute(""), parse("", harmful), bind("", ""), execute(""), syncNow}}, able: "refused"},
		{name: "what follows an error is void", do: []any{wire{parse("", "SELECT 1/0"), bind("", ""), execute(""), parse("", harmful), bind("", ""), execute(""), syncNow}}, able: "error", blind: "error"},
		{name: "a pipeline of many", do: []any{append(append(append(wire{}, once(harmful)[:3]...), once(harmless)[:3]...), once(harmful)...)}, able: three},
		{name: "several statements in a Parse", do: []any{once(harmless + ";" + harmful)}, able: "refused"},
		{name: "a string of statements", do: sql(harmless + ";" + harmful + "; SELECT 1"), able: three},
		{name: "a string with a refused one at its end", do: sql(harmful + "; SELECT phone FROM people INTERSECT SELECT phone FROM people"), able: "refused"},
		{name: "a string in which another may not", do: sql("BEGIN; " + harmful + "; ROLLBACK"), able: three},
		{name: "a rolled back look", do: sql("BEGIN", harmful, "ROLLBACK"), able: three},
		{name: "a query inside a pipeline", do: []any{wire{parse("q", harmless), bind("x", "q"), query("SELECT 1"), execute("x"), syncNow}}, able: "error", blind: "error"},

		{name: "rows a few at a time", do: []any{wire{parse("", "SELECT id, phone FROM people ORDER BY id"), bind("", ""), some("", 2), some("", 3), syncNow}}, able: "101-105:phone"},
		{name: "rows beyond the limit, a few at a time", do: []any{wire{parse("", "SELECT id, phone FROM people ORDER BY id"), bind("", ""), some("", 30), some("", 30), syncNow}}, able: "101-140:phone"},
		{name: "a cursor", do: sql("BEGIN", "DECLARE c CURSOR FOR "+harmful, "FETCH 2 FROM c", "FETCH ALL FROM c", "CLOSE c", "COMMIT"), able: three},
		{name: "a cursor in one string", do: sql("BEGIN; DECLARE c CURSOR FOR " + harmful + "; FETCH ALL FROM c; COMMIT"), able: three},
		{name: "a cursor that is held", do: sql("DECLARE c CURSOR WITH HOLD FOR "+harmful, "FETCH ALL FROM c"), able: three},
		{name: "a cursor that scrolls", do: sql("BEGIN", "DECLARE c SCROLL CURSOR FOR "+harmful, "FETCH LAST FROM c", "FETCH RELATIVE -1 FROM c", "COMMIT"), able: "102:phone 103:phone"},
		{name: "MOVE counts", do: sql("BEGIN", "DECLARE c CURSOR FOR SELECT id FROM people WHERE phone LIKE '07%'", "MOVE ALL IN c", "COMMIT"), able: "refused"},
		{name: "a binary cursor", do: sql("BEGIN", "DECLARE c BINARY CURSOR FOR "+harmful, "FETCH ALL FROM c", "COMMIT"), able: three},
		{name: "a binary cursor in the extended protocol", do: []any{"BEGIN", "DECLARE c BINARY CURSOR FOR " + harmful, once("FETCH ALL FROM c"), "COMMIT"}, able: three},
		{name: "a cursor fetched in binary", do: []any{"BEGIN", "DECLARE c CURSOR FOR " + harmful, wire{parse("", "FETCH ALL FROM c"), inBinary(bind("", "")), execute(""), syncNow}, "COMMIT"}, able: three},
		{name: "a cursor executed as a portal", do: []any{"BEGIN", "DECLARE c CURSOR FOR " + harmful, wire{execute("c"), syncNow}, "COMMIT"}, able: three},
		{name: "a binary cursor executed as a portal", do: []any{"BEGIN", "DECLARE c BINARY CURSOR FOR " + harmful, wire{execute("c"), syncNow}, "COMMIT"}, able: three},
		{name: "a portal fetched as a cursor", do: []any{"BEGIN", wire{parse("", harmful), bind("x", ""), syncNow}, "FETCH ALL FROM x", "COMMIT"}, able: three},
		{name: "a cursor's name that changes its meaning in a pipeline", do: []any{"BEGIN", "DECLARE c CURSOR FOR " + harmless, wire{
			parse("", "CLOSE c"), bind("", ""), execute(""), parse("", "DECLARE c CURSOR FOR "+harmful), bind("", ""), execute(""), execute("c"), syncNow}, "COMMIT"}, able: three},
		{name: "a cursor made in a savepoint", do: sql("BEGIN", "SAVEPOINT a", "DECLARE c CURSOR FOR "+harmless, "ROLLBACK TO a", "DECLARE c CURSOR FOR "+harmful, "FETCH ALL FROM c", "COMMIT"), able: three},
		{name: "a cursor with a parameter", do: []any{"BEGIN", wire{parse("", "DECLARE c CURSOR FOR SELECT name FROM people WHERE id = $1"), bind("", "", "101"), execute(""), syncNow}, "FETCH ALL FROM c", "COMMIT"}, able: "101:name"},
		{name: "COPY in the extended protocol", do: []any{once("COPY (" + harmful + ") TO STDOUT")}, able: three},
		{name: "a function call of the protocol", do: []any{wire{&pgproto3.FunctionCall{Function: 2168, Arguments: [][]byte{}}}}, able: "refused"},
		{name: "CopyData out of place", do: []any{wire{&pgproto3.CopyData{Data: []byte("x")}, &pgproto3.CopyDone{}, syncNow}, harmful}, able: three},
		{name: "Flush in place of Sync", do: []any{wire{parse("", harmful), bind("", ""), execute(""), &pgproto3.Flush{}, syncNow}}, able: three},
		{name: "Execute of an unknown portal", do: []any{wire{execute("nowhere"), syncNow}}, able: "error", blind: "error"},
		{name: "Bind of an unknown statement", do: []any{wire{bind("", "nowhere"), execute(""), syncNow}}, able: "error", blind: "error"},
		{name: "an UPDATE by EXECUTE that counts", do: sql("PREPARE u AS UPDATE people SET since = since WHERE id = 101 AND phone LIKE '08%'", "EXECUTE u"), able: "101:phone"},
		{name: "an UPDATE by Bind that counts", do: []any{wire{parse("", "UPDATE people SET since = since WHERE id = $1 AND phone LIKE '08%'"), bind("", "", "101"), execute(""), syncNow}}, able: "101:phone"},
		{name: "an empty answer by a parameter", do: []any{wire{parse("", "SELECT 1 FROM people WHERE id = $1 AND phone LIKE '08%'"), bind("", "", "101"), execute(""), syncNow}}, able: "101:phone"},
	})
}
