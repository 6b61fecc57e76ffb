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

# Tools of others that the API is held against.
CLIENT := clients/typescript
BROWSER := internal/proof/browsertest

# Tools of others that the code and the template are held against. Every version of the Python ones is pinned in internal/proof/deploycheck.
GO_TOOLS := \
  github.com/golangci/golangci-lint/v2/cmd/golangci-lint@v2.15.0 \
  honnef.co/go/tools/cmd/staticcheck@v0.8.2 \
  mvdan.cc/gofumpt@v0.12.0 \
  github.com/rhysd/actionlint/cmd/actionlint@v1.7.12 \
  golang.org/x/vuln/cmd/govulncheck@v1.9.0 \
  github.com/aws/aws-lambda-runtime-interface-emulator/cmd/aws-lambda-rie@v0.0.0-20261030222936-bef5c4ba774d
go-tool = $(foreach tool,$(GO_TOOLS),$(if $(findstring /$(1)@,$(tool)),.tools/go/$(notdir $(tool)).installed))
REDOCLY := internal/proof/apicheck/redocly
SAM := .tools/sam/bin/sam
DYNAMODB_LOCAL := .tools/dynamodb-local
# Runs Lambda's binaries on a machine of another kind.
EMULATOR := $(if $(filter aarch64 arm64,$(shell uname -m)),,.tools/qemu/qemu-aarch64-static)
export SAM_CLI_TELEMETRY := 0
export REDOCLY_TELEMETRY := off

# Figures may go into a new folder.
$(if $(JSON),$(shell mkdir -p '$(dir $(JSON))'))

.PHONY: help
help: ## list the targets
	@awk -F ':.*## ' '/^[a-z][a-z-]*:.*## / { printf "  make %-18s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))
	@echo
	@echo "Knobs of run and demo (make run HELP=1 tells more): POOLS PRODUCTS LAUNCHPAD_ID CURVES WATCH PORT LIVE=1 FAULTS=1 HISTORY=1"

.PHONY: run
run: tools local ## start the local stack, sync now and then, serve the API; Ctrl-C stops it
	@exec build/local/dev $(if $(HELP),--help,run)

.PHONY: demo
demo: ## one full sync in the local stack; its record as one line of JSON on standard output
	@$(MAKE) --no-print-directory tools local >&2
	@exec build/local/dev demo

.PHONY: doctor
doctor: build/local/dev ## ask the real Meteora, and the node of SOLANA_RPC_URL, for all that the sync relies on; FAKE=1 the fakes; JSON=1
	@exec build/local/dev doctor $(if $(JSON),--json)

.PHONY: local-aws
local-aws: tools local ## DynamoDB, SSM, Meteora and Solana, filled, for the functions that sam local runs; Ctrl-C stops them
	@exec build/local/dev aws

.PHONY: test
test: tools local ## everything that must pass
	@go test ./...

.PHONY: check
check: check-code studies faults costs node-costs check-build check-template check-deploy check-rie check-api memory check-bench browser-test ## the checks beside the tests: all that follow

.PHONY: check-code
check-code: lint staticcheck format licences check-spec check-workflows sizes ## those of them that need neither AWS's tools nor a browser

.PHONY: lint
lint: $(call go-tool,golangci-lint) ## golangci-lint: what .golangci.yml asks for
	@.tools/bin/golangci-lint run

.PHONY: staticcheck
staticcheck: $(call go-tool,staticcheck) ## staticcheck, on the code of every build tag
	@.tools/bin/staticcheck -tags apicheck,deploycheck,emulator,rie,dynamodblocal,heapprofile,browsertest ./...

.PHONY: format
format: $(call go-tool,gofumpt) ## gofumpt: fails and names the files that it would change
	@files=$$(.tools/bin/gofumpt -modpath tokensync -l functions internal) && \
	  test -z "$$files" || { echo "not formatted:"; echo "$$files"; exit 1; } >&2

.PHONY: licences
licences: ## the licences of everything that the functions link or the tests use
	@go test -count 1 -run TestLicences ./internal/proof/repotest

.PHONY: check-spec
check-spec: $(REDOCLY)/node_modules/.installed ## the OpenAPI description against redocly's rules
	@$(REDOCLY)/node_modules/.bin/redocly lint --config .redocly.yaml internal/httpapi/openapi.yaml

.PHONY: check-workflows
check-workflows: $(call go-tool,actionlint) ## .github/workflows against actionlint
	@.tools/bin/actionlint

.PHONY: check-build
check-build: sam-build ## every function as sam build makes it, against a second build elsewhere: byte-identical
	@internal/proof/deploycheck/build-again.sh

# What it builds side by side has been compiled before, once.
.PHONY: sam-build
sam-build: .tools/sam/installed build ## .aws-sam/build: every function, for linux/arm64
	@$(SAM) build >.tools/sam-build.log 2>&1 || { cat .tools/sam-build.log; exit 1; } >&2

