#!/usr/bin/env bash
# Builds the command and tells the demonstration's story with it.
set -euo pipefail
cd "$(dirname "$0")/.."
echo "demo: building; the first time takes some minutes, for a parser of SQL in C is part of it" >&2
go build -trimpath -o bin/custody ./cmd/custody
go build -trimpath -o bin/demo ./examples/demo
go build -trimpath -o bin/bodyshop ./examples/bodyshop/cmd/bodyshop
exec bin/demo
