package onnx

import (
	"bytes"
	"fmt"
	"maps"
	"reflect"

	"github.com/octet-ml/octet/graph"
)

// difference returns where two graphs differ, "" where they are equal. Constants are compared by content: a name of a constant
// that the reader or the writer made up may differ.
func difference(a, b *graph.Graph) string {
	if a.Name != b.Name {
		return fmt.Sprintf("name %q, %q", a.Name, b.Name)
	}
	meta := maps.Clone(b.Metadata)
	if _, ok := a.Metadata[keyProducerName]; !ok {
		delete(meta, keyProducerName)
	}
	if !maps.Equal(a.Metadata, meta) {
		return fmt.Sprintf("metadata %v, %v", a.Metadata, meta)
	}
	if len(a.Nodes) != len(b.Nodes) {
		return fmt.Sprintf("%d nodes, %d", len(a.Nodes), len(b.Nodes))
	}
	if d := differentValues(a.Inputs, b.Inputs); d != "" {
		return "inputs: " + d
	}
	for i, n := range a.Nodes {
		m := b.Nodes[i]
		if n.Op != m.Op || n.Name != m.Name || !reflect.DeepEqual(n.Attrs, m.Attrs) {
			return fmt.Sprintf("node %d: %s %+v, %s %+v", i, n.Where(), n.Attrs, m.Where(), m.Attrs)
		}
		if d := differentValues(n.Inputs, m.Inputs); d != "" {
			return fmt.Sprintf("%s: inputs: %s", n.Where(), d)
		}
		if d := differentValues(n.Outputs, m.Outputs); d != "" {
			return fmt.Sprintf("%s: outputs: %s", n.Where(), d)
		}
	}
	return differentValues(a.Outputs, b.Outputs)
}

func differentValues(a, b []*graph.Value) string {
	if len(a) != len(b) {
		return fmt.Sprintf("%d values, %d", len(a), len(b))
	}
	for i, v := range a {
		if d := differentValue(v, b[i]); d != "" {
			return fmt.Sprintf("%d: %s", i, d)
		}
	}
	return ""
}

func differentValue(v, w *graph.Value) string {
	switch {
	case v == nil || w == nil:
		if v != w {
			return fmt.Sprintf("%v, %v", v, w)
		}
		return ""
	case v.DType != w.DType || !v.Shape.Equal(w.Shape) || !v.Quant.Equal(w.Quant):
		return fmt.Sprintf("%q %v%v %v, %q %v%v %v", v.Name, v.DType, v.Shape, v.Quant, w.Name, w.DType, w.Shape, w.Quant)
	case (v.Const == nil) != (w.Const == nil):
		return fmt.Sprintf("%q and %q: only one is constant", v.Name, w.Name)
	case v.Const != nil && !bytes.Equal(v.Const.Data, w.Const.Data):
		return fmt.Sprintf("constants %q and %q have different elements", v.Name, w.Name)
	case v.Const == nil && v.Name != w.Name:
		return fmt.Sprintf("%q, %q", v.Name, w.Name)
	}
	return ""
}
