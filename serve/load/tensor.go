package load

import (
	"context"
	"encoding/binary"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
)

// Tensor is the data of a model's input.
type Tensor struct {
	Datatype string  // the protocol's name: "FP32", "UINT8" and so on
	Shape    []int64 // the examples' number first; without it, where the model has an open one, it is one example
	Data     []byte  // row-major, little endian
}

// port describes an input of a model. A dimension of -1 is open.
type port struct {
	name, datatype string
	shape          []int64
}

// datatypeBytes is the protocol's value of a port or tensor whose elements are preceded by their length.
const datatypeBytes = "BYTES"

// datatypes are the element types of the protocol that have a size, with that and what a random element is. Reals lie in [0, 1), as
// pixels often do; 8-bit numbers take every value, wider integers are below 100, as indices might be.
var datatypes = map[string]struct {
	size   int
	random func(r *rand.Rand, to []byte)
}{
	"BOOL":   {1, func(r *rand.Rand, to []byte) { to[0] = byte(r.IntN(2)) }},
	"UINT8":  {1, func(r *rand.Rand, to []byte) { to[0] = byte(r.Uint32()) }},
	"INT8":   {1, func(r *rand.Rand, to []byte) { to[0] = byte(r.Uint32()) }},
	"UINT16": {2, small}, "INT16": {2, small},
	"UINT32": {4, small}, "INT32": {4, small},
	"UINT64": {8, small}, "INT64": {8, small},
	"FP16": {2, func(r *rand.Rand, to []byte) { binary.LittleEndian.PutUint16(to, half|uint16(r.Uint32()&0x3ff)) }},
	"BF16": {2, func(r *rand.Rand, to []byte) {
		binary.LittleEndian.PutUint16(to, uint16(math.Float32bits(r.Float32())>>16))
	}},
	"FP32": {4, func(r *rand.Rand, to []byte) { binary.LittleEndian.PutUint32(to, math.Float32bits(r.Float32())) }},
	"FP64": {8, func(r *rand.Rand, to []byte) { binary.LittleEndian.PutUint64(to, math.Float64bits(r.Float64())) }},
}

// half is 0.5 in IEEE 754's binary16; with any mantissa it is a number in [0.5, 1).
const half = 0x3800

// small writes a number below 100.
func small(r *rand.Rand, to []byte) { to[0] = byte(r.IntN(100)) }

// input is what one request carries: tensors for ports, or pictures.
type input struct {
	tensors  []named
	pictures [][]byte
}

// named is the tensor of a port.
type named struct {
	Tensor
	name string
}

// prepare makes all requests: it returns how many different ones there are, and sets o.Batch to the examples of each.
func prepare(ctx context.Context, t transport, o *Options) (int, error) {
	var ports []port
	var err error
	if o.Protocol != Classify {
		if ports, err = t.describe(ctx); err != nil {
			return 0, err
		}
	}
	var inputs []input
	if len(o.Pictures) > 0 {
		inputs, err = pictureInputs(ports, o)
	} else {
		inputs, err = tensorInputs(ports, o)
	}
	if err != nil {
		return 0, err
	}
	for _, in := range inputs {
		if err := t.prepare(in); err != nil {
			return 0, err
		}
	}
	return len(inputs), nil
}

// pictureInputs puts pictures into as many requests as there are pictures: each begins with another one and goes on with those after it.
func pictureInputs(ports []port, o *Options) (inputs []input, err error) {
	if o.Protocol != Classify && len(ports) != 1 {
		return nil, fmt.Errorf("%w: model %q has %d inputs: pictures are for models with one", ErrInput, o.Model, len(ports))
	}
	setDefault(&o.Batch, 1)
	for first := range o.Pictures {
		var in input
		for i := range o.Batch {
			in.pictures = append(in.pictures, o.Pictures[(first+i)%len(o.Pictures)])
		}
		if o.Protocol != Classify {
			var data []byte
			for _, p := range in.pictures {
				data = append(binary.LittleEndian.AppendUint32(data, uint32(len(p))), p...)
			}
			in = input{tensors: []named{{Tensor{datatypeBytes, []int64{int64(o.Batch)}, data}, ports[0].name}}}
		}
		inputs = append(inputs, in)
	}
	return inputs, nil
}

