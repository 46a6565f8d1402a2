package digest_test

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"math"
	"math/bits"
	"os"
	"strings"
	"testing"

	"github.com/octet-ml/octet/digest"
	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/internal/cpu"
	"github.com/octet-ml/octet/loader"
	"github.com/octet-ml/octet/ops"
	"github.com/octet-ml/octet/runtime"
)

// pcg is PCG-DXSM with 128 bits of state, written from its definition
// (https://pkg.go.dev/math/rand/v2#PCG and its reference, Melissa O'Neill's PCG), to check docs/digest.md.
type pcg struct{ hi, lo uint64 }

func (p *pcg) uint32() uint32 {
	const mulHi, mulLo, incHi, incLo, cheap = 2549297995355413924, 4865540595714422341, 6364136223846793005, 1442695040888963407, 0xda942042e4dd58b5
	hi, lo := bits.Mul64(p.lo, mulLo)
	hi += p.hi*mulLo + p.lo*mulHi
	lo, carry := bits.Add64(lo, incLo, 0)
	hi, _ = bits.Add64(hi, incHi, carry)
	p.hi, p.lo = hi, lo
	hi ^= hi >> 32
	hi *= cheap
	hi ^= hi >> 48
	hi *= lo | 1
	return uint32(hi >> 32)
}

// identity is a model of several inputs that gives them back.
func identity(inputs ...*graph.Value) *graph.Graph {
	g := &graph.Graph{Inputs: inputs}
	for i, v := range inputs {
		g.Outputs = append(g.Outputs, g.Add("Identity", fmt.Sprintf("n%d", i), nil, []*graph.Value{v}, fmt.Sprintf("y%d", i)).Outputs...)
	}
	return g
}

