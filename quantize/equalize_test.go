package quantize_test

import (
	"fmt"
	"math"
	"slices"
	"testing"

	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/ops"
	"github.com/octet-ml/octet/quantize"
)

// uneven makes the output channels of a layer unlike in size without changing the model: it divides channel c by 3^c and multiplies the
// weights of the next layer.
func uneven(t *testing.T, from, to *graph.Node) {
	t.Helper()
	size := func(c int) float64 { return math.Pow(3, float64(c)) }
	w := from.Inputs[1].Const
	oc := w.Shape[0]
	for i := range w.Len() {
		w.SetFloat(i, w.Float(i)/size(i/(w.Len()/oc)))
	}
	a := to.Attrs.(*ops.Conv)
	w = to.Inputs[1].Const
	for i := range w.Len() {
		c := i / 9 % oc
		if a.Layout == ops.NHWC {
			c = i % oc
		}
		if a.Group > 1 {
			per := oc / a.Group
			c = i / (w.Len() / a.Group) * per
			if a.Layout == ops.NHWC {
				c += i % per
			} else {
				c += i / 9 % per
			}
		}
		w.SetFloat(i, w.Float(i)*size(c))
	}
}

// between puts an elementwise node or a pool behind the first layer.
func between(t *testing.T, g *graph.Graph, op string, attrs any) {
	t.Helper()
	first, second := g.Nodes[0], g.Nodes[1]
	n := &graph.Node{Op: op, Name: "between", Attrs: attrs, Inputs: []*graph.Value{first.Outputs[0]}}
	n.Outputs = []*graph.Value{{Name: "z", Producer: n}}
	second.Inputs[0] = n.Outputs[0]
	g.Nodes = slices.Insert(g.Nodes, 1, n)
	for _, n := range g.Nodes[1:] {
		if err := ops.Infer(n); err != nil {
			t.Fatal(err)
		}
	}
}

// TestEqualizationMakesUpForUnevenChannels would fail as well where equalization changes the function.
func TestEqualizationMakesUpForUnevenChannels(t *testing.T) {
	relu := ops.Clamp{On: true, Hi: float32(math.Inf(1))}
	pool := &ops.Pool{Kernel: [2]int{2, 2}, Window: ops.Window{Strides: [2]int{2, 2}}}
	for _, layout := range []ops.Layout{ops.NCHW, ops.NHWC} {
		for _, c := range []struct {
			name          string
			first, second ops.Conv
			between       string
			attrs         any
		}{
			{name: "linear"},
			{name: "ReLU", first: ops.Conv{Clamp: relu}},
			{name: "depthwise", second: ops.Conv{Group: 6}},
			{name: "groups", second: ops.Conv{Group: 2}},
			{name: "LeakyRelu", between: "LeakyRelu", attrs: &ops.LeakyRelu{Alpha: 0.1}},
			{name: "pool", first: ops.Conv{Clamp: relu}, between: "MaxPool", attrs: pool},
		} {
			g := network(t, layout, c.first, c.second)
			uneven(t, g.Nodes[0], g.Nodes[1])
			if c.between != "" {
				if p, ok := c.attrs.(*ops.Pool); ok {
					p.Layout = layout
				}
				between(t, g, c.between, c.attrs)
			}
			for _, s := range []quantize.Scheme{quantize.Int8, quantize.Int4} {
				var db [2]float64
				for i, on := range []bool{false, true} {
					r, err := quantize.Quantize(g, inputs(32), quantize.Options{Weights: s, Equalize: on})
					if err != nil {
						t.Fatal(err)
					}
					if want := fmt.Sprint([][]string{nil, {"conv0"}}[i]); fmt.Sprint(r.Equalized) != want {
						t.Errorf("%s: equalized %v, want %v", c.name, r.Equalized, want)
					}
					db[i] = signal(t, g, r.Graph)
				}
				if gain := db[1] - db[0]; gain < 2 || s == quantize.Int8 && db[1] < 27 {
					t.Errorf("layout %d, %s, %v: %.1f dB, equalized %.1f dB", layout, c.name, s, db[0], db[1])
				}
			}
		}
	}
}

// appended adds a node that reads the output of g, which becomes the new output.
func appended(t *testing.T, g *graph.Graph, op string, attrs any, params ...*graph.Tensor) {
	t.Helper()
	name := fmt.Sprintf("appended%d", len(g.Nodes))
	inputs := []*graph.Value{g.Outputs[0]}
	for i, p := range params {
		inputs = append(inputs, graph.NewConst(fmt.Sprintf("%s_%d", name, i), p))
	}
	n := g.Add(op, name, attrs, inputs, name)
	if err := ops.Infer(n); err != nil {
		t.Fatal(err)
	}
	g.Outputs = n.Outputs
}

