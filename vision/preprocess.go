package vision

import (
	"fmt"
	"math"
)

// Preprocess describes how a picture becomes a model's input. The zero value resizes and crops to the model's size and
// leaves pixels 0..255 as they are. It is a value: copy it, change a field, use it from any goroutine.
//
// A tensor element is (pixel*Scale - Mean[c]) / Std[c]. Mean and Std follow the order of the tensor's channels, which is
// blue, green, red for BGR.
type Preprocess struct {
	Size         [2]int       `json:"size,omitzero"`           // height and width; zero: the model's
	Resize       ResizeMode   `json:"resize,omitempty"`        // default ShorterSide
	ResizeTo     int          `json:"resize_to,omitempty"`     // ShorterSide only; zero: the longer side of Size / CropFraction, rounded
	CropFraction float64      `json:"crop_fraction,omitempty"` // ShorterSide only; above 0, at most 1; default 0.875
	Filter       Filter       `json:"filter"`                  // default Bilinear
	Fill         int          `json:"fill,omitempty"`          // grey of padding, 0 to 255
	Channels     ChannelOrder `json:"channels,omitempty"`      // default RGB or, for an input of one channel, Grey
	Scale        float64      `json:"scale,omitempty"`         // positive; default 1
	Mean         []float64    `json:"mean,omitempty"`          // none, one for all channels, or one each; default 0
	Std          []float64    `json:"std,omitempty"`           // likewise, positive; default 1
	Layout       Layout       `json:"layout,omitempty"`        // default: the model's
	Quantize     QuantizeMode `json:"quantize,omitempty"`      // default AutoQuantize
	Labels       Labels       `json:"labels,omitempty"`        // names of the classes, by index
}

// ResizeMode is how a picture is brought to the size of the input.
type ResizeMode string

// The resize modes; the empty one is ShorterSide.
const (
	ShorterSide ResizeMode = "shorter"   // resize the shorter side to ResizeTo, crop the centre
	Stretch     ResizeMode = "stretch"   // resize the whole picture, whatever its proportions
	Letterbox   ResizeMode = "letterbox" // resize the whole picture within the input, pad with Fill
	NoResize    ResizeMode = "none"      // crop the centre, pad with Fill where the picture is smaller
)

// ChannelOrder is the order of the channels in the tensor.
type ChannelOrder string

// The channel orders; the empty one is RGB for three channels and Grey for one.
const (
	RGB  ChannelOrder = "rgb"
	BGR  ChannelOrder = "bgr"
	Grey ChannelOrder = "grey"
)

// QuantizeMode is how uint8 and int8 inputs are written.
type QuantizeMode string

// The quantize modes. AutoQuantize takes QuantizePixels where a description leaves pixels as they are (Scale 1, no
// Mean, no Std), and QuantizeValues elsewhere.
const (
	AutoQuantize   QuantizeMode = ""
	QuantizePixels QuantizeMode = "pixels" // the pixel for uint8, the pixel less 128 for int8, whatever the scale says
	QuantizeValues QuantizeMode = "values" // the normalized value through the input's scale and zero point
)

// defaultCropFraction is what torchvision's usual 224 of 256 pixels and TensorFlow's central_fraction come to.
const defaultCropFraction = 0.875

// Check returns an error wrapping ErrPreprocess that names the field, unless p makes sense for some model.
func (p Preprocess) Check() error {
	if p.Size != [2]int{} && (min(p.Size[0], p.Size[1]) < 1 || max(p.Size[0], p.Size[1]) > maxInputSide) {
		return fmt.Errorf("%w: size %v: want two numbers from 1 to %d", ErrPreprocess, p.Size, maxInputSide)
	}
	if p.ResizeTo < 0 || p.ResizeTo > maxInputSide {
		return fmt.Errorf("%w: resize_to %d: want 0 to %d", ErrPreprocess, p.ResizeTo, maxInputSide)
	}
	if f := p.CropFraction; f != 0 && !(f >= 1.0/16 && f <= 1) {
		return fmt.Errorf("%w: crop_fraction %v: want 0.0625 to 1", ErrPreprocess, f)
	}
	if int(p.Filter) >= len(filters) {
		return fmt.Errorf("%w: undefined %v", ErrPreprocess, p.Filter)
	}
	if p.Fill < 0 || p.Fill > 255 {
		return fmt.Errorf("%w: fill %d: want 0 to 255", ErrPreprocess, p.Fill)
	}
	if len(p.Labels) > MaxLabels {
		return fmt.Errorf("%w: labels: more than %d", ErrPreprocess, MaxLabels)
	}
	if err := p.checkWords(); err != nil {
		return err
	}
	return p.checkNormalization()
}

