# The text after `##` is what `make help` shows for a target.

WORKLOAD ?= workloads/quickstart.toml
ARGS     ?=

# Through cargo, so that the binary is found wherever CARGO_TARGET_DIR puts it.
CACHEBENCH := cargo run --release --quiet --
COMPOSE    := docker compose -f docker/compose.yaml

# Every crate of tests but `live` and `theory`, which take minutes.
QUICK := $(addprefix --test ,$(filter-out live theory machine,$(basename $(notdir $(wildcard tests/*)))))

.DEFAULT_GOAL := help
.PHONY: help setup build run test gate check schema bench results up down clean

help: ## this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "make %-9s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: ## find redis-server and postgres, or install them
	@scripts/setup.sh

build: setup ## build the release binary
	cargo build --release

run: build ## run a workload: make run WORKLOAD=workloads/x.toml ARGS="--set traffic.duration=5s"
	$(CACHEBENCH) run $(WORKLOAD) $(ARGS)

test: setup ## run all tests, on real servers
	scripts/test.sh

gate: setup ## hold the exact counts of workloads/gate.toml against the committed baseline
	scripts/gate.sh

check: setup ## formatting, lints, documentation, and the tests but for those that measure
	cargo fmt --check
	cargo clippy --all-targets -- -D warnings
	RUSTDOCFLAGS=-Dwarnings cargo doc --no-deps
	scripts/test.sh --lib --bins $(QUICK)

schema: ## write the published schemas again, after a setting or a result has changed
	cargo run --quiet -- schema workload > docs/workload.schema.json.new
	mv docs/workload.schema.json.new docs/workload.schema.json
	cargo run --quiet -- schema result > docs/result.schema.json.new
	mv docs/result.schema.json.new docs/result.schema.json

bench: setup ## measure the harness itself, and the whole tool against its peers: results/generator.md
	cargo bench

# A run lands in results/<name>-<time>/, which git ignores. Numbers meant to be kept are copied from there
# into a folder without a time, and committed with the machine they were taken on.
results: build ## measure the trade-off table again
	$(CACHEBENCH) run workloads/tradeoffs.toml $(ARGS)

up: ## start Redis and Postgres in containers
	$(COMPOSE) up -d --wait

down: ## end the containers and drop their data
	$(COMPOSE) down -v

# Keeps .tools/, which is slow to fetch again, and the committed results.
clean: ## remove what was built, and the results that git ignores
	cargo clean
	rm -rf results/*-20*/