.PHONY: check-template
check-template: tools .tools/sam/installed .tools/checkov/installed $(EMULATOR) sam-build local ## the template: sam validate, cfn-lint, checkov, and our own rules; broken copies of it too
	@go test -tags deploycheck -count 1 -timeout 30m ./internal/proof/deploycheck

.PHONY: check-deploy
check-deploy: .tools/sam/installed .tools/ministack/installed sam-build ## the commands of docs/deploy.md, on an emulator of AWS: new, changed, upgraded, torn down
	@AWS=$$(.ci/aws) && export AWS && go test -tags emulator -count 1 -timeout 30m ./internal/proof/deploycheck/emulator

.PHONY: check-rie
check-rie: tools .tools/sam/installed $(call go-tool,aws-lambda-rie) local ## every function with every event under AWS's Runtime Interface Emulator
	@go test -tags deploycheck,rie -count 1 -timeout 30m -run 'TestRuntimeInterface|TestTimeOut' ./internal/proof/deploycheck

.PHONY: vulnerabilities
vulnerabilities: $(call go-tool,govulncheck) ## known vulnerabilities of what the functions call
	@.tools/bin/govulncheck ./functions/...

.PHONY: test-dynamodb-local
test-dynamodb-local: tools $(DYNAMODB_LOCAL)/installed ## the store's tests on AWS's DynamoDB Local, and where it differs from the local engine; needs Java 17 and Maven
	@internal/dev/dynamotest/local/with.sh $(DYNAMODB_LOCAL) go test -tags dynamodblocal -count 1 ./internal/dynamo/... ./internal/dev/dynamotest/...

# Of a randomized test, make test does a little: these are the packages that have one.
.PHONY: studies
studies: tools local ## the randomized tests with all their seeds, sizes and days: half an hour
	@STUDY=1 go test -count 1 -timeout 2h $(addprefix ./,$(sort $(dir $(shell grep -rl --include='*_test.go' tokensync/internal/dev/study internal))))

.PHONY: faults
faults: tools local ## the real sync in every kind of trouble, as a table; fails on any surprise
	@go run ./internal/proof/faults

.PHONY: costs
costs: tools local .tools/sam/installed ## what syncs use and cost a month, and a stack without a request, measured; fails on what they should not use; TOKENS=100,1000 POOLS=132967 MEMORY=128
	@go run ./internal/proof/costs $(if $(TOKENS),-tokens $(TOKENS)) $(if $(POOLS),-pools $(POOLS)) $(if $(MEMORY),-memory $(MEMORY))

.PHONY: node-costs
node-costs: tools local ## what 512 curves ask of each kind of RPC node, and its credits a month; fails above 14 requests a refresh
	@go run ./internal/proof/costs -nodes

.PHONY: sizes
sizes: build ## the functions' binaries for Lambda, zipped, within 4.5 MB each; JSON=file
	@go run ./internal/proof/sizes $(if $(JSON),-json $(JSON)) $(FUNCTIONS)

.PHONY: memory
memory: tools local build/memory/bootstrap ## the sync of all 132,967 pools within its memory, and its heap profile; RECORD=1 records a new figure
	@go run ./internal/proof/memory -profiled build/memory/bootstrap $(if $(RECORD),-record)

.PHONY: memory-large
memory-large: tools local ## the largest launchpads that were seen: 175,499 curves in 512 MB, 60,000 configs in 128; half an hour
	@go run ./internal/proof/memory -large

.PHONY: memory-study
memory-study: tools local ## collector settings, and the smallest container that is enough, in half an hour; JSON=file
	@go run ./internal/proof/memory -study $(if $(JSON),-json $(JSON))

# The sync with a profiler in it, which what is deployed does not have.
build/memory/bootstrap: FORCE
	@GOOS= GOARCH= CGO_ENABLED=0 go build -trimpath -buildvcs=false -tags lambda.norpc,heapprofile -o $@ ./functions/sync-tokens

.PHONY: check-api
check-api: api-test client-test ## the API against tools of others: schemathesis and a TypeScript client

# positive_data_acceptance is left out: a cursor of the right form that was never given out is a 400.
.PHONY: api-test
api-test: tools local .tools/schemathesis/installed
	@SCHEMATHESIS='cd $(CURDIR)/.tools && schemathesis/bin/schemathesis run "$$API_URL/v1/openapi.json" --url "$$API_URL" \
	  --checks not_a_server_error,status_code_conformance,content_type_conformance,response_headers_conformance,response_schema_conformance,negative_data_rejection \
	  --max-examples 100 --seed 1 --generation-database none --no-color' \
	  go test -tags apicheck -count 1 -run TestSchemathesis ./internal/proof/apicheck

