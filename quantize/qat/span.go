package qat

import (
	"fmt"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"
)

// perTensor is the axis of an operator that takes a tensor as one channel.
const perTensor = -1

// span is a tensor as outer x channels x inner numbers in row-major order.
type span struct{ outer, channels, inner int }

// spanOf returns the span of a shape whose channels lie along axis.
func spanOf(s tensor.Shape, axis int) span {
	if axis == perTensor {
		return span{1, 1, s.TotalSize()}
	}
	p := span{1, s[axis], 1}
	for i, n := range s {
		switch {
		case i < axis:
			p.outer *= n
		case i > axis:
			p.inner *= n
		}
	}
	return p
}

// rows calls visit for each run of numbers of one channel, in order: those from index from to but not including to.
func (p span) rows(visit func(channel, from, to int)) {
	at := 0
	for range p.outer {
		for c := range p.channels {
			visit(c, at, at+p.inner)
			at += p.inner
		}
	}
}

// checkChannels returns an error unless v is a vector with a number for each channel of x along axis.
func checkChannels(what string, x, v *G.Node, axis int) error {
	if axis < perTensor || axis >= x.Dims() {
		return fmt.Errorf("%s: %w: axis %d of %v", what, ErrShape, axis, x.Shape())
	}
	if n := spanOf(x.Shape(), axis).channels; v.Dims() != 1 || v.Shape()[0] != n {
		return fmt.Errorf("%s: %w: %v along axis %d of %v, want [%d]", what, ErrShape, v.Shape(), axis, x.Shape(), n)
	}
	return nil
}
