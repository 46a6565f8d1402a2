package gorgonia_test

import (
	"testing"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"github.com/octet-ml/octet/loader/gorgonia"
)

// operator is an expression of one input.
type operator struct {
	name  string
	shape []int // of the input
	build func(n *net, x *G.Node) (*G.Node, error)
	want  string // of what the graph consists, one operator after the other, where that matters
}

func plain(f func(x *G.Node) (*G.Node, error)) func(*net, *G.Node) (*G.Node, error) {
	return func(_ *net, x *G.Node) (*G.Node, error) { return f(x) }
}

// positive is for functions that are not defined below 0.
func positive(f func(x *G.Node) (*G.Node, error)) func(*net, *G.Node) (*G.Node, error) {
	return func(_ *net, x *G.Node) (*G.Node, error) {
		return f(G.Must(G.Add(G.Must(G.Square(x)), G.NewConstant(float32(0.5)))))
	}
}

// with applies f to the input and a second operand of the given shape.
func with(f func(x, y *G.Node) (*G.Node, error), shape ...int) func(*net, *G.Node) (*G.Node, error) {
	return func(n *net, x *G.Node) (*G.Node, error) { return f(x, n.leaf("y", 1, shape...)) }
}

// compared makes numbers of a comparison.
func compared(f func(x, y *G.Node, number bool) (*G.Node, error)) func(*net, *G.Node) (*G.Node, error) {
	return with(func(x, y *G.Node) (*G.Node, error) { return f(x, y, true) }, 1, 5)
}

// softmaxWritten is a softmax written out.
func softmaxWritten(stable bool) func(*net, *G.Node) (*G.Node, error) {
	return func(_ *net, x *G.Node) (*G.Node, error) {
		if stable {
			most, err := G.Max(x, 1)
			if err != nil {
				return nil, err
			}
			if x, err = G.BroadcastSub(x, most, nil, []byte{1}); err != nil {
				return nil, err
			}
		}
		e := G.Must(G.Exp(x))
		return G.BroadcastHadamardDiv(e, G.Must(G.Sum(e, 1)), nil, []byte{1})
	}
}

