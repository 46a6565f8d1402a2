package gorgonia_test

import (
	"errors"
	"fmt"
	"hash"
	"maps"
	"slices"
	"strings"
	"testing"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/loader/gorgonia"
)

// Where a network works across images the sizes stay, and the graph and the error of DynamicBatch say which node does.
func TestBatchStaysFixed(t *testing.T) {
	for _, c := range []struct {
		name  string
		shape []int
		build func(n *net, x *G.Node) (*G.Node, error)
		why   string
	}{
		{"sum of images", []int{3, 5}, plain(func(x *G.Node) (*G.Node, error) { return G.Sum(x, 0) }), "across the images, axis 0 of [N 5]"},
		{"mean of all", []int{3, 5}, plain(func(x *G.Node) (*G.Node, error) { return G.Mean(x, 0, 1) }), "across the images"},
		{"softmax of images", []int{3, 5}, plain(func(x *G.Node) (*G.Node, error) { return G.SoftMax(x, 0) }), "across the images"},
		{"softmax of a column", []int{3, 1}, plain(func(x *G.Node) (*G.Node, error) { return G.SoftMax(x) }), "across the images"},
		{"first images", []int{3, 5}, plain(func(x *G.Node) (*G.Node, error) { return G.Slice(x, G.S(0, 2)) }), "across the images"},
		{"images twice", []int{3, 5}, plain(func(x *G.Node) (*G.Node, error) { return G.Concat(0, x, x) }), "across the images"},
		{"reshape", []int{6, 5}, plain(func(x *G.Node) (*G.Node, error) { return G.Reshape(x, tensor.Shape{5, 6}) }), "[N 5] as [5 6] mixes images"},
		{"a constant for each image", []int{3, 5}, with(G.Add, 3, 5), "operands [N 5] and [3 5] differ from image to image"},
		{"images by images", []int{3, 5}, plain(func(x *G.Node) (*G.Node, error) { return G.Mul(x, G.Must(G.Transpose(x))) }), "not linear"},
		{"products over images", []int{3, 5}, plain(func(x *G.Node) (*G.Node, error) { return G.Mul(G.Must(G.Transpose(x)), x) }), "across the images, axis 1 of [5 N]"},
		{"rows of weights", []int{3, 5}, func(n *net, x *G.Node) (*G.Node, error) { return G.Mul(n.weights(3, 2, 3), x) }, "across the images, axis 0 of [N 5]"},
		{"a vector of weights", []int{3, 5}, func(n *net, x *G.Node) (*G.Node, error) {
			return G.Mul(G.Must(G.Transpose(x)), n.weights(3, 3))
		}, "across the images, axis 1 of [5 N]"},
		{"products of matrices over images", []int{3, 5, 4}, plain(func(x *G.Node) (*G.Node, error) {
			return G.BatchedMatMul(G.Must(G.Transpose(x, 1, 2, 0)), G.Must(G.Transpose(x, 1, 0, 2)))
		}), "across the images, axis 2 of [5 4 N]"},
		{"matrices for each image", []int{2, 3, 4}, with(func(x, y *G.Node) (*G.Node, error) {
			return G.BatchedMatMul(x, y, false, true)
		}, 2, 5, 4), ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			n := newNet(3)
			in := n.input(c.shape...)
			out, err := c.build(n, in)
			if err != nil {
				t.Fatal(err)
			}
			_, err = gorgonia.FromExprGraph(n.ExprGraph, G.Nodes{in}, G.Nodes{out}, gorgonia.DynamicBatch())
			if !errors.Is(err, gorgonia.ErrBatch) || !strings.Contains(err.Error(), c.why) {
				t.Errorf("%v, want %q", err, c.why)
			}
			g, err := gorgonia.FromExprGraph(n.ExprGraph, G.Nodes{in}, G.Nodes{out})
			if err != nil {
				t.Fatal(err)
			}
			if why := g.Metadata[gorgonia.BatchKey]; !strings.Contains(why, c.why) || !strings.Contains(why, fmt.Sprintf("fixed at %d", c.shape[0])) {
				t.Errorf("metadata say %q, want %q", why, c.why)
			}
			x := n.picture(in, c.shape[0])
			want := forward(t, in, G.Nodes{out}, x)
			y, err := gorgonia.Run(compile(t, g, 1), x)
			if err != nil {
				t.Fatal(err)
			}
			compare(t, floats(t, y[0]), want[0])
		})
	}
}

