package oip

import (
	"context"
	"encoding/binary"
	"fmt"
	"math"
	"strconv"

	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/runtime"
	"github.com/octet-ml/octet/serve/repository"
	"github.com/octet-ml/octet/vision"
)

// Infer answers a request. An input of type BYTES, for a model that takes no such input but a picture, holds files with pictures, which
// are decoded and preprocessed as the model wants them. Data of the request are not read after Infer returns, data of the response are
// the caller's. Errors are sorted by CodeOf.
func (s *Service) Infer(ctx context.Context, req *Request) (*Response, error) {
	return answer(ctx, s, req.Model, req.Version, req.Timeout, func(ctx context.Context, c *call) (*Response, error) { return c.infer(ctx, req) })
}

// infer answers a request that has begun.
func (c *call) infer(ctx context.Context, req *Request) (*Response, error) {
	selected, err := c.selectOutputs(req.Outputs)
	if err != nil {
		return nil, err
	}
	var n int
	var inputs []*graph.Tensor
	if len(req.Inputs) == 1 && req.Inputs[0].Datatype == Bytes {
		var release func()
		n, inputs, release, err = c.pictures(ctx, &req.Inputs[0])
		if err != nil {
			return nil, err
		}
		defer release()
	} else if n, inputs, err = c.tensors(req.Inputs); err != nil {
		return nil, err
	}
	c.n = n
	out, times, err := c.run(ctx, n, inputs)
	c.times.Times = times
	if err != nil {
		return nil, err
	}
	v := c.version
	res := &Response{Model: v.Model, Version: v.Version(), ID: req.ID, Times: c.times}
	for _, sel := range selected {
		t, err := c.output(out[sel.index], sel)
		if err != nil {
			return nil, err
		}
		res.Outputs = append(res.Outputs, t)
	}
	return res, nil
}

// selected is an output that a request asks for.
type selected struct {
	index int
	info  runtime.ValueInfo
	top   int // classes; 0: the tensor
}

// selectOutputs finds the outputs that a request asks for.
func (c *call) selectOutputs(list []Requested) ([]selected, error) {
	infos := c.version.Program.Outputs()
	var out []selected
	for i, v := range infos {
		if len(list) == 0 {
			out = append(out, selected{index: i, info: v})
		}
	}
	if len(list) > 4*len(infos) {
		return nil, fmt.Errorf("%w: %d outputs: the model has %d", ErrInvalid, len(list), len(infos))
	}
	for _, want := range list {
		found := false
		for i, v := range infos {
			if v.Name == want.Name {
				out, found = append(out, selected{i, v, want.Classification}), true
			}
		}
		if !found {
			return nil, fmt.Errorf("%w: model %q has no output %.100q", ErrInvalid, c.version.Model, want.Name)
		}
		if want.Classification < 0 {
			return nil, fmt.Errorf("%w: output %q: classification %d: want a positive number", ErrInvalid, want.Name, want.Classification)
		}
	}
	return out, nil
}

// tensors checks the inputs of a request against the model's and returns them in its order, with the number of examples.
func (c *call) tensors(list []Tensor) (int, []*graph.Tensor, error) {
	p := c.version.Program
	infos := p.Inputs()
	if len(list) != len(infos) {
		return 0, nil, fmt.Errorf("%w: model %q has %d inputs, the request %d", ErrInvalid, c.version.Model, len(infos), len(list))
	}
	n := 0
	inputs := make([]*graph.Tensor, len(infos))
	for i := range list {
		t := &list[i]
		at := -1
		for j, v := range infos {
			if v.Name == t.Name {
				at = j
			}
		}
		if at < 0 || inputs[at] != nil {
			return 0, nil, fmt.Errorf("%w: model %q has no input %.100q, or it comes twice", ErrInvalid, c.version.Model, t.Name)
		}
		v := infos[at]
		if t.Datatype.DType() != v.DType || v.DType == graph.Invalid {
			return 0, nil, fmt.Errorf("%w: input %q: datatype %.20q, want %q", ErrInvalid, t.Name, t.Datatype, DatatypeOf(v.DType))
		}
		m, err := examples(t, v)
		if err != nil {
			return 0, nil, err
		}
		if m > 0 {
			if n > 0 && m != n {
				return 0, nil, fmt.Errorf("%w: input %q: batch %d, but another has %d", ErrInvalid, t.Name, m, n)
			}
			n = m
		}
		shape := make(graph.Shape, len(t.Shape))
		for k, d := range t.Shape {
			shape[k] = int(d)
		}
		inputs[at] = &graph.Tensor{DType: v.DType, Shape: shape, Data: t.Data}
		if hasNaN(inputs[at]) {
			return 0, nil, fmt.Errorf("%w: input %q: NaN", ErrInvalid, t.Name)
		}
	}
	if n == 0 {
		n = p.MaxBatch() // a fixed one
	}
	if n > p.MaxBatch() {
		return 0, nil, fmt.Errorf("%w: batch %d: model %q takes up to %d", ErrInvalid, n, c.version.Model, p.MaxBatch())
	}
	return n, inputs, nil
}

