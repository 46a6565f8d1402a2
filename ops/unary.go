package ops

import (
	"math"

	"github.com/octet-ml/octet/fp32"
	"github.com/octet-ml/octet/graph"
)

// unaryFunction is what a unary operator computes. Float16 and quantized data are computed as float32; so are float64 data
// where there is no function for them.
type unaryFunction struct {
	name  string
	attrs func() any                                // nil where the operator has no attributes
	f32   func(n *graph.Node) func(float32) float32 // for the attributes of a node
	f64   func(float64) float64                     // nil: by way of f32
	ints  string                                    // name of the function on integers in intFunctions; empty where there is none
}

// plain ignores the attributes.
func plain(f func(float32) float32) func(*graph.Node) func(float32) float32 {
	return func(*graph.Node) func(float32) float32 { return f }
}

// exact makes a function on float32 from one on float64 whose results need no rounding.
func exact(f func(float64) float64) func(*graph.Node) func(float32) float32 {
	return plain(func(x float32) float32 { return float32(f(float64(x))) })
}

var unaryFunctions = []unaryFunction{
	{name: "Relu", f32: plain(f32.Relu), f64: relu64, ints: "Relu"},
	{name: "Relu6", f32: plain(relu6)},
	{name: "Sigmoid", f32: plain(f32.Sigmoid)},
	{name: "Tanh", f32: plain(f32.Tanh)},
	{name: "HardSwish", f32: plain(f32.HardSwish)},
	{name: "HardSigmoid", attrs: func() any { return &HardSigmoid{Alpha: 0.2, Beta: 0.5} },
		f32: func(n *graph.Node) func(float32) float32 {
			a := attrs[HardSigmoid](n)
			return f32.HardSigmoid(a.Alpha, a.Beta)
		}},
	{name: "Swish", attrs: func() any { return &Swish{Alpha: 1} },
		f32: func(n *graph.Node) func(float32) float32 { return f32.Swish(attrs[Swish](n).Alpha) }},
	{name: "Mish", f32: plain(f32.Mish)},
	{name: "Gelu", attrs: func() any { return new(Gelu) },
		f32: func(n *graph.Node) func(float32) float32 {
			if attrs[Gelu](n).Tanh {
				return f32.GeluTanh
			}
			return f32.GeluErf
		}},
	{name: "Elu", attrs: func() any { return &Elu{Alpha: 1} },
		f32: func(n *graph.Node) func(float32) float32 { return f32.Elu(attrs[Elu](n).Alpha) }},
	{name: "Celu", attrs: func() any { return &Celu{Alpha: 1} },
		f32: func(n *graph.Node) func(float32) float32 { return f32.Celu(attrs[Celu](n).Alpha) }},
	{name: "Selu", attrs: func() any { return &Selu{Alpha: 1.67326319217681884765625, Gamma: 1.05070102214813232421875} },
		f32: func(n *graph.Node) func(float32) float32 {
			a := attrs[Selu](n)
			return f32.Selu(a.Alpha, a.Gamma)
		}},
	{name: "LeakyRelu", attrs: func() any { return &LeakyRelu{Alpha: 0.01} },
		f32: func(n *graph.Node) func(float32) float32 { return f32.LeakyRelu(attrs[LeakyRelu](n).Alpha) }},
	{name: "ThresholdedRelu", attrs: func() any { return &ThresholdedRelu{Alpha: 1} },
		f32: func(n *graph.Node) func(float32) float32 { return f32.ThresholdedRelu(attrs[ThresholdedRelu](n).Alpha) }},
	{name: "Softplus", f32: plain(f32.Softplus)},
	{name: "Softsign", f32: plain(f32.Softsign)},
	{name: "Abs", f32: exact(math.Abs), f64: math.Abs, ints: "Abs"},
	{name: "Neg", f32: plain(func(x float32) float32 { return -x }), f64: func(x float64) float64 { return -x }, ints: "Neg"},
	{name: "Exp", f32: plain(f32.Exp)},
	{name: "Log", f32: plain(f32.Log)},
	{name: "Sqrt", f32: plain(f32.Sqrt), f64: math.Sqrt},
	{name: "Reciprocal", f32: plain(func(x float32) float32 { return 1 / x }), f64: func(x float64) float64 { return 1 / x }},
	{name: "Erf", f32: plain(f32.Erf)},
	{name: "Sin", f32: plain(sine)},
	{name: "Cos", f32: plain(cosine)},
	{name: "Ceil", f32: exact(math.Ceil), f64: math.Ceil},
	{name: "Floor", f32: exact(math.Floor), f64: math.Floor},
	{name: "Round", f32: plain(RoundHalfEven), f64: math.RoundToEven}, // ties to even, as ONNX
	{name: "Sign", f32: exact(sign64), f64: sign64, ints: "Sign"},
}

