# What developers and CI run. `make help` lists it.

CACHE ?= $(HOME)/.cache/logpipeline
TOOLS := $(CACHE)/tools/bin
CARGO_DENY_VERSION := 0.20.2
CARGO_FUZZ_VERSION := 0.13.2
FUZZ_RUNS ?= 10000000
# 48,000 pairs each.
CONFORMANCE_ROUNDS ?= 21
CONFORMANCE_SEED ?= 1
RELEASE_ARCHITECTURE ?= amd64

export INGEST_PORT ?= 3000
export QUERY_PORT ?= 8080
export ADMIN_PORT ?= 9090
export DATA_DIR ?= ./data
export DEMO_RATE ?= 200
export DEMO_SECONDS ?=
export STORE ?= embedded
export ELASTICSEARCH_PORT ?= 9200
export CHROMIUM ?= $(shell command -v chromium || command -v chromium-browser || echo /usr/bin/chromium)

TARGET := $(or $(CARGO_TARGET_DIR),target)
RELEASE := $(TARGET)/release
DEBUG := $(TARGET)/debug
UI := query/ui
UI_SOURCES := $(shell find $(UI) -type f -not -path '*/node_modules/*' -not -path '*/dist/*' -not -path '*/test-results/*' 2>/dev/null)

.PHONY: help demo demo-check build ui test test-rust test-ui test-dev test-browser lint fmt generate crds conformance test-search-versions test-import images release e2e e2e-check bench faults senders fuzz require require-node require-kubernetes chromium

help: ## Show this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | expand -t 16

demo: demo-check ui ## Run the whole platform here: ingest on :3000, search on :8080, and a steady load; STORE=elasticsearch starts that too
	@if [ ! -x $(RELEASE)/logq ]; then echo 'building the release binaries: about 10 minutes the first time, on two cores'; fi
	@cargo build --release --locked -p logpipeline-ingestor -p logpipeline-query -p logpipeline-generator -p logq
	@exec node dev/demo.mjs

demo-check: require
	@node dev/demo.mjs --check

build: require ui ## Build every binary, with the web UI inside the query server
	cargo build --release --locked

ui: $(UI)/dist/index.html ## Build the web UI

$(UI)/node_modules/.package-lock.json: $(UI)/package.json $(UI)/package-lock.json | require-node
	@echo 'installing what the web UI is built with'
	@cd $(UI) && npm ci --no-audit --no-fund --loglevel=error
	@touch $@

$(UI)/dist/index.html: $(UI)/node_modules/.package-lock.json $(UI_SOURCES)
	@echo 'building the web UI'
	@cd $(UI) && npm run --silent build
	@touch $@

test: test-rust test-ui test-dev test-browser ## Run every test: Rust, the UI's units, the scripts, and the UI in a browser

test-rust: require require-kubernetes ui
	dev/with-search-servers.sh dev/with-kubernetes.sh cargo test --workspace --locked

conformance: require ## Compare a million pairs of an entry and a query: plain matcher, embedded store, Elasticsearch, OpenSearch
	LOGPIPELINE_DIFFERENTIAL_PAIRS=1000000 LOGPIPELINE_DIFFERENTIAL_ROUNDS=$(CONFORMANCE_ROUNDS) LOGPIPELINE_DIFFERENTIAL_SEED=$(CONFORMANCE_SEED) dev/with-search-servers.sh \
		cargo test --locked -p logpipeline-store --test it differential -- --nocapture --test-threads 2

test-search-versions: require ## The store's tests on Elasticsearch 8 and OpenSearch 2
	SEARCH_ELASTICSEARCH=elasticsearch-8 SEARCH_OPENSEARCH=opensearch-2 dev/with-search-servers.sh \
		cargo test --locked -p logpipeline-store --test it

