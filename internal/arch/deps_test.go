package arch

import (
	"slices"
	"strings"
	"testing"
)

// row is one line of the import policy.
type row struct {
	// pkg is a folder relative to the module root. A pattern that ends in "/..." covers the folder and all below it, one
	// that ends in "/*" the folders directly below. The longest matching row applies.
	pkg string
	// ours lists the folders of this module that production code may import, in the same patterns.
	ours []string
	// external lists module path prefixes that production code may import.
	external []string
	// any lifts the policy: the package is a face or a test bench, nothing imports it.
	any bool
}

var (
	// suites are imported by tests only; anybody's tests may do so.
	suites = []string{"internal/testkit", "internal/npy", "ops/opstest", "int8/internal/kerneltest", "fp32/internal/kerneltest", "serve/internal/servetest"}
	// testsExternal are the module paths that any test may import.
	testsExternal = []string{"go.uber.org/goleak", "golang.org/x/tools", "golang.org/x/sync", "github.com/klauspost/cpuid/v2"}
	// toolsOurs are the packages that a generator (//go:build ignore) may import besides its row.
	toolsOurs = []string{"internal/asmgen", "internal/testkit"}
	// gorgonia is what an embedder must never link: gorgonia.org/tensor alone is more than 10 MB.
	gorgonia = "gorgonia.org"
	// embedder lists the packages that a program embedding a model imports.
	embedder = []string{"graph", "ops", "int8", "fp32", "loader", "runtime", "vision", "digest", "quantize", "quantize/cost"}
	// stdDenied are standard packages that an embedder's program must not carry or be surprised by: the compiler of
	// another language, network stacks, processes, test frameworks, global flags and log output.
	stdDenied = []string{"C", "expvar", "flag", "log", "log/slog", "net", "net/http", "os/exec", "plugin", "testing"}
)

