package gorgonia

import (
	"fmt"
	"reflect"

	"gorgonia.org/gorgonia"
)

// Version is the version of gorgonia.org/gorgonia whose operators this package knows.
const Version = "v0.9.18"

// packagePath is the package whose operators are known by their type's name.
const packagePath = "gorgonia.org/gorgonia"

// Gorgonia exports neither its operators nor their parameters. What they print leaves some of these out: the dilation of a
// convolution's hash, the lower and right padding of a pool, all but one decimal of an epsilon. So the fields are read by
// reflection, which may look at unexported ones. The types and fields below are those of Version; TestFieldsAreThoseOfTheVersion
// pins them.
//
//	im2colOp                h w padH padW strideH strideW dilationH dilationW
//	maxPoolOp, avgPoolOp    h w padNorth padWest padSouth padEast explicitPadding strideH strideW
//	BatchNormOp             epsilon
//	softmaxOp               axis isLog
//	sumOp, maxOp            along
//	transposeOp             pattern
//	concatOp                axis
//	sliceOp, repeatOp       along
//	sizeOp                  axis
//	upsampleOp              stride
//	linAlgBinOp             transA transB
//
// Operands are read likewise. ExprGraph.From would be the way that is exported, but it finds nodes by a table of indices that is
// wrong for those behind a node that has been removed.

// kind returns the name of the type of an operator of Gorgonia, such as "im2colOp"; empty for operators of other packages and for nil.
func kind(op gorgonia.Op) string {
	if op == nil {
		return ""
	}
	t := reflect.TypeOf(op)
	if t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	if t.PkgPath() != packagePath {
		return ""
	}
	return t.Name()
}

// parameters reads the fields of an operator. The first error stays.
type parameters struct {
	op  reflect.Value // the struct
	err error
}

func parametersOf(op gorgonia.Op) *parameters {
	v := reflect.ValueOf(op)
	if v.Kind() == reflect.Pointer {
		v = v.Elem()
	}
	return &parameters{op: v}
}

// field returns a field of the given kind, or notes that there is none.
func (p *parameters) field(name string, want reflect.Kind) (reflect.Value, bool) {
	if p.op.Kind() == reflect.Struct {
		if v := p.op.FieldByName(name); v.IsValid() && v.Kind() == want {
			return v, true
		}
	}
	if p.err == nil {
		p.err = fmt.Errorf("%w: %v has no %v %q: want %s %s", ErrVersion, p.op.Type(), want, name, packagePath, Version)
	}
	return reflect.Value{}, false
}

func (p *parameters) int(name string) int {
	v, ok := p.field(name, reflect.Int)
	if !ok {
		return 0
	}
	return int(v.Int())
}

// pair returns two fields, of the height and of the width.
func (p *parameters) pair(h, w string) [2]int { return [2]int{p.int(h), p.int(w)} }

func (p *parameters) bool(name string) bool {
	v, ok := p.field(name, reflect.Bool)
	return ok && v.Bool()
}

func (p *parameters) float(name string) float64 {
	v, ok := p.field(name, reflect.Float64)
	if !ok {
		return 0
	}
	return v.Float()
}

func (p *parameters) ints(name string) []int {
	v, ok := p.field(name, reflect.Slice)
	if !ok {
		return nil
	}
	out := make([]int, v.Len())
	for i := range out {
		if e := v.Index(i); e.Kind() == reflect.Int {
			out[i] = int(e.Int())
		}
	}
	return out
}

// family is the nodes that some outputs are computed from, by address.
type family map[uintptr]*gorgonia.Node

// familyOf returns the outputs and all that they are computed from.
func familyOf(outputs gorgonia.Nodes) family {
	f := make(family)
	for _, out := range outputs {
		if _, ok := f[reflect.ValueOf(out).Pointer()]; ok {
			continue
		}
		for n := range gorgonia.WalkGraph(out) {
			f[reflect.ValueOf(n).Pointer()] = n
		}
	}
	return f
}

// operands returns what n is computed from, in order.
func (f family) operands(n *gorgonia.Node) gorgonia.Nodes {
	list := reflect.ValueOf(n).Elem().FieldByName("children")
	if list.Kind() != reflect.Slice || list.Type().Elem().Kind() != reflect.Pointer {
		return nil
	}
	out := make(gorgonia.Nodes, list.Len())
	for i := range out {
		if out[i] = f[list.Index(i).Pointer()]; out[i] == nil {
			return nil
		}
	}
	return out
}
