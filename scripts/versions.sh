#!/usr/bin/env bash
# Runs what depends on the database's version against PostgreSQL 14, 16 and 17, as many
# at a time as there are processors; the tests use the one that is installed. Versions
# can be given as arguments.
set -euo pipefail
cd "$(dirname "$0")/.."
[ "$(uname -m)" = x86_64 ] || { echo "other versions' programs are made for x86-64: only the installed PostgreSQL is tested here" >&2; exit 0; }
[ $# -gt 0 ] || set -- 14 16 17
# The pg_dump that is installed reads no newer servers.
which='Routes|Hidden|Limit|Changes|Ahead|Psql|Cursor|FunctionCall|Pipeline|OneLook|RefusedAndMasked|TLS|Negotiation|Revocation|Cancel|CopyOut|CopyIn|SchemaChange|Report|WithoutAKey'
packages=(e2e e2e/clients e2e/routes)

# The server runs as another user where we are root: the folder must be open to it.
work=$(mktemp -d /tmp/custody-versions-XXXXXX)
trap 'rm -rf "$work"' EXIT
chmod 755 "$work"
cp e2e/clients/servers/package*.json "$work"
(cd "$work" && npm ci --no-audit --no-fund --ignore-scripts --prefer-offline >"$work/log" 2>&1) || { cat "$work/log" >&2; exit 1; }
for p in "${packages[@]}"; do
  go test -c -ldflags='-s -w' -o "$work/$p.test" "./$p"
done

# try runs a package's tests against a version; all that it says comes together.
try() {
  local version=$1 package=$2 programs out
  programs=$work/node_modules/postgresql-$version/native/bin
  out=$(mktemp -p "$work")
  (cd "$package" && XDG_CACHE_HOME="$work/cache" CUSTODY_POSTGRES_PROGRAMS="$programs" \
    "$work/$package.test" -test.run "$which" -test.skip PgDump -test.timeout 10m) >"$out" 2>&1 || { cat "$out"; return 1; }
  printf '%s: %s %s\n' "$("$programs/postgres" --version)" "$package" "$(tail -n1 "$out")"
}
export -f try
export work which
for v in "$@"; do
  (cd "$work/node_modules/postgresql-$v" && node scripts/hydrate-symlinks.js) # npm keeps no links
  printf "$v %s\n" "${packages[@]}"
done | xargs -P "$(nproc)" -L 1 bash -euo pipefail -c 'try "$@"' versions
