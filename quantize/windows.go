package quantize

import (
	"fmt"

	"github.com/octet-ml/octet/ops"
)

// windows tells where the numbers that a layer multiplies stand in its input.
type windows struct {
	l         *layer
	positions int // of one input of the model
	channels  int // of a group of the input
	taps      []tap
	h, w      int // of the input
	oh, ow    int
	strides   [2]int
	pads      [4]int
	pixel     int // distance of pixels in the input
	plane     int // distance of channels in the input
	outPixel  int
	outPlane  int
}

// tap is one weight of a window: its offset in pixels and its channel in the group.
type tap struct{ y, x, c int }

// newWindows returns the windows of a layer for one input of the model.
func newWindows(l *layer) (*windows, error) {
	x, y := l.node.Inputs[0].Shape.Bind(1), l.node.Outputs[0].Shape.Bind(1)
	a, ok := l.node.Attrs.(*ops.Conv)
	if !ok {
		w := &windows{l: l, positions: y.Size() / l.oc, channels: l.depth, h: 1, w: y.Size() / l.oc, oh: 1, strides: [2]int{1, 1}, pixel: l.depth, plane: 1, outPixel: l.oc, outPlane: 1}
		w.ow = w.positions
		for c := range l.depth {
			w.taps = append(w.taps, tap{c: c})
		}
		return w, nil
	}
	w := &windows{l: l}
	shape := l.node.Inputs[1].Shape
	kh, kw := shape[2], shape[3]
	if a.Layout == ops.NHWC {
		kh, kw = shape[1], shape[2]
		w.h, w.w, w.oh, w.ow = x[1], x[2], y[1], y[2]
		w.pixel, w.plane, w.outPixel, w.outPlane = x[3], 1, y[3], 1
	} else {
		w.h, w.w, w.oh, w.ow = x[2], x[3], y[2], y[3]
		w.pixel, w.plane, w.outPixel, w.outPlane = 1, w.h*w.w, 1, w.oh*w.ow
	}
	w.positions = w.oh * w.ow
	_, pads, err := a.Output([2]int{w.h, w.w}, [2]int{kh, kw}, false)
	if err != nil {
		return nil, fmt.Errorf("bug: %w", err)
	}
	w.pads = pads
	w.strides = [2]int{max(a.Strides[0], 1), max(a.Strides[1], 1)}
	dy, dx := max(a.Dilations[0], 1), max(a.Dilations[1], 1)
	w.channels = l.depth / (kh * kw)
	at := func(y, x, c int) { w.taps = append(w.taps, tap{y: y * dy, x: x * dx, c: c}) }
	if a.Layout == ops.NHWC {
		for y := range kh {
			for x := range kw {
				for c := range w.channels {
					at(y, x, c)
				}
			}
		}
		return w, nil
	}
	for c := range w.channels {
		for y := range kh {
			for x := range kw {
				at(y, x, c)
			}
		}
	}
	return w, nil
}

// copy writes the window of output position p to a column of xs [groups*depth ...] and the outputs there to that of ys [oc ...].
func (w *windows) copy(xs, ys *matrix, column int, x, y []float32, p int) {
	top, left := p/w.ow*w.strides[0]-w.pads[0], p%w.ow*w.strides[1]-w.pads[1]
	row := 0
	for g := range w.l.groups {
		for _, t := range w.taps {
			v := float32(0)
			if iy, ix := top+t.y, left+t.x; iy >= 0 && iy < w.h && ix >= 0 && ix < w.w {
				v = x[(iy*w.w+ix)*w.pixel+(g*w.channels+t.c)*w.plane]
			}
			xs.data[row*xs.columns+column] = v
			row++
		}
	}
	for c := range w.l.oc {
		ys.data[c*ys.columns+column] = y[p*w.outPixel+c*w.outPlane]
	}
}
