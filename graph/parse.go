package graph

import (
	"fmt"
	"reflect"
	"strconv"
	"strings"
)

// Limits on what Parse reads.
const (
	maxText   = 1 << 30 // bytes
	maxValues = 1 << 20 // values, and nodes as well
)

// Parse returns the graph that a text describes; the form is told at Print. newAttrs returns a pointer to a new attribute
// struct for an operator, nil where it has no attributes, or an error where there is no such operator: ops.NewAttrs. Its
// defaults do not count: what the text does not give is zero. The graph is well formed (Graph.Verify), and its types
// are those that the text declares. Errors wrap ErrSyntax and tell the line. No length in the text makes Parse
// allocate more than a multiple of the size of the text.
func Parse(text string, newAttrs func(op string) (any, error)) (*Graph, error) {
	if len(text) > maxText {
		return nil, fmt.Errorf("%w: %d bytes, more than %d", ErrSyntax, len(text), maxText)
	}
	p := parser{newAttrs: newAttrs, g: new(Graph), read: make(map[*Value]bool)}
	p.check = verifier{names: make(map[string]*Value), defined: make(map[*Value]bool)}
	line := 0
	for s := range strings.SplitSeq(text, "\n") {
		line++
		p.rest = s
		p.line()
		if !p.end() {
			p.fail("want the end of the line before %s", p.next())
		}
		if p.err != nil {
			return nil, fmt.Errorf("%w: line %d: %w", ErrSyntax, line, p.err)
		}
	}
	for _, v := range p.consts {
		if !p.read[v] {
			return nil, fmt.Errorf("%w: constant %q is not used", ErrSyntax, v.Name)
		}
	}
	if err := p.g.Verify(); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrSyntax, err)
	}
	return p.g, nil
}

// parser reads a graph line by line. After a failure nothing more is read.
type parser struct {
	scanner
	newAttrs func(op string) (any, error)
	g        *Graph
	check    verifier // of the values defined so far
	consts   []*Value
	read     map[*Value]bool
}

func (p *parser) line() {
	switch {
	case p.end():
	case p.keyword("graph"):
		if p.g.Name != "" {
			p.fail("the graph has a name already")
		}
		p.g.Name = p.name()
	case p.keyword("meta"):
		key := p.name()
		if _, ok := p.g.Metadata[key]; ok {
			p.fail("metadata %q is given twice", key)
		}
		if p.g.Metadata == nil {
			p.g.Metadata = make(map[string]string)
		}
		p.g.Metadata[key] = p.quoted()
	case p.keyword("input"):
		v := p.value(p.name())
		if p.accept('=') {
			p.constant(v)
		}
		p.define(v)
		p.g.Inputs = append(p.g.Inputs, v)
	case p.keyword("const"):
		v := p.value(p.name())
		p.expect('=')
		p.constant(v)
		p.define(v)
		p.consts = append(p.consts, v)
	case p.keyword("output"):
		p.g.Outputs = append(p.g.Outputs, p.reference())
	default:
		p.node()
	}
}

func (p *parser) node() {
	n := new(Node)
	for !p.accept('=') && p.err == nil {
		var v *Value
		if !p.keyword("_") {
			v = p.value(p.name())
			v.Producer = n
		}
		n.Outputs = append(n.Outputs, v)
		p.separate('=')
	}
	n.Op = p.name()
	p.expect('(')
	for !p.accept(')') && p.err == nil {
		var v *Value
		if !p.keyword("_") {
			v = p.reference()
		}
		n.Inputs = append(n.Inputs, v)
		p.separate(')')
	}
	n.Attrs = p.attributes(n.Op)
	if p.accept('@') {
		n.Name = p.name()
	}
	for _, v := range n.Outputs {
		if v != nil {
			p.define(v)
		}
	}
	if len(p.g.Nodes) == maxValues {
		p.fail("more than %d nodes", maxValues)
	}
	p.g.Nodes = append(p.g.Nodes, n)
}

// separate reads the comma between two elements of a list that end closes.
func (p *parser) separate(end byte) {
	if p.peek() != end {
		p.expect(',')
	}
}

// define adds v to the values that may be read.
func (p *parser) define(v *Value) {
	if p.err != nil {
		return
	}
	if len(p.check.defined) == maxValues {
		p.fail("more than %d values", maxValues)
	} else if err := p.check.define(v); err != nil {
		p.fail("value %q: %w", v.Name, err)
	}
}

func (p *parser) reference() *Value {
	name := p.name()
	v := p.check.names[name]
	if v == nil {
		p.fail("value %q is read before it is defined", name)
	}
	p.read[v] = true
	return v
}

// value reads what follows the name of a value where it is defined.
func (p *parser) value(name string) *Value {
	v := &Value{Name: name}
	if !p.accept(':') {
		return v
	}
	v.DType, v.Shape = p.typ()
	switch {
	case !p.keyword("q"):
	case p.accept('('):
		v.Quant = PerTensor(0, 0)
		p.attribute(reflect.ValueOf(&v.Quant.Scale[0]).Elem())
		p.expect(':')
		p.attribute(reflect.ValueOf(&v.Quant.Zero[0]).Elem())
		p.expect(')')
	case p.peek() == '[':
		p.fail("the quantization is elided")
	default:
		v.Quant = new(Quant)
		p.attribute(reflect.ValueOf(v.Quant).Elem())
	}
	return v
}

func (p *parser) typ() (d DType, s Shape) {
	d = p.dtype()
	if p.peek() == '[' {
		s = p.shape()
	}
	return d, s
}

func (p *parser) dtype() DType {
	if p.accept('?') {
		return Invalid
	}
	d, err := ParseDType(p.word())
	p.failOn(err)
	return d
}

func (p *parser) shape() Shape {
	s := Shape{}
	p.expect('[')
	for !p.accept(']') && p.err == nil {
		word := p.word()
		number, batch := strings.CutSuffix(word, "N")
		d := 1
		var err error
		if number != "" || !batch {
			d, err = strconv.Atoi(number)
		}
		switch {
		case err != nil || d < 0 || batch && d == 0:
			p.fail("dimension %q: want a number, N or a multiple like 2N", word)
		case batch:
			d = -d
		}
		s = append(s, d)
	}
	return s
}

func (p *parser) constant(v *Value) {
	v.Const = &Tensor{DType: v.DType, Shape: v.Shape}
	p.data(v.Const)
}