// policy is the layer table of docs/architecture.md. A package without a row is an error.
//
// Production code imports what its row says, and the standard library. A test inside the package may import the suites
// besides. A test of package x_test is a user: it may import any package of ours. A generator behind "//go:build ignore"
// may import the assembly generator. Nobody but rows that name it reaches gorgonia.
var policy = []row{
	{pkg: "graph"},
	{pkg: "int8/internal/kernel", ours: []string{"internal/cpu"}},
	{pkg: "int8/internal/*", ours: []string{"int8/internal/kernel", "internal/cpu"}},
	{pkg: "int8/internal/kerneltest", ours: []string{"int8/internal/kernel", "int8/internal/generic", "internal/cpu", "internal/testkit"}},
	{pkg: "int8", ours: []string{"int8/internal/*", "internal/cpu", "internal/memory"}},
	{pkg: "fp32/internal/kernel", ours: []string{"internal/cpu"}},
	{pkg: "fp32/internal/*", ours: []string{"fp32/internal/kernel", "internal/cpu"}},
	{pkg: "fp32/internal/asmgen", ours: []string{"internal/a64"}},
	{pkg: "fp32/internal/kerneltest", ours: []string{"fp32/internal/kernel", "fp32/internal/generic", "internal/cpu", "internal/testkit"}},
	{pkg: "fp32", ours: []string{"fp32/internal/*", "internal/cpu", "internal/memory"}},
	{pkg: "ops", ours: []string{"graph", "int8", "fp32"}},
	{pkg: "ops/opstest", ours: []string{"graph", "ops", "int8", "fp32", "internal/cpu", "internal/testkit"}},
	{pkg: "loader/onnx", ours: []string{"graph", "ops"}, external: []string{"google.golang.org/protobuf/encoding/protowire"}},
	{pkg: "loader/tflite", ours: []string{"graph", "ops"}, external: []string{"github.com/google/flatbuffers/go"}},
	{pkg: "loader/gorgonia", ours: []string{"graph", "ops", "runtime"}, external: []string{"gorgonia.org/gorgonia", "gorgonia.org/tensor"}},
	{pkg: "loader", ours: []string{"graph", "loader/onnx", "loader/tflite"}},
	{pkg: "runtime/optimize", ours: []string{"graph", "ops", "internal/invariants"}},
	{pkg: "runtime", ours: []string{"graph", "ops", "int8", "fp32", "runtime/optimize", "internal/cpu", "internal/invariants", "internal/memory"}},
	{pkg: "vision", ours: []string{"graph"}, external: []string{"golang.org/x/image"}},
	{pkg: "digest", ours: []string{"graph", "runtime"}},
	{pkg: "quantize", ours: []string{"graph", "ops", "fp32", "runtime", "runtime/optimize", "internal/cpu"}},
	{pkg: "quantize/cost", ours: []string{"graph", "ops", "runtime", "runtime/optimize", "quantize", "vision"}},
	{pkg: "quantize/qat", ours: []string{"graph", "ops", "quantize"}, external: []string{gorgonia, "github.com/chewxy/hm"}},
	{pkg: "serve/batch", ours: []string{"graph", "runtime"}, external: []string{"golang.org/x/sync"}},
	{pkg: "serve/repository", ours: []string{"graph", "runtime", "loader", "digest", "vision", "serve/batch"},
		external: []string{"golang.org/x/sync", "github.com/fsnotify/fsnotify"}},
	{pkg: "serve/oip", ours: []string{"graph", "runtime", "vision", "serve/batch", "serve/repository"},
		external: []string{"golang.org/x/sync", "go.opentelemetry.io"}},
	{pkg: "serve/inference", external: []string{"google.golang.org/grpc", "google.golang.org/protobuf"}},
	{pkg: "serve/rest", ours: []string{"graph", "serve/oip", "serve/repository"}, external: []string{"go.opentelemetry.io"}},
	{pkg: "serve/rpc", ours: []string{"graph", "runtime", "serve/batch", "serve/oip", "serve/repository", "serve/inference"},
		external: []string{"google.golang.org/genproto/googleapis/rpc", "google.golang.org/grpc", "google.golang.org/protobuf"}},
	{pkg: "serve/pictures", ours: []string{"vision", "serve/batch", "serve/oip", "serve/repository", "serve/rest"},
		external: []string{"github.com/HdrHistogram/hdrhistogram-go"}},
	{pkg: "serve/telemetry", ours: []string{"serve/batch", "serve/oip", "serve/repository"},
		external: []string{"github.com/prometheus", "go.opentelemetry.io", "google.golang.org/grpc"}},
	{pkg: "serve/guard", ours: []string{"serve/oip"}, external: []string{"github.com/fsnotify/fsnotify", "google.golang.org/grpc"}},
	{pkg: "serve/load", ours: []string{"serve/inference"}, external: []string{"github.com/HdrHistogram/hdrhistogram-go", "google.golang.org/grpc", "google.golang.org/protobuf"}},
	{pkg: "serve/internal/servetest", ours: []string{"internal/testkit", "loader", "vision", "serve/oip", "serve/repository"}},
	{pkg: "serve", ours: []string{"graph", "runtime", "loader", "vision", "serve/*", "internal/cpu"},
		external: []string{"github.com/prometheus", "google.golang.org/grpc", "google.golang.org/protobuf", "go.opentelemetry.io", "golang.org/x"}},
	{pkg: "bench/...", any: true},
	{pkg: "cmd/octet/...", any: true},
	{pkg: "examples/...", any: true},
	{pkg: "internal/cpu", external: []string{"github.com/klauspost/cpuid/v2"}},
	{pkg: "internal/invariants"},
	{pkg: "internal/memory"},
	{pkg: "internal/dataset", ours: []string{"vision"}},
	{pkg: "internal/digits", external: []string{"google.golang.org/protobuf"}},
	{pkg: "internal/cifar10"},
	{pkg: "internal/npy", ours: []string{"graph"}},
	{pkg: "internal/testkit", ours: []string{"internal/npy"}},
	{pkg: "internal/a64"},
	{pkg: "internal/asmgen", ours: []string{"internal/a64"}},
	{pkg: "internal/conformance", any: true},
	{pkg: "internal/opsdoc", ours: []string{"ops", "loader/onnx", "loader/tflite", "int8", "fp32", "internal/cpu"}},
	{pkg: "internal/arch", ours: []string{"internal/cpu"}},
}

func TestImportsFollowThePolicy(t *testing.T) {
	for _, p := range checkImports(goFiles(t, tree(t)), policy) {
		t.Error(p)
	}
}

func TestEmbeddersNeverReachGorgonia(t *testing.T) {
	fsys := tree(t)
	var present []string
	for _, f := range goFiles(t, fsys) {
		if f.kind == production && slices.Contains(embedder, f.pkg()) && !slices.Contains(present, "./"+f.pkg()) {
			present = append(present, "./"+f.pkg())
		}
	}
	if len(present) == 0 {
		t.Fatal("none of the packages that an embedder imports is in the tree")
	}
	for _, dep := range strings.Fields(run(t, "go", append([]string{"list", "-e", "-deps"}, present...)...)) {
		if within(dep, gorgonia) {
			t.Errorf("%s is reached from %v", dep, present)
		}
	}
}

// Gorgonia comes with the tag of its name, which only those give who compare with it.
func TestTheCommandReachesGorgoniaByItsTagOnly(t *testing.T) {
	for _, c := range []struct {
		tags string
		want bool
	}{{"", false}, {"gorgonia", true}} {
		deps := strings.Fields(run(t, "go", "list", "-e", "-deps", "-tags", c.tags, "./cmd/octet"))
		if got := slices.ContainsFunc(deps, func(dep string) bool { return within(dep, gorgonia) }); got != c.want {
			t.Errorf("with -tags %q, cmd/octet reaches %s: %v, want %v", c.tags, gorgonia, got, c.want)
		}
	}
}