func TestSizesStayWhereThatIsAskedFor(t *testing.T) {
	n := newNet(3)
	in := n.input(3, 5)
	g, err := gorgonia.FromExprGraph(n.ExprGraph, G.Nodes{in}, G.Nodes{relu(in)}, gorgonia.FixedBatch())
	if err != nil {
		t.Fatal(err)
	}
	if s := g.Outputs[0].Shape; !s.Equal(graph.Shape{3, 5}) || !g.Inputs[0].Shape.Equal(s) || g.Metadata != nil {
		t.Errorf("%v, metadata %v", s, g.Metadata)
	}
}

// A first input without axes says nothing of the number of images.
func TestScalarsHaveNoImages(t *testing.T) {
	n := newNet(3)
	factor := G.NewScalar(n.ExprGraph, tensor.Float32, G.WithName("factor"))
	in := n.input(3, 5)
	out := G.Must(G.Mul(in, factor))
	if _, err := gorgonia.FromExprGraph(n.ExprGraph, G.Nodes{factor, in}, G.Nodes{out}, gorgonia.DynamicBatch()); !errors.Is(err, gorgonia.ErrBatch) {
		t.Error(err)
	}
	g, err := gorgonia.FromExprGraph(n.ExprGraph, G.Nodes{factor, in}, G.Nodes{out})
	if err != nil || !strings.Contains(g.Metadata[gorgonia.BatchKey], `"factor", has no axes`) || !g.Inputs[1].Shape.Equal(graph.Shape{3, 5}) {
		t.Error(g, err)
	}
	if _, err := gorgonia.FromExprGraph(n.ExprGraph, G.Nodes{in, factor}, G.Nodes{out}, gorgonia.DynamicBatch()); err != nil {
		t.Error(err)
	}
}

// A sum divided by the number of images is no mean, even where there are as many images as summands.
func TestSizesOfOtherAxesMakeNoMean(t *testing.T) {
	n := newNet(3)
	in := n.input(5, 5)
	out := G.Must(G.HadamardDiv(G.Must(G.Sum(in, 1)), G.Must(G.SizeOf(0, in))))
	_, err := gorgonia.FromExprGraph(n.ExprGraph, G.Nodes{in}, G.Nodes{out}, gorgonia.DynamicBatch())
	if !errors.Is(err, gorgonia.ErrBatch) || !strings.Contains(err.Error(), "it is the number of images") {
		t.Error(err)
	}
}

// The inner nodes of a convolution may be inputs; then there is no convolution.
func TestInputsInsideALayer(t *testing.T) {
	n := newNet(3)
	x := n.input(2, 1, 4, 4)
	out := n.conv(x, 3, 3, 0, 1)
	reshaped := gorgonia.Operands(out)[0]
	product := gorgonia.Operands(reshaped)[0]
	rows := gorgonia.Operands(product)[0]
	windows := gorgonia.Operands(rows)[0]
	data := n.picture(x, 2)
	want := forward(t, x, G.Nodes{out, reshaped, product, rows, windows}, data)
	for i, in := range (G.Nodes{reshaped, product, rows, windows}) {
		g, err := gorgonia.FromExprGraph(n.ExprGraph, G.Nodes{in}, G.Nodes{out})
		if err != nil {
			t.Fatal(err)
		}
		y, err := gorgonia.Run(compile(t, g, 2), tensor.New(tensor.WithShape(in.Shape()...), tensor.WithBacking(want[i+1])))
		if err != nil {
			t.Fatal(err)
		}
		compare(t, floats(t, y[0]), want[0])
	}
}

