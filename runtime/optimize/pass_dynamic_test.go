package optimize

import (
	"strings"
	"testing"

	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/ops"
)

// dynamicLayer appends what ONNX Runtime's quantizer makes of a layer with data quantized at run time: op is Conv or Dense.
func (b *builder) dynamicLayer(op string, attrs any, x *graph.Value, bias *graph.Value, scale *graph.Value, weights ...int) *graph.Value {
	q := b.Add("DynamicQuantizeLinear", "", nil, []*graph.Value{x}, x.Name+".q", x.Name+".scale", x.Name+".zero")
	w := graph.NewTensor(graph.Int8, weights...)
	for i := range w.Len() {
		w.SetInt(i, b.random.Int64N(255)-127)
	}
	name := x.Name + "." + op
	acc := b.node(op, attrs, name+".acc", q.Outputs[0], graph.NewConst(name+".w", w), nil, nil, q.Outputs[2])
	s := b.node("Mul", &ops.Arithmetic{}, name+".scales", q.Outputs[1], scale)
	y := b.node("Mul", &ops.Arithmetic{}, name+".scaled", b.node("Cast", &ops.Cast{To: graph.Float32}, name+".float", acc), s)
	return b.node("Add", &ops.Arithmetic{}, name+".y", y, bias)
}

// TestDynamicQuantizationIsThreeNodes: the fused nodes give the very numbers of the separate ones.
func TestDynamicQuantizationIsThreeNodes(t *testing.T) {
	b := newBuilder(t)
	x := b.AddInput("x", graph.Float32, graph.Shape{graph.Batch, 3, 6, 6})
	one := graph.NewConst("one", graph.Float32s([]float32{0.01}))
	y := b.dynamicLayer("Conv", &ops.Conv{Window: ops.Window{Pads: [4]int{1, 1, 1, 1}}}, x, b.floats("bias", 1, 4, 1, 1), one, 4, 3, 3, 3)
	y = b.node("Relu", nil, "relu", y)
	y = b.node("Flatten", &ops.Flatten{Axis: 1}, "flat", y)
	y = b.dynamicLayer("Dense", &ops.Dense{}, y, b.floats("bias2", 5), b.floats("each", 5), 5, 4*6*6)
	g := b.canonical(t, y)
	names := operators(g)
	for op, want := range map[string]int{"DynamicQuantizeLinear": 2, "ScaleAccumulators": 2, "Cast": 0, "Mul": 0, "Add": 0, "Relu": 0} {
		if got := strings.Count(names, op); got != want {
			t.Errorf("%d times %s, want %d: %s", got, op, want, names)
		}
	}
	in := b.input(2, 3, 6, 6)
	same(t, interpret(t, g, 2, in)[0], interpret(t, &b.Graph, 2, in)[0], 0)
}

// TestAccumulatorsThatOthersReadStay: a float form that has another reader is still computed.
func TestAccumulatorsThatOthersReadStay(t *testing.T) {
	b := newBuilder(t)
	x := b.AddInput("x", graph.Float32, graph.Shape{graph.Batch, 8})
	y := b.dynamicLayer("Dense", &ops.Dense{}, x, b.floats("bias", 4), b.floats("scale", 1), 4, 8)
	float := y.Producer.Inputs[0].Producer.Inputs[0]
	z := b.node("Neg", nil, "z", float)
	g := b.canonical(t, y, z)
	if names := operators(g); strings.Contains(names, "ScaleAccumulators") || strings.Count(names, "Cast") != 1 {
		t.Errorf("canonical: %s", names)
	}
	in := b.input(2, 8)
	for i, want := range interpret(t, &b.Graph, 2, in) {
		same(t, interpret(t, g, 2, in)[i], want, 0)
	}
}