.PHONY: client-test
client-test: tools local client-build
	@TYPESCRIPT_CLIENT='cd $(CURDIR)/$(CLIENT) && npm run -s test' go test -tags apicheck -count 1 -v -run TestTypeScriptClient ./internal/proof/apicheck

# The client's types are those of the description, or this fails.
.PHONY: client-build
client-build: $(CLIENT)/node_modules/.installed
	@cd $(CLIENT) && node_modules/.bin/openapi-typescript ../../internal/httpapi/openapi.json -o node_modules/schema.d.ts >/dev/null && \
	  { cmp -s node_modules/schema.d.ts src/schema.d.ts || { echo "$(CLIENT)/src/schema.d.ts is not of openapi.yaml: make client-types" >&2; exit 1; } } && \
	  npm run -s build

.PHONY: client-types
client-types: $(CLIENT)/node_modules/.installed ## the TypeScript client's types anew, from openapi.yaml
	@go test -count 1 -run TestServedSpecIsTheYAML ./internal/httpapi -update >/dev/null
	@cd $(CLIENT) && npm run -s types >/dev/null

# SCREENSHOTS=docs takes the pictures of docs/operate.md anew.
.PHONY: browser-test
browser-test: tools local client-build $(BROWSER)/node_modules/.installed ## the operator's page, and two that watch, in headless Chromium; WATCH_FOR=600 seconds
	@CHROMIUM=$$(.ci/chromium) && export CHROMIUM && $(if $(SCREENSHOTS),export SCREENSHOTS=$(abspath $(SCREENSHOTS)) &&) \
	  $(if $(WATCH_FOR),export WATCH_FOR=$(WATCH_FOR) &&) BROWSER_TEST='cd $(CURDIR)/$(BROWSER) && node --test --test-reporter spec' \
	  go test -tags browsertest -count 1 -timeout 30m -v ./$(BROWSER)

.PHONY: build
build: $(FUNCTIONS:%=build/%/bootstrap) ## build/<function>/bootstrap for Lambda (linux/arm64; GOARCH=amd64 for the other)

# The consumers are a module of their own, so that the peers' modules stay out of the functions' build.
.PHONY: bench
bench: internal/proof/bench/node/node_modules/.installed ## beside its peers; QUICK=1 ROUNDS=5 CHECK=1 JSON=file MARKDOWN=file ONLY=name
	@mkdir -p build/bench && go -C internal/proof/bench build -o ../../../build/bench/ . ./peers/...
	@cd internal/proof/bench && exec ../../../build/bench/bench $(if $(QUICK),-quick) $(if $(ROUNDS),-rounds $(ROUNDS)) \
	  $(if $(CHECK),-check) $(if $(JSON),-json $(abspath $(JSON))) $(if $(MARKDOWN),-markdown $(abspath $(MARKDOWN))) \
	  $(if $(ONLY),-only '$(ONLY)') $(if $(SHAPE),-shape '$(SHAPE)')

.PHONY: bench-api
bench-api: tools local ## requests a second through the local stack, cold starts, and what the read functions may take; TOKENS=10000 JSON=file
	@mkdir -p build/bench && go -C internal/proof/bench build -o ../../../build/bench/ ./api
	@exec build/bench/api $(if $(TOKENS),-tokens $(TOKENS)) $(if $(JSON),-json $(JSON))

.PHONY: soak
soak: tools local ## 32 clients for 30 s at 10,000 tokens, twice: no failure, no long tail, no growth; TOKENS=10000
	@mkdir -p build/bench && go -C internal/proof/bench build -o ../../../build/bench/ ./api
	@exec build/bench/api -soak 30s $(if $(TOKENS),-tokens $(TOKENS))

.PHONY: bench-watch
bench-watch: tools local ## what a watch takes a day, and how soon a trade shows with it and without: ten minutes; TRADES=200 TICKS=5 WATCH=5s
	@go run ./internal/proof/watch $(if $(TRADES),-trades $(TRADES)) $(if $(TICKS),-ticks $(TICKS)) $(if $(WATCH),-watch $(WATCH))

