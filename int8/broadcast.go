package i8

import "fmt"

// Broadcast says how the second operand of a binary operation stretches over the first:
//
//	y[o][m][c] = a[o][m][c] op b[o*O + m*M + c*C]   for o < Outer, m < Mid, c < Inner
//
// a and y are dense; a stride of 0 repeats b. Sizes in bytes stay below 2³¹. One value a channel of an image with n
// pictures of h*w pixels is {Outer: n, Mid: h*w, Inner: c, O: c, M: 0, C: 1}.
type Broadcast struct {
	Outer, Mid, Inner int
	O, M, C           int
}

// extent returns the lengths that a and b need.
func (s Broadcast) extent() (a, b int, err error) {
	for _, v := range [...]int{s.Outer, s.Mid, s.Inner, s.O, s.M, s.C} {
		if v < 0 {
			return 0, 0, fmt.Errorf("%w: broadcast %+v: negative", ErrShape, s)
		}
	}
	if min(s.Outer, s.Mid, s.Inner) == 0 {
		return 0, 0, nil
	}
	a, ok := product(maxBytes, s.Outer, s.Mid, s.Inner)
	last := int64(0)
	for _, d := range [...][2]int{{s.Outer, s.O}, {s.Mid, s.M}, {s.Inner, s.C}} {
		if d[0] == 1 || d[1] == 0 {
			continue
		}
		n, fits := product(maxBytes, d[0]-1, d[1])
		ok = ok && fits
		last += int64(n)
	}
	if !ok || last >= maxBytes {
		return 0, 0, fmt.Errorf("%w: broadcast %+v: too large", ErrShape, s)
	}
	return a, int(last) + 1, nil
}

// merged returns an equal broadcast with as many dimensions as possible folded into the inner ones.
func (s Broadcast) merged() Broadcast {
	type dim struct{ n, stride int }
	out := make([]dim, 0, 3) // innermost first
	for _, d := range []dim{{s.Inner, s.C}, {s.Mid, s.M}, {s.Outer, s.O}} {
		switch last := len(out) - 1; {
		case d.n == 1:
		case last >= 0 && d.stride == out[last].n*out[last].stride:
			out[last].n *= d.n
		default:
			out = append(out, d)
		}
	}
	for len(out) < 3 {
		if len(out) == 0 {
			out = append(out, dim{1, 1})
			continue
		}
		out = append(out, dim{1, 0})
	}
	return Broadcast{out[2].n, out[1].n, out[0].n, out[2].stride, out[1].stride, out[0].stride}
}
