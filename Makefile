# `make demo` and `make test` are all that a newcomer needs. Both install what they can and
# name in one line what they cannot.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help

# The Go that go.mod names, whatever is installed: an older one has holes that are known.
export GOTOOLCHAIN := auto

FONTS := piazzolla-cyrillic piazzolla-latin source-sans-3-cyrillic source-sans-3-latin source-sans-3-cyrillic-ext
FONT_FILES := $(FONTS:%=templates/fonts/%-wght-normal.woff2)
BIN := bin/kopiyka

.PHONY: help demo test build fonts secrets lint holes unit browser bench clean tools-go

help: ## what can be made
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

demo: build ## the whole of it on this machine: http://127.0.0.1:8080
	@exec $(BIN) demo

test: tools-go node_modules fonts ## everything that CI runs
	@scripts/test

build: tools-go node_modules fonts ## bin/kopiyka
	@go build -trimpath -o $(BIN) ./cmd/kopiyka

fonts: $(FONT_FILES) ## the page fonts, out of npm's packages

templates/fonts/piazzolla-%.woff2: node_modules
	@cp node_modules/@fontsource-variable/piazzolla/files/$(@F) $@
templates/fonts/source-sans-3-%.woff2: node_modules
	@cp node_modules/@fontsource-variable/source-sans-3/files/$(@F) $@

# npm ci leaves a file that is newer than the lock when it was whole.
node_modules: node_modules/.package-lock.json
node_modules/.package-lock.json: package-lock.json package.json
	@command -v npm >/dev/null || { echo "npm is missing: install Node.js 20 or newer, from https://nodejs.org" >&2; exit 1; }
	@npm ci --ignore-scripts --no-audit --no-fund --loglevel=error
	@touch $@

tools-go:
	@command -v go >/dev/null || { echo "go is missing: install Go 1.26 or newer, from https://go.dev/dl" >&2; exit 1; }

secrets: ## ./secrets, for docker compose
	@scripts/secrets

lint: tools-go ## linters alone
	@scripts/test lint

holes: tools-go ## what is known of holes in what the program calls
	@scripts/test holes

unit: tools-go node_modules fonts ## Go tests alone
	@scripts/test unit

browser: build ## browser tests alone
	@scripts/test browser

bench: build ## benchmarks, in Go's format
	@scripts/bench

clean: ## remove what was built, and keep ./data
	@rm -rf bin node_modules test-results $(FONT_FILES)