test-import: require ui ## Import from a real Elasticsearch 9 and 8, OpenSearch 3 and 2, and a VictoriaLogs that is built with Go, into a real ingestor
	cargo test --workspace --locked --no-run
	dev/with-victorialogs.sh dev/with-search-servers.sh cargo test --workspace --locked --test it -- import:: --include-ignored
	SEARCH_ELASTICSEARCH=elasticsearch-8 SEARCH_OPENSEARCH=opensearch-2 dev/with-search-servers.sh \
		cargo test --workspace --locked --test it -- import::real

test-ui: $(UI)/node_modules/.package-lock.json
	cd $(UI) && npm test

# The demo runs on the binaries of test-rust, as test-browser does.
test-dev: require ui
	cargo test --workspace --locked --no-run
	node --test dev/test/*.test.mjs

# With --no-run the binaries are those of test-rust, with the UI inside; a plain build would compile all dependencies anew.
test-browser: require ui chromium
	cargo test --workspace --locked --no-run
	node dev/browser-test.mjs

lint: require $(UI)/node_modules/.package-lock.json $(TOOLS)/cargo-deny ## Check format, lints, types, licences and dependencies
	cargo fmt --all --check
	cargo clippy --workspace --all-targets --locked -- -D warnings
	$(TOOLS)/cargo-deny --locked check bans licenses sources
	cd $(UI) && npm run --silent lint && npm run --silent typecheck

fmt: require ## Format the sources
	cargo fmt --all

generate: require crds ## Write the files that are generated from code, and checked in
	cargo run --locked --quiet --bin logpipeline-query -- openapi > docs/openapi.json
	UPDATE_EXPECT=1 cargo test --locked --quiet -p logpipeline-model --test it vocabulary

crds: require ## Write the definition of the resource LogPipeline, and its reference
	cargo build --locked --quiet -p logpipeline-operator
	@$(DEBUG)/logpipeline-operator crd > crds/logpipeline.yaml
	@cp crds/logpipeline.yaml charts/logpipeline/files/crd.yaml
	@$(DEBUG)/logpipeline-operator reference > docs/reference/logpipeline.md

images: require ui ## Make the components' images, without a container tool: OCI archives in target/images
	node dev/images.mjs

e2e: e2e-check chromium images ## Do in a real cluster what users do, from helm install to helm uninstall; as root, or with E2E_KUBECONFIG=
	dev/e2e.sh

# First of all: what follows takes half an hour.
e2e-check: require require-kubernetes
	@dev/e2e.sh check

release: images ## Put the binaries, images and bills of materials of this architecture into target/dist
	dev/release.sh $(RELEASE_ARCHITECTURE)

bench: build ## Measure the release build: figures for docs/performance.md
	node dev/bench.mjs

faults: build ## Break Elasticsearch in every way under load, and kill the ingestor and cut its power under load in each protocol (about 25 minutes)
	node dev/faults.mjs
	cargo test --locked -p logpipeline-ingestor --test it protocols:: -- --ignored

fuzz: require $(TOOLS)/cargo-fuzz ## Fuzz every parser that meets the network, each FUZZ_RUNS times; FUZZ_TARGETS= names some
	dev/fuzz.sh $(FUZZ_RUNS) $(FUZZ_TARGETS)

senders: build ## Drive 70 real senders against a real ingestor, and count what is found: the table of docs/senders.md (half an hour, and 20 minutes to install them)
	node dev/senders.mjs

require-kubernetes:
	@dev/require.sh go openssl curl

require: require-node
	@dev/require.sh cargo cc

require-node:
	@dev/require.sh node npm

chromium:
	@dev/require.sh chromium

$(TOOLS)/cargo-deny: Makefile
	@$@ --version 2>/dev/null | grep -qF $(CARGO_DENY_VERSION) \
		|| cargo install --locked --quiet --version $(CARGO_DENY_VERSION) cargo-deny --root $(CACHE)/tools
	@touch $@

$(TOOLS)/cargo-fuzz: Makefile
	@$@ --version 2>/dev/null | grep -qF $(CARGO_FUZZ_VERSION) \
		|| cargo install --locked --quiet --version $(CARGO_FUZZ_VERSION) cargo-fuzz --root $(CACHE)/tools
	@touch $@
