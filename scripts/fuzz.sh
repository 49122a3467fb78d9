#!/usr/bin/env bash
# Runs every fuzz target of the module for a while (the first argument, 4s if none).
# Each package is built once, and not once for each target; as many packages as there are
# processors are tried at a time, one worker each. Only this module has the instruments, and
# what reads files for it: with those of every dependency (SQLite's are most of them) each
# input costs milliseconds, and many seeds alone take more than the time there is.
# Inputs that fail are written to the package's testdata/fuzz.
set -euo pipefail
cd "$(dirname "$0")/.."
export length=${1:-4s}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
export work cache=${FUZZCACHE:-$work/cache} # what was found interesting before; a brief run begins with the seeds alone

# tried says how many inputs besides the seeds were tried.
tried() {
  awk 'match($0, /[0-9]+ completed, now/) { seeds = substr($0, RSTART) + 0 }
    match($0, /execs: [0-9]+/) { all = substr($0, RSTART + 7) + 0 }
    END { print all - seeds }' "$mine/out"
}

# run tries one target in its package's folder, where its seeds lie; longer, if hardly an
# input besides the seeds was tried: on a busy machine a second is short.
run() {
  local long
  for long in "$length" 10s 60s; do
    (cd "$1" && "$mine/fuzz.test" -test.run='^$' -test.fuzz="^$2\$" -test.fuzzminimizetime=10x -test.fuzztime="$long" \
      -test.parallel=1 -test.fuzzcachedir="$cache/$1") >"$mine/out" 2>&1 || return 1
    [ "$(tried)" -lt 100 ] || return 0
  done
  [ "$(tried)" -le 0 ] || return 0
  echo 'no input besides the seeds was tried' >>"$mine/out"
  return 1
}

# stopped_late: the testing package reports its own time limit as a failure now and then
# when it falls between two inputs; no failing input is written then.
stopped_late() { grep -q 'context deadline exceeded' "$mine/out" && ! grep -q 'Failing input' "$mine/out"; }

# package builds one and tries its targets until one fails.
package() {
  local package=$1 mine target
  shift
  mine=$(mktemp -d -p "$work")
  go test -c -gcflags='custody/...=-d=libfuzzer' -gcflags='github.com/ledongthuc/pdf/...=-d=libfuzzer' -ldflags='-s -w' -o "$mine/fuzz.test" "$package" || return 1
  for target; do
    run "$package" "$target" || { stopped_late && run "$package" "$target"; } || {
      cat "$mine/out"
      printf 'fuzz: %s in %s failed\n' "$target" "$package" >&2
      return 1
    }
    printf 'fuzz: %s %s: %d inputs\n' "$package" "$target" "$(tried)"
  done
  rm -rf "$mine"
}
export -f tried run stopped_late package

# A line for each package: its folder and its targets; those with the most come first.
find . -name '*_test.go' -not -path '*/.*/*' -not -path '*/node_modules/*' -not -path '*/testdata/*' -print0 |
  sort -z | xargs -0 grep -HEo '^func Fuzz[A-Za-z0-9_]+' | sed -E 's|/[^/]*:func | |' |
  awk '{ targets[$1] = targets[$1] " " $2 } END { for (p in targets) print split(targets[p], list), p targets[p] }' |
  sort -rn | cut -d' ' -f2- >"$work/packages"
count=$(wc -w <"$work/packages")
count=$((count - $(wc -l <"$work/packages")))
[ "$count" -gt 0 ] || { echo 'fuzz: found no fuzz targets' >&2; exit 1; }
xargs -P "$(nproc)" -L 1 bash -euo pipefail -c 'package "$@"' fuzz <"$work/packages" || exit 1
printf 'fuzz: %d targets, %s each\n' "$count" "$length"
