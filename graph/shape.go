package graph

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
)

// Batch is the dimension N: the batch size, bound when a program is planned.
const Batch = -1

// Shape lists dimensions, outermost first. A negative dimension -k means k*N. A nil Shape is a scalar.
type Shape []int

// MaxElements bounds the number of elements of any tensor, so that sizes in bytes fit an int everywhere they are computed.
const MaxElements = min(math.MaxInt32, math.MaxInt/64)

// errElements is wrapped by errors about a shape with too many elements.
var errElements = fmt.Errorf("more than %d elements", MaxElements)

// ErrNotLinear is returned when a number of elements is not a constant times at most the first power of N.
var ErrNotLinear = errors.New("size is not linear in the batch size")

// Elements returns the number of elements: negative, -k, for k*N. The dimensions that are not 0 must not multiply to more
// than MaxElements even where there are none, so that products of any of them fit an int.
func (s Shape) Elements() (int, error) {
	n, batches, empty := 1, 0, false
	for _, d := range s {
		switch {
		case d == 0:
			empty = true
			continue
		case d < 0:
			batches++
			d = -d
		}
		if d < 0 || n > MaxElements/d {
			return 0, fmt.Errorf("shape %v: %w", s, errElements)
		}
		n *= d
	}
	if empty {
		n = 0
	}
	switch batches {
	case 0:
		return n, nil
	case 1:
		return -n, nil
	}
	return 0, fmt.Errorf("shape %v: %w", s, ErrNotLinear)
}

// Size returns the number of elements of a shape without batch dimensions. It panics on one that has them or is too
// large, which Verify excludes.
func (s Shape) Size() int {
	n, err := s.Elements()
	if err != nil || n < 0 {
		panic(fmt.Sprintf("bug: size of shape %v", s))
	}
	return n
}

// Static reports whether no dimension depends on the batch size.
func (s Shape) Static() bool { return !slices.ContainsFunc(s, func(d int) bool { return d < 0 }) }

// Bind returns the shape for batch size n.
func (s Shape) Bind(n int) Shape {
	out := slices.Clone(s)
	for i, d := range out {
		if d < 0 {
			out[i] = -d * n
		}
	}
	return out
}

// Equal reports whether both shapes have the same dimensions.
func (s Shape) Equal(t Shape) bool { return slices.Equal(s, t) }

// Clone returns a copy.
func (s Shape) Clone() Shape { return slices.Clone(s) }

// Axis returns the index of an axis given as in ONNX, counted from the end where negative.
func (s Shape) Axis(axis int) (int, error) {
	a := axis
	if a < 0 {
		a += len(s)
	}
	if a < 0 || a >= len(s) {
		return 0, fmt.Errorf("axis %d is outside rank %d", axis, len(s))
	}
	return a, nil
}

// String returns the dimensions in brackets, such as [N 3 224 224].
func (s Shape) String() string {
	var b strings.Builder
	b.WriteByte('[')
	for i, d := range s {
		if i > 0 {
			b.WriteByte(' ')
		}
		switch {
		case d == Batch:
			b.WriteByte('N')
		case d < 0:
			b.WriteString(strconv.Itoa(-d) + "N")
		default:
			b.WriteString(strconv.Itoa(d))
		}
	}
	b.WriteByte(']')
	return b.String()
}

// BroadcastShapes returns the shape that multidirectional broadcasting gives (ONNX, "Broadcasting in ONNX").
func BroadcastShapes(shapes ...Shape) (Shape, error) {
	rank := 0
	for _, s := range shapes {
		rank = max(rank, len(s))
	}
	out := make(Shape, rank)
	for i := range out {
		out[i] = 1
	}
	for _, s := range shapes {
		for i, d := range s {
			o := &out[rank-len(s)+i]
			switch {
			case *o == d || d == 1:
			case *o == 1:
				*o = d
			default:
				return nil, fmt.Errorf("shapes %v do not broadcast: %v against %v", shapes, d, *o)
			}
		}
	}
	return out, nil
}
