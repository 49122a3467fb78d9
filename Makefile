# make help lists what can be done here.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := build

VERSION ?= $(shell git describe --always --dirty 2>/dev/null || echo unknown)
FUZZTIME ?= 30s

.PHONY: build
build: ## build bin/custody
	go build -trimpath -buildvcs=false -ldflags '-s -w -X main.version=$(VERSION)' -o bin/custody ./cmd/custody

# What waits most is tested first, and the rest beside it.
.PHONY: test
test: setup check ## everything continuous integration checks
	scripts/fuzz.sh 1s
	scripts/versions.sh
	@# The race detector looks at everything but SQLite, which is C in Go's clothes and ten times slower under it.
	go test -race -gcflags='modernc.org/sqlite/lib=-race=false' -p 3 -timeout 20m ./e2e/clients ./e2e/... ./... | { grep --line-buffered -v 'no test files' || true; }

.PHONY: check
check: ## gofmt, go vet, staticcheck
	scripts/check.sh

.PHONY: fuzz
fuzz: ## run every fuzz target for FUZZTIME (30s)
	FUZZCACHE="$$(go env GOCACHE)/fuzz/custody" scripts/fuzz.sh $(FUZZTIME)

.PHONY: demo
demo: ## the story: a gate before a portal and its 50,000 customers; DEMO_ONCE=1 checks itself and exits
	scripts/setup.sh demo
	scripts/demo.sh

.PHONY: bench
bench: build ## speed and memory beside direct connections and pgbouncer
	scripts/setup.sh bench
	go run ./bench

.PHONY: eval
eval: ## every scenario of the laboratory on many seeds, into docs/evaluation.md
	go run ./lab/eval -seeds 36 -only own-calls,borrowed-login,after-hours,photographer,heavy-role,portal-leaver,canary,upstream,frame-up,null
	go run ./lab/eval -seeds 56 -only upstream,frame-up
	go run ./lab/eval -seeds 100 -only light-user
	go run ./lab/eval -small -seeds 30 -only borrowed-login,after-hours,photographer,heavy-role,portal-leaver,canary
	go run ./lab/eval -small -seeds 23 -only own-calls,frame-up,null
	go run ./lab/eval -small -seeds 60 -only pair,two-leakers
	go run ./lab/eval -small -seeds 200 -only light-user
	go run ./lab/eval -small -seeds 400 -only upstream
	go run ./lab/eval -detection
	go run ./lab/eval -files

.PHONY: setup
setup: ## install what is missing (PostgreSQL, a C compiler, Node.js)
	scripts/setup.sh

.PHONY: clean
clean: ## remove what was built
	rm -rf bin

.PHONY: help
help: ## list these targets
	@sed -nE 's/^([a-z]+):[^#]*## (.*)/  make \1\t\2/p' $(MAKEFILE_LIST) | expand -t 16
