#!/usr/bin/env bash
# Installs what Custody's build, tests and demonstration need and this machine lacks,
# by its ordinary package manager. Says nothing and takes no time when all is there.
# A PostgreSQL cluster that exists is not touched, and none is created.
#   scripts/setup.sh         what the tests need
#   scripts/setup.sh demo    what building and the demonstration need
#   scripts/setup.sh bench   what the benchmarks need besides
set -euo pipefail

die() {
  printf 'setup: %s\n' "$1" >&2
  printf 'hint: %s\n' "$2" >&2
  exit 1
}

have() { command -v "$1" >/dev/null 2>&1; }

# have_server: PostgreSQL's server programs are where custodytest looks for them.
have_server() {
  local dir
  if have pg_config && dir=$(pg_config --bindir 2>/dev/null) && [ -x "$dir/initdb" ]; then return 0; fi
  for dir in /usr/lib/postgresql/*/bin; do
    if [ -x "$dir/initdb" ]; then return 0; fi
  done
  have initdb && have postgres
}

# have_roots: certificate authorities are where Go looks for them; without any it cannot
# fetch modules.
have_roots() {
  local file
  for file in "${SSL_CERT_FILE:-}" /etc/ssl/certs/ca-certificates.crt /etc/pki/tls/certs/ca-bundle.crt \
    /etc/ssl/ca-bundle.pem /etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem /etc/ssl/cert.pem; do
    if [ -s "$file" ]; then return 0; fi
  done
  return 1
}

have_headers() { echo '#include <stdlib.h>' | gcc -E - >/dev/null 2>&1; }

missing=()
have git || missing+=(git)
have_roots || missing+=(ca-certificates)
have make || missing+=(make)
have gcc && have_headers || missing+=(gcc libc6-dev)
have_server || missing+=(postgresql postgresql-contrib)
have psql || missing+=(postgresql-client)
purpose=${1:-test}
if [ "$purpose" = bench ]; then
  have wrk || missing+=(wrk)
  have pgbouncer || [ -x /usr/sbin/pgbouncer ] || missing+=(pgbouncer)
elif [ "$purpose" = test ]; then # node-postgres is one of the clients under test
  have node || missing+=(nodejs)
  have npm || missing+=(npm)
  have php && php -m 2>/dev/null | grep -qx pgsql && [ -e /etc/adminer/conf.php ] || missing+=(adminer php-cgi php-cli php-pgsql) # an application of others, guarded
  have chromium || have chromium-browser || have google-chrome || missing+=(chromium) # browser tests
fi

if [ ${#missing[@]} -gt 0 ]; then
  have apt-get || die "missing: ${missing[*]}" "install them with this system's package manager, then run make again"
  sudo=
  if [ "$(id -u)" -ne 0 ]; then
    # Where somebody is there to type a password, sudo asks for it.
    if ! { have sudo && { sudo -n true 2>/dev/null || { [ -t 0 ] && sudo -v; }; }; }; then
      die "missing: ${missing[*]}" "run as root: apt-get install ${missing[*]}"
    fi
    sudo=sudo
  fi
  # Debian's package would otherwise create and start a cluster on port 5432.
  if ! have_server && [ ! -e /etc/postgresql-common/createcluster.conf ]; then
    $sudo mkdir -p /etc/postgresql-common
    echo 'create_main_cluster = false' | $sudo tee /etc/postgresql-common/createcluster.conf >/dev/null
  fi
  log=$(mktemp)
  trap 'rm -f "$log"' EXIT
  echo "setup: installing ${missing[*]}" >&2
  install() {
    $sudo env DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends \
      -o Dpkg::Use-Pty=0 -o Dpkg::Options::=--force-confold "${missing[@]}" >"$log" 2>&1 </dev/null
  }
  if ! install; then
    $sudo apt-get update >"$log" 2>&1 </dev/null || { cat "$log" >&2; die "apt-get update failed" "check the network and /etc/apt/sources.list"; }
    install || { cat "$log" >&2; die "apt-get could not install ${missing[*]}" "read the lines above, or install them by hand"; }
  fi
  have_server || die "PostgreSQL's server programs are still not found" "put the folder of initdb in the PATH"
fi

if [ "$purpose" = test ]; then "$(dirname "$0")/servers.sh"; fi # real servers for mail and logs, under test

have go || die "Go is not installed" "install Go 1.26 or newer from https://go.dev/dl/ and put its bin folder in the PATH"
want=$(sed -n 's/^go //p' "$(dirname "$0")/../go.mod")
got=$(GOTOOLCHAIN=local go env GOVERSION | sed 's/^go//')
if [ "$(printf '%s\n%s\n' "$want" "$got" | sort -V | head -n1)" != "$want" ] && [ "${GOTOOLCHAIN:-auto}" = local ]; then
  die "Go $got is too old: go.mod asks for $want" "install a newer Go, or unset GOTOOLCHAIN so that go fetches one"
fi
