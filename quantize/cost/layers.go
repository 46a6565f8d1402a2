package cost

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/ops"
	"github.com/octet-ml/octet/quantize"
	"github.com/octet-ml/octet/runtime/optimize"
)

// Layer is a convolution or dense layer of B beside its counterpart in A.
type Layer struct {
	Name string `json:"name"`
	Op   string `json:"op"`
	// BitsA and BitsB are the sizes of a weight; MACs are the multiplications for one input, Bytes those of B's weights.
	BitsA int `json:"a_bits"`
	BitsB int `json:"b_bits"`
	MACs  int `json:"macs"`
	Bytes int `json:"bytes"`
	// SQNR, Cosine and Clipped compare B's weights with A's.
	SQNR    float64 `json:"weights_sqnr_db"`
	Cosine  float64 `json:"weights_cosine"`
	Clipped float64 `json:"weights_clipped"` // share of A's weights that are beyond B's levels
	// Weights counts A's weights, each divided by the scale of B that holds for it, so that B's levels are whole numbers; as they
	// are where B has floats.
	Weights Bins `json:"weights"`
	// Levels are the whole numbers that B's weights have; none where B has floats.
	Levels []Level `json:"levels,omitempty"`
	// Output names the activation that the layer makes, in Report.Values; empty where that is not known.
	Output string `json:"output,omitempty"`
	// Decision is what was decided for the layer, nil where that is unknown.
	Decision *quantize.LayerChoice `json:"decision,omitempty"`
}

// Level is a whole number that weights have, before they are scaled, and how many.
type Level struct {
	Value int `json:"value"`
	Count int `json:"count"`
}

// compareLayers compares the weights of layers of the same name.
func (c *comparison) compareLayers() error {
	ours := make(map[string]*graph.Node)
	for _, n := range c.ma.program.Canonical().Nodes {
		if contraction(n) != nil {
			ours[layerName(n)] = n
		}
	}
	flattened, err := flattenedBefore(c.a)
	if err != nil {
		return err
	}
	used := make(map[string]bool)
	for _, n := range c.mb.program.Canonical().Nodes {
		w := contraction(n)
		if w == nil {
			continue
		}
		name := layerName(n)
		a := ours[name]
		switch {
		case a == nil:
			c.lonely("B", name, "no layer of that name")
			continue
		case !a.Inputs[1].Shape.Equal(w.Shape):
			c.lonely("B", name, fmt.Sprintf("weights %v, there %v", w.Shape, a.Inputs[1].Shape))
			used[name] = true
			continue
		}
		used[name] = true
		l, err := compareWeights(a, n, flattened[name])
		if err != nil {
			return fmt.Errorf("%s: %s: %w", c.b.Name, n.Where(), err)
		}
		l.Name, l.Decision = name, c.decision(name)
		c.report.Layers = append(c.report.Layers, *l)
	}
	for _, n := range c.ma.program.Canonical().Nodes {
		if name := layerName(n); contraction(n) != nil && !used[name] {
			c.lonely("A", name, "no layer of that name")
		}
	}
	return nil
}

// lonely lists a layer without counterpart.
func (c *comparison) lonely(model, name, why string) {
	c.report.Unmatched = append(c.report.Unmatched, Unmatched{Model: model, Kind: "layer", Name: name, Why: why})
}

// layerName returns the name of a node as the model has it, without what passes and quantizers add.
func layerName(n *graph.Node) string {
	name := n.Name
	if name == "" {
		name = n.Outputs[0].Name
	}
	return strings.TrimSuffix(strings.TrimSuffix(name, ".nhwc"), "_quant")
}

// decision returns what was decided for a layer.
func (c *comparison) decision(name string) *quantize.LayerChoice {
	if c.o.Decisions == nil {
		return nil
	}
	i := slices.IndexFunc(c.o.Decisions.Layers, func(l quantize.LayerChoice) bool { return l.Name == name })
	if i < 0 {
		return nil
	}
	return &c.o.Decisions.Layers[i]
}

