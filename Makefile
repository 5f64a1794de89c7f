# Every command of a developer and of CI. `make help` lists them.

CARGO ?= cargo
COMPTOIR = $(or $(CARGO_TARGET_DIR),target)/release/comptoir
DATA_DIR ?= ./comptoir-data
SCREENS ?= yes
ARGS ?=
COMPTOIR_CRASHES ?= 200
COMPTOIR_DESKTOP_SEEDS ?= 500
FUZZ_SECONDS ?= 60
FUZZ_TARGETS = $(basename $(notdir $(wildcard fuzz/fuzz_targets/*.rs)))

# A shell that was opened before rustup's installer ran does not have this folder in its PATH.
export PATH := $(or $(CARGO_HOME),$(HOME)/.cargo)/bin:$(PATH)

.PHONY: help bootstrap build run web test test-web fmt-check clippy unit screens docs deny fuzz fuzz-minimise test-api test-crash test-flips sim-long sim-desktops bench fresh

help:
	@echo "make help                     this list"
	@echo "make run                      install what running needs, build, start everything here with one real day of data"
	@echo "  DATA_DIR=/var/lib/comptoir  where its data goes; ./comptoir-data when absent"
	@echo "  ARGS=\"--central-addr 127.0.0.1:7490 --local-addr 127.0.0.1:7491\""
	@echo "                              options of 'comptoir up', such as other ports"
	@echo "  SCREENS=no                  without the screens: Node is not needed, and / shows the start page"
	@echo "make build                    install what compiling needs, build target/release/comptoir"
	@echo "make web                      build the screens of web/ into screens/assets, from where Rust embeds them"
	@echo "make test                     install what the tests need, then: format, clippy, all tests, docs"
	@echo "make test-web                 the screens in a browser: every test, and the pictures of docs/screens"
	@echo "make bootstrap                the part of make test that installs packages"
	@echo "make fmt-check                the part that checks the format"
	@echo "make clippy                   the part that runs clippy"
	@echo "make unit                     the part that builds the binaries and runs all tests"
	@echo "make screens                  the part that tries the screens in a browser, the short tests"
	@echo "make docs                     the part that builds the docs"
	@echo "make deny                     duplicate crates, licences, sources, advisories"
	@echo "make fuzz                     each decoder of bytes from the network or a disk, by libFuzzer; needs rustup and its nightly compiler"
	@echo "  FUZZ_SECONDS=60             how long each"
	@echo "make fuzz-minimise            keep the inputs that reach all the code that the corpus and new findings reach"
	@echo "make test-api                 generated requests of every kind, checked against /openapi.json of each server"
	@echo "make test-crash               hundreds of kills and power cuts on the log and on a plain file, half of the cuts under load"
	@echo "  COMPTOIR_CRASHES=200        how many"
	@echo "make test-flips               one flipped bit in every byte of a log's metadata and in a tenth of all others: each must be found"
	@echo "make sim-long                 a bootstrap of a million rows whose connection breaks fifty times"
	@echo "make sim-desktops             three desktops by the document's own code, 600 steps each time"
	@echo "  COMPTOIR_DESKTOP_SEEDS=500  how many times"
	@echo "make bench                    speed, as ratios to peers measured in the same run"
	@echo "make fresh                    the README as written, in a minimal Debian made for it; needs root"
	@echo "  FRESH=\"bookworm trixie\"     which Debian releases"

export SCREENS

# What the screens are made of. npm reads the registry only where the lock file changed.
WEB_SOURCES = $(shell find web/src web/api web/scripts web/driver web/office web/index.html web/vite.config.ts web/tsconfig.json messages/screens -type f -not -path 'web/src/api/*')

web/node_modules/.installed: web/package.json web/package-lock.json
	cd web && npm ci
	@touch $@

web/node_modules/.built: web/node_modules/.installed $(WEB_SOURCES)
	cd web && npm run --silent build
	@touch $@

ifeq ($(SCREENS),no)
web:
	@echo "Without the screens: / shows the start page."
else
web: web/node_modules/.built
endif

bootstrap:
	@scripts/bootstrap.sh test

build:
	@scripts/bootstrap.sh build
	@$(MAKE) --no-print-directory web
	$(CARGO) build --release --locked -p comptoir

run:
	@scripts/bootstrap.sh run --data-dir $(DATA_DIR) $(ARGS)
	@$(MAKE) --no-print-directory web
	$(CARGO) build --release --locked -p comptoir
	$(COMPTOIR) up --demo --data-dir $(DATA_DIR) $(ARGS)

# The quick checks come first, so that a slip is found in seconds. The binaries are built before the tests that start them.
test: bootstrap fmt-check web clippy unit screens docs

fmt-check:
	$(CARGO) fmt --all --check

clippy:
	$(CARGO) clippy --locked --workspace --all-targets -- -D warnings

unit:
	$(CARGO) build --locked --workspace --bins
	$(CARGO) test --locked --workspace

screens:
	cd web && npm run --silent check && npm run --silent test

docs:
	RUSTDOCFLAGS="-D warnings" $(CARGO) doc --locked --workspace --no-deps --document-private-items

deny:
	@command -v cargo-deny >/dev/null || $(CARGO) install cargo-deny --locked
	@scripts/deny.sh

# The decoders are safe Rust, so a sanitizer would only halve the speed. New inputs go to a folder that git ignores; a crash is written to fuzz/artifacts and ends the command.
fuzz:
	@command -v cargo-fuzz >/dev/null || $(CARGO) install cargo-fuzz --locked
	@for target in $(FUZZ_TARGETS); do \
		mkdir -p fuzz/found/$$target; \
		$(CARGO) +nightly fuzz run -s none $$target fuzz/found/$$target fuzz/corpus/$$target -- \
			-max_total_time=$(FUZZ_SECONDS) -max_len=16384 -timeout=10 -print_final_stats=1 || exit 1; \
	done

fuzz-minimise:
	@for target in $(FUZZ_TARGETS); do \
		mkdir -p fuzz/found/$$target fuzz/minimised/$$target; \
		$(CARGO) +nightly fuzz run -s none $$target fuzz/minimised/$$target fuzz/corpus/$$target fuzz/found/$$target -- -merge=1 -max_len=16384 || exit 1; \
		rm -rf fuzz/corpus/$$target fuzz/found/$$target; \
		mv fuzz/minimised/$$target fuzz/corpus/$$target; \
	done

test-web: bootstrap web
	$(CARGO) build --locked --workspace --bins
	cd web && npm run --silent check && npm run --silent test -- --all

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

sim-desktops: bootstrap
	COMPTOIR_DESKTOP_SEEDS=$(COMPTOIR_DESKTOP_SEEDS) $(CARGO) test --locked --workspace --test central -- three_desktops --nocapture

bench: bootstrap
	$(CARGO) build --locked --release -p comptoir
	$(CARGO) run --locked --release -p comptoir-tests --features bench --bin bench

fresh:
	@scripts/fresh.sh $(FRESH)
