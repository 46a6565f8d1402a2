package graph

import (
	"bufio"
	"fmt"
	"io"
	"maps"
	"reflect"
	"slices"
	"strings"
)

// Print writes the text form of g for people: one line for each input, constant, node and output, the same text for the
// same graph. Constants of more than 8 elements, quantizations of more than 4 scales and long metadata are elided: their
// size and their CRC-32 stand for them, so that Parse may refuse the text. g need not be well formed.
//
//	graph NAME
//	meta KEY TEXT
//	input NAME: TYPE QUANT
//	const NAME: TYPE QUANT = DATA
//	NAME: TYPE QUANT, _ = OPERATOR(NAME, _) {FIELD=VALUE ...} @NODE
//	output NAME
//
// TYPE is a type and a shape, such as u8[N 3 2N]; ? is an unknown type, a missing shape an unknown one or a scalar's. QUANT
// is q(scale:zero), or q{...} with the fields of Quant that are not zero. DATA is (1 2 3), or base64:... with the bytes of
// Tensor.Data. Absent inputs and unwanted outputs are _. Attributes that are zero are left out; VALUE is true, 1, 0.5, a
// quoted text, [1 2], {FIELD=VALUE}, the name of a DType, a Shape, or TYPE DATA for a Tensor. A name is quoted as in Go
// unless it consists of letters, digits and any of "_./+-", or where it would read as something else. A comment runs from
// # to the end of its line.
func Print(w io.Writer, g *Graph) error {
	p := printer{Writer: bufio.NewWriter(w)}
	return p.graph(g)
}

// PrintFull writes the text form of g with nothing elided: Parse gives an equal graph back, of which no two values share a
// tensor or a Quant. A NaN among the attributes loses its payload, and attributes that are nil come back zero where the
// operator has some. An error wraps ErrInvalid where g is not well formed; an attribute of a type without a text form is an
// error too, here and in Print.
func PrintFull(w io.Writer, g *Graph) error {
	if err := g.Verify(); err != nil {
		return err
	}
	p := printer{Writer: bufio.NewWriter(w), full: true}
	return p.graph(g)
}

// The sizes up to which Print writes things out.
const (
	shortData   = 8   // elements of a tensor
	shortScales = 4   // scales of a Quant
	shortMeta   = 100 // bytes of a metadata text
)

// keywords are the words that begin a line which is not a node's.
var keywords = []string{"graph", "meta", "input", "const", "output"}

// printer writes the text form. The first error of the underlying writer sticks to the bufio.Writer.
type printer struct {
	*bufio.Writer
	full bool
	err  error // of an attribute without a text form
}

func (p *printer) graph(g *Graph) error {
	if g.Name != "" {
		fmt.Fprintf(p, "graph %s\n", quoteName(g.Name))
	}
	for _, key := range slices.Sorted(maps.Keys(g.Metadata)) {
		text := g.Metadata[key]
		if p.full || len(text) <= shortMeta {
			fmt.Fprintf(p, "meta %s %q\n", quoteName(key), text)
		} else {
			fmt.Fprintf(p, "meta %s %d bytes %s\n", quoteName(key), len(text), digest([]byte(text)))
		}
	}
	for _, v := range g.Inputs {
		p.source("input", v)
	}
	for _, v := range g.constants() {
		p.source("const", v)
	}
	for _, n := range g.Nodes {
		p.node(n)
		if p.err != nil {
			return fmt.Errorf("%s: %w", n.Where(), p.err)
		}
	}
	for _, v := range g.Outputs {
		fmt.Fprintf(p, "output %s\n", reference(v))
	}
	return p.Flush()
}

// constants returns the constants that are not inputs, in the order of their first use.
func (g *Graph) constants() []*Value {
	var list []*Value
	seen := make(map[*Value]bool)
	for _, v := range g.Inputs {
		seen[v] = true
	}
	for _, n := range append(slices.Clone(g.Nodes), &Node{Inputs: g.Outputs}) {
		for _, v := range n.Inputs {
			if v != nil && v.Const != nil && !seen[v] {
				seen[v] = true
				list = append(list, v)
			}
		}
	}
	return list
}

// source writes the line of an input or a constant.
func (p *printer) source(keyword string, v *Value) {
	p.WriteString(keyword + " ")
	p.value(v)
	if v != nil && v.Const != nil {
		p.WriteString(" = ")
		p.data(v.Const)
	}
	p.WriteByte('\n')
}

func (p *printer) node(n *Node) {
	for i, v := range n.Outputs {
		if i > 0 {
			p.WriteString(", ")
		}
		p.value(v)
	}
	if len(n.Outputs) > 0 {
		p.WriteByte(' ')
	}
	inputs := make([]string, len(n.Inputs))
	for i, v := range n.Inputs {
		inputs[i] = reference(v)
	}
	fmt.Fprintf(p, "= %s(%s)", quoteName(n.Op), strings.Join(inputs, ", "))
	if a := reflect.ValueOf(n.Attrs); n.Attrs != nil && (a.Kind() != reflect.Pointer || a.Type().Elem().Kind() != reflect.Struct) {
		p.err = fmt.Errorf("attributes are %T, not a pointer to a struct", n.Attrs)
	} else if n.Attrs != nil && !a.IsNil() && !a.Elem().IsZero() {
		p.WriteByte(' ')
		p.attribute(a.Elem())
	}
	if n.Name != "" {
		p.WriteString(" @" + quoteName(n.Name))
	}
	p.WriteByte('\n')
}

// value writes the definition of v.
func (p *printer) value(v *Value) {
	p.WriteString(reference(v))
	if v == nil || v.DType == Invalid && v.Shape == nil && v.Quant == nil {
		return
	}
	p.WriteString(": ")
	p.typ(v.DType, v.Shape)
	if v.Quant != nil {
		p.WriteString(" q")
		p.quant(v.Quant)
	}
}

func (p *printer) typ(d DType, s Shape) {
	if d == Invalid {
		p.WriteByte('?')
	} else {
		p.WriteString(d.String())
	}
	if s != nil {
		p.WriteString(s.String())
	}
}

func (p *printer) quant(q *Quant) {
	switch {
	case q.IsPerTensor() && q.Axis == 0 && q.Table == nil && len(q.Zero) == 1:
		fmt.Fprintf(p, "(%g:%d)", q.Scale[0], q.Zero[0])
	case p.full || len(q.Scale) <= shortScales:
		p.attribute(reflect.ValueOf(q).Elem())
	default:
		p.WriteString(q.String())
	}
}

// reference returns what stands for v where it is read or produced.
func reference(v *Value) string {
	if v == nil {
		return "_"
	}
	return quoteName(v.Name)
}
