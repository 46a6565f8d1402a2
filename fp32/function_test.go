package f32

import (
	"errors"
	"math"
	"math/rand"
	"testing"

	"github.com/octet-ml/octet/internal/testkit"
)

var planned = []struct {
	name string
	f    Function
	fn   func(float32) float32
}{
	{"exp", FunctionExp, Exp},
	{"sigmoid", FunctionSigmoid, Sigmoid},
	{"tanh", FunctionTanh, Tanh},
	{"silu", FunctionSilu, Silu},
	{"hard_swish", FunctionHardSwish, HardSwish},
	{"mish", FunctionMish, Mish},
	{"gelu_erf", FunctionGeluErf, GeluErf},
	{"gelu_tanh", FunctionGeluTanh, GeluTanh},
}

// Every level's kernels give the bits of the scalar functions, whatever the length and the place in a vector.
func TestFunctionKernelsEqualTheScalarFunctions(t *testing.T) {
	seed := testkit.Seed(t)
	for _, c := range planned {
		t.Run(c.name, func(t *testing.T) {
			eachLevel(t, func(t *testing.T, k *Kernels) {
				rng := rand.New(rand.NewSource(seed))
				for _, n := range []int{1, 2, 3, 4, 5, 7, 8, 9, 15, 16, 17, 23, 31, 33, 1000, 20011} {
					src, dst := functionInput(rng, n), output(n)
					want := make([]float32, n)
					for i, x := range src.values {
						want[i] = c.fn(x)
					}
					p := k.Function(c.f)
					for _, out := range []buffer{dst, src} {
						step, err := p.Bind(src.bytes, out.bytes)
						if err != nil {
							t.Fatal(err)
						}
						runAll(step, p.Scratch())
						for i, v := range out.values {
							if math.Float32bits(v) != math.Float32bits(want[i]) && (v == v || want[i] == want[i]) {
								t.Fatalf("%s: element %d of %d: got %v (%#x), want %v (%#x)", p.Kernel(), i, n, v, math.Float32bits(v), want[i], math.Float32bits(want[i]))
							}
						}
						noAllocs(t, step, p.Scratch())
					}
					dst.checkSlack(t)
				}
			})
		})
	}
}

// functionInput mixes magnitudes, special values and, for long buffers, arbitrary bits.
func functionInput(rng *rand.Rand, n int) buffer {
	special := []float32{0, float32(math.Copysign(0, -1)), inf, -inf, float32(math.NaN()), 1e-45, -1e-45, math.MaxFloat32, -math.MaxFloat32, 88.7, -103.9, 3, -3, 40, -40, 708, -708}
	b := newBuffer(n)
	for i := range b.values {
		switch rng.Intn(8) {
		case 0:
			b.values[i] = special[rng.Intn(len(special))]
		case 1:
			b.values[i] = math.Float32frombits(rng.Uint32())
		default:
			b.values[i] = float32(rng.NormFloat64() * math.Exp(3*rng.NormFloat64()))
		}
	}
	return b
}

func TestUnknownFunctionIsRejected(t *testing.T) {
	eachLevel(t, func(t *testing.T, k *Kernels) {
		b := newBuffer(4).bytes
		if _, err := k.Function(200).Bind(b[:8], b[8:]); !errors.Is(err, ErrEpilogue) {
			t.Errorf("got %v, want %v", err, ErrEpilogue)
		}
	})
}
