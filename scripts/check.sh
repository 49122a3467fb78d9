#!/usr/bin/env bash
# Formatting, vet and staticcheck: what can be found without running anything.
set -euo pipefail
cd "$(dirname "$0")/.."
unformatted=$(find . -name '*.go' -not -path '*/.*/*' -not -path '*/node_modules/*' -print0 | xargs -0 gofmt -l)
if [ -n "$unformatted" ]; then
  printf 'check: these files are not formatted:\n%s\nhint: gofmt -w on each of them\n' "$unformatted" >&2
  exit 1
fi
go vet ./...
go tool staticcheck ./...
echo "check: gofmt, go vet and staticcheck have nothing to say"
