package opstest_test

import (
	"math/rand"
	"testing"

	"github.com/octet-ml/octet/internal/cpu"
	"github.com/octet-ml/octet/ops"
	. "github.com/octet-ml/octet/ops/opstest"
)

// BenchmarkStep times the steps of operators around the convolutions, in shapes of real models, on one core. MB/s count the
// output.
func BenchmarkStep(b *testing.B) {
	s := source{rand.New(rand.NewSource(1))}
	best, err := cpu.Best()
	if err != nil {
		b.Fatal(err)
	}
	target := Targets(b)[best.String()]
	toNHWC, toNCHW := &ops.Transpose{Perm: []int{0, 2, 3, 1}}, &ops.Transpose{Perm: []int{0, 3, 1, 2}}
	for _, c := range []Case{
		{Name: "f32 picture to NHWC", Op: "Transpose", Attrs: toNHWC, In: []Operand{s.operand("f32", 1, 3, 224, 224)}},
		{Name: "u8 picture to NHWC", Op: "Transpose", Attrs: toNHWC, In: []Operand{s.operand("u8", 1, 3, 224, 224)}},
		{Name: "u8 96 channels to NHWC", Op: "Transpose", Attrs: toNHWC, In: []Operand{s.operand("u8", 1, 96, 56, 56)}},
		{Name: "f32 96 channels to NCHW", Op: "Transpose", Attrs: toNCHW, In: []Operand{s.operand("f32", 1, 56, 56, 96)}},
		{Name: "u8", Op: "Concat", Attrs: &ops.Concat{Axis: 3}, In: []Operand{s.operand("u8", 1, 55, 55, 64), s.operand("u8", 1, 55, 55, 64)}},
		{Name: "u8 requantized", Op: "Concat", Attrs: &ops.Concat{Axis: 3}, In: []Operand{s.operand("qu8", 1, 55, 55, 64), s.operand("qu8", 1, 55, 55, 64)}},
		{Name: "u8 channels", Op: "Pad", Attrs: &ops.Pad{}, In: []Operand{s.operand("u8", 1, 16, 16, 16), Ints(0, 0, 0, 8, 0, 0, 0, 8)}},
		{Name: "f32 border", Op: "Pad", Attrs: &ops.Pad{}, In: []Operand{s.operand("f32", 1, 112, 112, 32), Ints(0, 0, 0, 0, 0, 1, 1, 0)}},
		{Name: "f32", Op: "HardSwish", In: []Operand{s.operand("f32", 1, 112, 112, 16)}},
		{Name: "f32", Op: "LeakyRelu", Attrs: &ops.LeakyRelu{Alpha: 0.1}, In: []Operand{s.operand("f32", 1, 112, 112, 32)}},
		{Name: "f32", Op: "BatchNormalization", Attrs: &ops.BatchNormalization{Layout: ops.NHWC}, In: []Operand{s.operand("f32", 1, 56, 56, 64), Const(seq(64)), Const(seq(64)), Const(seq(64)), Const(seq(64))}},
		{Name: "f32", Op: "LRN", Attrs: &ops.LRN{Size: 5, Alpha: 1e-4, Beta: 0.75, Bias: 1, Layout: ops.NHWC}, In: []Operand{s.operand("f32", 1, 56, 56, 64)}},
		{Name: "f32", Op: "Softmax", Attrs: &ops.Softmax{Axis: 1}, In: []Operand{s.operand("f32", 1, 1000)}},
		{Name: "u8", Op: "Softmax", Attrs: &ops.Softmax{Axis: 1}, In: []Operand{s.operand("qu8", 1, 1001)}},
		{Name: "f32 channel shuffle", Op: "Transpose", Attrs: &ops.Transpose{Perm: []int{0, 1, 2, 4, 3}}, In: []Operand{s.operand("f32", 1, 28, 28, 4, 68)}},
		{Name: "f32", Op: "ReduceMean", Attrs: &ops.Reduce{}, In: []Operand{s.operand("f32", 1, 7, 7, 1024), Ints(1, 2)}},
	} {
		b.Run(c.Op+"/"+c.Name, func(b *testing.B) { benchmark(b, target, c) })
	}
}

func benchmark(b *testing.B, target *ops.Target, c Case) {
	n, err := c.Node()
	if err != nil {
		b.Fatal(err)
	}
	l, err := ops.Lower(target, n)
	if err != nil {
		b.Fatal(err)
	}
	var buffers ops.Buffers
	for _, o := range c.In {
		buffers.In = append(buffers.In, append(make([]byte, 0, len(o.Data.Data)+64), o.Data.Data...))
	}
	y := n.Outputs[0]
	size := y.DType.Bytes(y.Shape.Size())
	buffers.Out = append(buffers.Out, make([]byte, size, size+64))
	s, err := l.Bind(buffers)
	if err != nil {
		b.Fatal(err)
	}
	scratch := make([]byte, l.Scratch)
	b.SetBytes(int64(size))
	for b.Loop() {
		s.Run(scratch, 0, s.Tiles())
	}
}
