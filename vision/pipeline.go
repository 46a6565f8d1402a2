package vision

import (
	"fmt"
	"slices"

	"github.com/octet-ml/octet/graph"
)

// Pipeline is a Preprocess bound to a model's input: checked, with all tables computed. It is immutable and safe for
// concurrent use.
type Pipeline struct {
	p      Preprocess
	spec   InputSpec
	order  [3]int // index in an RGB pixel of each tensor channel
	tables [3]table
	detail string // of the normalization, for traces
}

// Bind returns the pipeline for an input. Dimensions that the input leaves open come from p.Size; layout and channels
// may come from either side. Where the two contradict each other or leave something open, the error wraps ErrInput; a
// bad p gives ErrPreprocess.
func (p Preprocess) Bind(spec InputSpec) (*Pipeline, error) {
	if err := p.Check(); err != nil {
		return nil, err
	}
	if err := spec.check(); err != nil {
		return nil, err
	}
	p.Mean, p.Std = slices.Clone(p.Mean), slices.Clone(p.Std)
	l := &Pipeline{p: p, spec: spec}
	for _, bind := range []func() error{l.bindSize, l.bindChannels, l.bindLayout, l.bindTables} {
		if err := bind(); err != nil {
			return nil, err
		}
	}
	return l, nil
}

// Spec returns the input with all dimensions and the layout decided.
func (l *Pipeline) Spec() InputSpec { return l.spec }

// Apply makes the tensor of one picture and writes its little-endian elements to dst, which must have Spec().Bytes()
// bytes. The picture stays unchanged; t may be nil. Errors wrap ErrImage, ErrTooLarge or ErrInput.
func (l *Pipeline) Apply(m *Image, dst []byte, t *Trace) error {
	if err := m.Check(); err != nil {
		return err
	}
	if len(dst) != l.spec.Bytes() {
		return fmt.Errorf("%w: destination has %d bytes, want %d", ErrInput, len(dst), l.spec.Bytes())
	}
	m, err := l.see(m, t)
	if err != nil {
		return err
	}
	l.traceTensor(m, t)
	l.write(dst, m)
	return nil
}

// Fit returns what the model sees of a picture, before normalization: resized, cropped or padded to the size of the input, and grey
// where that has one channel. The picture stays unchanged and may be the result. Errors wrap ErrImage or ErrTooLarge.
func (l *Pipeline) Fit(m *Image) (*Image, error) {
	if err := m.Check(); err != nil {
		return nil, err
	}
	return l.see(m, nil)
}

// see returns what the model sees of a picture.
func (l *Pipeline) see(m *Image, t *Trace) (*Image, error) {
	if l.spec.Channels == 1 && m.Channels == 3 {
		m = m.Grey()
		t.image("grey", m, "BT.601 luma")
	}
	return l.fit(m, t)
}

// Apply binds p to an input and makes the tensor of one picture: see Bind and Pipeline.Apply.
func (p Preprocess) Apply(m *Image, spec InputSpec, dst []byte, t *Trace) error {
	l, err := p.Bind(spec)
	if err != nil {
		return err
	}
	return l.Apply(m, dst, t)
}

func (l *Pipeline) bindSize() error {
	for i, side := range []struct {
		name string
		size *int
	}{{"height", &l.spec.Height}, {"width", &l.spec.Width}} {
		want := l.p.Size[i]
		switch {
		case *side.size == 0 && want == 0:
			return fmt.Errorf("%w: its %s is open, and the preprocessing names no size", ErrInput, side.name)
		case *side.size == 0:
			*side.size = want
		case want != 0 && want != *side.size:
			return fmt.Errorf("%w: %s %d, but the preprocessing makes %d", ErrInput, side.name, *side.size, want)
		}
	}
	return nil
}

func (l *Pipeline) bindChannels() error {
	s := &l.spec
	if s.Channels == 0 {
		s.Channels = 3
		if l.p.Channels == Grey {
			s.Channels = 1
		}
	}
	if l.p.Channels == "" {
		l.p.Channels = RGB
		if s.Channels == 1 {
			l.p.Channels = Grey
		}
	}
	if (s.Channels == 1) != (l.p.Channels == Grey) {
		return fmt.Errorf("%w: %d channels, but the preprocessing makes %s", ErrInput, s.Channels, l.p.Channels)
	}
	if max(len(l.p.Mean), len(l.p.Std)) > s.Channels {
		return fmt.Errorf("%w: %d channels, but mean has %d numbers and std %d", ErrInput, s.Channels, len(l.p.Mean), len(l.p.Std))
	}
	l.order = [3]int{0, 1, 2}
	if l.p.Channels == BGR {
		l.order = [3]int{2, 1, 0}
	}
	return nil
}

func (l *Pipeline) bindLayout() error {
	s := &l.spec
	if s.Layout == AnyLayout {
		s.Layout = l.p.Layout
	}
	if s.Layout == AnyLayout {
		s.Layout = NCHW
	}
	if l.p.Layout != AnyLayout && l.p.Layout != s.Layout {
		return fmt.Errorf("%w: layout %s, but the preprocessing makes %s", ErrInput, s.Layout, l.p.Layout)
	}
	return nil
}

func (l *Pipeline) bindTables() error {
	integer := l.spec.DType == graph.Uint8 || l.spec.DType == graph.Int8
	pixels := l.p.Quantize == QuantizePixels || l.p.Quantize == AutoQuantize && l.p.identity()
	if integer && !pixels && l.spec.Scale == 0 {
		return fmt.Errorf("%w: type %v without a known scale takes pixels only (preset raw)", ErrInput, l.spec.DType)
	}
	for c := range l.spec.Channels {
		n := l.p.normalization(c)
		switch {
		case !integer:
			l.tables[c] = floatTable(n, l.spec.DType)
		case pixels:
			l.tables[c] = pixelTable(l.spec.DType)
		default:
			l.tables[c] = quantizedTable(n, l.spec)
		}
	}
	l.detail = l.describe(integer, pixels)
	return nil
}

func (l *Pipeline) describe(integer, pixels bool) string {
	switch {
	case integer && pixels:
		return "pixels as they are"
	case integer:
		return fmt.Sprintf("%s, quantized by %g:%d", l.p.formula(), l.spec.Scale, l.spec.ZeroPoint)
	}
	return l.p.formula()
}