.PHONY: figures
figures: ## measure all that docs/performance.md shows, then make it: an hour, on a machine that does nothing else
	@mkdir -p docs/performance
	@$(MAKE) --no-print-directory bench ROUNDS=5 JSON=docs/performance/bench.json
	@$(MAKE) --no-print-directory memory-study JSON=docs/performance/memory.json
	@$(MAKE) --no-print-directory bench-api JSON=docs/performance/api.json
	@$(MAKE) --no-print-directory sizes JSON=docs/performance/sizes.json
	@go test ./internal/ingest -run '^$$' -bench FirstSync -benchtime 5x > docs/performance/first-sync.txt
	@go test ./internal/dynamo -run '^$$' -bench Refresh -benchtime 500x > docs/performance/readers.txt
	@go test ./internal/board -run '^$$' -bench Sizes -benchtime 1x > docs/performance/launchpads.txt
	@go test ./internal/httpapi -run '^$$' -bench FirstRequest -benchtime 20x > docs/performance/first-requests.txt
	@go test ./internal/httpapi -run '^$$' -bench Routes -benchtime 300x -timeout 30m > docs/performance/routes.txt
	@$(MAKE) --no-print-directory microbench COUNT=5 PACKAGES='./internal/meteora ./internal/upstream' > docs/performance/hot-paths.txt
	@$(MAKE) --no-print-directory performance

.PHONY: performance
performance: ## docs/performance.md and its plot, from the figures in docs/performance/
	@mkdir -p build/bench && go -C internal/proof/bench build -o ../../../build/bench/ .
	@build/bench/bench document docs

.PHONY: check-bench
check-bench: ## the bench, small: it builds, and we find the pools that the base does
	@$(MAKE) --no-print-directory bench QUICK=1 ROUNDS=1 ONLY=tokensync

.PHONY: microbench
microbench: tools ## go test's benchmarks of the hot paths, for benchstat; COUNT=1 PACKAGES=./...
	@go test -run '^$$' -bench . -benchmem -count $(or $(COUNT),1) $(or $(PACKAGES),./...)

.PHONY: tools
tools: $(if $(DYNAMODB_ENDPOINT),,$(ENGINE_STAMP)) ## install the DynamoDB engine into .tools/
	@:

.PHONY: clean
clean: ## remove what was built; .tools/ stays
	@rm -rf build .aws-sam

# --- tools ------------------------------------------------------------------------------------------------------

.tools/go/%.installed:
	@mkdir -p $(@D) .tools/bin
	@GOFLAGS= GOBIN="$(CURDIR)/.tools/bin" go install $(filter %/$*,$(GO_TOOLS))
	@touch $@

# sam, cfn-lint and checkov want different versions of the same packages: one environment each.
.tools/%/installed: internal/proof/deploycheck/tools/%.txt
	@command -v python3 >/dev/null || { echo "python3 is missing: $* needs it" >&2; exit 1; }
	@python3 -m venv --clear .tools/$* && .tools/$*/bin/pip install -q --disable-pip-version-check --no-deps --require-hashes -r $<
	@touch $@

$(DYNAMODB_LOCAL)/installed: internal/dev/dynamotest/local/pom.xml
	@command -v mvn >/dev/null && command -v java >/dev/null || { echo "DynamoDB Local needs Java 17 and Maven: install openjdk-17-jre-headless and maven" >&2; exit 1; }
	@rm -rf $(@D) && mvn -q -B -f $< dependency:copy-dependencies -DoutputDirectory="$(CURDIR)/$(@D)" >/dev/null
	@touch $@

# Debian's package, unpacked here: nothing is installed on the machine.
.tools/qemu/qemu-aarch64-static:
	@mkdir -p $(@D)
	@if command -v $(@F) >/dev/null; then ln -sf "$$(command -v $(@F))" $@; else \
	  cd $(@D) && { test "$$(id -u)" -ne 0 || apt-get update -qq; } && apt-get download -qq -o APT::Sandbox::User=root qemu-user-static && \
	  dpkg-deb --fsys-tarfile qemu-user-static_*.deb | tar -xf - --strip-components=3 ./usr/bin/$(@F) && rm -f *.deb; fi || \
	  { echo "$(@F) is missing: install QEMU's user mode emulation (qemu-user-static)" >&2; exit 1; }

# What a lock file of npm names, and nothing else.
%/node_modules/.installed: %/package-lock.json
	@command -v npm >/dev/null || { echo "npm is missing: install Node" >&2; exit 1; }
	@npm ci --ignore-scripts --prefix $* --no-audit --no-fund --loglevel=error >/dev/null
	@touch $@

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
	@GOOS= GOARCH= CGO_ENABLED=0 go build -o $@ ./internal/dev/cmd/dev

$(ENGINE_STAMP):
	@command -v npm >/dev/null || { echo "npm is missing: install Node, or set DYNAMODB_ENDPOINT to a DynamoDB that runs" >&2; exit 1; }
	@npm install --ignore-scripts --prefix .tools --no-save --no-audit --no-fund --loglevel=error \
	  "@dynoxide/$(PLATFORM)@$(ENGINE_VERSION)" >/dev/null || \
	  { echo "the DynamoDB engine for $(PLATFORM) could not be installed: set DYNAMODB_ENDPOINT to a DynamoDB that runs" >&2; exit 1; }
	@touch $@

# go build knows best what is up to date.
.PHONY: FORCE
FORCE:
