package cost_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/ops"
	"github.com/octet-ml/octet/quantize/cost"
)

const side = 14

// corner returns a model of pictures that looks at a square of 4 pixels only, in the layout asked for.
func corner(t testing.TB, top, left int, layout ops.Layout) *graph.Graph {
	t.Helper()
	g := new(graph.Graph)
	shape := graph.Shape{graph.Batch, 3, side, side}
	at := func(y, x, c int) int { return (c*side+y)*side + x }
	if layout == ops.NHWC {
		shape = graph.Shape{graph.Batch, side, side, 3}
		at = func(y, x, c int) int { return (y*side+x)*3 + c }
	}
	w := graph.NewTensor(graph.Float32, 2, 3*side*side)
	for y := range 4 {
		for x := range 4 {
			for c := range 3 {
				w.SetFloat(at(top+y, left+x, c), 0.2)
			}
		}
	}
	bias := graph.Float32s([]float32{-4, 0}, 2)
	flat := g.Add("Flatten", "", &ops.Flatten{Axis: 1}, []*graph.Value{g.AddInput("x", graph.Float32, shape)}, "flat")
	return finish(t, g, g.Add("Dense", "", &ops.Dense{}, []*graph.Value{flat.Outputs[0], graph.NewConst("w", w), graph.NewConst("bias", bias)}, "y"))
}

// squares is pictures that are white in a square of 4 pixels of one corner, black elsewhere.
type squares struct {
	top, left int
	layout    ops.Layout
}

func (s squares) Len() int { return 3 }

func (s squares) Read(_ int, in []*graph.Tensor) error {
	clear(in[0].Data)
	for y := range 4 {
		for x := range 4 {
			for c := range 3 {
				i := (c*side+s.top+y)*side + s.left + x
				if s.layout == ops.NHWC {
					i = ((s.top+y)*side+s.left+x)*3 + c
				}
				in[0].SetFloat(i, 1)
			}
		}
	}
	return nil
}

// hottest returns the place of the greatest number of a map.
func hottest(m cost.Map) (y, x int) {
	i := slices.Index(m.Numbers, slices.Max(m.Numbers))
	return i / m.Width, i % m.Width
}

func TestMapsAreHotWhereTheModelLooks(t *testing.T) {
	for _, c := range []squares{{0, 0, ops.NCHW}, {10, 0, ops.NCHW}, {0, 10, ops.NHWC}, {10, 10, ops.NHWC}} {
		g := corner(t, c.top, c.left, c.layout)
		r := compare(t, g, g, c, cost.Options{Pictures: 2, Masks: 200, Seed: 3})
		if len(r.Maps.Pictures) != 2 || r.Maps.Pictures[1].Input != 1 || r.Maps.Patch != 2 || r.Maps.Step != 1 {
			t.Fatalf("%+v", r.Maps)
		}
		p := r.Maps.Pictures[0]
		if p.A != 0 || p.Label != -1 || p.ProbabilityA < 0.9 || p.ProbabilityA != p.ProbabilityB {
			t.Errorf("answer %d with %v", p.A, p.ProbabilityA)
		}
		for name, m := range map[string]cost.Map{"occlusion": p.Occlusion.A, "saliency": p.Saliency.B} {
			if m.Width != side || m.Height != side || len(m.Numbers) != side*side {
				t.Fatalf("%s: %d x %d", name, m.Width, m.Height)
			}
			if y, x := hottest(m); y < c.top || y >= c.top+4 || x < c.left || x >= c.left+4 {
				t.Errorf("%+v: %s is hottest at %d %d", c, name, y, x)
			}
		}
		// Nothing changes where the patch covers what the model does not look at.
		if far := p.Occlusion.A.Numbers[(side-1-c.top)*side+side-1-c.left]; far > 1e-6 || far < -1e-6 {
			t.Errorf("%+v: far away %v", c, far)
		}
	}
}

// whole is a picture that is white in two squares, in opposite corners.
type whole struct{}

func (whole) Len() int { return 1 }

func (whole) Read(i int, in []*graph.Tensor) error {
	var squared [2][]float32
	for k, at := range []int{0, 10} {
		if err := (squares{top: at, left: at}).Read(i, in); err != nil {
			return err
		}
		squared[k] = in[0].Floats()
	}
	for k := range in[0].Len() {
		in[0].SetFloat(k, float64(squared[0][k]+squared[1][k]))
	}
	return nil
}