// examples checks the shape and the length of an input and returns its batch size, 0 where its shape is fixed.
func examples(t *Tensor, v runtime.ValueInfo) (int, error) {
	bad := func() error {
		return fmt.Errorf("%w: input %q: shape %v, want %v", ErrInvalid, t.Name, t.Shape, infoShape(v.Shape))
	}
	if len(t.Shape) != len(v.Shape) {
		return 0, bad()
	}
	n, elements := 0, int64(1)
	for i, d := range v.Shape {
		got := t.Shape[i]
		if got < 1 || got > math.MaxInt32 {
			return 0, bad()
		}
		switch {
		case d >= 0 && got == int64(d):
		case d < 0 && got%int64(-d) == 0 && (n == 0 || int64(n) == got/int64(-d)):
			n = int(got / int64(-d))
		default:
			return 0, bad()
		}
		if elements > math.MaxInt32/got {
			return 0, fmt.Errorf("%w: input %q: shape %v is too large", ErrInvalid, t.Name, t.Shape)
		}
		elements *= got
	}
	if want := elements * int64(v.DType.Bits()) / 8; int64(len(t.Data)) != want {
		return 0, fmt.Errorf("%w: input %q: %d bytes, want %d for shape %v", ErrInvalid, t.Name, len(t.Data), want, t.Shape)
	}
	return n, nil
}

// hasNaN reports whether a float32 tensor holds what is no number, which would become any number in an integer model.
//
// A number is NaN where its exponent is all ones and its fraction is not 0: then adding all ones of a fraction to it, without its sign,
// sets the bit of the sign. Two are looked at in a word, and four words at a time.
func hasNaN(t *graph.Tensor) bool {
	if t.DType != graph.Float32 {
		return false
	}
	const unsigned, fraction, signs = 0x7fffffff_7fffffff, 0x007fffff_007fffff, 1<<63 | 1<<31
	words := graph.View[uint64](t.Data)
	var found uint64
	for ; len(words) >= 4; words = words[4:] {
		found |= (words[0]&unsigned + fraction) | (words[1]&unsigned + fraction) | (words[2]&unsigned + fraction) | (words[3]&unsigned + fraction)
	}
	for _, w := range words {
		found |= w&unsigned + fraction
	}
	if rest := graph.View[uint32](t.Data[len(t.Data)&^7:]); len(rest) == 1 {
		found |= uint64(rest[0]&(unsigned&math.MaxUint32) + (fraction & math.MaxUint32))
	}
	return found&signs != 0
}

// output makes a response's tensor of an output.
func (c *call) output(t *graph.Tensor, sel selected) (Tensor, error) {
	if sel.top > 0 {
		return c.classification(t, sel)
	}
	out := Tensor{Name: sel.info.Name, Datatype: DatatypeOf(t.DType), Shape: make([]int64, len(t.Shape)), Data: t.Data}
	if out.Datatype == "" {
		return out, fmt.Errorf("output %q: elements of type %v have no name in the protocol", sel.info.Name, t.DType)
	}
	for i, d := range t.Shape {
		out.Shape[i] = int64(d)
	}
	return out, nil
}

