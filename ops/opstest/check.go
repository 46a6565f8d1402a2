package opstest

import (
	"bytes"
	"fmt"
	"math"
	"sync"
	"testing"

	"github.com/octet-ml/octet/fp32"
	"github.com/octet-ml/octet/graph"
	i8 "github.com/octet-ml/octet/int8"
	"github.com/octet-ml/octet/internal/cpu"
	"github.com/octet-ml/octet/ops"
)

// Tolerance bounds the difference of two float results, relative and absolute: kernels add in another order than the
// Reference, which adds in float64.
const Tolerance = 2e-6

// Targets returns a target for every kernel set of this machine.
func Targets(t testing.TB) map[string]*ops.Target {
	t.Helper()
	targets := make(map[string]*ops.Target)
	for _, level := range cpu.Available() {
		ints, err := i8.Select(level)
		if err != nil {
			t.Fatal(err)
		}
		floats, err := f32.Select(level)
		if err != nil {
			t.Fatal(err)
		}
		targets[level.String()] = &ops.Target{I8: ints, F32: floats, Packs: new(ops.Packs)}
	}
	return targets
}

// Same returns an error unless got has want's type, shape and elements: integers to the bit, floats within tolerance.
func Same(got, want *graph.Tensor, tolerance float64) error {
	if got.DType != want.DType || !got.Shape.Equal(want.Shape) {
		return fmt.Errorf("got %v%v, want %v%v", got.DType, got.Shape, want.DType, want.Shape)
	}
	if !want.DType.IsFloat() {
		if !bytes.Equal(got.Data, want.Data) {
			return fmt.Errorf("got %v, want %v", head(got), head(want))
		}
		return nil
	}
	for i := range want.Len() {
		x, y := got.Float(i), want.Float(i)
		if x == y || math.IsNaN(x) && math.IsNaN(y) || math.Abs(x-y) <= tolerance*(1+math.Abs(y)) {
			continue
		}
		return fmt.Errorf("element %d: got %v, want %v", i, x, y)
	}
	return nil
}

// head returns the first elements for a message.
func head(t *graph.Tensor) []float64 {
	list := make([]float64, min(t.Len(), 64))
	for i := range list {
		list[i] = t.Float(i)
	}
	return list
}

// Values fails the test unless the Reference of the case gives the expected outputs; nil ones are not compared.
func Values(t *testing.T, c Case, want ...*graph.Tensor) {
	t.Helper()
	n, err := c.Node()
	if err != nil {
		t.Errorf("%s %s: %v", c.Op, c.Name, err)
		return
	}
	out, err := ops.Evaluate(n, c.data())
	if err != nil {
		t.Errorf("%s %s: %v", c.Op, c.Name, err)
		return
	}
	for i, w := range want {
		if w == nil {
			continue
		}
		if err := Same(out[i], w, Tolerance); err != nil {
			t.Errorf("%s %s: output %d: %v", c.Op, c.Name, i, err)
		}
	}
}

// Check fails the test unless the lowered case gives, on every target, what its Reference gives, whether its tiles run at
// once, one by one from the last or by two goroutines, over an operand where InPlace allows it,
// with rows apart where it can write regions, and without allocating.
func Check(t *testing.T, targets map[string]*ops.Target, c Case) {
	t.Helper()
	n, err := c.Node()
	if err != nil {
		t.Errorf("%s %s: %v", c.Op, c.Name, err)
		return
	}
	want, err := ops.Evaluate(n, c.data())
	if err != nil {
		t.Errorf("%s %s: %v", c.Op, c.Name, err)
		return
	}
	for level, target := range targets {
		if err := checkLowered(target, c, n, want); err != nil {
			t.Errorf("%s %s on %s: %v", c.Op, c.Name, level, err)
		}
	}
}

func checkLowered(target *ops.Target, c Case, n *graph.Node, want []*graph.Tensor) error {
	l, err := ops.Lower(target, n)
	if err != nil {
		return fmt.Errorf("lower: %w", err)
	}
	op, err := ops.Lookup(n.Op)
	if err != nil {
		return err
	}
	over := []int{-1}
	for i, v := range n.Inputs {
		if v != nil && v.Const == nil && op.InPlace != nil && op.InPlace(n, i) {
			over = append(over, i)
		}
	}
	for _, i := range over {
		if err := runLowered(l, c, want, i); err != nil {
			return fmt.Errorf("%s, output over input %d: %w", l.Kernel, i, err)
		}
	}
	if err := checkPitched(l, c, want[0]); err != nil {
		return err
	}
	return checkPlaces(l, c, n, want[0])
}

// runLowered binds the lowered node to fresh buffers, output 0 over the given input unless that is negative, and compares.
func runLowered(l *ops.Lowered, c Case, want []*graph.Tensor, over int) error {
	var b ops.Buffers
	for _, t := range c.data() {
		b.In = append(b.In, buffer(t))
	}
	for _, w := range want {
		b.Out = append(b.Out, buffer(w))
	}
	var original []byte
	if over >= 0 {
		original = bytes.Clone(b.In[over])
		b.Out[0] = b.In[over]
	}
	reset := func() {
		for i, out := range b.Out {
			if i > 0 || over < 0 {
				spoil(out)
			}
		}
		if over >= 0 {
			copy(b.In[over], original)
		}
	}
	s, err := l.Bind(b)
	if err != nil {
		return fmt.Errorf("bind: %w", err)
	}
	scratch := make([]byte, l.Scratch)
	compare := func(how string) error {
		for i, w := range want {
			if w == nil {
				continue
			}
			got := &graph.Tensor{DType: w.DType, Shape: w.Shape, Data: b.Out[i]}
			if err := Same(got, w, Tolerance); err != nil {
				return fmt.Errorf("%s: output %d: %w", how, i, err)
			}
			if tail := b.Out[i][len(w.Data):cap(b.Out[i])]; over < 0 && !bytes.Equal(tail, margin[:]) {
				return fmt.Errorf("%s: output %d: wrote past its end", how, i)
			}
		}
		return nil
	}
	reset()
	s.Run(scratch, 0, s.Tiles())
	if err := compare("at once"); err != nil {
		return err
	}
	reset()
	for i := s.Tiles() - 1; i >= 0; i-- {
		s.Run(scratch, i, i+1)
	}
	if err := compare("tile by tile"); err != nil {
		return err
	}
	reset()
	var both sync.WaitGroup
	middle := s.Tiles() / 2
	both.Go(func() { s.Run(make([]byte, l.Scratch), 0, middle) })
	both.Go(func() { s.Run(make([]byte, l.Scratch), middle, s.Tiles()) })
	both.Wait()
	if err := compare("by two goroutines"); err != nil {
		return err
	}
	if a := testing.AllocsPerRun(3, func() { s.Run(scratch, 0, s.Tiles()) }); a != 0 {
		return fmt.Errorf("%v allocations a run", a)
	}
	return nil
}

// margin is what lies behind every buffer: readable, and never to be written.
var margin = [64]byte{0: 0xa5, 31: 0x5a, 63: 0xa5}

// buffer returns the bytes of t, followed by the margin.
func buffer(t *graph.Tensor) []byte {
	if t == nil {
		return nil
	}
	b := append(make([]byte, 0, len(t.Data)+len(margin)), t.Data...)
	copy(b[len(b):cap(b)], margin[:])
	return b[:len(t.Data):cap(b)]
}

// spoil fills b with bytes that no result has by accident.
func spoil(b []byte) {
	for i := range b {
		b[i] = 0xcd
	}
}
