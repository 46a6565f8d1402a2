package qat

import (
	"fmt"
	"hash"
	"math"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"github.com/octet-ml/octet/quantize"
)

// LeastStep is the least step: one below it, as learning may make it, counts as this.
const LeastStep = 1e-8

// Rounding says what FakeQuantize rounds to.
type Rounding struct {
	// Levels are multiples of the step, ascending integers: all from lo to hi for uniform quantization, with the zero point subtracted
	// where it is affine; powers of two or a codebook otherwise (quantize.Scheme.Levels).
	Levels quantize.Levels
	// Axis is the axis that has a step for each index, -1 meaning one step for the tensor.
	Axis int
	// Fixed says that the step is not learned.
	Fixed bool
	// GradientScale is the factor on the step's gradient. 0 means the one with which steps and weights learn at one pace: 1/sqrt(numbers
	// per step times greatest level) for integers (LSQ, section 2.2), divided by the root mean square of the gaps between levels where
	// they are not all 1, because rounding errors and with them the gradient grow by it. Activation says that axis 0, of more
	// than one, is the batch, whose images count one by one.
	GradientScale float64
	Activation    bool
}

// FakeQuantize returns x rounded to the nearest of the levels times the step, which is what the integer model computes with, as real
// numbers. x has any shape, step [1], or [n] where x has n channels along the axis; both are float32 or float64. It differentiates with
// respect to x by the straight-through estimator (Bengio and others, 2013): the gradient passes where x is within the levels and
// is 0 outside; and to the step as LSQ has it (Esser and others, "Learned step size quantization", ICLR 2020, equation 3): with v = x/step,
// it is round(v) - v within the levels and the outermost level outside. Errors wrap ErrShape or ErrOption.
func FakeQuantize(x, step *G.Node, r Rounding) (*G.Node, error) {
	if len(r.Levels) < 2 {
		return nil, fmt.Errorf("fake quantization of %q: %w: %d levels", x.Name(), ErrOption, len(r.Levels))
	}
	for i, l := range r.Levels {
		if l-l != 0 || float64(l) != math.Round(float64(l)) || i > 0 && l <= r.Levels[i-1] {
			return nil, fmt.Errorf("fake quantization of %q: %w: levels %v are not ascending integers", x.Name(), ErrOption, r.Levels)
		}
	}
	o, err := newOperator("FakeQuantize", 0, x, step)
	if err != nil {
		return nil, err
	}
	if err := checkChannels(fmt.Sprintf("fake quantization of %q: step", x.Name()), x, step, r.Axis); err != nil {
		return nil, err
	}
	if r.GradientScale == 0 {
		r.GradientScale = r.usualScale(x.Shape())
	}
	return G.ApplyOp(&fakeQuantize{o, r}, x, step)
}

// usualScale returns the usual factor on the step's gradient for a tensor of shape s.
func (r Rounding) usualScale(s tensor.Shape) float64 {
	n := s.TotalSize() / spanOf(s, r.Axis).channels
	if r.Activation && len(s) > 1 {
		n /= s[0]
	}
	var gaps float64
	for i, l := range r.Levels[1:] {
		gaps += math.Pow(float64(l-r.Levels[i]), 2)
	}
	gaps /= float64(len(r.Levels) - 1)
	return 1 / math.Sqrt(gaps*float64(max(n, 1))*float64(r.Levels.Largest()))
}

// ends returns the outermost levels.
func (r Rounding) ends() (lo, hi float32) { return r.Levels[0], r.Levels[len(r.Levels)-1] }

func (r Rounding) writeHash(h hash.Hash) {
	fmt.Fprint(h, r.Levels, r.Axis, r.Fixed, r.GradientScale)
}

// fakeQuantize is the operator x, step -> rounded x.
type fakeQuantize struct {
	operator
	r Rounding
}

func (o *fakeQuantize) WriteHash(h hash.Hash) { o.operator.WriteHash(h); o.r.writeHash(h) }
func (o *fakeQuantize) Hashcode() uint32      { return hashed(o) }

// Do rounds.
func (o *fakeQuantize) Do(inputs ...G.Value) (G.Value, error) {
	if err := o.check(inputs); err != nil {
		return nil, err
	}
	if o.of == tensor.Float64 {
		return roundTo[float64](o.r, inputs), nil
	}
	return roundTo[float32](o.r, inputs), nil
}

