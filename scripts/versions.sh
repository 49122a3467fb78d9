#!/usr/bin/env bash
# Runs what depends on the database's version against PostgreSQL 14, 16 and 17; the
# tests use the one that is installed. Versions can be given as arguments.
set -euo pipefail
cd "$(dirname "$0")/.."
[ "$(uname -m)" = x86_64 ] || { echo "other versions' programs are made for x86-64: only the installed PostgreSQL is tested here" >&2; exit 0; }
[ $# -gt 0 ] || set -- 14 16 17
# The pg_dump that is installed reads no newer servers.
which='Routes|Hidden|Limit|Changes|Ahead|Psql|Cursor|FunctionCall|Pipeline|OneLook|RefusedAndMasked|TLS|Negotiation|Revocation|Cancel|CopyOut|CopyIn|SchemaChange|Report|WithoutAKey'

# The server runs as another user where we are root: the folder must be open to it.
work=$(mktemp -d /tmp/custody-versions-XXXXXX)
trap 'rm -rf "$work"' EXIT
chmod 755 "$work"
cp e2e/clients/servers/package*.json "$work"
(cd "$work" && npm ci --no-audit --no-fund --ignore-scripts --prefer-offline >"$work/log" 2>&1) || { cat "$work/log" >&2; exit 1; }
go test -c -o "$work/e2e.test" ./e2e
for v in "$@"; do
  server=$work/node_modules/postgresql-$v
  (cd "$server" && node scripts/hydrate-symlinks.js) # npm keeps no links
  programs=$server/native/bin
  "$programs/postgres" --version
  (cd e2e && XDG_CACHE_HOME="$work/cache" CUSTODY_POSTGRES_PROGRAMS="$programs" "$work/e2e.test" -test.run "$which" -test.skip PgDump -test.timeout 10m)
done
