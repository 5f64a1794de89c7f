# Every command of a developer and of CI. `make help` lists them.

CARGO ?= cargo
COMPTOIR = $(or $(CARGO_TARGET_DIR),target)/release/comptoir
DATA_DIR ?= ./comptoir-data
ARGS ?=
COMPTOIR_CRASHES ?= 200

# A shell that was opened before rustup's installer ran does not have this folder in its PATH.
export PATH := $(or $(CARGO_HOME),$(HOME)/.cargo)/bin:$(PATH)

.PHONY: help bootstrap build run test fmt-check clippy unit docs deny test-api test-crash test-flips sim-long bench fresh

help:
	@echo "make run         install what running needs, build, start everything here with one real day of data"
	@echo "                   DATA_DIR=/var/lib/comptoir   where its data goes; ./comptoir-data otherwise"
	@echo "                   ARGS=\"--central-addr 127.0.0.1:7490 --local-addr 127.0.0.1:7491\""
	@echo "                                                options of 'comptoir up', such as other ports"
	@echo "make build       install what compiling needs, build target/release/comptoir"
	@echo "make test        install what the tests need, then: format, clippy, all tests, docs"
	@echo "make bootstrap   only install what the tests need"
	@echo "make fmt-check, make clippy, make unit, make docs: the parts of make test"
	@echo "make test-api    many requests of every kind, held to what each server says of itself in /openapi.json"
	@echo "make test-crash  hundreds of kills and power cuts on the log and on a plain file, half of the cuts under load"
	@echo "make test-flips  one flipped bit in every byte of a log's meta-data and in a tenth of all others: nothing may be silent"
	@echo "make sim-long    a first load of a million rows whose line is cut fifty times"
	@echo "make bench       speed, as ratios to peers measured in the same run"
	@echo "make deny        duplicate crates, licences, sources, advisories"
	@echo "make fresh       the README as written, in a minimal Debian made for it; needs root"
	@echo "                   FRESH=\"bookworm trixie\"      which Debians"

bootstrap:
	@scripts/bootstrap.sh test

build:
	@scripts/bootstrap.sh build
	$(CARGO) build --release --locked -p comptoir

run:
	@scripts/bootstrap.sh run --data-dir $(DATA_DIR) $(ARGS)
	$(CARGO) build --release --locked -p comptoir
	$(COMPTOIR) up --data-dir $(DATA_DIR) $(ARGS)

# The quick checks come first, so that a slip is told in seconds. The binary is built before the tests that start it.
test: bootstrap fmt-check clippy unit docs

fmt-check:
	$(CARGO) fmt --all --check

clippy:
	$(CARGO) clippy --locked --workspace --all-targets -- -D warnings

unit:
	$(CARGO) build --locked --workspace --bins
	$(CARGO) test --locked --workspace

docs:
	RUSTDOCFLAGS="-D warnings" $(CARGO) doc --locked --workspace --no-deps --document-private-items

deny:
	@command -v cargo-deny >/dev/null || $(CARGO) install cargo-deny --locked
	@scripts/deny.sh

test-api: bootstrap
	$(CARGO) build --locked --workspace --bins
	COMPTOIR_API_EXAMPLES=100 $(CARGO) test --locked -p comptoir-tests --test api -- --nocapture

test-crash: bootstrap
	$(CARGO) build --locked --release --workspace --bins
	COMPTOIR_CRASHES=$(COMPTOIR_CRASHES) $(CARGO) test --locked --release -p comptoir-tests --test crash -- --nocapture

test-flips: bootstrap
	COMPTOIR_FLIPS=all $(CARGO) test --locked --release -p comptoir-local --lib -- a_flipped_bit --nocapture

sim-long: bootstrap
	COMPTOIR_LOAD_ROWS=1000000 $(CARGO) test --locked --release -p comptoir-central --test central -- a_load_that_is_cut --nocapture

bench: bootstrap
	$(CARGO) build --locked --release -p comptoir
	$(CARGO) run --locked --release -p comptoir-tests --features bench --bin bench

fresh:
	@scripts/fresh.sh $(FRESH)