func relu6(x float32) float32 {
	if x > 6 {
		return 6
	}
	return f32.Relu(x)
}

func relu64(x float64) float64 {
	if x < 0 {
		return 0
	}
	return x
}

func sign64(x float64) float64 {
	switch {
	case x > 0:
		return 1
	case x < 0:
		return -1
	}
	return x
}

// intFunction returns the function of that name on integers; negation and the absolute value of the least number wrap.
func intFunction[T number](name string) func(T) T {
	switch name {
	case "Relu":
		return func(x T) T { return max(x, 0) }
	case "Abs":
		return func(x T) T {
			if x < 0 {
				return -x
			}
			return x
		}
	case "Neg":
		return func(x T) T { return -x }
	case "Sign":
		return func(x T) T {
			switch {
			case x > 0:
				return 1
			case x == 0:
				return 0
			}
			var one T = 1
			return -one
		}
	}
	return nil
}

// mapElements makes the step y[i] = f(x[i]).
func mapElements[T number](x, y *graph.Tensor, f func(T) T) FuncStep {
	src, dst := graph.View[T](x.Data), graph.View[T](y.Data)
	return spread(len(src), 8, func(from, to int) {
		in, out := src[from:to], dst[from:to]
		for i, v := range in {
			out[i] = f(v)
		}
	})
}

// leakyRelu is mapElements of f32.LeakyRelu without a branch on the sign, which data make unpredictable.
func leakyRelu(x, y *graph.Tensor, alpha float32) FuncStep {
	src, dst := graph.View[float32](x.Data), graph.View[float32](y.Data)
	return spread(len(src), 4, func(from, to int) {
		slopes := [2]float32{1, alpha}
		in := src[from:to]
		out := dst[from:to:to]
		for i, v := range in {
			out[i] = v * slopes[math.Float32bits(v)>>31]
		}
	})
}

// bind is the binder of a unary operator.
func (u *unaryFunction) bind(n *graph.Node, in, out []*graph.Tensor) (FuncStep, error) {
	x, y := in[0], out[0]
	switch x.DType {
	case graph.Float32:
		if u.name == "LeakyRelu" {
			return leakyRelu(x, y, attrs[LeakyRelu](n).Alpha), nil
		}
		return mapElements(x, y, u.f32(n)), nil
	case graph.Float64:
		if u.f64 != nil {
			return mapElements(x, y, u.f64), nil
		}
		f := u.f32(n)
		return mapElements(x, y, func(v float64) float64 { return float64(f(float32(v))) }), nil
	case graph.Int8:
		return mapElements(x, y, intFunction[int8](u.ints)), nil
	case graph.Int16:
		return mapElements(x, y, intFunction[int16](u.ints)), nil
	case graph.Int32:
		return mapElements(x, y, intFunction[int32](u.ints)), nil
	case graph.Int64:
		return mapElements(x, y, intFunction[int64](u.ints)), nil
	case graph.Uint8:
		return mapElements(x, y, intFunction[uint8](u.ints)), nil
	case graph.Uint16:
		return mapElements(x, y, intFunction[uint16](u.ints)), nil
	case graph.Uint32:
		return mapElements(x, y, intFunction[uint32](u.ints)), nil
	case graph.Uint64:
		return mapElements(x, y, intFunction[uint64](u.ints)), nil
	}
	return FuncStep{}, typeErrorf("data of type %v", x.DType)
}

// infer is Operator.Infer.
func (u *unaryFunction) infer(n *graph.Node) error {
	x := n.Inputs[0]
	if isReal(x) {
		return setReal(n, 0, x, x.Shape)
	}
	if u.ints == "" || !x.DType.IsInteger() || x.DType.Bits() < 8 || u.ints == "Neg" && !x.DType.IsSigned() {
		return typeErrorf("data of type %v", x.DType)
	}
	return setExactly(n, 0, x.DType, x.Shape)
}

