package gorgonia_test

import (
	"math"
	"math/rand/v2"
	"testing"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/loader/gorgonia"
	"github.com/octet-ml/octet/runtime"
)

// near is by how much the results of Gorgonia and Octet may differ, relative to the largest of a tensor: they sum in another order.
const near = 1e-4

// net builds expression graphs with seeded weights. Nodes that Gorgonia refuses panic, which is a bug of the test.
type net struct {
	*G.ExprGraph
	dtype tensor.Dtype
	rng   *rand.Rand
	count int
}

func newNet(seed uint64) *net {
	return &net{ExprGraph: G.NewGraph(), dtype: tensor.Float32, rng: rand.New(rand.NewPCG(seed, 1))}
}

// draw returns n numbers of a normal distribution with the given deviation.
func (n *net) draw(size int, deviation float64) any {
	f64 := make([]float64, size)
	f32 := make([]float32, size)
	for i := range f64 {
		f32[i] = float32(n.rng.NormFloat64() * deviation)
		f64[i] = float64(f32[i])
	}
	if n.dtype == tensor.Float64 {
		return f64
	}
	return f32
}

// leaf adds a node without a value where deviation is 0, with one otherwise.
func (n *net) leaf(name string, deviation float64, shape ...int) *G.Node {
	options := []G.NodeConsOpt{G.WithShape(shape...), G.WithName(name)}
	if deviation != 0 {
		options = append(options, G.WithValue(tensor.New(tensor.WithShape(shape...), tensor.WithBacking(n.draw(tensor.Shape(shape).TotalSize(), deviation)))))
	}
	return G.NewTensor(n.ExprGraph, n.dtype, len(shape), options...)
}

// scalar returns a number of the element type.
func (n *net) scalar(x float64) any {
	if n.dtype == tensor.Float64 {
		return x
	}
	return float32(x)
}

func (n *net) input(shape ...int) *G.Node { return n.leaf("x", 0, shape...) }

// weights adds a leaf whose values keep the size of activations, as He and others (2015) advise.
func (n *net) weights(inputs int, shape ...int) *G.Node {
	n.count++
	return n.leaf("w"+string(rune('a'+n.count/26))+string(rune('a'+n.count%26)), math.Sqrt(2/float64(inputs)), shape...)
}

// conv adds a convolution without bias.
func (n *net) conv(x *G.Node, oc, k, pad, stride int) *G.Node {
	ic := x.Shape()[1]
	return G.Must(G.Conv2d(x, n.weights(ic*k*k, oc, ic, k, k), tensor.Shape{k, k}, []int{pad, pad}, []int{stride, stride}, []int{1, 1}))
}

// bias adds a bias for each channel.
func (n *net) bias(x *G.Node) *G.Node {
	shape := make(tensor.Shape, x.Dims())
	var axes []byte
	for i := range shape {
		shape[i] = 1
		if i == 1 {
			shape[i] = x.Shape()[1]
		} else {
			axes = append(axes, byte(i))
		}
	}
	return G.Must(G.BroadcastAdd(x, n.weights(8, shape...), nil, axes))
}

func (n *net) dense(x *G.Node, outputs int) *G.Node {
	return G.Must(G.Mul(x, n.weights(x.Shape()[1], x.Shape()[1], outputs)))
}

func (n *net) flat(x *G.Node) *G.Node {
	s := x.Shape()
	return G.Must(G.Reshape(x, tensor.Shape{s[0], s.TotalSize() / s[0]}))
}

func relu(x *G.Node) *G.Node { return G.Must(G.Rectify(x)) }

func maxPool(x *G.Node, k, pad, stride int) *G.Node {
	return G.Must(G.MaxPool2D(x, tensor.Shape{k, k}, []int{pad, pad}, []int{stride, stride}))
}

func dropout(x *G.Node, p float64) *G.Node { return G.Must(G.Dropout(x, p)) }

// batchNorm adds a BatchNorm with statistics, and a scale and bias for each channel.
func (n *net) batchNorm(x *G.Node) *G.Node {
	c := x.Shape()[1]
	y, _, _, op, err := G.BatchNorm(x, n.weights(2, 1, c, 1, 1), n.weights(8, 1, c, 1, 1), 0.1, 1e-5)
	if err != nil {
		panic(err)
	}
	mean := tensor.New(tensor.WithShape(c), tensor.WithBacking(n.draw(c, 0.5)))
	variance, err := tensor.Square(tensor.New(tensor.WithShape(c), tensor.WithBacking(n.draw(c, 1))))
	if err == nil {
		variance, err = tensor.Add(variance, n.scalar(0.5))
	}
	if err != nil {
		panic(err)
	}
	if err := op.SetTraining(false); err != nil {
		panic(err)
	}
	if err := op.SetStats(mean, variance); err != nil {
		panic(err)
	}
	return y
}

// picture returns random data of the shape of a node with another number of images.
func (n *net) picture(x *G.Node, batch int) *tensor.Dense {
	shape := x.Shape()
	shape[0] = batch
	return tensor.New(tensor.WithShape(shape...), tensor.WithBacking(n.draw(shape.TotalSize(), 1)))
}

// forward returns what Gorgonia computes of x, whose shape is the one that the graph is built for.
func forward(t testing.TB, in *G.Node, outs G.Nodes, x *tensor.Dense) [][]float32 {
	t.Helper()
	values := make([]G.Value, len(outs))
	for i, out := range outs {
		G.Read(out, &values[i])
	}
	if err := G.Let(in, x); err != nil {
		t.Fatal(err)
	}
	m := G.NewTapeMachine(in.Graph(), G.EvalMode())
	defer m.Close()
	if err := m.RunAll(); err != nil {
		t.Fatal(err)
	}
	list := make([][]float32, len(outs))
	for i, v := range values {
		list[i] = floats(t, v)
	}
	return list
}

// floats returns the elements of a value.
func floats(t testing.TB, v any) []float32 {
	t.Helper()
	d, ok := v.(*tensor.Dense)
	if !ok {
		d = tensor.New(tensor.FromScalar(v.(G.Value).Data()))
	}
	x, err := gorgonia.Tensor(d)
	if err != nil {
		t.Fatal(err)
	}
	return x.Floats()
}

// compare fails the test unless both slices are nearly the same.
func compare(t testing.TB, got, want []float32) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("%d elements, want %d", len(got), len(want))
	}
	most := 0.0
	for _, v := range want {
		most = max(most, math.Abs(float64(v)))
	}
	for i, v := range want {
		if d := math.Abs(float64(got[i] - v)); !(d <= near*max(most, 1)) {
			t.Fatalf("element %d: Octet %v, Gorgonia %v", i, got[i], v)
		}
	}
}

// compile returns the program of a graph for up to n images, or for those that it is fixed at.
func compile(t testing.TB, g *graph.Graph, n int) *runtime.Program {
	t.Helper()
	if g.Metadata[gorgonia.BatchKey] != "" {
		n = 1
	}
	p, err := runtime.Compile(g, runtime.Batch(n), runtime.Threads(1))
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// full adds a constant of the shape of x, whose elements are all the same.
func (n *net) full(x *G.Node, value float32) *G.Node {
	v := tensor.New(tensor.WithShape(x.Shape()...), tensor.Of(tensor.Float32))
	if err := v.Memset(value); err != nil {
		panic(err)
	}
	return G.NewTensor(n.ExprGraph, tensor.Float32, x.Dims(), G.WithShape(x.Shape()...), G.WithName("full"), G.WithValue(v))
}
