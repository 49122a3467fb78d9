package lineage

import (
	"context"

	"github.com/jackc/pgx/v5"
)

// FingerprintSQL is a query of one text value that changes when anything changes
// that the snapshot depends on. Temporary relations do not count.
const FingerprintSQL = `SELECT md5(concat_ws(' ',
 (SELECT concat(count(*), ',', sum(hashtextextended(concat_ws(' ', c.oid, c.relname, c.relnamespace, c.relkind, a.attnum, a.attname, a.atttypid, a.attcollation, a.attisdropped), 0)))
  FROM pg_catalog.pg_class c JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0
  WHERE c.oid >= 16384 AND c.relpersistence <> 't' AND c.relkind IN ('r', 'p', 'v', 'm', 'f')),
 (SELECT concat(count(*), ',', sum(hashtextextended(concat_ws(' ', oid, relname, relnamespace), 0)))
  FROM pg_catalog.pg_class WHERE oid >= 16384 AND relpersistence <> 't' AND relkind IN ('r', 'p', 'v', 'm', 'f', 'S')),
 (SELECT concat(count(*), ',', sum(hashtextextended(concat_ws(' ', oid, xmin), 0))) FROM pg_catalog.pg_rewrite WHERE ev_class >= 16384),
 (SELECT concat(count(*), ',', sum(hashtextextended(concat_ws(' ', inhrelid, inhparent), 0))) FROM pg_catalog.pg_inherits),
 (SELECT concat(count(*), ',', sum(hashtextextended(concat_ws(' ', oid, confrelid, conrelid, confdeltype), 0))) FROM pg_catalog.pg_constraint WHERE contype = 'f'),
 (SELECT concat(count(*), ',', sum(hashtextextended(concat_ws(' ', oid, xmin), 0))) FROM pg_catalog.pg_proc WHERE oid >= 16384),
 (SELECT concat(count(*), ',', sum(hashtextextended(concat_ws(' ', oid, xmin), 0))) FROM pg_catalog.pg_operator WHERE oid >= 16384),
 (SELECT concat(count(*), ',', sum(hashtextextended(concat_ws(' ', oid, xmin), 0))) FROM pg_catalog.pg_cast WHERE oid >= 16384),
 (SELECT concat(count(*), ',', sum(hashtextextended(concat_ws(' ', oid, typname), 0))) FROM pg_catalog.pg_type t WHERE oid >= 16384 AND typtype <> 'c' AND typelem = 0),
 (SELECT concat(count(*), ',', sum(hashtextextended(concat_ws(' ', oid, nspname), 0))) FROM pg_catalog.pg_namespace WHERE nspname NOT LIKE 'pg\_%')))`

// Fingerprint asks for the schema's current fingerprint; when it differs from
// Catalogue.Generation, load the catalogue again.
func Fingerprint(ctx context.Context, conn *pgx.Conn) (string, error) {
	var f string
	if err := conn.QueryRow(ctx, FingerprintSQL).Scan(&f); err != nil {
		return "", unreadable(err)
	}
	return f, nil
}