// lower uses a table for bytes and the functions of package f32 for float32.
func (u *unaryFunction) lower(t *Target, n *graph.Node) (*Lowered, error) {
	x, y := n.Inputs[0], n.Outputs[0]
	switch {
	case perTensorByte(x) && perTensorByte(y):
		return lowerTable(t, n)
	case x.DType == graph.Float32 && y.DType == graph.Float32 && (u.name == "Relu" || u.name == "Relu6"):
		hi := float32(math.Inf(1))
		if u.name == "Relu6" {
			hi = 6
		}
		return loweredUnary(t.F32.Clamp(0, hi)), nil
	case x.DType == graph.Float32 && y.DType == graph.Float32 && u.name != "LeakyRelu":
		if f, ok := kernelFunction(n); ok {
			return loweredUnary(t.F32.Function(f)), nil
		}
		return loweredUnary(t.F32.Unary(u.f32(n))), nil
	}
	return viaFloat(u.bind).lower(t, n)
}

// kernelFunction returns the function of package f32 that may have kernels for the node's operator and attributes.
func kernelFunction(n *graph.Node) (f32.Function, bool) {
	f, ok := map[string]f32.Function{
		"Exp": f32.FunctionExp, "Sigmoid": f32.FunctionSigmoid, "Tanh": f32.FunctionTanh, "HardSwish": f32.FunctionHardSwish,
		"Mish": f32.FunctionMish, "Swish": f32.FunctionSilu, "Gelu": f32.FunctionGeluErf,
	}[n.Op]
	switch a := n.Attrs.(type) {
	case *Swish:
		ok = a != nil && a.Alpha == 1
	case *Gelu:
		if a != nil && a.Tanh {
			f = f32.FunctionGeluTanh
		}
	}
	return f, ok
}

// loweredUnary returns the plan as a lowered node.
func loweredUnary(p *f32.UnaryPlan) *Lowered {
	return &Lowered{Kernel: p.Kernel(), Scratch: p.Scratch(), Bind: func(b Buffers) (Step, error) {
		s, err := p.Bind(b.In[0], b.Out[0])
		if err != nil {
			return nil, err
		}
		return s, nil
	}}
}

var unaryRows = append(rowsOfUnary(), Operator{
	Name: "Identity",
	In:   Arity{1, 1}, Out: Arity{1, 1},
	Infer:     func(n *graph.Node) error { return setView(n, n.Inputs[0], n.Inputs[0].Shape, n.Inputs[0].Quant) },
	Reference: copyBytes, Lower: lowerCopy, View: true, Permute: permutePlain,
}, Operator{
	Name: "Not",
	In:   Arity{1, 1}, Out: Arity{1, 1},
	Infer: inferNot, Reference: binder(bindNot).reference, Lower: binder(bindNot).lower,
	InPlace: inPlace, Permute: permutePlain,
}, clipRow, preluRow)

// rowsOfUnary returns the operators of unaryFunctions.
func rowsOfUnary() []Operator {
	rows := make([]Operator, 0, len(unaryFunctions))
	for i := range unaryFunctions {
		u := &unaryFunctions[i]
		rows = append(rows, Operator{
			Name: u.name, Attrs: u.attrs,
			In: Arity{1, 1}, Out: Arity{1, 1},
			Infer: u.infer, Reference: viaFloat(u.bind).reference, Lower: u.lower,
			InPlace: inPlace, Permute: permutePlain, Elementwise: true,
		})
	}
	return rows
}

func inferNot(n *graph.Node) error {
	if n.Inputs[0].DType != graph.Bool {
		return typeErrorf("want bool, got %v", n.Inputs[0].DType)
	}
	return setExactly(n, 0, graph.Bool, n.Inputs[0].Shape)
}

func bindNot(_ *graph.Node, in, out []*graph.Tensor) (FuncStep, error) {
	return mapElements(in[0], out[0], func(x uint8) uint8 { return uint8(boolInt(x == 0)) }), nil
}

// copyBytes is the Reference of views.
func copyBytes(_ *graph.Node, in, out []*graph.Tensor) error {
	copy(out[0].Data, in[0].Data)
	return nil
}

// lowerCopy copies where the runtime does not make the output a view of the input.
func lowerCopy(_ *Target, _ *graph.Node) (*Lowered, error) {
	return &Lowered{Kernel: "copy", Bind: func(b Buffers) (Step, error) {
		src, dst := b.In[0], b.Out[0]
		return spread(len(dst), 1, func(from, to int) { copy(dst[from:to], src[from:to]) }), nil
	}}, nil
}