func TestModelsThatLookElsewhereHaveOtherMaps(t *testing.T) {
	r := compare(t, corner(t, 0, 0, ops.NCHW), corner(t, 10, 10, ops.NCHW), whole{}, cost.Options{Masks: 100})
	if m := r.Maps; m.Occlusion.Rank > 0.3 || m.Occlusion.Overlap > 0.3 || m.Saliency.Rank > 0.3 || m.Saliency.Overlap > 0.4 {
		t.Errorf("%+v, %+v", m.Occlusion, m.Saliency)
	}
}

func TestTheSeedChoosesMasks(t *testing.T) {
	g := corner(t, 0, 0, ops.NCHW)
	var maps [3]cost.Map
	for i, seed := range []uint64{1, 1, 2} {
		maps[i] = compare(t, g, g, whole{}, cost.Options{Pictures: 1, Masks: 10, Seed: seed}).Maps.Pictures[0].Saliency.A
	}
	if !slices.Equal(maps[0].Numbers, maps[1].Numbers) || slices.Equal(maps[0].Numbers, maps[2].Numbers) {
		t.Error("the same seed gives other maps, or another one the same")
	}
}

// An integer input is covered by its own numbers, and the layouts of both models may differ.
func TestModelsOfOtherLayoutsAndTypesAreCompared(t *testing.T) {
	a := corner(t, 0, 0, ops.NCHW)
	b := corner(t, 0, 0, ops.NHWC)
	in := graph.NewValue("bytes", graph.Uint8, b.Inputs[0].Shape)
	in.Quant = graph.PerTensor(1.0/100, 50)
	real := &graph.Node{Op: "Dequantize", Inputs: []*graph.Value{in}, Outputs: b.Inputs}
	b.Inputs[0].Producer = real
	b.Inputs, b.Nodes = []*graph.Value{in}, append([]*graph.Node{real}, b.Nodes...)
	r, err := cost.Compare(cost.Model{Name: "a", Graph: a, Inputs: squares{}}, cost.Model{Name: "b", Graph: b, Inputs: bytesOf{}}, cost.Options{Runs: -1, Pictures: 1, Masks: 50})
	if err != nil {
		t.Fatal(err)
	}
	if r.Answers.Same != 3 || r.Answers.SQNR < 60 || r.Maps.Occlusion.Rank < 0.95 || r.Maps.Saliency.Rank < 0.95 {
		t.Errorf("%+v; maps %+v, %+v", r.Answers, r.Maps.Occlusion, r.Maps.Saliency)
	}
}

// bytesOf is squares as bytes: 50 is black, 150 white.
type bytesOf struct{}

func (bytesOf) Len() int { return 3 }

func (bytesOf) Read(i int, in []*graph.Tensor) error {
	floats := graph.NewTensor(graph.Float32, in[0].Shape...)
	if err := (squares{layout: ops.NHWC}).Read(i, []*graph.Tensor{floats}); err != nil {
		return err
	}
	for k := range in[0].Data {
		in[0].Data[k] = byte(50 + 100*floats.Float(k))
	}
	return nil
}

func TestInputsThatAreNoPicturesHaveNoMaps(t *testing.T) {
	g := dense(t, []float32{1, 2}, []float32{3, 4})
	r := compare(t, g, g, rows{{1, 2}}, cost.Options{})
	if r.Maps != nil || !slices.ContainsFunc(r.Notes, func(n string) bool { return strings.Contains(n, "no maps") }) {
		t.Errorf("%+v, %q", r.Maps, r.Notes)
	}
}

func TestPicturesOfAnotherSizeAreRefused(t *testing.T) {
	other := new(graph.Graph)
	x := other.AddInput("x", graph.Float32, graph.Shape{graph.Batch, 3, side, side + 1})
	pool := other.Add("GlobalAveragePool", "", &ops.GlobalPool{}, []*graph.Value{x}, "pool")
	finish(t, other, other.Add("Flatten", "", &ops.Flatten{Axis: 1}, pool.Outputs, "y"))
	_, err := cost.Compare(cost.Model{Graph: corner(t, 0, 0, ops.NCHW), Inputs: whole{}}, cost.Model{Graph: other, Inputs: whole{}}, cost.Options{})
	if err == nil || !strings.Contains(err.Error(), "[N 3 14 15]") {
		t.Errorf("got %v", err)
	}
}
