package opstest_test

import (
	"errors"
	"math"
	"math/rand"
	"reflect"
	"testing"
	"time"

	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/internal/testkit"
	"github.com/octet-ml/octet/ops"
	. "github.com/octet-ml/octet/ops/opstest"
)

// mutant returns a random variant of a case: other attributes, operands and declarations.
func (s source) mutant(c Case) Case {
	c.In = append([]Operand(nil), c.In...)
	if op, err := ops.Lookup(c.Op); err == nil && op.Attrs != nil && c.Attrs == nil {
		c.Attrs = op.Attrs()
	}
	if c.Attrs != nil && s.Intn(2) == 0 {
		a := reflect.New(reflect.TypeOf(c.Attrs).Elem())
		a.Elem().Set(reflect.ValueOf(c.Attrs).Elem())
		s.disturb(a.Elem())
		c.Attrs = a.Interface()
	}
	for range s.Intn(3) {
		i := s.Intn(len(c.In) + 1)
		if i == len(c.In) {
			c.In = append(c.In, Operand{})
		}
		c.In[i] = s.strange(c.In[i])
	}
	if s.Intn(4) == 0 {
		d := graph.DType(s.Intn(int(graph.Uint4) + 1))
		c.Out = []Declared{{DType: d}}
		if d.IsInteger() && s.Intn(2) == 0 {
			c.Out[0].Quant = graph.PerTensor(s.Float32(), 0)
		}
	}
	return c
}

// disturb changes a random field of an attribute struct.
func (s source) disturb(v reflect.Value) {
	if v.Kind() == reflect.Struct && v.NumField() > 0 {
		s.disturb(v.Field(s.Intn(v.NumField())))
		return
	}
	if v.Kind() == reflect.Array {
		s.disturb(v.Index(s.Intn(v.Len())))
		return
	}
	strange := []int64{-2, -1, 0, 1, 2, 3, 5, math.MaxInt32, math.MinInt32, math.MaxInt64}
	n := strange[s.Intn(len(strange))]
	switch v.Kind() {
	case reflect.Int:
		v.SetInt(n)
	case reflect.Uint8:
		v.SetUint(uint64(s.Intn(18)))
	case reflect.Bool:
		v.SetBool(s.Intn(2) == 0)
	case reflect.Float32:
		v.SetFloat([]float64{0, 1, -1, math.Inf(1), math.NaN(), 1e-30, 3e38}[s.Intn(7)])
	case reflect.String:
		v.SetString([]string{"", "linear", "cubic", "align_corners", "x"}[s.Intn(5)])
	case reflect.Slice:
		if v.Type().Elem().Kind() == reflect.Int {
			list := reflect.MakeSlice(v.Type(), s.Intn(5), 5)
			for i := range list.Len() {
				s.disturb(list.Index(i))
			}
			v.Set(list)
		}
	}
}

// strange returns another operand: absent, of another type or shape, constant or not, with strange numbers.
func (s source) strange(o Operand) Operand {
	if o.Data == nil || s.Intn(3) == 0 {
		shape := make([]int, s.Intn(5))
		for i := range shape {
			shape[i] = []int{0, 1, 1, 2, 3, 4}[s.Intn(6)]
		}
		o = Operand{Data: s.real(graph.DType(1+s.Intn(int(graph.Uint4))), shape...), Const: s.Intn(2) == 0}
		if o.Data.DType.IsInteger() && s.Intn(3) == 0 {
			o.Quant = graph.PerTensor([]float32{1e-38, 0.1, 1, 3e38}[s.Intn(4)], 0)
		}
		return o
	}
	switch s.Intn(4) {
	case 0:
		return Operand{}
	case 1:
		o.Const = !o.Const
		return o
	}
	t := o.Data.Clone()
	for range 1 + s.Intn(3) {
		if n := t.Len(); n > 0 && t.DType.IsFloat() {
			t.SetFloat(s.Intn(n), []float64{0, -1, math.Inf(1), math.NaN(), 1e-40, 1e30}[s.Intn(6)])
		} else if n > 0 {
			t.SetInt(s.Intn(n), []int64{-1, 0, 1, math.MaxInt64, math.MinInt64, 2, -3}[s.Intn(7)])
		}
	}
	o.Data = t
	return o
}