// tensorInputs cuts the given tensors into batches, or makes random ones.
func tensorInputs(ports []port, o *Options) (inputs []input, err error) {
	if len(o.Tensors) > 0 {
		if len(ports) != 1 {
			return nil, fmt.Errorf("%w: model %q has %d inputs: tensors can be given for models with one", ErrInput, o.Model, len(ports))
		}
		for i, t := range o.Tensors {
			batches, err := cut(t, ports[0], o)
			if err != nil {
				return nil, fmt.Errorf("tensor %d: %w", i, err)
			}
			inputs = append(inputs, batches...)
		}
		return inputs, nil
	}
	random := rand.New(rand.NewPCG(o.Seed, 1))
	for range o.Inputs {
		var in input
		for _, p := range ports {
			t, err := randomTensor(p, o, random)
			if err != nil {
				return nil, fmt.Errorf("input %q: %w", p.name, err)
			}
			in.tensors = append(in.tensors, named{t, p.name})
		}
		inputs = append(inputs, in)
	}
	return inputs, nil
}

// maxTensor bounds the bytes of a tensor that a server's description makes us allocate.
const maxTensor = 1 << 30

// bytesOf returns how many bytes a tensor has.
func bytesOf(datatype string, shape []int64) (int, error) {
	n := int64(datatypes[datatype].size)
	if n == 0 {
		return 0, fmt.Errorf("%w: datatype %.20q", ErrInput, datatype)
	}
	for _, d := range shape {
		if d < 1 || d > maxTensor || n*d > maxTensor {
			return 0, fmt.Errorf("%w: shape %v: want positive dimensions and up to %d bytes", ErrInput, shape, maxTensor)
		}
		n *= d
	}
	return int(n), nil
}

// batched returns the shape of a port with its open first dimension set to the batch size, which is set where it is not yet.
func batched(p port, o *Options) ([]int64, error) {
	shape := slices.Clone(p.shape)
	switch {
	case len(shape) == 0:
		setDefault(&o.Batch, 1)
	case shape[0] == -1:
		setDefault(&o.Batch, 1)
		shape[0] = int64(o.Batch)
	default:
		setDefault(&o.Batch, int(shape[0]))
		if int64(o.Batch) != shape[0] {
			return nil, fmt.Errorf("%w: batch %d: the model takes %d at once", ErrInput, o.Batch, shape[0])
		}
	}
	return shape, nil
}

// randomTensor returns a tensor for a port.
func randomTensor(p port, o *Options, random *rand.Rand) (t Tensor, err error) {
	t.Datatype = p.datatype
	if t.Shape, err = batched(p, o); err != nil {
		return t, err
	}
	if slices.Contains(t.Shape, -1) {
		return t, fmt.Errorf("%w: shape %v is open: only a given tensor can have it", ErrInput, p.shape)
	}
	n, err := bytesOf(t.Datatype, t.Shape)
	if err != nil {
		return t, err
	}
	t.Data = make([]byte, n)
	d := datatypes[t.Datatype]
	for at := 0; at < n; at += d.size {
		d.random(random, t.Data[at:at+d.size])
	}
	return t, nil
}

// cut returns the batches of a tensor for a port.
func cut(t Tensor, p port, o *Options) (inputs []input, err error) {
	shape, err := batched(p, o)
	if err != nil {
		return nil, err
	}
	if t.Datatype != p.datatype {
		return nil, fmt.Errorf("%w: datatype %.20q: input %q has %q", ErrInput, t.Datatype, p.name, p.datatype)
	}
	if len(t.Shape) == len(shape)-1 {
		t.Shape = slices.Insert(slices.Clone(t.Shape), 0, 1)
	}
	fits := len(t.Shape) == len(shape) && len(shape) > 0
	for i := 1; fits && i < len(shape); i++ {
		fits = shape[i] == -1 || shape[i] == t.Shape[i]
	}
	if !fits || t.Shape[0]%shape[0] != 0 {
		return nil, fmt.Errorf("%w: shape %v: input %q has %v, in batches of %d", ErrInput, t.Shape, p.name, p.shape, o.Batch)
	}
	n, err := bytesOf(t.Datatype, t.Shape)
	if err != nil {
		return nil, err
	}
	if n != len(t.Data) {
		return nil, fmt.Errorf("%w: shape %v of %s has %d bytes, not %d", ErrInput, t.Shape, t.Datatype, n, len(t.Data))
	}
	batches := int(t.Shape[0] / shape[0])
	size := n / batches
	one := slices.Clone(t.Shape)
	one[0] = shape[0]
	for i := range batches {
		inputs = append(inputs, input{tensors: []named{{Tensor{t.Datatype, one, t.Data[i*size : (i+1)*size]}, p.name}}})
	}
	return inputs, nil
}
