package onnx

import (
	"maps"
	"math"
	"slices"
	"strconv"

	"github.com/octet-ml/octet/graph"
)

// irVersions lists the IR version that came with an operator set
// (https://github.com/onnx/onnx/blob/main/docs/Versioning.md), oldest first.
var irVersions = []struct{ opset, ir int64 }{{12, 7}, {15, 8}, {19, 9}, {21, 10}, {23, 11}, {24, 12}}

// model builds the ModelProto.
func (e *encoder) model() (*message, error) {
	body, err := e.graph()
	if err != nil {
		return nil, err
	}
	var ir int64
	for _, v := range irVersions {
		if int64(e.opset) >= v.opset {
			ir = v.ir
		}
	}
	m := new(message)
	m.integer(1, ir)
	meta := maps.Clone(e.g.Metadata)
	take := func(key, missing string) string {
		v, ok := meta[key]
		delete(meta, key)
		if !ok {
			return missing
		}
		return v
	}
	m.text(2, take(keyProducerName, "octet"))
	m.text(3, take(keyProducerVersion, ""))
	m.text(4, take(keyDomain, ""))
	if v, err := strconv.ParseInt(take(keyModelVersion, "0"), 10, 64); err == nil && v != 0 {
		m.integer(5, v)
	}
	if doc := take(keyDoc, ""); doc != "" {
		m.text(6, doc)
	}
	m.message(7, *body)
	m.message(8, opsetMessage("", e.opset))
	if e.micro {
		m.message(8, opsetMessage(microsoft, 1))
	}
	for _, key := range slices.Sorted(maps.Keys(meta)) {
		var pair message
		pair.text(1, key)
		pair.text(2, meta[key])
		m.message(propertiesField, pair)
	}
	if m.size > math.MaxInt32 {
		return nil, limitErrorf("model of %d bytes: protobuf allows %d", m.size, math.MaxInt32)
	}
	return m, nil
}

// opsetMessage is an OperatorSetIdProto.
func opsetMessage(domain string, version int) message {
	var m message
	m.text(1, domain)
	m.integer(2, int64(version))
	return m
}

// graph builds the GraphProto.
func (e *encoder) graph() (*message, error) {
	m := new(message)
	for _, n := range e.body {
		m.message(1, n)
	}
	name := e.g.Name
	if name == "" {
		name = "graph"
	}
	m.text(2, name)
	for _, t := range e.constants {
		m.message(5, t)
	}
	for _, v := range e.g.Inputs {
		info, err := valueMessage(v.Name, v.DType, shapeOf(v.Shape))
		if err != nil {
			return nil, err
		}
		m.message(11, info)
	}
	types := e.outputTypes()
	for _, v := range e.g.Outputs {
		d, s := v.DType, v.Shape // a nil shape may be one that is not inferred
		if d == graph.Invalid {
			d, s = types[v.Name], nil
		}
		info, err := valueMessage(v.Name, d, s)
		if err != nil {
			return nil, err
		}
		m.message(12, info)
	}
	return m, nil
}

// outputTypes returns the element types of the graph's outputs, as far as reading back what was written tells them.
func (e *encoder) outputTypes() map[string]graph.DType {
	if !slices.ContainsFunc(e.g.Outputs, func(v *graph.Value) bool { return v.DType == graph.Invalid }) {
		return nil
	}
	var body message
	for _, n := range e.body {
		body.message(1, n)
	}
	for _, t := range e.constants {
		body.message(5, t)
	}
	for _, v := range e.g.Inputs {
		if info, err := valueMessage(v.Name, v.DType, shapeOf(v.Shape)); err == nil {
			body.message(11, info)
		}
	}
	for _, v := range e.g.Outputs {
		if info, err := valueMessage(v.Name, graph.Invalid, nil); err == nil {
			body.message(12, info)
		}
	}
	var m message
	m.message(7, body)
	m.message(8, opsetMessage("", e.opset))
	r, err := read(m.bytes(), Options{})
	if err != nil {
		return nil
	}
	types := make(map[string]graph.DType)
	for _, v := range e.g.Outputs {
		types[v.Name] = r.info(r.values[v.Name]).dtype
	}
	return types
}
