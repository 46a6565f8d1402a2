package tflite_test

import (
	"strings"

	flatbuffers "github.com/google/flatbuffers/go"
)

// sharedNames is a model with n tensors that are one table, whose name has the given length.
func sharedNames(n, length int) []byte {
	b := flatbuffers.NewBuilder(1 << 20)
	one := writeTable(b, fields{0: ints(b, dims(1)), 3: b.CreateString(strings.Repeat("x", length))})
	tensors := make([]flatbuffers.UOffsetT, n)
	for i := range tensors {
		tensors[i] = one
	}
	graph := writeTable(b, fields{0: tables(b, tensors)})
	root := writeTable(b, fields{0: uint32(3), 2: tables(b, []flatbuffers.UOffsetT{graph})})
	b.FinishWithFileIdentifier(root, []byte("TFL3"))
	return b.FinishedBytes()
}

// sharedWeights is a model with n depthwise convolutions whose weights are n tensors over one buffer of the given size.
func sharedWeights(n, size int) []byte {
	b := flatbuffers.NewBuilder(2 * size)
	buffers := []flatbuffers.UOffsetT{writeTable(b, fields{}), writeTable(b, fields{0: b.CreateByteVector(make([]byte, size))})}
	quant := writeTable(b, fields{2: writeVector(b, 4, []float32{1}, func(x float32) { b.PrependFloat32(x) })})
	data := writeTable(b, fields{0: ints(b, dims(1, 1, 1, 1)), 1: byte(typeInt8), 4: quant})
	weights := writeTable(b, fields{0: ints(b, dims(1, 1, 1, int32(size))), 1: byte(typeInt8), 2: uint32(1), 4: quant})
	tensors := []flatbuffers.UOffsetT{data}
	options := writeTable(b, fields{1: int32(1), 2: int32(1)})
	var operators []flatbuffers.UOffsetT
	for i := range n {
		tensors = append(tensors, weights, data)
		in, out := ints(b, dims(0, int32(2*i+1))), ints(b, dims(int32(2*i+2)))
		operators = append(operators, writeTable(b, fields{0: uint32(0), 1: in, 2: out, 3: byte(2), 4: options}))
	}
	code := writeTable(b, fields{0: byte(4)})
	graph := writeTable(b, fields{0: tables(b, tensors), 1: ints(b, dims(0)), 2: ints(b, dims(2)), 3: tables(b, operators)})
	root := writeTable(b, fields{0: uint32(3), 1: tables(b, []flatbuffers.UOffsetT{code}), 2: tables(b, []flatbuffers.UOffsetT{graph}), 4: tables(b, buffers)})
	b.FinishWithFileIdentifier(root, []byte("TFL3"))
	return b.FinishedBytes()
}
