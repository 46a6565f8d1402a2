package vision

import (
	"fmt"

	"github.com/octet-ml/octet/graph"
)

// Layout is the order of a tensor's axes: NCHW holds whole channels, NHWC interleaves them.
type Layout string

// The layouts; the empty one is decided by the model's input.
const (
	AnyLayout Layout = ""
	NCHW      Layout = "nchw"
	NHWC      Layout = "nhwc"
)

// InputSpec describes a model's input for one picture.
type InputSpec struct {
	DType  graph.DType // Float32, Float16, Uint8 or Int8
	Height int         // 0 where the model leaves it open
	Width  int         // 0 where the model leaves it open
	// Channels is 1 or 3, or 0 where the model leaves it open.
	Channels int
	Layout   Layout // AnyLayout where the shape does not tell; then it is NCHW unless the Preprocess says otherwise
	// Scale and ZeroPoint quantize an integer input: real = Scale * (q - ZeroPoint). Scale is 0 where that is unknown.
	Scale     float32
	ZeroPoint int32
}

// maxInputSide bounds the sides of a model's input.
const maxInputSide = 1 << 13

// SpecOf returns the description of a model's input: shape [N, C, H, W] or [N, H, W, C], or the same without N, with 1
// or 3 channels; sides that depend on N are taken as open. An input that is no picture, or whose layout the shape does
// not tell, gives an error wrapping ErrInput.
func SpecOf(v *graph.Value) (InputSpec, error) {
	spec, err := specOf(v)
	if err != nil {
		return InputSpec{}, fmt.Errorf("input %q: %w", v.Name, err)
	}
	return spec, nil
}

func specOf(v *graph.Value) (InputSpec, error) {
	dims := v.Shape
	if len(dims) == 4 && dims[0] <= 1 {
		dims = dims[1:]
	}
	if len(dims) != 3 {
		return InputSpec{}, fmt.Errorf("%w: shape %v is none of one picture: want [N C H W] or [N H W C]", ErrInput, v.Shape)
	}
	first, last := isChannels(dims[0]), isChannels(dims[2])
	spec := InputSpec{DType: v.DType}
	switch {
	case first && last:
		return InputSpec{}, fmt.Errorf("%w: shape %v may be NCHW or NHWC", ErrInput, v.Shape)
	case first:
		spec.Layout, spec.Channels, spec.Height, spec.Width = NCHW, dims[0], max(dims[1], 0), max(dims[2], 0)
	case last:
		spec.Layout, spec.Height, spec.Width, spec.Channels = NHWC, max(dims[0], 0), max(dims[1], 0), dims[2]
	default:
		return InputSpec{}, fmt.Errorf("%w: shape %v has neither 1 nor 3 channels", ErrInput, v.Shape)
	}
	if q := v.Quant; q != nil {
		if !q.IsPerTensor() || q.Table != nil {
			return InputSpec{}, fmt.Errorf("%w: quantization %v is not per tensor", ErrInput, q)
		}
		spec.Scale, spec.ZeroPoint = q.Scale[0], q.ZeroAt(0)
	}
	return spec, spec.check()
}

func isChannels(n int) bool { return n == 1 || n == 3 }

// check returns an error wrapping ErrInput unless a picture can be written to such an input.
func (s InputSpec) check() error {
	if s.elementSize() == 0 {
		return fmt.Errorf("%w: type %v, want f32, f16, u8 or i8", ErrInput, s.DType)
	}
	if s.Height < 0 || s.Width < 0 || s.Height > maxInputSide || s.Width > maxInputSide {
		return fmt.Errorf("%w: height %d, width %d: want 0 to %d", ErrInput, s.Height, s.Width, maxInputSide)
	}
	if s.Channels != 0 && !isChannels(s.Channels) {
		return fmt.Errorf("%w: %d channels, want 1 or 3", ErrInput, s.Channels)
	}
	if s.Layout != AnyLayout && s.Layout != NCHW && s.Layout != NHWC {
		return fmt.Errorf("%w: unknown layout %q", ErrInput, s.Layout)
	}
	if !(s.Scale >= 0) || s.Scale > maxScale {
		return fmt.Errorf("%w: quantization scale %v", ErrInput, s.Scale)
	}
	return nil
}

// maxScale bounds scales, means and deviations, so that no normalized value is infinite: 256·10⁹·10⁹ < 2¹²⁸.
const maxScale = 1e9

// elementSize returns the bytes of an element, 0 for a type that pictures are not written to.
func (s InputSpec) elementSize() int {
	switch s.DType {
	case graph.Float32:
		return 4
	case graph.Float16:
		return 2
	case graph.Uint8, graph.Int8:
		return 1
	}
	return 0
}

// Bytes returns the size of one picture's tensor, 0 while a dimension is open.
func (s InputSpec) Bytes() int { return s.Height * s.Width * s.Channels * s.elementSize() }