// sized returns weights that grow threefold from one input to the next and gives the outputs of g's first layer the opposite sizes.
func sized(g *graph.Graph, shape ...int) *graph.Tensor {
	first := g.Nodes[0].Inputs[1].Const
	for i := range first.Len() {
		first.SetFloat(i, first.Float(i)/math.Pow(3, float64(i*first.Shape[0]/first.Len())))
	}
	w := graph.NewTensor(graph.Float32, shape...)
	for i := range w.Len() {
		w.SetFloat(i, math.Pow(3, float64(i%6))*math.Sin(float64(i*i)))
	}
	return w
}

// TestEqualizationKnowsChannelsFromPixels looks at layers that read numbers which were pixels, as many as the first layer has channels,
// and at one behind a global pool, which reads channels.
func TestEqualizationKnowsChannelsFromPixels(t *testing.T) {
	shape := func(s ...int64) *graph.Tensor { return graph.Int64s(s, len(s)) }
	for _, c := range []struct {
		name  string
		build func(g *graph.Graph)
		want  bool
	}{
		{"global pool", func(g *graph.Graph) {
			appended(t, g, "GlobalAveragePool", &ops.GlobalPool{})
			appended(t, g, "Flatten", &ops.Flatten{Axis: 1})
			appended(t, g, "Dense", &ops.Dense{}, sized(g, 4, 6))
		}, true},
		{"rows of pixels", func(g *graph.Graph) {
			appended(t, g, "Reshape", nil, shape(-1, 90, 6))
			appended(t, g, "Dense", &ops.Dense{}, sized(g, 4, 6))
		}, false},
		{"pixels of a pool, four axes", func(g *graph.Graph) {
			appended(t, g, "MaxPool", &ops.Pool{Kernel: [2]int{1, 4}})
			appended(t, g, "Dense", &ops.Dense{}, sized(g, 4, 6))
		}, false},
		{"channels that become columns", func(g *graph.Graph) {
			appended(t, g, "GlobalAveragePool", &ops.GlobalPool{})
			appended(t, g, "Reshape", nil, shape(-1, 1, 1, 6))
			appended(t, g, "Conv", &ops.Conv{Window: ops.Window{Pads: [4]int{1, 3, 0, 2}}}, sized(g, 4, 1, 1, 6))
		}, false},
	} {
		g := network(t, ops.NCHW, ops.Conv{})
		c.build(g)
		r, err := quantize.Quantize(g, inputs(32), quantize.Options{Equalize: true})
		if err != nil {
			t.Fatalf("%s: %v", c.name, err)
		}
		if got := len(r.Equalized) > 0; got != c.want {
			t.Errorf("%s: equalized %v", c.name, r.Equalized)
		}
		if db := signal(t, g, r.Graph); db < 15 {
			t.Errorf("%s: %.1f dB", c.name, db)
		}
	}
}

// TestEqualizationLeavesWhatItMust is about outputs that others read, that are cut, or that are even.
func TestEqualizationLeavesWhatItMust(t *testing.T) {
	build := func(first ops.Conv) *graph.Graph { return network(t, ops.NCHW, first, ops.Conv{}) }
	read := build(ops.Conv{})
	uneven(t, read.Nodes[0], read.Nodes[1])
	read.Outputs = append(read.Outputs, read.Nodes[0].Outputs[0])
	sigmoid := build(ops.Conv{})
	uneven(t, sigmoid.Nodes[0], sigmoid.Nodes[1])
	between(t, sigmoid, "Sigmoid", nil)
	cut := build(ops.Conv{Clamp: ops.Clamp{On: true, Lo: -1, Hi: 1}})
	uneven(t, cut.Nodes[0], cut.Nodes[1])
	for name, g := range map[string]*graph.Graph{"read by others": read, "not homogeneous": sigmoid, "cut below": cut} {
		r, err := quantize.Quantize(g, inputs(8), quantize.Options{Equalize: true, Rounding: quantize.Nearest})
		if err != nil {
			t.Fatal(err)
		}
		if r.Equalized != nil {
			t.Errorf("%s: equalized %v", name, r.Equalized)
		}
	}
}

// TestEqualizationStaysWithinAClamp is about channels that the bound of a ReLU6 cuts, which must keep their size.
func TestEqualizationStaysWithinAClamp(t *testing.T) {
	g := network(t, ops.NCHW, ops.Conv{Clamp: ops.Clamp{On: true, Hi: 1}}, ops.Conv{})
	uneven(t, g.Nodes[0], g.Nodes[1]) // the first channels are cut
	r, err := quantize.Quantize(g, inputs(32), quantize.Options{Equalize: true})
	if err != nil {
		t.Fatal(err)
	}
	if db := signal(t, g, r.Graph); len(r.Equalized) != 1 || db < 30 {
		t.Errorf("equalized %v: %.1f dB", r.Equalized, db)
	}
}