// classification makes the tensor of the classification extension: for each example the best classes, as "value:index:label".
func (c *call) classification(t *graph.Tensor, sel selected) (Tensor, error) {
	n := c.n
	if t.Len()%n != 0 {
		return Tensor{}, fmt.Errorf("%w: output %q has no scores for each example", ErrInvalid, sel.info.Name)
	}
	scores := t.Len() / n
	var labels vision.Labels
	if len(c.version.Labels) == scores && sel.index == 0 {
		labels = c.version.Labels
	}
	all := t.Floats()
	top := min(sel.top, scores)
	out := Tensor{Name: sel.info.Name, Datatype: Bytes, Shape: []int64{int64(n), int64(top)}}
	if len(t.Shape) > 0 && sel.info.Shape[0] >= 0 && n == 1 {
		out.Shape = out.Shape[1:]
	}
	for i := range n {
		for _, class := range vision.TopK(all[i*scores:(i+1)*scores], top) {
			text := strconv.FormatFloat(float64(class.Score), 'f', 6, 32)
			if !t.DType.IsFloat() {
				text = strconv.FormatInt(t.Int(i*scores+class.Index), 10)
			}
			text += ":" + strconv.Itoa(class.Index)
			if labels != nil {
				text += ":" + labels[class.Index]
			}
			out.Data = AppendBytes(out.Data, text)
		}
	}
	return out, nil
}

// AppendBytes appends an element of type BYTES.
func AppendBytes(data []byte, element string) []byte {
	return append(binary.LittleEndian.AppendUint32(data, uint32(len(element))), element...)
}

// SplitBytes returns the elements of a BYTES tensor, which share its memory, where there are no more than most. Errors wrap ErrInvalid.
func SplitBytes(data []byte, most int) ([][]byte, error) {
	var out [][]byte
	for rest := data; len(rest) > 0; {
		if len(out) == most {
			return nil, fmt.Errorf("%w: BYTES: more than %d elements", ErrInvalid, most)
		}
		if len(rest) < 4 {
			return nil, fmt.Errorf("%w: BYTES: %d bytes left after element %d, want a length of 4", ErrInvalid, len(rest), len(out))
		}
		n := binary.LittleEndian.Uint32(rest)
		rest = rest[4:]
		if uint64(n) > uint64(len(rest)) {
			return nil, fmt.Errorf("%w: BYTES: element %d has %d bytes, of which %d are there", ErrInvalid, len(out), n, len(rest))
		}
		out = append(out, rest[:n:n])
		rest = rest[n:]
	}
	return out, nil
}

// infoShape returns a model's shape as the protocol writes it: -1 for what depends on the batch.
func infoShape(s graph.Shape) []int64 {
	out := make([]int64, len(s))
	for i, d := range s {
		out[i] = int64(max(d, -1))
	}
	return out
}

// describe describes inputs or outputs.
func describe(list []runtime.ValueInfo) []TensorInfo {
	out := make([]TensorInfo, len(list))
	for i, v := range list {
		out[i] = TensorInfo{Name: v.Name, Datatype: DatatypeOf(v.DType), Shape: infoShape(v.Shape)}
	}
	return out
}

// Model describes a model that serves, as its version does; the latest where that is empty.
func (s *Service) Model(name, version string) (ModelInfo, error) {
	v, err := s.models.Acquire(name, version)
	if err != nil {
		return ModelInfo{}, err
	}
	defer v.Release()
	return ModelInfo{
		Name: v.Model, Versions: s.models.Versions(name), Platform: platform(v),
		Inputs: describe(v.Program.Inputs()), Outputs: describe(v.Program.Outputs()),
	}, nil
}

// platform names the format of a model's file and what runs it.
func platform(v *repository.Version) string { return v.Format + "_" + ServerName }

// ModelReady reports whether a version of a model serves; the latest where that is empty.
func (s *Service) ModelReady(name, version string) error {
	v, err := s.models.Acquire(name, version)
	if err == nil {
		v.Release()
	}
	return err
}
