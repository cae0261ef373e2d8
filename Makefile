# The chores. `make run` and `make test` are all that a newcomer needs; both
# install what is missing by package name.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help

CARGO ?= cargo
UI_STAMP := ui/dist/index.html
UI_SOURCES := $(shell find ui/src ui/public -type f 2>/dev/null) ui/index.html ui/package.json ui/package-lock.json ui/vite.config.ts ui/tsconfig.json

.PHONY: help
help: ## What there is
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

.PHONY: run
run: build ## Build the UI and the release binary, and start it
	./target/release/binnacle serve $(ARGS)

.PHONY: build
build: tools ui ## Build the UI and the release binary
	$(CARGO) build --release -p binnacle

.PHONY: ui
ui: $(UI_STAMP) ## Build the web UI

$(UI_STAMP): ui/node_modules/.package-lock.json $(UI_SOURCES)
	cd ui && npm run build

ui/node_modules/.package-lock.json: ui/package-lock.json
	@command -v npm >/dev/null || { $(MAKE) node; }
	cd ui && npm ci --no-audit --no-fund --loglevel=error
	@touch $@

.PHONY: test
test: tools lint ui ui-test ## Everything: format, lints, licences, unit, conformance, end to end
	@bash tests/programs.sh
	$(CARGO) test --workspace --no-fail-fast
	$(MAKE) fuzz-smoke
	$(MAKE) ui-e2e

.PHONY: check
check: ## The quick part of the tests: format, lints, unit tests of the Rust code
	$(CARGO) fmt --check
	$(CARGO) clippy --workspace --all-targets -- -D warnings
	$(CARGO) test --workspace --lib

.PHONY: lint
lint: ## Format, lints, arrows between crates, licences
	$(CARGO) fmt --check
	$(CARGO) clippy --workspace --all-targets -- -D warnings
	$(CARGO) run -q -p xtask -- arrows
	$(CARGO) run -q -p xtask -- licences

.PHONY: ui-test
ui-test: ui ## Types, unit tests and size budget of the UI
	cd ui && npm run typecheck && npm test && npm run budget

.PHONY: ui-e2e
ui-e2e: ui ## Every page in a real browser, against the real binary
	@bash tests/browser.sh

.PHONY: e2e
e2e: ## The tests that run the real binary with real exporters and clients
	$(CARGO) test -p binnacle --test e2e -- --nocapture

.PHONY: bench
bench: tools ## Ratios against Prometheus and VictoriaMetrics, in the same run
	@bash bench/peers.sh
	$(CARGO) build --release -p binnacle -p bench
	./target/release/bench $(BARS)

.PHONY: fuzz
fuzz: ## A minute of fuzzing for each target (needs cargo-fuzz and its toolchain)
	@for t in $$(ls fuzz/fuzz_targets | sed 's/\.rs$$//'); do \
	  echo "== $$t"; RUSTC_BOOTSTRAP=1 $(CARGO) fuzz run $$t -- -max_total_time=60; done

# On the stable compiler there is no coverage to steer by, so this is a run of
# random inputs with a fixed seed: it shows that every target builds and holds.
.PHONY: fuzz-smoke
fuzz-smoke: ## Every fuzz target, a fixed number of seeded inputs
	@$(CARGO) build -q --manifest-path fuzz/Cargo.toml --target-dir target/fuzz
	@for t in $$(ls fuzz/fuzz_targets | sed 's/\.rs$$//'); do \
	  target/fuzz/debug/$$t -runs=5000 -seed=7 -max_len=2048 -artifact_prefix=target/fuzz/ >target/fuzz/$$t.log 2>&1 \
	    || { tail -n 40 target/fuzz/$$t.log; exit 1; }; \
	  echo "fuzz $$t: 5000 inputs"; done

.PHONY: docs
docs: ## The API documentation of the crates
	$(CARGO) doc --workspace --no-deps

# What the builds need and a machine may not have, by package name.
.PHONY: tools
tools:
	@command -v $(CARGO) >/dev/null || { echo "Rust is missing: install rustup (https://rustup.rs) or your system's cargo package"; exit 1; }
	@command -v cc >/dev/null || $(MAKE) apt PACKAGES="gcc libc6-dev"
	@command -v npm >/dev/null || $(MAKE) node
	@node -e 'const [a, b] = process.versions.node.split(".").map(Number); process.exit(a > 20 || (a === 20 && b >= 19) ? 0 : 1)' \
	  || { echo "the web UI needs Node.js 20.19 or newer, this is $$(node --version): install a newer one"; exit 1; }

.PHONY: node
node:
	@command -v npm >/dev/null || $(MAKE) apt PACKAGES="nodejs npm"

.PHONY: apt
apt:
	@command -v apt-get >/dev/null || { echo "please install: $(PACKAGES)"; exit 1; }
	@sudo=; [ "$$(id -u)" = 0 ] || sudo=sudo; \
	 $$sudo apt-get update -qq; DEBIAN_FRONTEND=noninteractive $$sudo apt-get install -y -qq --no-install-recommends $(PACKAGES)
