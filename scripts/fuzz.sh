#!/usr/bin/env bash
# Runs every fuzz target of the module for a while (the first argument, 4s if none).
# Each package is built once, with the instruments, and not once for each target.
# Inputs that fail are written to the package's testdata/fuzz.
set -euo pipefail
cd "$(dirname "$0")/.."
length=${1:-4s}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cache=${FUZZCACHE:-$work/cache} # what was found interesting before; a brief run begins with the seeds alone

# run tries one target in its package's folder, where its seeds lie.
run() {
  (cd "$1" && "$work/fuzz.test" -test.run='^$' -test.fuzz="^$2\$" -test.fuzzminimizetime=10x -test.fuzztime="$length" \
    -test.parallel=2 -test.fuzzcachedir="$cache/$1") >"$work/out" 2>&1
}

# stopped_late: the testing package reports its own time limit as a failure now and then
# when it falls between two inputs; no failing input is written then.
stopped_late() { grep -q 'context deadline exceeded' "$work/out" && ! grep -q 'Failing input' "$work/out"; }

count=0
built=
while IFS=: read -r file target; do
  package=$(dirname "$file")
  if [ "$package" != "$built" ]; then
    go test -c -fuzz=. -o "$work/fuzz.test" "$package"
    built=$package
  fi
  run "$package" "$target" || { stopped_late && run "$package" "$target"; } || {
    cat "$work/out"
    printf 'fuzz: %s in %s failed\n' "$target" "$package" >&2
    exit 1
  }
  printf 'fuzz: %s %s %s\n' "$package" "$target" "$(grep -o 'execs: [0-9]*' "$work/out" | tail -n1)"
  count=$((count + 1))
done < <(find . -name '*_test.go' -not -path '*/.*/*' -not -path '*/node_modules/*' -not -path '*/testdata/*' -print0 |
  sort -z | xargs -0 grep -HEo '^func Fuzz[A-Za-z0-9_]+' | sed 's/:func /:/')
[ "$count" -gt 0 ] || { echo 'fuzz: found no fuzz targets' >&2; exit 1; }
printf 'fuzz: %d targets, %s each\n' "$count" "$length"