// DiffWRT says that both inputs have a gradient, a fixed step none.
func (o *fakeQuantize) DiffWRT(int) []bool { return []bool{true, !o.r.Fixed} }

// SymDiff returns the gradients of x and of the step.
func (o *fakeQuantize) SymDiff(inputs G.Nodes, _, grad *G.Node) (G.Nodes, error) {
	x, step := inputs[0], inputs[1]
	out := make(G.Nodes, 2)
	for i := range out {
		d, err := o.gradient(i, x, step, grad)
		if err != nil {
			return nil, err
		}
		if d == nil {
			continue
		}
		if out[i], err = G.ApplyOp(d, x, step, grad); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// gradient returns the operator that computes the gradient of input i, x or the step, from that of the output; nil where it has none.
func (o *fakeQuantize) gradient(i int, x, step, grad *G.Node) (*fakeGradient, error) {
	if !o.DiffWRT(2)[i] {
		return nil, nil
	}
	common, err := newOperator([]string{"FakeQuantizeGrad", "FakeQuantizeStepGrad"}[i], i, x, step, grad)
	return &fakeGradient{common, o.r}, err
}

// fakeGradient is the operator x, step, gradient of the rounded x -> gradient of x or, where the output is like the step, of the step.
type fakeGradient struct {
	operator
	r Rounding
}

func (o *fakeGradient) WriteHash(h hash.Hash) { o.operator.WriteHash(h); o.r.writeHash(h) }
func (o *fakeGradient) Hashcode() uint32      { return hashed(o) }

// Do computes the gradient.
func (o *fakeGradient) Do(inputs ...G.Value) (G.Value, error) {
	if err := o.check(inputs); err != nil {
		return nil, err
	}
	switch wide, step := o.of == tensor.Float64, o.like == 1; {
	case wide && step:
		return stepGradient[float64](o.r, inputs), nil
	case wide:
		return passThrough[float64](o.r, inputs), nil
	case step:
		return stepGradient[float32](o.r, inputs), nil
	}
	return passThrough[float32](o.r, inputs), nil
}

// stepOf returns the step that counts.
func stepOf[T number](s T) T { return max(s, LeastStep) }

// level returns the level nearest to v; NaN remains.
func level[T number](l quantize.Levels, v T) T {
	if v != v {
		return v
	}
	return T(l.Nearest(float32(v)))
}

func roundTo[T number](r Rounding, inputs []G.Value) G.Value {
	x, step := numbers[T](inputs[0]), numbers[T](inputs[1])
	y, dst := fresh[T](inputs[0])
	spanOf(inputs[0].Shape(), r.Axis).rows(func(c, from, to int) {
		s := stepOf(step[c])
		for i := from; i < to; i++ {
			dst[i] = s * level(r.Levels, x[i]/s)
		}
	})
	return y
}

func passThrough[T number](r Rounding, inputs []G.Value) G.Value {
	x, step, grad := numbers[T](inputs[0]), numbers[T](inputs[1]), numbers[T](inputs[2])
	y, dst := fresh[T](inputs[0])
	lo, hi := r.ends()
	spanOf(inputs[0].Shape(), r.Axis).rows(func(c, from, to int) {
		s := stepOf(step[c])
		for i := from; i < to; i++ {
			if v := x[i] / s; v > T(lo) && v < T(hi) {
				dst[i] = grad[i]
			}
		}
	})
	return y
}

func stepGradient[T number](r Rounding, inputs []G.Value) G.Value {
	x, step, grad := numbers[T](inputs[0]), numbers[T](inputs[1]), numbers[T](inputs[2])
	y, dst := fresh[T](inputs[1])
	lo, hi := r.ends()
	sums := make([]float64, len(dst))
	spanOf(inputs[0].Shape(), r.Axis).rows(func(c, from, to int) {
		s := stepOf(step[c])
		var sum float64
		for i := from; i < to; i++ {
			v := x[i] / s
			d := level(r.Levels, v)
			if v > T(lo) && v < T(hi) {
				d -= v
			}
			sum += float64(grad[i]) * float64(d)
		}
		sums[c] += sum
	})
	for c, sum := range sums {
		dst[c] = T(sum * r.GradientScale)
	}
	return y
}