var operators = []operator{
	{"conv/stride and padding", []int{2, 3, 9, 8}, func(n *net, x *G.Node) (*G.Node, error) {
		return G.Conv2d(x, n.weights(30, 4, 3, 3, 2), tensor.Shape{3, 2}, []int{2, 1}, []int{2, 3}, []int{1, 1})
	}, "Conv"},
	{"conv/dilation", []int{2, 2, 9, 9}, func(n *net, x *G.Node) (*G.Node, error) {
		return G.Conv2d(x, n.weights(30, 4, 2, 3, 3), tensor.Shape{3, 3}, []int{1, 1}, []int{1, 1}, []int{2, 3})
	}, "Conv"},
	{"conv/one axis", []int{2, 2, 1, 9}, func(n *net, x *G.Node) (*G.Node, error) {
		return G.Conv1d(x, n.weights(6, 4, 2, 1, 3), 3, 1, 2, 1)
	}, "Conv"},
	{"conv/kernel of another form than the weights", []int{2, 2, 9, 9}, func(n *net, x *G.Node) (*G.Node, error) {
		return G.Conv2d(x, n.weights(12, 4, 2, 3, 2), tensor.Shape{2, 3}, []int{0, 0}, []int{1, 1}, []int{1, 1})
	}, "Reshape Conv"},
	{"max pool", []int{2, 3, 7, 8}, plain(func(x *G.Node) (*G.Node, error) {
		return G.MaxPool2D(x, tensor.Shape{3, 2}, []int{1, 0}, []int{2, 1})
	}), "MaxPool"},
	{"max pool/padding of four sides", []int{2, 3, 7, 8}, plain(func(x *G.Node) (*G.Node, error) {
		return G.MaxPool2D(x, tensor.Shape{3, 3}, []int{0, 1, 2, 0}, []int{2, 2})
	}), "MaxPool"},
	{"average pool", []int{2, 3, 7, 8}, plain(func(x *G.Node) (*G.Node, error) {
		return G.AveragePool2D(x, tensor.Shape{2, 2}, []int{1, 0}, []int{2, 2})
	}), "AveragePool Mul"},
	{"global average pool", []int{2, 3, 4, 5}, plain(G.GlobalAveragePool2D), "GlobalAveragePool"},
	{"upsample", []int{2, 3, 2, 3}, plain(func(x *G.Node) (*G.Node, error) { return G.Upsample2D(x, 3) }), "Resize"},
	{"relu", []int{2, 5}, plain(G.Rectify), "Relu"},
	{"leaky relu", []int{2, 5}, plain(func(x *G.Node) (*G.Node, error) { return G.LeakyRelu(x, 0.3) }), "LeakyRelu"},
	{"relu/by maximum", []int{2, 5}, func(n *net, x *G.Node) (*G.Node, error) {
		return G.MaxBetween(x, n.full(x, 0))
	}, "Relu"},
	{"relu6", []int{2, 5}, func(n *net, x *G.Node) (*G.Node, error) {
		return G.MinBetween(G.Must(G.Rectify(x)), n.full(x, 6))
	}, "Relu Clip"},
	{"lower bound", []int{2, 5}, func(n *net, x *G.Node) (*G.Node, error) {
		return G.MaxBetween(n.full(x, -0.5), x)
	}, "Clip"},
	{"maximum of two", []int{2, 5}, func(_ *net, x *G.Node) (*G.Node, error) { return G.MaxBetween(x, G.Must(G.Neg(x))) }, "Neg Max"},
	{"softmax", []int{2, 5}, plain(func(x *G.Node) (*G.Node, error) { return G.SoftMax(x) }), "Softmax"},
	{"softmax/axis", []int{2, 5, 3}, plain(func(x *G.Node) (*G.Node, error) { return G.SoftMax(x, 1) }), "Softmax"},
	{"log softmax", []int{2, 5}, plain(func(x *G.Node) (*G.Node, error) { return G.LogSoftMax(x) }), "LogSoftmax"},
	{"softmax/log of it", []int{2, 5}, plain(func(x *G.Node) (*G.Node, error) { return G.Log(G.Must(G.SoftMax(x))) }), "LogSoftmax"},
	{"softmax/written out", []int{2, 5}, softmaxWritten(false), "Softmax"},
	{"softmax/written out without overflow", []int{2, 5}, softmaxWritten(true), "Softmax"},
	{"mean", []int{2, 5, 3}, plain(func(x *G.Node) (*G.Node, error) { return G.Mean(x, 1) }), "ReduceMean"},
	{"mean/two axes", []int{2, 5, 3}, plain(func(x *G.Node) (*G.Node, error) { return G.Mean(x, 1, 2) }), "ReduceMean"},
	{"mean/planes of two lines", []int{2, 3, 2, 4}, plain(func(x *G.Node) (*G.Node, error) { return G.Mean(x, 2, 3) }), "GlobalAveragePool Reshape"},
	{"sum", []int{2, 5, 3}, plain(func(x *G.Node) (*G.Node, error) { return G.Sum(x, 2) }), "ReduceSum"},
	{"max", []int{2, 5, 3}, plain(func(x *G.Node) (*G.Node, error) { return G.Max(x, 1) }), "ReduceMax"},
	{"norm", []int{2, 5}, plain(func(x *G.Node) (*G.Node, error) { return G.Norm(x, 1, 2) }), ""},
	{"transpose", []int{2, 3, 4}, plain(func(x *G.Node) (*G.Node, error) { return G.Transpose(x, 0, 2, 1) }), "Transpose"},
	{"reshape", []int{2, 3, 4}, plain(func(x *G.Node) (*G.Node, error) { return G.Reshape(x, tensor.Shape{2, 2, -1}) }), "Reshape"},
	{"concat", []int{2, 3}, plain(func(x *G.Node) (*G.Node, error) { return G.Concat(1, x, x) }), "Concat"},
	{"slice", []int{2, 6}, plain(func(x *G.Node) (*G.Node, error) { return G.Slice(x, nil, G.S(1, 4)) }), "Slice"},
	{"slice/one index", []int{2, 6, 3}, plain(func(x *G.Node) (*G.Node, error) { return G.Slice(x, nil, G.S(2)) }), "Slice Squeeze"},
	{"matrix and vector", []int{2, 5}, with(G.Mul, 5), ""},
	{"add", []int{2, 5}, with(func(x, y *G.Node) (*G.Node, error) { return G.BroadcastAdd(x, y, nil, []byte{0}) }, 1, 5), "Add"},
	{"add/scalar", []int{2, 5}, plain(func(x *G.Node) (*G.Node, error) { return G.Add(x, G.NewConstant(float32(2))) }), "Add"},
	{"add/vector", []int{2, 5}, with(func(x, y *G.Node) (*G.Node, error) { return G.BroadcastAdd(x, y, nil, []byte{0}) }, 5), "Add"},
	{"sub", []int{2, 5}, with(func(x, y *G.Node) (*G.Node, error) { return G.BroadcastSub(y, x, []byte{0}, nil) }, 1, 5), "Sub"},
	{"div", []int{2, 5}, with(func(x, y *G.Node) (*G.Node, error) { return G.BroadcastHadamardDiv(x, y, nil, []byte{0}) }, 1, 5), "Div"},
	{"div/scalar", []int{2, 5}, plain(func(x *G.Node) (*G.Node, error) { return G.Div(x, G.NewConstant(float32(3))) }), "Div"},
	{"mul", []int{2, 5, 3}, with(func(x, y *G.Node) (*G.Node, error) { return G.BroadcastHadamardProd(x, y, nil, []byte{0, 2}) }, 1, 5, 1), "Mul"},
	{"mul/outer", []int{2, 5}, func(_ *net, x *G.Node) (*G.Node, error) {
		s := G.Must(G.Sum(x, 1))
		return G.BroadcastHadamardProd(x, s, nil, []byte{1})
	}, ""},
	{"pow", []int{2, 5}, positive(func(x *G.Node) (*G.Node, error) { return G.Pow(x, G.NewConstant(float32(1.5))) }), ""},
	{"identity", []int{2, 5}, plain(func(x *G.Node) (*G.Node, error) { return G.ApplyOp(G.Iop{}, x) }), "Identity"},
	{"abs", []int{2, 5}, plain(G.Abs), "Abs"}, {"sign", []int{2, 5}, plain(G.Sign), "Sign"},
	{"ceil", []int{2, 5}, plain(G.Ceil), "Ceil"}, {"floor", []int{2, 5}, plain(G.Floor), "Floor"},
	{"sin", []int{2, 5}, plain(G.Sin), "Sin"}, {"cos", []int{2, 5}, plain(G.Cos), "Cos"},
	{"exp", []int{2, 5}, plain(G.Exp), "Exp"}, {"neg", []int{2, 5}, plain(G.Neg), "Neg"},
	{"tanh", []int{2, 5}, plain(G.Tanh), "Tanh"}, {"sigmoid", []int{2, 5}, plain(G.Sigmoid), "Sigmoid"},
	{"softplus", []int{2, 5}, plain(G.Softplus), "Softplus"}, {"square", []int{2, 5}, plain(G.Square), "Mul"},
	{"cube", []int{2, 5}, plain(G.Cube), "Mul Mul"}, {"expm1", []int{2, 5}, plain(G.Expm1), "Exp Sub"},
	{"log", []int{2, 5}, positive(G.Log), ""}, {"log2", []int{2, 5}, positive(G.Log2), ""},
	{"log1p", []int{2, 5}, positive(G.Log1p), ""}, {"sqrt", []int{2, 5}, positive(G.Sqrt), ""},
	{"inverse", []int{2, 5}, positive(G.Inverse), ""}, {"inverse sqrt", []int{2, 5}, positive(G.InverseSqrt), ""},
	{"less", []int{1, 5}, compared(G.Lt), ""}, {"greater", []int{1, 5}, compared(G.Gt), ""},
	{"less or equal", []int{1, 5}, compared(G.Lte), ""}, {"greater or equal", []int{1, 5}, compared(G.Gte), ""},
	{"equal", []int{1, 5}, compared(G.Eq), ""}, {"not equal", []int{1, 5}, compared(G.Ne), ""},
}

// Every operator computes what Gorgonia does, and becomes as few nodes as there are words for it.
func TestOperatorsAgreeWithGorgonia(t *testing.T) {
	for _, c := range operators {
		t.Run(c.name, func(t *testing.T) {
			n := newNet(3)
			in := n.input(c.shape...)
			out, err := c.build(n, in)
			if err != nil {
				t.Fatal(err)
			}
			g, err := gorgonia.FromExprGraph(n.ExprGraph, G.Nodes{in}, G.Nodes{out}, gorgonia.DynamicBatch())
			if err != nil {
				t.Fatal(err)
			}
			var got string
			for _, node := range g.Nodes {
				got += " " + node.Op
			}
			if c.want != "" && got != " "+c.want {
				t.Errorf("nodes%s, want %s", got, c.want)
			}
			x := n.picture(in, c.shape[0])
			want := forward(t, in, G.Nodes{out}, x)
			y, err := gorgonia.Run(compile(t, g, c.shape[0]), x)
			if err != nil {
				t.Fatal(err)
			}
			compare(t, floats(t, y[0]), want[0])
		})
	}
}