// checkWords checks the fields that are one of some words.
func (p Preprocess) checkWords() error {
	switch p.Resize {
	case "", ShorterSide:
	case Stretch, Letterbox, NoResize:
		if p.ResizeTo != 0 || p.CropFraction != 0 {
			return fmt.Errorf("%w: resize %q takes neither resize_to nor crop_fraction", ErrPreprocess, p.Resize)
		}
	default:
		return fmt.Errorf("%w: resize %q: want %q, %q, %q or %q", ErrPreprocess, p.Resize, ShorterSide, Stretch, Letterbox, NoResize)
	}
	switch p.Channels {
	case "", RGB, BGR, Grey:
	default:
		return fmt.Errorf("%w: channels %q: want %q, %q or %q", ErrPreprocess, p.Channels, RGB, BGR, Grey)
	}
	switch p.Layout {
	case AnyLayout, NCHW, NHWC:
	default:
		return fmt.Errorf("%w: layout %q: want %q or %q", ErrPreprocess, p.Layout, NCHW, NHWC)
	}
	switch p.Quantize {
	case AutoQuantize, QuantizeValues:
	case QuantizePixels:
		if !p.identity() {
			return fmt.Errorf("%w: quantize %q contradicts scale, mean and std", ErrPreprocess, p.Quantize)
		}
	default:
		return fmt.Errorf("%w: quantize %q: want %q or %q", ErrPreprocess, p.Quantize, QuantizePixels, QuantizeValues)
	}
	return nil
}

func (p Preprocess) checkNormalization() error {
	if p.Scale != 0 && !isFactor(p.Scale) {
		return fmt.Errorf("%w: scale %v: want a positive number", ErrPreprocess, p.Scale)
	}
	for _, n := range []int{len(p.Mean), len(p.Std)} {
		if n != 0 && !isChannels(n) || n == 3 && p.Channels == Grey {
			return fmt.Errorf("%w: mean has %d numbers, std %d: want none, 1 or one for each channel", ErrPreprocess, len(p.Mean), len(p.Std))
		}
	}
	for _, v := range p.Mean {
		if !(math.Abs(v) <= maxScale) {
			return fmt.Errorf("%w: mean %v: want a number", ErrPreprocess, v)
		}
	}
	for _, v := range p.Std {
		if !isFactor(v) {
			return fmt.Errorf("%w: std %v: want a positive number", ErrPreprocess, v)
		}
	}
	return nil
}

// isFactor reports whether v is positive and neither it nor its inverse is beyond maxScale.
func isFactor(v float64) bool { return v >= 1/maxScale && v <= maxScale }

// identity reports whether pixels are left as they are.
func (p Preprocess) identity() bool {
	for _, v := range p.Mean {
		if v != 0 {
			return false
		}
	}
	for _, v := range p.Std {
		if v != 1 {
			return false
		}
	}
	return p.Scale == 0 || p.Scale == 1
}

// resizeTo returns what the shorter side of a picture becomes for an input of the given size.
func (p Preprocess) resizeTo(height, width int) int {
	if p.ResizeTo != 0 {
		return p.ResizeTo
	}
	fraction := p.CropFraction
	if fraction == 0 {
		fraction = defaultCropFraction
	}
	return int(math.Round(float64(max(height, width)) / fraction))
}
