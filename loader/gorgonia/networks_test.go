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

// dropout adds a Dropout that does nothing, as in inference.
func dropout(x *G.Node, p float64) *G.Node {
	y := G.Must(G.Dropout(x, p))
	if err := y.Op().(G.TrainModeOp).SetTraining(false); err != nil {
		panic(err)
	}
	return y
}

// batchNorm adds a BatchNorm with statistics, as in inference, and a scale and bias for each channel.
func (n *net) batchNorm(x *G.Node) *G.Node {
	c := x.Shape()[1]
	y, _, _, op, err := G.BatchNorm(x, n.weights(2, 1, c, 1, 1), n.weights(8, 1, c, 1, 1), 0.1, 1e-5)
	if err != nil {
		panic(err)
	}
	mean := tensor.New(tensor.WithShape(c), tensor.WithBacking(n.draw(c, 0.5)))
	variance, err := tensor.Square(tensor.New(tensor.WithShape(c), tensor.WithBacking(n.draw(c, 1))))
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

// forward returns what Gorgonia computes of x, whose shape is the one the graph is built for.
func forward(t testing.TB, in, out *G.Node, x *tensor.Dense) []float32 {
	t.Helper()
	var v G.Value
	G.Read(out, &v)
	if err := G.Let(in, x); err != nil {
		t.Fatal(err)
	}
	m := G.NewTapeMachine(in.Graph())
	defer m.Close()
	if err := m.RunAll(); err != nil {
		t.Fatal(err)
	}
	return floats(t, v)
}

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

// compile returns the program of a graph for up to n images.
func compile(t testing.TB, g *graph.Graph, n int) *runtime.Program {
	t.Helper()
	p, err := runtime.Compile(g, runtime.Batch(n), runtime.Threads(1))
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// network is an architecture for a number of images.
type network struct {
	name  string
	build func(n *net, batch int) (in, out *G.Node)
	batch []int // that expression graphs are built for
}

var networks = []network{
	{"lenet", leNet, []int{1, 4}},
}

// leNet is LeNet-5 with ReLU and maxima (LeCun and others, 1998).
func leNet(n *net, batch int) (in, out *G.Node) {
	in = n.input(batch, 1, 28, 28)
	x := maxPool(relu(n.bias(n.conv(in, 6, 5, 2, 1))), 2, 0, 2)
	x = n.flat(maxPool(relu(n.bias(n.conv(x, 16, 5, 0, 1))), 2, 0, 2))
	x = relu(n.bias(n.dense(x, 120)))
	x = relu(n.bias(n.dense(x, 84)))
	return in, G.Must(G.SoftMax(n.bias(n.dense(x, 10))))
}

// A program of a network computes what Gorgonia does, also on other numbers of images than the expression graph is built for.
func TestNetworksAgreeWithGorgonia(t *testing.T) {
	for _, c := range networks {
		for _, batch := range c.batch {
			t.Run(c.name, func(t *testing.T) {
				n := newNet(7)
				in, out := c.build(n, batch)
				g, err := gorgonia.FromExprGraph(n.ExprGraph, G.Nodes{in}, G.Nodes{out}, gorgonia.DynamicBatch())
				if err != nil {
					t.Fatal(err)
				}
				p := compile(t, g, 8)
				x := n.picture(in, batch)
				want := forward(t, in, out, x)
				y, err := gorgonia.Run(p, x)
				if err != nil {
					t.Fatal(err)
				}
				compare(t, floats(t, y[0]), want)
			})
		}
	}
}
