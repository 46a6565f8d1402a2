package vision

import "fmt"

// fit brings m to the size of the input.
func (l *Pipeline) fit(m *Image, t *Trace) (*Image, error) {
	height, width := l.spec.Height, l.spec.Width
	switch l.p.Resize {
	case Stretch:
		return l.resize(m, width, height, rect{0, 0, width, height}, t)
	case Letterbox:
		w, h := fitInside(m.Width, m.Height, width, height)
		m, err := l.resize(m, w, h, rect{0, 0, w, h}, t)
		if err != nil {
			return nil, err
		}
		return l.pad(m, t), nil
	case NoResize:
		return l.crop(m, m.Width, m.Height, t)
	}
	w, h := shorterSide(m.Width, m.Height, l.p.resizeTo(height, width))
	return l.crop(m, w, h, t)
}

// crop returns the centre of m resized to width x height, padded where the input is larger.
func (l *Pipeline) crop(m *Image, width, height int, t *Trace) (*Image, error) {
	keepW, keepH := min(width, l.spec.Width), min(height, l.spec.Height)
	x, y := cropOffset(width, keepW), cropOffset(height, keepH)
	m, err := l.resize(m, width, height, rect{x, y, x + keepW, y + keepH}, t)
	if err != nil {
		return nil, err
	}
	return l.pad(m, t), nil
}

// resize returns a region of m at another size.
func (l *Pipeline) resize(m *Image, width, height int, r rect, t *Trace) (*Image, error) {
	out, err := resizeRegion(m, width, height, r, l.p.Filter)
	if err != nil {
		return nil, err
	}
	if width != m.Width || height != m.Height {
		t.part("resize", width, height, out, l.p.Filter.String())
	}
	if out.Width != width || out.Height != height {
		t.image("crop", out, fmt.Sprintf("at (%d, %d)", r.x0, r.y0))
	}
	return out, nil
}

// pad returns m in the middle of a picture of the input's size.
func (l *Pipeline) pad(m *Image, t *Trace) *Image {
	out := padded(m, l.spec.Width, l.spec.Height, uint8(l.p.Fill))
	if out != m {
		t.image("pad", out, fmt.Sprintf("with %d", l.p.Fill))
	}
	return out
}
