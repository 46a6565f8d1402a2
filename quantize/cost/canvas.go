package cost

import (
	"fmt"
	"math"

	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/vision"
)

// canvas is a picture as a model's input has it, and its mean colour.
type canvas struct {
	h, w, c      int
	pixel, plane int // distance of pixels in a row, and of channels
	numbers      []float32
	mean         []float32 // by channel
	lo, hi       float64   // bounds of an integer input
}

// newCanvas takes the picture that the first session of a machine has at its input.
func newCanvas(m *machine) (*canvas, error) {
	spec, err := vision.SpecOf(m.program.Canonical().Inputs[0])
	if err != nil {
		return nil, fmt.Errorf("%s: %w", m.name, err)
	}
	t := m.sessions[0].Input(0)
	v := &canvas{h: spec.Height, w: spec.Width, c: spec.Channels, pixel: 1, plane: spec.Height * spec.Width, numbers: t.Floats()}
	if len(v.numbers) != v.h*v.w*v.c {
		return nil, fmt.Errorf("bug: %s: input %v for a picture %d x %d x %d", m.name, t.Shape, v.h, v.w, v.c)
	}
	if spec.Layout == vision.NHWC {
		v.pixel, v.plane = v.c, 1
	}
	if t.DType.IsInteger() {
		lo, hi := t.DType.IntRange()
		v.lo, v.hi = float64(lo), float64(hi)
	}
	for c := range v.c {
		var sum float64
		for p := range v.h * v.w {
			sum += float64(v.numbers[p*v.pixel+c*v.plane])
		}
		v.mean = append(v.mean, float32(sum/float64(v.h*v.w)))
	}
	return v, nil
}

// write writes the picture to t; visible says for each pixel how much of it is seen, the mean colour taking its place else.
func (v *canvas) write(t *graph.Tensor, visible []float32) {
	var out []float32
	if t.DType == graph.Float32 {
		out = graph.View[float32](t.Data)
	}
	for c, mean := range v.mean {
		for p, share := range visible {
			i := p*v.pixel + c*v.plane
			x := mean + float32(share*(v.numbers[i]-mean))
			switch {
			case out != nil:
				out[i] = x
			case t.DType.IsInteger():
				t.SetInt(i, int64(min(max(math.RoundToEven(float64(x)), v.lo), v.hi)))
			default:
				t.SetFloat(i, float64(x))
			}
		}
	}
}