// compareWeights compares the weights of two layers, which have the same shape. flattened is the shape [c h w] of the picture whose
// elements the weights of a dense layer multiply, nil where there is none.
func compareWeights(a, b *graph.Node, flattened graph.Shape) (*Layer, error) {
	wa, wb := a.Inputs[1], b.Inputs[1]
	x, _, err := weights(wa)
	if err != nil {
		return nil, err
	}
	y, scales, err := weights(wb)
	if err != nil {
		return nil, err
	}
	l := &Layer{Op: b.Op, BitsA: wa.DType.Bits(), BitsB: wb.DType.Bits(), MACs: macs(b, wb), Bytes: len(wb.Const.Data)}
	x, d := sameOrder(x, y, flattened)
	if d.noise-d.noise != 0 {
		return nil, fmt.Errorf("%w: weights %q have NaN or infinite numbers", ErrModels, wb.Name)
	}
	l.SQNR, l.Cosine = d.sqnr(), d.cosine()
	var h quantize.Histogram
	if scales == nil {
		h.Add(x)
		l.Weights = newBins(&h)
		return l, nil
	}
	counts := make(map[int]int)
	steps := make([]float32, len(x))
	for i, v := range x {
		steps[i] = v / scales[i]
		counts[int(math.RoundToEven(float64(y[i]/scales[i])))]++
	}
	lo, hi := levelRange(wb)
	l.Clipped = float64((&Grid{Lo: lo, Hi: hi, Step: 1}).cut(steps)) / float64(len(steps))
	h.Add(steps)
	l.Weights = newBins(&h)
	for v := int(lo); v <= int(hi); v++ {
		if counts[v] > 0 {
			l.Levels = append(l.Levels, Level{Value: v, Count: counts[v]})
		}
	}
	return l, nil
}

// flattenedBefore returns the shapes [c h w] of the pictures that a model flattens before dense layers, by the layers' names.
func flattenedBefore(m Model) (map[string]graph.Shape, error) {
	g, err := optimize.Simplify(m.Graph)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", m.Name, err)
	}
	shapes := make(map[string]graph.Shape)
	for _, n := range g.Nodes {
		if n.Op != "Dense" {
			continue
		}
		p := n.Inputs[0].Producer
		if p == nil || p.Op != "Flatten" && p.Op != "Reshape" {
			continue
		}
		if s := p.Inputs[0].Shape; len(s) == 4 {
			shapes[layerName(n)] = s.Bind(1)[1:]
		}
	}
	return shapes, nil
}

// sameOrder returns the weights x in the order of y, and how far they are apart. A pass makes dense layers take flattened pictures
// in NHWC where it can, so the columns of only one of them may be in another order: of the three orders that come of that, the
// right one is by far the nearest.
func sameOrder(x, y []float32, flattened graph.Shape) ([]float32, distance) {
	var best distance
	best.add(x, y)
	kept := x
	if len(flattened) != 3 {
		return kept, best
	}
	size := flattened.Size()
	if size == 0 || len(x)%size != 0 {
		return kept, best
	}
	c := flattened[0]
	for _, inner := range []int{c, size / c} { // from planes to pixels, and back
		moved := make([]float32, len(x))
		for i := range x {
			row, at := i/size*size, i%size
			moved[i] = x[row+at%inner*(size/inner)+at/inner]
		}
		var d distance
		if d.add(moved, y); d.noise < best.noise {
			kept, best = moved, d
		}
	}
	return kept, best
}

// levelRange returns the least and the greatest level that weights can have, zero points taken off.
func levelRange(w *graph.Value) (lo, hi float64) {
	if t := w.Quant.Table; t != nil {
		return float64(slices.Min(t[:])), float64(slices.Max(t[:]))
	}
	least, most := w.DType.IntRange()
	if w.Quant.Zero == nil {
		return float64(least), float64(most)
	}
	return float64(least - int64(slices.Max(w.Quant.Zero))), float64(most - int64(slices.Min(w.Quant.Zero)))
}

// weights returns the real numbers of a constant, and where it is quantized the scale of each.
func weights(v *graph.Value) (numbers, scales []float32, err error) {
	if v.Quant == nil {
		return v.Const.Floats(), nil, nil
	}
	if numbers, err = dequantize(v.Const, v.Quant); err != nil {
		return nil, nil, fmt.Errorf("%q: %w", v.Name, err)
	}
	ones := graph.NewTensor(graph.Int8, v.Const.Shape...)
	for i := range ones.Data {
		ones.Data[i] = 1
	}
	q := &graph.Quant{Scale: v.Quant.Scale, Axis: v.Quant.Axis, Block: v.Quant.Block}
	if scales, err = dequantize(ones, q); err != nil {
		return nil, nil, fmt.Errorf("%q: %w", v.Name, err)
	}
	return numbers, scales, nil
}

// dequantize returns the real numbers of a tensor, by the operator of that name.
func dequantize(t *graph.Tensor, q *graph.Quant) ([]float32, error) {
	op, err := ops.Lookup("Dequantize")
	if err != nil {
		return nil, fmt.Errorf("bug: %w", err)
	}
	x, y := graph.NewConst("x", t), graph.NewValue("y", graph.Float32, t.Shape)
	x.Quant = q
	out := graph.NewTensor(graph.Float32, t.Shape...)
	if err := op.Reference(&graph.Node{Op: op.Name, Inputs: []*graph.Value{x}, Outputs: []*graph.Value{y}}, []*graph.Tensor{t}, []*graph.Tensor{out}); err != nil {
		return nil, err
	}
	return out.Floats(), nil
}
