# The commands of this repository. What a machine lacks beside make and a Rust toolchain is installed by
# scripts/libduckdb.sh and scripts/postgres.sh the first time that a target needs it.

# Both must outlive `cd`: the scripts and cargo have to mean the same folder.
export CARGO_TARGET_DIR := $(abspath $(or $(CARGO_TARGET_DIR),target))

help: ## list the targets
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/\1|\2/p' Makefile | while IFS='|' read -r t h; do printf '  make %-13s %s\n' "$$t" "$$h"; done

demo: cargo libduckdb postgres ## the main job on a throwaway Postgres: bootstrap, live changes, compare
	cargo build --quiet --bin pg2duck --example query
	@scripts/demo.sh

demo-stop: ## remove the demo's Postgres, keep its lake
	@scripts/demo.sh stop

build: cargo libduckdb ## the release binary
	cargo build --release

test: cargo libduckdb postgres ## every test, each against a real Postgres
	RUST_TEST_THREADS=$${RUST_TEST_THREADS:-4} cargo test --no-fail-fast

NAME ?=
case: cargo libduckdb postgres ## one scripted case of tests/cases, told step by step: make case NAME=follows-a-table
	cargo test --test cases -- $(NAME) --nocapture

MINUTES ?= 10
SEED ?= 1
IDLE_WRITER ?= 0
MODE ?=
DELETES ?=
soak: cargo libduckdb postgres ## long hostile workloads: make soak MINUTES=10 SEED=7 MODE=history DELETES=keys|versions|diff IDLE_WRITER=30 (s)
	PG2DUCK_SOAK_SECONDS=$$(($(MINUTES) * 60)) PG2DUCK_SOAK_SEED=$(SEED) PG2DUCK_SOAK_IDLE_WRITER=$(IDLE_WRITER) \
		PG2DUCK_SOAK_MODE=$(MODE) PG2DUCK_SOAK_DELETES=$(DELETES) RUST_TEST_THREADS=$${RUST_TEST_THREADS:-2} \
		cargo test --test main -- $(if $(MODE)$(DELETES),,stress::soak::) stress::hostile:: --nocapture

CYCLES ?=
KILLS ?=
SHRINK ?=
storm: cargo libduckdb postgres ## random rows, schemas and settings against an oracle: make storm SEED=7, or make storm MINUTES=30 MODE=history DELETES=diff|keys|full CYCLES=6 KILLS=1 SHRINK=1
	PG2DUCK_STORM_SEED=$(SEED) PG2DUCK_STORM_MODE=$(MODE) PG2DUCK_STORM_DELETES=$(DELETES) PG2DUCK_STORM_KILLS=$(KILLS) \
		PG2DUCK_STORM_CYCLES=$(CYCLES) PG2DUCK_STORM_SHRINK=$(SHRINK) PG2DUCK_STORM_MINUTES=$(if $(filter file,$(origin MINUTES)),0,$(MINUTES)) \
		cargo test --test main -- stress::storm::as_long_as_is_asked_for --exact --ignored --nocapture

scenario: cargo libduckdb postgres ## what others show of their tools: make scenario NAME=stack, estuary, airbyte, hevo or debezium
	cargo test --test main scenarios::$(NAME)

ROWS ?= 2000000
RUNS ?= 3
PEERS ?= all
DATA ?= wide,idle
SCALE ?= 1
SIZE ?= 20000000
TIMEOUT ?= 3600
PLOT ?=
bench: cargo libduckdb postgres ## pg2duck, its peers and the limit: make bench ROWS=2000000 RUNS=3 PEERS=sling,script DATA=wide,narrow,tpch,pgbench,idle,scaling PLOT=docs/bench.svg
	$(if $(PG2DUCK),,cargo build --release --quiet)
	@scripts/postgres.sh with python3 -m bench.compare --rows $(ROWS) --runs $(RUNS) --peers "$(PEERS)" --data "$(DATA)" \
		--scale $(SCALE) --size $(SIZE) --timeout $(TIMEOUT) $(if $(PLOT),--plot "$(PLOT)")

bench-scaling: ## bootstraps at 0.2, 2 and SIZE million rows, many columns, many tables: make bench-scaling SIZE=20000000
	@$(MAKE) --no-print-directory bench DATA=scaling

lint: cargo libduckdb ## formatting and clippy, as CI wants them
	cargo fmt --check
	cargo clippy --all-targets -- -D warnings

bench-micro: cargo libduckdb ## decoding and applying alone, by criterion: rows and bytes per second
	cargo bench --bench decoder --bench apply

docs: cargo libduckdb ## write docs/types.md and docs/settings.md from the tables in the source
	PG2DUCK_WRITE_DOCS=1 cargo test --quiet --lib documentation

check-docker: ## what can be checked of the Docker set-up without an engine
	@scripts/check-docker.sh

cargo:
	@command -v cargo >/dev/null || { echo "make: cargo is not installed: install Rust with rustup, then open a new shell" >&2; exit 1; }

libduckdb:
	@scripts/libduckdb.sh

postgres:
	@scripts/postgres.sh install

.PHONY: help demo demo-stop build test case soak storm scenario bench bench-scaling bench-micro lint docs check-docker cargo libduckdb postgres