// Parameters that are the same for each image do not keep the batch fixed.
func TestRepeatedConstantsAreNoObstacle(t *testing.T) {
	n := newNet(3)
	in := n.input(4, 3)
	rows := tensor.New(tensor.WithShape(4, 3), tensor.WithBacking([]float32{1, 2, 3, 1, 2, 3, 1, 2, 3, 1, 2, 3}))
	out := G.Must(G.Add(in, G.NewMatrix(n.ExprGraph, tensor.Float32, G.WithShape(4, 3), G.WithName("rows"), G.WithValue(rows))))
	g, err := gorgonia.FromExprGraph(n.ExprGraph, G.Nodes{in}, G.Nodes{out}, gorgonia.DynamicBatch())
	if err != nil {
		t.Fatal(err)
	}
	y, err := gorgonia.Run(compile(t, g, 1), tensor.New(tensor.WithShape(1, 3), tensor.WithBacking([]float32{0, 10, 20})))
	if err != nil {
		t.Fatal(err)
	}
	compare(t, floats(t, y[0]), []float32{1, 12, 23})
}

// An error lists all nodes that cannot be converted, with their names, operators and shapes, and none twice.
func TestErrorsListAllNodes(t *testing.T) {
	n := newNet(3)
	in := n.input(2, 4, 3, 3)
	windows := G.Must(G.Im2Col(in, tensor.Shape{2, 2}, tensor.Shape{0, 0}, tensor.Shape{1, 1}, tensor.Shape{1, 1}))
	means := G.Must(G.Mean(in, 2, 3))
	unset := G.Must(G.Mul(means, G.NewMatrix(n.ExprGraph, tensor.Float32, G.WithShape(4, 2), G.WithName("unset"))))
	sparse := G.Must(G.Sparsemax(unset))
	_, err := gorgonia.FromExprGraph(n.ExprGraph, G.Nodes{in}, G.Nodes{windows, sparse})
	var list gorgonia.NodeErrors
	if !errors.As(err, &list) || !errors.Is(err, gorgonia.ErrUnsupported) {
		t.Fatalf("%v", err)
	}
	want := []string{
		`im2col<(2,2), (0, 0), (1,1) (1, 1)> (2, 2, 2, 16): cannot be converted: it is not part of a convolution`,
		`÷ false (2, 4): cannot be converted: gorgonia.org/tensor reduces the wrong elements along axis 2 of (2, 4, 3, 3)`,
		`node "unset": value (4, 2): cannot be converted: it is no input and has no value`,
		`Sparsemax{}() (2, 2): cannot be converted: no such operator`,
	}
	if len(list) != len(want) {
		t.Errorf("%d nodes: %v", len(list), err)
	}
	for _, w := range want {
		if strings.Count(err.Error(), w) != 1 {
			t.Errorf("not listed once: %s\n%v", w, err)
		}
	}
}

