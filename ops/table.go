package ops

import (
	"fmt"
	"slices"
	"strings"
)

// table holds every operator by name. Each family of operators contributes its rows.
var table map[string]*Operator

// The rows refer to functions that look operators up, so the table is filled after the variables are initialised.
func init() {
	table = build(
		convRows, denseRows, poolRows, normRows,
		unaryRows, binaryRows, softmaxRows, reduceRows,
		shapeRows, moveRows, gatherRows, resizeRows, castRows, quantRows, dynamicRows,
	)
}

// build makes the table; two rows of one name are a bug.
func build(families ...[]Operator) map[string]*Operator {
	m := make(map[string]*Operator)
	for _, rows := range families {
		for i := range rows {
			r := &rows[i]
			if m[r.Name] != nil {
				panic("bug: two operators named " + r.Name)
			}
			m[r.Name] = r
		}
	}
	return m
}

// Lookup returns the operator with the given name, or an error that wraps ErrUnknown.
func Lookup(name string) (*Operator, error) {
	if op := table[name]; op != nil {
		return op, nil
	}
	return nil, fmt.Errorf("%w %q", ErrUnknown, name)
}

// All returns the operators sorted by name.
func All() []*Operator {
	var list []*Operator
	for _, op := range table {
		list = append(list, op)
	}
	slices.SortFunc(list, func(a, b *Operator) int { return strings.Compare(a.Name, b.Name) })
	return list
}

// NewAttrs returns a new attribute struct for the operator, nil where it has none; the text form of graphs reads attributes with it.
func NewAttrs(name string) (any, error) {
	op, err := Lookup(name)
	if err != nil {
		return nil, err
	}
	if op.Attrs == nil {
		return nil, nil
	}
	return op.Attrs(), nil
}
