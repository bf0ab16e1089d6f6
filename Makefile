# Run `make` to see what there is. Everything works from a fresh clone with Go alone; what needs more says so.
SHELL := /bin/bash -o pipefail
.DEFAULT_GOAL := help

VERSION ?= $(shell git describe --tags --always --dirty 2>/dev/null || echo dev)
LINT := go tool -modfile=.tools/golangci-lint.mod golangci-lint
# The race detector needs a C compiler; without one the tests run all the same.
# SQLite, C in Go's clothes, keeps its data in memory that it maps itself: the detector is blind there, and slows it to a third.
RACE := $(if $(shell command -v $${CC:-cc}),-race -gcflags=modernc.org/sqlite/lib=-race=false)
# CI never takes an earlier run's word for a pass.
COUNT := $(if $(CI),-count=1)
SUDO := $(if $(filter-out 0,$(shell id -u)),sudo)
PACKAGES ?= ./...
CLIENT := adapters/rest/client-ts
# Node makes and checks the TypeScript client and lints openapi.yaml. A machine without it goes without; CI may not.
MODULES := $(if $(or $(CI),$(shell command -v npm)),$(CLIENT)/node_modules/.package-lock.json)
FUZZTIME ?= 10s

.PHONY: help
help: ## what can be made
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-11s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

.PHONY: build
build: ## bin/soundings, one static binary
	CGO_ENABLED=0 go build -trimpath -ldflags '-s -w -X main.version=$(VERSION)' -o bin/soundings ./bootstrap/cmd/soundings

.PHONY: demo
demo: ## a whole run against the fake YouTube, or the real one with YOUTUBE_MASTER_ACCESS_TOKEN
	go run ./test/demo

.PHONY: fakeapi
fakeapi: ## the fake platforms as a server
	go run ./test/fakeapi/cmd/fakeapi

.PHONY: test
test: $(if $(CI),$(MODULES)) ## all tests, with Postgres and Redis where they can be had (PACKAGES=./... to choose)
	go run ./test/env/cmd/testenv -- go test $(RACE) $(COUNT) -timeout 15m $(PACKAGES)

.PHONY: test-deps
test-deps: ## install Postgres, PgBouncer, Redis, Chromium and npm for the tests, with apt
	$(SUDO) apt-get update -qq
	$(SUDO) env DEBIAN_FRONTEND=noninteractive RUNLEVEL=1 apt-get install -y -qq --no-install-recommends postgresql pgbouncer redis-server chromium npm

.PHONY: test-faults
test-faults: ## break everything Soundings stands on, over 51,756 comments: 20 to 45 minutes
	go test -count=1 -v -timeout 60m ./test/faults -full | grep -v -e '^=== '

.PHONY: fuzz
fuzz: ## every fuzz target for FUZZTIME (10s)
	@set -e; for package in $$(go list -f '{{if or .TestGoFiles .XTestGoFiles}}{{.ImportPath}}{{end}}' ./...); do \
		for target in $$(go test -list '^Fuzz' "$$package" | grep '^Fuzz' || true); do \
			go test -run '^$$' -fuzz "^$$target\$$" -fuzztime $(FUZZTIME) "$$package"; \
		done; \
	done

.PHONY: bench
bench: ## throughput, memory and growth, in ratios to psql COPY on the same machine
	go run ./test/bench

.PHONY: eval
eval: ## how good the built-in analysers are, on the shared data
	go run ./test/eval

.PHONY: lint
lint: ## golangci-lint, pinned in .tools
	$(LINT) run --allow-parallel-runners $(PACKAGES)

$(CLIENT)/node_modules/.package-lock.json: $(CLIENT)/package-lock.json
	cd $(CLIENT) && npm ci --ignore-scripts && touch node_modules/.package-lock.json

.PHONY: client
client: $(CLIENT)/node_modules/.package-lock.json ## the TypeScript client, type-checked and tested; needs Node
	cd $(CLIENT) && npm run --silent test

.PHONY: lint-spec
lint-spec: $(CLIENT)/node_modules/.package-lock.json ## the recommended rules of Redocly and Spectral on openapi.yaml; needs Node
	cd $(CLIENT) && npm run --silent lint-spec

# wire writes a directive of its own into wire_gen.go, which would change go.mod: only the pinned tools are run.
.PHONY: generate
generate: $(MODULES) ## the API types from openapi.yaml, in Go and TypeScript, and the injectors of wire
	go generate -run 'go tool -modfile' ./adapters/rest ./bootstrap
	$(if $(MODULES),cd $(CLIENT) && npm run --silent generate)

.PHONY: verify
verify: $(MODULES) ## generated code is what the generators write today
	@copy=$$(mktemp -d) && trap 'rm -rf "$$copy"' EXIT && \
		tar -c --exclude=./.git --exclude=./bin --exclude=node_modules --exclude=dist . | tar -x -C "$$copy" && \
		{ [ ! -d $(CLIENT)/node_modules ] || ln -s "$$PWD/$(CLIENT)/node_modules" "$$copy/$(CLIENT)/"; } && \
		$(MAKE) --no-print-directory -C "$$copy" generate && \
		diff -r -u -x .git -x bin -x node_modules -x dist . "$$copy" && echo "generated code is fresh"

# Tools of a release have a go.mod of their own, as all pinned tools.
RELEASE := go tool -modfile=.tools/release.mod
PLATFORMS := linux/amd64 linux/arm64 darwin/amd64 darwin/arm64

.PHONY: release
release: ## binaries for linux and darwin, amd64 and arm64, with checksums and a list of parts (SBOM), in bin/release
	@rm -rf bin/release && mkdir -p bin/release
	@set -e; for platform in $(PLATFORMS); do \
		file=bin/release/soundings-$(VERSION)-$${platform/\//-}; \
		echo "$$file"; \
		GOOS=$${platform%/*} GOARCH=$${platform#*/} CGO_ENABLED=0 \
			go build -trimpath -ldflags '-s -w -X main.version=$(VERSION)' -o "$$file" ./bootstrap/cmd/soundings; \
	done
	$(RELEASE) cyclonedx-gomod app -json -licenses -noserial -notimestamp -std=false -main bootstrap/cmd/soundings -output bin/release/soundings-$(VERSION).cdx.json .
	cd bin/release && sha256sum soundings-* > SHA256SUMS

.PHONY: image
image: ## the container image, soundings:latest, for this machine's kind of processor; needs no registry
	@rm -rf bin/image && mkdir -p bin/image/data bin/image/tmp && chmod 1777 bin/image/tmp
	GOOS=linux CGO_ENABLED=0 go build -trimpath -ldflags '-s -w -X main.version=$(VERSION)' -o bin/image/soundings ./bootstrap/cmd/soundings
	docker build --target prebuilt -t soundings .

.PHONY: vulnerabilities
vulnerabilities: ## known vulnerabilities that the code reaches (says so where the database of vuln.go.dev is out of reach)
	@found=$$($(RELEASE) govulncheck ./... 2>&1); code=$$?; echo "$$found"; \
		if grep -q 'fetching vulnerabilities' <<<"$$found"; then echo "vuln.go.dev is out of reach: nothing was checked"; exit 0; fi; \
		exit $$code

.PHONY: check
check: lint $(if $(MODULES),lint-spec client) verify test ## what CI runs
