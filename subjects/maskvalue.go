package subjects

import (
	"bytes"

	"github.com/jackc/pgx/v5/pgtype"

	"custody"
)

// MaskValue is Mask for a column of any PostgreSQL type, in text format: the result
// is a value of the same type, so that clients can read it.
//
//	text, varchar, char(n), name, unknown, xml   as Mask
//	date, timestamp, timestamptz                 the first of January of the year
//	json, jsonb                                  the string "•••"
//	text[], varchar[]                            one element, •••
//	bytea                                        empty
//
// Every other type (numbers, booleans, uuids, enums, addresses, ranges) has no value
// that says "masked": the result is false, and the column must be refused. Domains
// reach the client under the type they are made of. NULL stays nil. A person born on
// the first of January has that date shown, which nobody can tell from the mask.
func MaskValue(dst []byte, category custody.Category, oid uint32, value []byte) ([]byte, bool) {
	if value == nil {
		return dst, Maskable(oid)
	}
	switch oid {
	case pgtype.TextOID, pgtype.VarcharOID, pgtype.BPCharOID, pgtype.NameOID, pgtype.UnknownOID, pgtype.XMLOID:
		return Mask(dst, category, value), true
	case pgtype.JSONOID, pgtype.JSONBOID:
		return append(append(append(dst, '"'), hidden...), '"'), true
	case pgtype.TextArrayOID, pgtype.VarcharArrayOID:
		return append(append(append(dst, '{'), hidden...), '}'), true
	case pgtype.ByteaOID:
		return append(dst, `\x`...), true
	case pgtype.DateOID, pgtype.TimestampOID, pgtype.TimestamptzOID:
		return maskDate(dst, oid, value)
	}
	return dst, false
}

// Maskable says whether MaskValue has an answer for a type, before any row is there.
func Maskable(oid uint32) bool {
	switch oid {
	case pgtype.TextOID, pgtype.VarcharOID, pgtype.BPCharOID, pgtype.NameOID, pgtype.UnknownOID, pgtype.XMLOID,
		pgtype.JSONOID, pgtype.JSONBOID, pgtype.TextArrayOID, pgtype.VarcharArrayOID, pgtype.ByteaOID,
		pgtype.DateOID, pgtype.TimestampOID, pgtype.TimestamptzOID:
		return true
	}
	return false
}

// maskDate keeps the year. It reads every DateStyle that writes a year with four
// digits; for others, for BC and for infinity it gives the year 1900, so that a
// strange value does not end the statement.
func maskDate(dst []byte, oid uint32, value []byte) ([]byte, bool) {
	year, ok := yearOf(value)
	if !ok || bytes.Contains(value, []byte("BC")) {
		year = []byte("1900")
	}
	dst = append(append(dst, year...), "-01-01"...)
	if oid != pgtype.DateOID {
		dst = append(dst, " 00:00:00"...)
	}
	if oid == pgtype.TimestamptzOID {
		dst = append(dst, "+00"...)
	}
	return dst, true
}
