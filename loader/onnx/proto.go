package onnx

import (
	"fmt"
)

// The messages of onnx.proto (https://github.com/onnx/onnx/blob/main/onnx/onnx.proto), as far as they matter here. Field
// numbers stand in the parse functions beside.

// modelProto is ModelProto.
type modelProto struct {
	irVersion       int64
	producerName    string
	producerVersion string
	domain          string
	modelVersion    int64
	doc             string
	opsets          map[string]int64
	metadata        map[string]string
	functions       map[string]bool // "domain op" of model-local functions
	graph           *graphProto
}

// graphProto is GraphProto.
type graphProto struct {
	name         string
	nodes        []*nodeProto
	initializers []*tensorProto
	inputs       []*valueProto
	outputs      []*valueProto
	values       []*valueProto
	sparse       bool
}

// nodeProto is NodeProto.
type nodeProto struct {
	op, name, domain string
	inputs, outputs  []string
	attrs            []*attrProto
}

// where names the node for messages.
func (n *nodeProto) where() string {
	name := n.name
	for i := 0; name == "" && i < len(n.outputs); i++ {
		name = n.outputs[i]
	}
	op := n.op
	if n.domain != "" {
		op = n.domain + "." + op
	}
	return fmt.Sprintf("%s %q", op, name)
}

// attrProto is AttributeProto. Graphs, sparse tensors and types in attributes are noted, not read.
type attrProto struct {
	name    string
	kind    int64
	f       float32
	i       int64
	s       []byte
	t       *tensorProto
	floats  []float32
	ints    []int64
	strings []string
	other   bool
	has     uint32 // bit set of kinds whose field the message holds
}

// AttributeProto.AttributeType.
const (
	attrFloat   = 1
	attrInt     = 2
	attrString  = 3
	attrTensor  = 4
	attrFloats  = 6
	attrInts    = 7
	attrStrings = 8
)

// valueProto is ValueInfoProto with its TypeProto; only tensor types are known.
type valueProto struct {
	name     string
	tensor   bool
	elemType int64
	hasShape bool
	dims     []dimProto
}

// dimProto is TensorShapeProto.Dimension: a value, or a parameter, or neither.
type dimProto struct {
	hasValue bool
	value    int64
	param    string
}
