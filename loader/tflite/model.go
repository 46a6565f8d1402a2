package tflite

import (
	"fmt"
	"math"
)

// model is the part of a Model table that is decoded; data stay in the file.
type model struct {
	*file
	root        table
	description string
	codes       []opcode
	tensors     []tensorTable
	operators   []operator
	inputs      []int
	outputs     []int
	name        string
	buffers     vector
}

// opcode is an OperatorCode.
type opcode struct {
	builtin int
	custom  string
}

// tensorTable is a Tensor.
type tensorTable struct {
	table
	name      string
	shape     []int
	signature []int // nil, or shape with -1 for dimensions that are open
}

// operator is an Operator.
type operator struct {
	index   int
	code    opcode
	inputs  []int // numbers of tensors, -1 where absent
	outputs []int
	options table // the zero table where absent
	kind    byte  // type of the options, a value of BuiltinOptions
}

// where names the operator for messages.
func (o *operator) where() string {
	name := o.code.custom
	if o.code.builtin != codeCustom || name == "" {
		name = operatorName(o.code.builtin)
	}
	return fmt.Sprintf("operator %d %s", o.index, name)
}

// Costs, in bytes, that each tensor and operator of a model is counted with, whatever its lists and names take.
const (
	tensorCost   = 512
	operatorCost = 1024
)

// parseModel reads everything but data and options.
func parseModel(data []byte, l Limits) (*model, error) {
	if int64(len(data)) > l.FileBytes {
		return nil, limitErrorf("file of %d bytes: at most %d", len(data), l.FileBytes)
	}
	if len(data) < 8 || string(data[4:8]) != identifier {
		return nil, formatErrorf("no file identifier %q", identifier)
	}
	m := &model{file: &file{data: data, left: l.DecodedBytes}}
	m.root = m.tableAt(m.follow(0))
	if v := m.root.uint(modelVersion); m.err == nil && v != schemaVersion {
		return nil, unsupportedf("schema version %d: want %d", v, schemaVersion)
	}
	m.description = m.root.string(modelDescription)
	m.buffers = m.root.tables(modelBuffers)
	subgraphs := m.root.tables(modelSubgraphs)
	if m.err == nil && subgraphs.n == 0 {
		return nil, formatErrorf("no subgraph")
	}
	if m.err != nil {
		return nil, m.err
	}
	if err := m.readCodes(); err != nil {
		return nil, err
	}
	g := subgraphs.table(0)
	m.name, m.inputs, m.outputs = g.string(subgraphName), g.ints(subgraphInputs), g.ints(subgraphOutputs)
	if err := m.readTensors(g.tables(subgraphTensors), l); err != nil {
		return nil, err
	}
	if err := m.readOperators(g.tables(subgraphOperators), l); err != nil {
		return nil, err
	}
	return m, m.err
}

// readCodes reads the operator codes. A code up to 127 may stand in the field of one byte that older writers know only.
func (m *model) readCodes() error {
	v := m.root.tables(modelOperatorCodes)
	if !m.spend(v.n * 32) {
		return m.err
	}
	m.codes = make([]opcode, v.n)
	for i := range m.codes {
		t := v.table(i)
		m.codes[i] = opcode{builtin: max(int(int8(t.byte(operatorCodeDeprecated))), t.int(operatorCodeBuiltin, 0)), custom: t.string(operatorCodeCustom)}
	}
	return m.err
}

func (m *model) readTensors(v vector, l Limits) error {
	if v.n > l.Tensors {
		return limitErrorf("%d tensors: at most %d", v.n, l.Tensors)
	}
	if !m.spend(v.n * tensorCost) {
		return m.err
	}
	m.tensors = make([]tensorTable, v.n)
	for i := range m.tensors {
		t := tensorTable{table: v.table(i)}
		t.name, t.shape, t.signature = t.string(tensorName), t.ints(tensorShape), t.ints(tensorSignature)
		if len(t.shape) > l.Rank {
			return limitErrorf("tensor %d %q: %d axes: at most %d", i, t.name, len(t.shape), l.Rank)
		}
		if len(t.signature) > 0 && len(t.signature) != len(t.shape) {
			return formatErrorf("tensor %d %q: signature %v for shape %v", i, t.name, t.signature, t.shape)
		}
		for _, d := range t.shape {
			if d < 0 {
				return formatErrorf("tensor %d %q: shape %v", i, t.name, t.shape)
			}
		}
		m.tensors[i] = t
		if m.err != nil {
			return fmt.Errorf("tensor %d: %w", i, m.err)
		}
	}
	return nil
}

func (m *model) readOperators(v vector, l Limits) error {
	if v.n > l.Nodes {
		return limitErrorf("%d operators: at most %d", v.n, l.Nodes)
	}
	if !m.spend(v.n * operatorCost) {
		return m.err
	}
	m.operators = make([]operator, v.n)
	for i := range m.operators {
		t := v.table(i)
		code := t.uint(operatorCode)
		if m.err == nil && uint64(code) >= uint64(len(m.codes)) {
			m.fail(formatErrorf("operator code %d of %d", code, len(m.codes)))
		}
		if m.err != nil {
			return fmt.Errorf("operator %d: %w", i, m.err)
		}
		m.operators[i] = operator{
			index: i, code: m.codes[code], inputs: t.ints(operatorInputs), outputs: t.ints(operatorOutputs),
			options: t.table(operatorOptions), kind: t.byte(operatorOptionsType),
		}
		if m.err != nil {
			return fmt.Errorf("operator %d: %w", i, m.err)
		}
	}
	return nil
}

// buffer returns the bytes of a buffer, which alias the file; nil where it is empty. Models above 2 GiB keep data behind
// the flatbuffer and refer to them by offset and size.
func (m *model) buffer(i uint32) ([]byte, error) {
	if uint64(i) >= uint64(m.buffers.n) {
		return nil, formatErrorf("buffer %d of %d", i, m.buffers.n)
	}
	t := m.buffers.table(int(i))
	data := t.bytes(bufferData)
	offset, size := t.ulong(bufferOffset), t.ulong(bufferSize)
	if m.err != nil {
		return nil, fmt.Errorf("buffer %d: %w", i, m.err)
	}
	if offset > 1 {
		if offset > math.MaxInt64 || size > math.MaxInt64 || offset > uint64(len(m.data)) || size > uint64(len(m.data))-offset {
			return nil, formatErrorf("buffer %d: %d bytes at %d leave the file", i, size, offset)
		}
		return m.data[offset : offset+size : offset+size], nil
	}
	return data, nil
}