func TestArgumentsAreChecked(t *testing.T) {
	n, other := newNet(1), newNet(1)
	in := n.input(1, 3)
	out := relu(in)
	stranger := other.input(1, 3)
	for name, c := range map[string]struct {
		g         *G.ExprGraph
		in, out   G.Nodes
		options   []gorgonia.Option
		sensitive string
	}{
		"no graph":       {nil, G.Nodes{in}, G.Nodes{out}, nil, "want a graph"},
		"no inputs":      {n.ExprGraph, nil, G.Nodes{out}, nil, "want a graph"},
		"no outputs":     {n.ExprGraph, G.Nodes{in}, nil, nil, "want a graph"},
		"nil":            {n.ExprGraph, G.Nodes{nil}, G.Nodes{out}, nil, "not of the expression graph"},
		"another graph":  {n.ExprGraph, G.Nodes{in}, G.Nodes{stranger}, nil, "not of the expression graph"},
		"an input twice": {n.ExprGraph, G.Nodes{in, in}, G.Nodes{out}, nil, "given twice"},
		"no name":        {n.ExprGraph, G.Nodes{in}, G.Nodes{out}, []gorgonia.Option{gorgonia.Name("")}, "empty name"},
	} {
		_, err := gorgonia.FromExprGraph(c.g, c.in, c.out, c.options...)
		if !errors.Is(err, gorgonia.ErrArgument) || !strings.Contains(err.Error(), c.sensitive) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// Training that goes on does not change a graph that was made before.
func TestValuesAreCopied(t *testing.T) {
	n := newNet(3)
	in := n.input(1, 3)
	w := n.weights(3, 3, 2)
	out := G.Must(G.Mul(in, w))
	g, err := gorgonia.FromExprGraph(n.ExprGraph, G.Nodes{in}, G.Nodes{out})
	if err != nil {
		t.Fatal(err)
	}
	x := n.picture(in, 1)
	want := forward(t, in, G.Nodes{out}, x)
	w.Value().(*tensor.Dense).Zero()
	y, err := gorgonia.Run(compile(t, g, 1), x)
	if err != nil {
		t.Fatal(err)
	}
	compare(t, floats(t, y[0]), want[0])
}

// Inputs may be inside the expression graph; several are in the order given. An input may be an output, and a node two.
func TestInputsAndOutputsMayBeAnyNodes(t *testing.T) {
	n := newNet(3)
	a, b := n.leaf("a", 0, 2, 3), n.leaf("b", 0, 2, 3)
	inner := G.Must(G.Exp(a))
	out := G.Must(G.Sub(inner, b))
	g, err := gorgonia.FromExprGraph(n.ExprGraph, G.Nodes{b, inner}, G.Nodes{out, b, out}, gorgonia.Name("difference"))
	if err != nil {
		t.Fatal(err)
	}
	if g.Name != "difference" || g.Inputs[0].Name != "b" || !g.Inputs[0].Shape.Equal(graph.Shape{graph.Batch, 3}) {
		t.Errorf("%s of %q %v", g.Name, g.Inputs[0].Name, g.Inputs[0].Shape)
	}
	y, err := gorgonia.Run(compile(t, g, 1),
		tensor.New(tensor.WithShape(1, 3), tensor.WithBacking([]float32{1, 2, 3})),
		tensor.New(tensor.WithShape(1, 3), tensor.WithBacking([]float32{10, 20, 30})))
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range [][]float32{{9, 18, 27}, {1, 2, 3}, {9, 18, 27}} {
		compare(t, floats(t, y[i]), want)
	}
}

// After a node was removed Gorgonia finds later ones by wrong indices; a loss may change nodes too. The network is read right all the
// same.
func TestNetworksAreReadRightWhateverWasRemoved(t *testing.T) {
	n := newNet(3)
	in := n.input(2, 1, 8, 8)
	unused := G.Must(G.Exp(in))
	out := G.Must(G.Sigmoid(n.bias(n.dense(n.flat(relu(n.bias(n.conv(in, 4, 3, 0, 1)))), 3))))
	x := n.picture(in, 2)
	want := forward(t, in, G.Nodes{out}, x)

	cost := G.Must(G.Mean(G.Must(G.BinaryXent(out, n.leaf("target", 1, 2, 3)))))
	if _, err := G.Grad(cost, n.ByName("wab")[0]); err != nil {
		t.Fatal(err)
	}
	n.RemoveNode(unused)
	g, err := gorgonia.FromExprGraph(n.ExprGraph, G.Nodes{in}, G.Nodes{out}, gorgonia.DynamicBatch())
	if err != nil {
		t.Fatal(err)
	}
	y, err := gorgonia.Run(compile(t, g, 2), x)
	if err != nil {
		t.Fatal(err)
	}
	compare(t, floats(t, y[0]), want[0])
}

// double is an operator of another package: 2x. In all else it is as the identity.
type double struct {
	G.Iop
	fail bool
}

func (double) String() string                 { return "double" }
func (double) WriteHash(h hash.Hash)          { fmt.Fprint(h, "double") }
func (double) Hashcode() uint32               { return 2 }
func (double) Do(...G.Value) (G.Value, error) { return nil, errors.ErrUnsupported }

func (d double) Graph(b *gorgonia.Builder, x []*graph.Value) (*graph.Value, error) {
	if d.fail {
		return nil, errors.New("no halves today")
	}
	y := b.AddAs("Add", nil, graph.Float32, nil, x[0], x[0])
	return b.Add("Mul", nil, y, b.Constant(graph.Float32s([]float32{1}, 1))), nil
}

// Operators of other packages convert themselves.
func TestOperatorsOfOthers(t *testing.T) {
	n := newNet(3)
	in := n.input(2, 3)
	out := G.Must(G.ApplyOp(double{}, in))
	g, err := gorgonia.FromExprGraph(n.ExprGraph, G.Nodes{in}, G.Nodes{out}, gorgonia.DynamicBatch())
	if err != nil {
		t.Fatal(err)
	}
	y, err := gorgonia.Run(compile(t, g, 1), tensor.New(tensor.WithShape(1, 3), tensor.WithBacking([]float32{1, 2, 3})))
	if err != nil {
		t.Fatal(err)
	}
	compare(t, floats(t, y[0]), []float32{2, 4, 6})

	n = newNet(3)
	in = n.input(2, 3)
	out = G.Must(G.ApplyOp(double{fail: true}, in))
	_, err = gorgonia.FromExprGraph(n.ExprGraph, G.Nodes{in}, G.Nodes{out})
	if !errors.Is(err, gorgonia.ErrUnsupported) || !strings.Contains(err.Error(), "no halves today") {
		t.Error(err)
	}
}

// The names that the user gave stay; others say which operator it was.
func TestNamesStay(t *testing.T) {
	n := newNet(3)
	in := n.input(1, 3)
	hidden := G.Must(G.Mul(in, n.weights(3, 3, 2)))
	G.WithName("hidden")(hidden)
	out := relu(hidden)
	g, err := gorgonia.FromExprGraph(n.ExprGraph, G.Nodes{in}, G.Nodes{out})
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, node := range g.Nodes {
		names = append(names, node.Name)
	}
	if want := []string{"hidden", fmt.Sprintf("elemBin_%d", out.ID())}; !slices.Equal(names, want) {
		t.Errorf("%q, want %q", names, want)
	}
}

// Outputs have their names also where their nodes become several, or none.
func TestOutputsHaveTheirNames(t *testing.T) {
	n := newNet(3)
	in := n.input(2, 1, 4, 4)
	hidden := relu(in)
	named := map[string]*G.Node{
		"several":  G.Must(G.Log2(in)),
		"dropped":  dropout(hidden, 0.5),
		"reshaped": G.Must(G.Reshape(hidden, hidden.Shape())),
		"average":  G.Must(G.AveragePool2D(in, tensor.Shape{2, 2}, []int{0, 0}, []int{2, 2})),
	}
	var want []string
	var outputs G.Nodes
	for _, name := range slices.Sorted(maps.Keys(named)) {
		G.WithName(name)(named[name])
		want, outputs = append(want, name), append(outputs, named[name])
	}
	g, err := gorgonia.FromExprGraph(n.ExprGraph, G.Nodes{in}, outputs, gorgonia.DynamicBatch())
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, v := range g.Outputs {
		got = append(got, v.Name)
	}
	if !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
}

// Comparisons that give numbers give them in the type of the operands.
func TestComparisonsKeepTheType(t *testing.T) {
	g := G.NewGraph()
	x := G.NewMatrix(g, tensor.Int32, G.WithShape(2, 3), G.WithName("x"))
	y := G.NewMatrix(g, tensor.Int32, G.WithShape(2, 3), G.WithName("y"))
	model, err := gorgonia.FromExprGraph(g, G.Nodes{x, y}, G.Nodes{G.Must(G.Gte(x, y, true))})
	if err != nil {
		t.Fatal(err)
	}
	if d := model.Outputs[0].DType; d != graph.Int32 {
		t.Errorf("%v", d)
	}
}
