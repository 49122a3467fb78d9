#!/usr/bin/env bash
# Measures the gate beside direct connections and pgbouncer and writes the table of
# docs/performance.md. Arguments go to the program: -only 'long', -rounds 3, …
set -euo pipefail
cd "$(dirname "$0")/.."
program=$(mktemp)
trap 'rm -f "$program"' EXIT
go build -o "$program" ./bench
if [ $# -eq 0 ]; then
  set -- -write docs/performance.md
fi
"$program" "$@"
