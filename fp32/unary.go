package f32

import (
	"fmt"

	"github.com/octet-ml/octet/fp32/internal/kernel"
)

// UnaryPlan is a function applied to every element: immutable, safe for concurrent use.
type UnaryPlan struct {
	name   string
	fn     func(x float32) float32
	kernel func(a *kernel.UnaryArgs) // nil: fn is called
	lo, hi float32                   // of the clamp
	chunk  int
}

// Clamp plans y = min(max(x, lo), hi), which is Relu for 0 and +Inf. A NaN stays a NaN.
func (k *Kernels) Clamp(lo, hi float32) *UnaryPlan {
	return &UnaryPlan{name: k.set.Clamp.Name, kernel: k.set.Clamp.Run, lo: lo, hi: hi, chunk: chunk}
}

// Function is one of this package's scalar functions without parameters.
type Function uint8

// The functions that levels have kernels for.
const (
	FunctionExp       = Function(kernel.Exp)
	FunctionSigmoid   = Function(kernel.Sigmoid)
	FunctionTanh      = Function(kernel.Tanh)
	FunctionSilu      = Function(kernel.Silu)
	FunctionHardSwish = Function(kernel.HardSwish)
	FunctionMish      = Function(kernel.Mish)
	FunctionGeluErf   = Function(kernel.GeluErf)
	FunctionGeluTanh  = Function(kernel.GeluTanh)
)

// scalars are the functions by name.
var scalars = [kernel.NumFunctions]func(x float32) float32{
	FunctionExp: Exp, FunctionSigmoid: Sigmoid, FunctionTanh: Tanh, FunctionSilu: Silu,
	FunctionHardSwish: HardSwish, FunctionMish: Mish, FunctionGeluErf: GeluErf, FunctionGeluTanh: GeluTanh,
}

// Function plans y = f(x): the bits of Unary with the function of that name (but for the payload of a NaN), and with
// vector kernels where the level has them. An unknown function is reported by Bind.
func (k *Kernels) Function(f Function) *UnaryPlan {
	if f >= Function(kernel.NumFunctions) {
		return k.Unary(nil)
	}
	if e := k.set.Functions[f]; e.Run != nil {
		return &UnaryPlan{name: e.Name, kernel: e.Run, chunk: functionChunk}
	}
	return k.Unary(scalars[f])
}

// functionChunk is the number of elements of a tile of a function's kernel.
const functionChunk = 1 << 13

// unaryChunk is the number of elements of a tile of function calls.
const unaryChunk = 1 << 11

// Unary plans y = fn(x). fn must be safe for concurrent use and depend on x alone; the functions of this package are.
func (k *Kernels) Unary(fn func(float32) float32) *UnaryPlan {
	return &UnaryPlan{name: "f32_unary__generic", fn: fn, chunk: unaryChunk}
}

// Kernel returns the name of the kernel.
func (p *UnaryPlan) Kernel() string { return p.name }

// Scratch returns 0: functions need none.
func (p *UnaryPlan) Scratch() int { return 0 }

// Bind ties the plan to buffers of equal length; dst may be src. A nil function or an impossible clamp gives
// ErrEpilogue, wrong lengths, misalignment and partial overlap give ErrBuffer.
func (p *UnaryPlan) Bind(src, dst []byte) (Step, error) {
	if p.fn == nil && (p.kernel == nil || !(p.lo <= p.hi)) {
		return nil, fmt.Errorf("unary: %w: no function, clamp %v..%v", ErrEpilogue, p.lo, p.hi)
	}
	in, err := view("src", src, len(src)/4)
	if err != nil {
		return nil, fmt.Errorf("unary: %w", err)
	}
	out, err := view("dst", dst, len(in))
	if err != nil {
		return nil, fmt.Errorf("unary: %w", err)
	}
	if partlyOverlaps(in, out) {
		return nil, fmt.Errorf("unary: %w: src overlaps dst in part", ErrBuffer)
	}
	tiles := ceilDiv(len(in), p.chunk)
	return &unaryStep{p: p, src: in, dst: out, args: make([]kernel.UnaryArgs, tiles)}, nil
}

// unaryStep is a function bound to buffers. A tile is a chunk of elements.
type unaryStep struct {
	p        *UnaryPlan
	src, dst []float32
	args     []kernel.UnaryArgs
}

func (s *unaryStep) Tiles() int { return len(s.args) }

func (s *unaryStep) Run(_ []byte, from, to int) {
	for t := from; t < to; t++ {
		lo, hi := split(len(s.src), len(s.args), t)
		src, dst := s.src[lo:hi], s.dst[lo:hi]
		if s.p.kernel != nil {
			s.args[t] = kernel.UnaryArgs{Src: src, Dst: dst, N: int64(hi - lo), Lo: s.p.lo, Hi: s.p.hi}
			s.p.kernel(&s.args[t])
			continue
		}
		for i, x := range src {
			dst[i] = s.p.fn(x)
		}
	}
}
