# tokensync: `make` lists what there is. Every knob is an environment variable: POOLS=1000 make demo

.DEFAULT_GOAL := help
.SUFFIXES:
.DELETE_ON_ERROR:

FUNCTIONS := $(patsubst functions/%/main.go,%,$(wildcard functions/*/main.go))

# Lambda runs on linux/arm64; GOARCH=amd64 make build is for this machine, say.
GOARCH ?= arm64
# Byte-identical wherever it is built, so that an unchanged function is not deployed again.
GOBUILD := CGO_ENABLED=0 go build -trimpath -buildvcs=false -tags lambda.norpc -ldflags='-s -w'

# The DynamoDB engine: the platform's own npm package, which holds one static binary.
ENGINE_VERSION := 1.2.1
PLATFORM := $(shell uname -s | tr A-Z a-z)-$(shell uname -m | sed -e 's/x86_64/x64/' -e 's/aarch64/arm64/')
ENGINE_STAMP := .tools/dynoxide-$(PLATFORM)-$(ENGINE_VERSION).installed

.PHONY: help
help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))
	@echo
	@echo "Knobs of run and demo (make run HELP=1 tells more): POOLS PRODUCTS LAUNCHPAD_ID PORT LIVE=1 FAULTS=1"

.PHONY: run
run: tools local ## start the local stack, sync now and then, serve the API; Ctrl-C stops it
	@exec build/local/dev $(if $(HELP),--help,run)

.PHONY: demo
demo: ## one full sync in the local stack; its record as one line of JSON on standard output
	@$(MAKE) --no-print-directory tools local >&2
	@exec build/local/dev demo

.PHONY: test
test: tools local ## everything that must pass
	@go test ./...

.PHONY: build
build: $(FUNCTIONS:%=build/%/bootstrap) ## build/<function>/bootstrap for Lambda (linux/arm64; GOARCH=amd64 for the other)

# The consumers are a module of their own, so that the peers' modules stay out of the functions' build.
.PHONY: bench
bench: internal/bench/node/node_modules/.installed ## beside its peers; QUICK=1 ROUNDS=5 CHECK=1 JSON=file MARKDOWN=file ONLY=name
	@mkdir -p build/bench && go -C internal/bench build -o ../../build/bench/ . ./peers/...
	@cd internal/bench && exec ../../build/bench/bench $(if $(QUICK),-quick) $(if $(ROUNDS),-rounds $(ROUNDS)) \
	  $(if $(CHECK),-check) $(if $(JSON),-json $(abspath $(JSON))) $(if $(MARKDOWN),-markdown $(abspath $(MARKDOWN))) \
	  $(if $(ONLY),-only '$(ONLY)') $(if $(SHAPE),-shape '$(SHAPE)')

internal/bench/node/node_modules/.installed: internal/bench/node/package-lock.json
	@npm ci --prefix internal/bench/node --no-audit --no-fund --loglevel=error >/dev/null
	@touch $@

.PHONY: microbench
microbench: tools ## go test's benchmarks of the hot paths, for benchstat; COUNT=1 PACKAGES=./...
	@go test -run '^$$' -bench . -benchmem -count $(or $(COUNT),1) $(or $(PACKAGES),./...)

.PHONY: tools
tools: $(if $(DYNAMODB_ENDPOINT),,$(ENGINE_STAMP)) ## install the DynamoDB engine into .tools/
	@:

.PHONY: clean
clean: ## remove what was built; .tools/ stays
	@rm -rf build .aws-sam

# --- Lambda's binaries ------------------------------------------------------------------------------------------

build/%/bootstrap: FORCE
	@GOOS=linux GOARCH=$(GOARCH) $(GOBUILD) -o $@ ./functions/$*

# SAM calls build-<LogicalId>: SyncTokensFunction is functions/sync-tokens.
build-%Function: FORCE
	@test -n "$(ARTIFACTS_DIR)" || { echo "ARTIFACTS_DIR is not set: this target is for sam build" >&2; exit 1; }
	@name=$$(echo '$*' | sed 's/\([a-z0-9]\)\([A-Z]\)/\1-\2/g' | tr A-Z a-z) && \
	  $(MAKE) --no-print-directory "build/$$name/bootstrap" && \
	  mkdir -p "$(ARTIFACTS_DIR)" && cp "build/$$name/bootstrap" "$(ARTIFACTS_DIR)/bootstrap"

# --- this machine's binaries ------------------------------------------------------------------------------------

.PHONY: local
local: $(FUNCTIONS:%=build/local/%/bootstrap) build/local/dev

build/local/%/bootstrap: FORCE
	@GOOS= GOARCH= $(GOBUILD) -o $@ ./functions/$*

build/local/dev: FORCE
	@GOOS= GOARCH= CGO_ENABLED=0 go build -o $@ ./internal/cmd/dev

$(ENGINE_STAMP):
	@command -v npm >/dev/null || { echo "npm is missing: install Node, or set DYNAMODB_ENDPOINT to a DynamoDB that runs" >&2; exit 1; }
	@npm install --prefix .tools --no-save --no-audit --no-fund --loglevel=error \
	  "@dynoxide/$(PLATFORM)@$(ENGINE_VERSION)" >/dev/null || \
	  { echo "the DynamoDB engine for $(PLATFORM) could not be installed: set DYNAMODB_ENDPOINT to a DynamoDB that runs" >&2; exit 1; }
	@touch $@

# go build knows best what is up to date.
.PHONY: FORCE
FORCE:
