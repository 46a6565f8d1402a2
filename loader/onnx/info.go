package onnx

import (
	"slices"

	"github.com/octet-ml/octet/graph"
)

// info is what the reader knows of a value while it converts nodes: more than the value itself declares.
type info struct {
	dtype graph.DType  // Invalid while unknown
	rank  int          // -1 while unknown
	quant *graph.Quant // that the operators will see, declared or carried over by operators that only move data
	raw   bool         // a node reads the plain integers of this value, so that it cannot be given a Quant any more
	// poisoned marks the outputs of a node that could not be converted; errors that follow from it are not reported.
	poisoned bool
	variants []*graph.Value // the same elements with other quantizations
	origin   *graph.Value   // the value that this one is a variant of, or nil
}

// info returns what is known of v, which may be nil.
func (r *reader) info(v *graph.Value) *info {
	if i := r.infos[v]; i != nil {
		return i
	}
	i := &info{rank: -1}
	if v != nil {
		r.infos[v] = i
	}
	return i
}

// describe sets what is known of v, completed by what the file's value_info says.
func (r *reader) describe(v *graph.Value, i info) {
	if v == nil {
		return
	}
	if p := r.declared[v.Name]; p != nil && p.tensor {
		if d, err := dtypeOf(p.elemType); err == nil && i.dtype == graph.Invalid {
			i.dtype = d
		}
		if p.hasShape && i.rank < 0 {
			i.rank = len(p.dims)
		}
	}
	r.infos[v] = &i
}

// plain returns v as plain numbers: a value without quantization that has the same elements.
func (r *reader) plain(v *graph.Value) *graph.Value {
	if v == nil {
		return nil
	}
	i := r.info(v)
	if i.quant == nil {
		i.raw = true
		return v
	}
	return r.variant(v, i.dtype, nil, "_plain")
}

// quantized returns v with quantization q: v itself where it has that, or none and nobody minds; else a value with the same
// elements. d is the type that the file states beside the quantization, or Invalid.
func (r *reader) quantized(v *graph.Value, d graph.DType, q *graph.Quant) (*graph.Value, error) {
	i := r.info(v)
	switch {
	case i.dtype == graph.Invalid:
		i.dtype = d
	case d != graph.Invalid && d != i.dtype:
		return nil, formatErrorf("%q is %v, its zero point %v", v.Name, i.dtype, d)
	}
	if i.dtype == graph.Invalid {
		return nil, unsupportedf("%q has no known type: a zero point would tell it", v.Name)
	}
	if v.Shape != nil {
		if err := q.Check(i.dtype, v.Shape); err != nil {
			return nil, formatErrorf("quantization of %q: %w", v.Name, err)
		}
	}
	switch {
	case i.quant.Equal(q) && i.quant != nil:
		if v.Quant == nil {
			v.DType, v.Quant = i.dtype, q
		}
		return v, nil
	case i.quant == nil && !i.raw && v.Producer == nil:
		v.Quant, i.quant = q, q
		return v, nil
	case i.quant == nil && r.quantizeChain(v, i.dtype, q):
		return v, nil
	}
	if i.origin != nil {
		i = r.info(i.origin)
	}
	if len(i.variants) >= maxVariants {
		return nil, limitErrorf("%q has more than %d quantizations", v.Name, maxVariants)
	}
	return r.variant(v, i.dtype, q, "_quantized"), nil
}

// maxVariants bounds the quantizations that readers of one value may see.
const maxVariants = 64

// movers are operators whose output holds the elements of their only data input.
var movers = []string{"Flatten", "Identity", "MaxPool", "Reshape", "Squeeze", "Transpose", "Unsqueeze"}

// quantizeChain gives quantization q, one for the whole tensor, to v and to the values that it is moved from, up to a graph
// input or constant, if each of them has this one reader only; else it changes nothing and returns false.
func (r *reader) quantizeChain(v *graph.Value, d graph.DType, q *graph.Quant) bool {
	chain := []*graph.Value{v}
	for ; v.Producer != nil; chain = append(chain, v) {
		p := v.Producer
		if r.uses[v.Name] != 1 || len(p.Outputs) != 1 || !slices.Contains(movers, p.Op) {
			return false
		}
		v = p.Inputs[0]
	}
	if !q.IsPerTensor() || r.uses[v.Name] != 1 || v.DType != d {
		return false
	}
	for _, v := range chain {
		i := r.info(v)
		v.DType, v.Quant, i.dtype, i.quant = d, q, d, q
	}
	return true
}

// variant returns a value with the elements of v and quantization q: another constant over the same data, or the output of
// a Reinterpret node.
func (r *reader) variant(v *graph.Value, d graph.DType, q *graph.Quant, suffix string) *graph.Value {
	i := r.info(v)
	if i.origin != nil {
		v, i = i.origin, r.info(i.origin)
		if i.quant.Equal(q) {
			return v
		}
	}
	at := slices.IndexFunc(i.variants, func(o *graph.Value) bool { return o.Quant.Equal(q) })
	if at >= 0 {
		return i.variants[at]
	}
	name := r.fresh(v.Name + suffix)
	var out *graph.Value
	if v.Const != nil {
		out = graph.NewConst(name, v.Const)
	} else {
		out = r.g.Add("Reinterpret", name, nil, []*graph.Value{v}, name).Outputs[0]
		out.DType = d
	}
	out.Quant = q
	r.infos[out] = &info{dtype: d, rank: i.rank, quant: q, raw: true, origin: v}
	i.variants = append(i.variants, out)
	return out
}
