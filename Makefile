# make help lists the targets. The steps themselves stand in .ci/run, so that CI and a developer run the same thing.

T     ?= 30s   # time per fuzz target
REF   ?= main  # what bench-compare compares with
BENCH ?= .     # pattern of benchmarks
PEERS ?=       # flags of bench/peers
PRECISION ?= int8 # of the architectures that peers compares
PKGS  ?= ./... # packages of test and cover

.DEFAULT_GOAL := help
.PHONY: help build test race isa arm64 wasm page fuzz bench bench-compare gen lint check cover models peers peers-eval deploy bulk

help: ## list the targets
	@sed -n 's/^\([a-z0-9-]*\):[^#]*## \(.*\)/\1|\2/p' $(MAKEFILE_LIST) | while IFS='|' read -r name what; do printf '  %-14s %s\n' "$$name" "$$what"; done

build: ## build all packages and bin/octet, static
	go build ./...
	CGO_ENABLED=0 go build -trimpath -ldflags '-s -w' -o bin/octet ./cmd/octet

test: ## the unit tests (PKGS=./ops)
	go test $(PKGS)

race: ## the race detector on the packages that share memory
	.ci/run race

isa: ## the suite once per instruction-set level of this machine, and without assembly
	.ci/run isa noasm

arm64: ## the suite on emulated arm64 (qemu-user-static)
	.ci/run arm64

wasm: ## the suite as WebAssembly (node or wazero), and the page of examples/wasm in chromium
	.ci/run wasm

page: ## the page of examples/wasm, in examples/wasm/dist
	go run ./examples/wasm/build

fuzz: ## every fuzz target for T (T=30s)
	@set -e; for pkg in $$(go list ./...); do \
	  for f in $$(go test -list '^Fuzz' $$pkg | grep '^Fuzz' || true); do \
	    echo "== $$pkg $$f"; go test -run '^$$' -fuzz "^$$f$$" -fuzztime $(strip $(T)) $$pkg; \
	  done; done

bench: ## all benchmarks (BENCH=pattern)
	go test -run '^$$' -bench '$(strip $(BENCH))' -benchmem ./...

bench-compare: ## benchmarks of this tree against REF (REF=main BENCH=pattern COUNT=6), in turns, with a verdict; fails where slower
	BENCH='$(strip $(BENCH))' .ci/bench-compare $(strip $(REF))

peers: ## compare with ONNX Runtime (PEERS='-threads 1 -rounds 3' PRECISION=fp32 MODELS='a.onnx ...'); see docs/measurements.md
	MODELS='$(MODELS)' PRECISION='$(strip $(PRECISION))' .ci/peers $(strip $(PEERS))

peers-eval: ## answers beside ONNX Runtime's (MODELS='a.onnx ...' DATA=SPEC PRESET=name PEERS='-limit 100'); see docs/measurements.md
	MODELS='$(MODELS)' .ci/peers -eval -data '$(DATA)' -preset '$(strip $(PRESET))' $(strip $(PEERS))

deploy: ## the manifests in deploy against the schemas of Kubernetes and KServe, and each other
	.ci/run deploy

bulk: ## the tests of classification on Apache Beam, a module of its own
	.ci/run bulk

gen: ## regenerate everything that is generated
	go generate ./...

lint: ## golangci-lint, where it is installed
	@command -v golangci-lint >/dev/null || { echo "golangci-lint is not installed; make check does not need it"; exit 1; }
	golangci-lint run

check: ## what a change must pass: format, vet, cross-builds, tests, policy, generated files
	.ci/run gofmt vet vet-arm64 cross test arch gen

cover: ## coverage of the unit tests, as cover/index.html
	@mkdir -p cover
	go test -short -coverprofile cover/all.out $(PKGS)
	go tool cover -html cover/all.out -o cover/index.html
	go tool cover -func cover/all.out | tail -1

models: ## check the models in OCTET_DATA (../shared/data) against testdata/models.sum
	.ci/models
