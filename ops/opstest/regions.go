package opstest

import (
	"bytes"
	"errors"
	"fmt"

	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/ops"
)

// checkPitched returns an error unless the lowered node, where it can, writes the rows of its output pitch bytes apart and
// nothing between them.
func checkPitched(l *ops.Lowered, c Case, want *graph.Tensor) error {
	if l.Pitched == nil {
		return nil
	}
	run := want.DType.Bytes(want.Shape[len(want.Shape)-1])
	for _, pitch := range []int{run, run + 1, run + 77} {
		p, err := l.Pitched(pitch)
		if err != nil {
			return err
		}
		var b ops.Buffers
		for _, t := range c.data() {
			b.In = append(b.In, buffer(t))
		}
		dst := make([]byte, (len(want.Data)/run-1)*pitch+run, len(want.Data)/run*pitch+len(margin))
		spoil(dst[:cap(dst)])
		b.Out = [][]byte{dst}
		if err := runOnce(p, b); err != nil {
			return err
		}
		expected := bytes.Repeat([]byte{0xcd}, cap(dst))
		for i := 0; i < len(want.Data); i += run {
			copy(expected[i/run*pitch:], want.Data[i:i+run])
		}
		if !bytes.Equal(dst[:cap(dst)], expected) {
			return fmt.Errorf("%s: rows %d bytes apart: the bytes differ", p.Kernel, pitch)
		}
	}
	return nil
}

// checkPlaces returns an error unless the inputs stand in the output where the operator says, and those that stand there already
// are left as they are.
func checkPlaces(l *ops.Lowered, c Case, n *graph.Node, want *graph.Tensor) error {
	op, err := ops.Lookup(n.Op)
	if err != nil || op.Place == nil {
		return err
	}
	data := c.data()
	for i, t := range data {
		r, ok := op.Place(n, i)
		if !ok {
			continue
		}
		if len(t.Data) != max(r.Rows*r.Run, 0) {
			return fmt.Errorf("input %d: %d rows of %d bytes of %d", i, r.Rows, r.Run, len(t.Data))
		}
		for k := 0; k < r.Rows && r.Run > 0; k++ {
			if !bytes.Equal(want.Data[r.At+k*r.Pitch:][:r.Run], t.Data[k*r.Run:][:r.Run]) {
				return fmt.Errorf("input %d: row %d is not where it is said to be", i, k)
			}
		}
		b := ops.Buffers{Out: [][]byte{buffer(want)}}
		for j, u := range data {
			if b.In = append(b.In, buffer(u)); j == i {
				b.In[j] = nil
			}
		}
		if n.Inputs[i].Const != nil {
			continue
		}
		for k := 0; k < r.Rows && r.Run > 0; k++ {
			spoil(b.Out[0][r.At+k*r.Pitch:][:r.Run])
		}
		if err := runOnce(l, b); err != nil {
			return err
		}
		for k := 0; k < r.Rows && r.Run > 0; k++ {
			row := b.Out[0][r.At+k*r.Pitch:][:r.Run]
			if bytes.Count(row, []byte{0xcd}) != len(row) {
				return fmt.Errorf("input %d: row %d is written though it stands there already", i, k)
			}
			copy(row, t.Data[k*r.Run:])
		}
		if !bytes.Equal(b.Out[0], want.Data) {
			return errors.New("the bytes differ where an input stands in its place already")
		}
	}
	return nil
}

// runOnce binds the node to buffers and runs all its tiles.
func runOnce(l *ops.Lowered, b ops.Buffers) error {
	s, err := l.Bind(b)
	if err != nil {
		return fmt.Errorf("bind: %w", err)
	}
	s.Run(make([]byte, l.Scratch), 0, s.Tiles())
	return nil
}
