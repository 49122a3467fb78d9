#!/usr/bin/env bash
# Runs every fuzz target of the module for a while (the first argument, 4s if none).
# Inputs that fail are written by go test to the package's testdata/fuzz.
set -euo pipefail
cd "$(dirname "$0")/.."
length=${1:-4s}
out=$(mktemp)
trap 'rm -f "$out"' EXIT

run() { go test -run='^$' -fuzz="^$2\$" -fuzzminimizetime=10x -fuzztime="$length" -parallel=2 "$1" >"$out" 2>&1; }

# stopped_late: go test reports its own time limit as a failure now and then when it
# falls between two inputs; no failing input is written then.
stopped_late() { grep -q 'context deadline exceeded' "$out" && ! grep -q 'Failing input' "$out"; }

count=0
while IFS=: read -r file target; do
  package=$(dirname "$file")
  run "$package" "$target" || { stopped_late && run "$package" "$target"; } || {
    cat "$out"
    printf 'fuzz: %s in %s failed\n' "$target" "$package" >&2
    exit 1
  }
  printf 'fuzz: %s %s %s\n' "$package" "$target" "$(grep -o 'execs: [0-9]*' "$out" | tail -n1)"
  count=$((count + 1))
done < <(find . -name '*_test.go' -not -path '*/.*/*' -not -path '*/node_modules/*' -not -path '*/testdata/*' -print0 |
  sort -z | xargs -0 grep -HEo '^func Fuzz[A-Za-z0-9_]+' | sed 's/:func /:/')
[ "$count" -gt 0 ] || { echo 'fuzz: found no fuzz targets' >&2; exit 1; }
printf 'fuzz: %d targets, %s each\n' "$count" "$length"
