# Everything a newcomer or CI runs. `make help` lists it.
#
# One cargo profile for all of it: `dev`, as the root Cargo.toml tunes it. The dependencies and the media plane are
# optimised there, so a call runs well, and `run`, `test` and `e2e` share their build. `make run PROFILE=release` gives
# the binary that operators run.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help

PROFILE ?= dev
CARGO ?= cargo
NPM ?= npm
# Flags for the binary under `make run`, e.g. ARGS='--dev-expose'.
ARGS ?=
# Seconds for each target under `make fuzz`.
FUZZ_SECONDS ?= 60

target_dir := $(or $(CARGO_TARGET_DIR),target)
profile_dir = $(if $(filter dev,$(PROFILE)),debug,$(PROFILE))
bedside = $(target_dir)/$(profile_dir)/bedside
step = @printf '\n==> %s\n' "$(1)"

.PHONY: help
help: ## This list
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / { printf "  make %-14s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))

# ---------------------------------------------------------------------------------------------------------- running

.PHONY: run
run: tools web binary ## Build everything and start Bedside on this machine, with a demo clinic; prints the ways into it and two links to one room
	@test -e bedside-data/bedside.db || $(bedside) demo
	$(bedside) all --dev $(ARGS)

.PHONY: tools
tools: ## Check that cargo, a C compiler and node are there
	@scripts/check-tools.sh

.PHONY: binary
binary: tools web ## Build the binary `bedside`
	$(call step,binary)
	$(CARGO) build --locked --package server --profile $(PROFILE)

.PHONY: web
web: clients-installed ## Build the web page that the binary carries
	$(call step,web page)
	$(NPM) --prefix clients run build

.PHONY: clients-installed
clients-installed: clients/node_modules/.package-lock.json

clients/node_modules/.package-lock.json: clients/package-lock.json | tools
	$(call step,npm packages)
	$(NPM) --prefix clients ci --no-audit --no-fund
	@touch $@

# ---------------------------------------------------------------------------------------------------------- testing

.PHONY: test
test: ## Every gate, as CI runs it
	@scripts/test.sh

.PHONY: test-deps
test-deps: ## Install what the tests need beyond cargo and node: browsers, ip, valgrind, PostgreSQL, python3 ...
	@scripts/install-test-deps.sh

.PHONY: e2e
e2e: binary e2e-prebuilt ## Real browsers against the binary

.PHONY: e2e-prebuilt
e2e-prebuilt: clients-installed
	$(call step,browsers)
	BEDSIDE_BIN="$(abspath $(bedside))" $(NPM) --prefix clients/e2e run e2e

.PHONY: turn-clients
turn-clients: binary turn-clients-prebuilt ## A foreign TURN client (coturn's) against `bedside turn`

.PHONY: turn-clients-prebuilt
turn-clients-prebuilt:
	$(call step,foreign TURN client)
	BEDSIDE_BIN="$(abspath $(bedside))" scripts/turn-clients.sh

.PHONY: compat
compat: binary compat-prebuilt ## Stock SDKs of several languages against the binary; `make compat ARGS=--record`

.PHONY: compat-prebuilt
compat-prebuilt: clients-installed
	$(call step,stock SDKs)
	clients/compat/scripts/install.sh
	BEDSIDE_BIN="$(abspath $(bedside))" $(NPM) --prefix clients/compat run compat -- $(ARGS)

.PHONY: bench
bench: PROFILE = release
bench: binary ## Join to first decoded frame in Chromium, release build; see docs/PERFORMANCE.md
	$(call step,join time)
	BEDSIDE_BIN="$(abspath $(bedside))" $(NPM) --prefix clients/e2e run join-time

.PHONY: micro
micro: ## Micro-benchmarks of the packet path; `make micro ARGS=forward` for some
	$(call step,micro-benchmarks)
	$(CARGO) bench --locked --package bench -- $(ARGS)

.PHONY: instructions
instructions: ## Count the instructions of forwarding against the record; `make instructions ARGS=--update` rewrites it
	$(call step,instructions per forwarded packet)
	@scripts/instructions.sh $(ARGS)

.PHONY: quality
quality: ## Calls on bad lines in the simulated world: figures, and the plots of docs/QUALITY.md; SIM_SEEDS=100 for more
	$(call step,quality)
	@mkdir -p $(target_dir)/quality
	QUALITY_CSV="$(abspath $(target_dir)/quality)" $(CARGO) test --workspace --locked --test quality -- --nocapture
	node scripts/quality-plots.mjs $(target_dir)/quality docs/images

.PHONY: fuzz
fuzz: ## Fuzz each target for FUZZ_SECONDS (default 60); see docs/TESTING.md
	@scripts/fuzz.sh "$(FUZZ_SECONDS)" $(TARGETS)

# ------------------------------------------------------------------------------------------------------- tidiness

.PHONY: fmt
fmt: clients-installed ## Format Rust and TypeScript
	$(CARGO) fmt --all
	$(CARGO) fmt --manifest-path fuzz/Cargo.toml
	$(NPM) --prefix clients run format --if-present

.PHONY: lint
lint: web ## Formatting, clippy, rustdoc, shell and TypeScript linters
	@scripts/lint.sh

.PHONY: clean
clean: ## Remove everything that was built or installed here
	$(CARGO) clean
	rm -rf clients/node_modules clients/*/node_modules clients/*/dist clients/e2e/artifacts
	rm -rf fuzz/target fuzz/artifacts fuzz/grown
