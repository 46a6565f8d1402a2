package optimize

import (
	"fmt"
	"slices"

	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/internal/invariants"
)

// Pass is one rewriting of a graph.
type Pass struct {
	Name  string
	After []string // passes that must have run before
	run   func(*graph.Graph) error
}

// passes is the order in which Run applies them; a test checks it against After.
var passes = []Pass{
	{Name: "fold", run: foldShapes},
	{Name: "widen", After: []string{"fold"}, run: widen},
	{Name: "dense", After: []string{"fold"}, run: makeDense},
	{Name: "pad", After: []string{"fold"}, run: absorbPad},
	{Name: "affine", After: []string{"dense", "widen"}, run: absorbAffine},
	{Name: "clamp", After: []string{"affine"}, run: absorbClamp},
	{Name: "qdq", After: []string{"clamp"}, run: foldQDQ},
	{Name: "clampq", After: []string{"qdq"}, run: absorbClamp},
	{Name: "residual", After: []string{"clampq"}, run: absorbResidual},
	{Name: "constants", After: []string{"qdq"}, run: foldConstants},
	{Name: "unsigned", After: []string{"residual", "constants"}, run: makeUnsigned},
	{Name: "layout", After: []string{"unsigned"}, run: makeNHWC},
	{Name: "dynamic", After: []string{"layout", "clamp"}, run: scaleAccumulators},
	{Name: "flatten", After: []string{"layout"}, run: absorbFlatten},
	{Name: "entry", After: []string{"layout"}, run: joinQuantize},
	{Name: "function", After: []string{"layout"}, run: absorbFunctions},
	{Name: "gather", After: []string{"function"}, run: requantizeEarly},
	{Name: "cleanup", After: []string{"layout", "dynamic", "gather"}, run: foldConstants},
}

// Passes returns the passes in the order in which Run applies them.
func Passes() []Pass { return append([]Pass(nil), passes...) }

// Run returns the canonical form of g, which it does not change. An input with a constant is that constant and no input of
// the canonical form. Errors name the pass and the node.
func Run(g *graph.Graph) (*graph.Graph, error) { return run(g, passes, invariants.Enabled) }

// Simplify returns g, which it does not change, with shapes inferred, constants folded, half precision widened, and padding,
// BatchNormalization and clamps part of the convolution or dense layer that they surround: the passes of Run that come before
// quantization, in the layout of g. Package quantize works on this form. Errors are those of Run.
func Simplify(g *graph.Graph) (*graph.Graph, error) {
	before := slices.IndexFunc(passes, func(p Pass) bool { return p.Name == "qdq" })
	return run(WidenInterface(g), passes[:before], invariants.Enabled)
}

// RunVerified is Run with graph.Verify after every pass.
func RunVerified(g *graph.Graph) (*graph.Graph, error) { return run(g, passes, true) }

func run(g *graph.Graph, passes []Pass, verify bool) (*graph.Graph, error) {
	g = g.Clone()
	g.Inputs = slices.DeleteFunc(g.Inputs, func(v *graph.Value) bool { return v.Const != nil })
	removeDead(g)
	nameFirstOutputs(g)
	for _, p := range passes {
		if err := p.run(g); err != nil {
			return nil, fmt.Errorf("pass %s: %w", p.Name, err)
		}
		removeDead(g)
		if verify {
			if err := g.Verify(); err != nil {
				return nil, fmt.Errorf("bug: after pass %s: %w", p.Name, err)
			}
		}
	}
	return g, nil
}