// survive infers, evaluates and lowers a case; whatever it is, only an error may come back.
func survive(t *testing.T, target *ops.Target, c Case) (valid bool) {
	defer func() {
		if r := recover(); r != nil {
			t.Errorf("%s %s with %+v and %d inputs panics: %v", c.Op, c.Name, c.Attrs, len(c.In), r)
			for i, o := range c.In {
				if o.Data != nil {
					t.Logf("input %d: %v%v constant %v %v", i, o.Data.DType, o.Data.Shape, o.Const, o.Quant)
				}
			}
			if testing.Verbose() {
				panic(r)
			}
		}
	}()
	n, err := c.Node()
	if err != nil {
		return false
	}
	for _, v := range n.Outputs {
		if size, err := v.Shape.Elements(); err != nil || size < 0 || size > 1<<16 {
			return false
		}
	}
	var in []*graph.Tensor
	for _, o := range c.In {
		in = append(in, o.Data)
	}
	if _, err := ops.Evaluate(n, in); err != nil && !errors.Is(err, ops.ErrUnsupported) {
		t.Errorf("%s %s with %+v: inferred, but %v", c.Op, c.Name, c.Attrs, err)
	}
	if _, err := ops.Lower(target, n); err != nil && !errors.Is(err, ops.ErrUnsupported) {
		t.Errorf("%s %s with %+v: inferred, but lowering gives %v", c.Op, c.Name, c.Attrs, err)
	}
	return true
}

// products returns small cases of the operators that multiply and that quantize.
func (s source) products() []Case {
	x, q := s.operand("f32", 1, 4, 5, 5), s.operand("qu8", 1, 4, 5, 5)
	w, qw := Const(s.real(graph.Float32, 6, 2, 3, 3)), Quantized(s.real(graph.Int8, 6, 2, 3, 3), 0.1, 0)
	qw.Const = true
	bias := Const(s.real(graph.Int32, 6))
	scale := Const(f([]float32{0.1, 0.2, 0.3, 0.4}, 4))
	return []Case{
		{Op: "Conv", Attrs: &ops.Conv{Group: 2}, In: []Operand{x, w, Const(s.real(graph.Float32, 6))}},
		{Op: "Conv", Attrs: &ops.Conv{Group: 2}, In: []Operand{q, qw, bias}, Out: s.declared("qu8")},
		{Op: "Conv", Attrs: &ops.Conv{Group: 2, Window: ops.Window{AutoPad: ops.SameUpper}}, In: []Operand{q, qw}},
		{Op: "Dense", Attrs: &ops.Dense{Flatten: true}, In: []Operand{x, Const(s.real(graph.Float32, 3, 100))}},
		{Op: "Dense", Attrs: &ops.Dense{}, In: []Operand{s.operand("qu8", 3, 8), Const(s.real(graph.Int8, 5, 8))}},
		{Op: "Gemm", Attrs: &ops.Gemm{Alpha: 1, Beta: 1, TransB: true}, In: []Operand{s.operand("f32", 3, 8), s.operand("f32", 5, 8), s.operand("f32", 5)}},
		{Op: "MatMul", In: []Operand{s.operand("f32", 2, 3, 8), s.operand("f32", 8, 5)}},
		{Op: "MatMul", In: []Operand{s.operand("u8", 3, 8), s.operand("i8", 8, 5)}},
		{Op: "Quantize", In: []Operand{x}, Out: s.declared("qu8")},
		{Op: "Dequantize", In: []Operand{q}},
		{Op: "Requantize", In: []Operand{q}, Out: s.declared("qi8")},
		{Op: "Reinterpret", In: []Operand{q}, Out: []Declared{{DType: graph.Int8}}},
		{Op: "QuantizeLinear", Attrs: &ops.QuantizeLinear{Axis: 1}, In: []Operand{x, scale}},
		{Op: "DequantizeLinear", Attrs: &ops.QuantizeLinear{Axis: 1}, In: []Operand{In(q.Data), scale, Const(s.real(graph.Uint8, 4))}},
		{Op: "DynamicQuantizeLinear", In: []Operand{x}, Out: make([]Declared, 3)},
	}
}

// TestStrangeNodesGiveErrors mutates valid cases. What Infer accepts must evaluate.
func TestStrangeNodesGiveErrors(t *testing.T) {
	s := source{rand.New(rand.NewSource(testkit.Seed(t)))}
	var target *ops.Target
	for _, target = range Targets(t) {
		break
	}
	var small []Case
	for _, c := range s.all() {
		if len(c.In[0].Data.Data) < 4096 {
			small = append(small, c)
		}
	}
	for range 20 { // as many as of another family
		small = append(small, s.products()...)
	}
	valid := 0
	const tries = 4000
	for range tries {
		c := s.mutant(small[s.Intn(len(small))])
		start := time.Now()
		if survive(t, target, c) {
			valid++
		}
		if d := time.Since(start); d > 2*time.Second {
			t.Errorf("%s %s with %+v takes %v", c.Op, c.Name, c.Attrs, d)
		}
	}
	if valid < tries/10 {
		t.Errorf("only %d of %d mutants are valid: the test has lost its bite", valid, tries)
	}
}