func compile(t *testing.T, g *graph.Graph, options ...runtime.Option) *runtime.Program {
	t.Helper()
	p, err := runtime.Compile(g, options...)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func of(t *testing.T, p *runtime.Program) string {
	t.Helper()
	sum, err := digest.Of(p)
	if err != nil {
		t.Fatal(err)
	}
	return sum
}

// The definition of docs/digest.md is computed a second time: numbers, order of examples, inputs and elements, hash.
func TestDigestFollowsItsDefinition(t *testing.T) {
	g := identity(graph.NewValue("a", graph.Float32, graph.Shape{graph.Batch, 2, 3}), graph.NewValue("b", graph.Int8, graph.Shape{graph.Batch, 5}), graph.NewValue("c", graph.Bool, graph.Shape{graph.Batch, 1}))
	random := pcg{1, 2}
	var all []byte
	for e := range 8 {
		for range 2 * 3 {
			v := (float32(random.uint32()>>8)/8388608 - 1) * []float32{1, 4, 32, 256}[e%4]
			all = binary.LittleEndian.AppendUint32(all, math.Float32bits(v))
		}
		for range 5 {
			all = append(all, byte(random.uint32()))
		}
		all = append(all, byte(random.uint32())&1)
	}
	sum := sha256.Sum256(all)
	want := "v1:" + hex.EncodeToString(sum[:])
	for _, batch := range []int{1, 2, 3, 8, 11} {
		if got := of(t, compile(t, g, runtime.Batch(batch))); got != want {
			t.Errorf("batch %d: got %s, want %s", batch, got, want)
		}
	}
}

func TestEveryNaNCountsAsTheSame(t *testing.T) {
	sums := map[string]bool{}
	for _, payload := range []uint32{0x7fc00000, 0xffc00001, 0x7f800001} {
		x := graph.NewValue("x", graph.Float32, graph.Shape{1})
		nan := graph.NewTensor(graph.Float32, 1)
		binary.LittleEndian.PutUint32(nan.Data, payload)
		g := &graph.Graph{Inputs: []*graph.Value{x}}
		g.Outputs = g.Add("Concat", "both", &ops.Concat{}, []*graph.Value{x, graph.NewConst("nan", nan)}, "y").Outputs
		sums[of(t, compile(t, g))] = true
	}
	if len(sums) != 1 {
		t.Errorf("%d digests: %v", len(sums), sums)
	}
}

func TestHalfPrecisionIsRefusedUnlessWidened(t *testing.T) {
	g := identity(graph.NewValue("h", graph.Float16, graph.Shape{graph.Batch, 4}))
	if _, err := digest.Of(compile(t, g)); !errors.Is(err, digest.ErrType) || !strings.Contains(err.Error(), `"h"`) {
		t.Errorf("got %v, want ErrType", err)
	}
	of(t, compile(t, g, runtime.Float32()))
}

// digits is the embedded model of the command, integer throughout but for its Softmax.
func digits(t *testing.T) *graph.Graph {
	t.Helper()
	data, err := os.ReadFile("../internal/digits/digits.onnx")
	if err != nil {
		t.Fatal(err)
	}
	if data, err = loader.SetMetadata(data, digest.Key, ""); err != nil {
		t.Fatal(err)
	}
	g, err := loader.Decode(data)
	if err != nil {
		t.Fatal(err)
	}
	return g
}

func with(g *graph.Graph, sum string) *graph.Graph {
	c := *g
	c.Metadata = map[string]string{digest.Key: sum}
	return &c
}

// A digest that was stored at one level, batch size and number of threads holds at all others.
func TestStoredDigestsHoldOnEveryLevel(t *testing.T) {
	g := digits(t)
	sum, err := digest.Portable(compile(t, g, runtime.Kernels("generic"), runtime.Threads(1)))
	if err != nil {
		t.Fatal(err)
	}
	stored := with(g, sum)
	for _, level := range cpu.Available() {
		for _, threads := range []int{1, 2} {
			for _, batch := range []int{1, 8} {
				p := compile(t, stored, runtime.Kernels(level.String()), runtime.Threads(threads), runtime.Batch(batch))
				if err := digest.Check(p); err != nil {
					t.Errorf("%v, %d threads, batch %d: %v", level, threads, batch, err)
				}
			}
		}
	}
}

func TestCheckSaysWhatIsWrong(t *testing.T) {
	g := digits(t)
	sum := of(t, compile(t, g))
	other := sum[:len(sum)-1] + map[bool]string{true: "0", false: "1"}[sum[len(sum)-1] != '0']
	float := &graph.Graph{Metadata: map[string]string{digest.Key: sum}}
	x := float.AddInput("x", graph.Float32, graph.Shape{graph.Batch, 4})
	w := graph.NewConst("w", graph.NewTensor(graph.Float32, 4, 2))
	float.Outputs = float.Add("Gemm", "fc", &ops.Gemm{Alpha: 1, Beta: 1}, []*graph.Value{x, w}, "y").Outputs
	for _, c := range []struct {
		name string
		g    *graph.Graph
		want error
		says []string
	}{
		{"right", with(g, sum), nil, nil},
		{"wrong", with(g, other), digest.ErrMismatch, []string{"want " + other, "got " + sum}},
		{"none", g, digest.ErrMissing, []string{digest.Key}},
		{"another version", with(g, "v2:"+sum[3:]), digest.ErrVersion, []string{"v2:"}},
		{"short", with(g, sum[:20]), digest.ErrVersion, nil},
		{"upper case", with(g, "v1:"+strings.ToUpper(strings.Repeat("a", 64))), digest.ErrVersion, nil},
		{"float", float, runtime.ErrFloat, []string{"fc"}},
	} {
		err := digest.Check(compile(t, c.g))
		if !errors.Is(err, c.want) {
			t.Errorf("%s: got %v, want %v", c.name, err, c.want)
		}
		for _, text := range c.says {
			if !strings.Contains(fmt.Sprint(err), text) {
				t.Errorf("%s: %v does not say %q", c.name, err, text)
			}
		}
	}
}
