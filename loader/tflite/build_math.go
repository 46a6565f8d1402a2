package tflite

import (
	"math"

	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/ops"
)

// plain converts operators without options to the given one.
func plain(op string) func(*call) error {
	return func(c *call) error {
		c.emit(op, nil, c.in, c.out[0])
		return nil
	}
}

// arithmetic converts ADD, SUB, MUL and DIV, with a fused activation.
func arithmetic(op string) func(*call) error {
	return func(c *call) error {
		clamp, y, err := c.fused(0)
		if err != nil {
			return err
		}
		if y.Quant == nil && !y.DType.IsFloat() && clamp.On {
			return unsupportedf("fused activation of plain integers")
		}
		c.emit(op, &ops.Arithmetic{Clamp: clamp}, c.in, y)
		return nil
	}
}

// addN converts ADD_N to a chain of additions.
func addN(c *call) error {
	sum := c.in[0]
	for i, v := range c.in[1:] {
		y := c.out[0]
		if i < len(c.in)-2 {
			y = c.like(y, "_sum")
		}
		c.emit("Add", &ops.Arithmetic{}, []*graph.Value{sum, v}, y)
		sum = y
	}
	return nil
}

// square converts SQUARE.
func square(c *call) error {
	c.emit("Mul", &ops.Arithmetic{}, []*graph.Value{c.in[0], c.in[0]}, c.out[0])
	return nil
}

// squaredDifference converts SQUARED_DIFFERENCE; quantized data are computed in float32 and rounded once.
func squaredDifference(c *call) error {
	x, y := c.real(c.in[0]), c.real(c.in[1])
	d := c.temp("_difference", x.DType, nil)
	c.emit("Sub", &ops.Arithmetic{}, []*graph.Value{x, y}, d)
	c.emit("Mul", &ops.Arithmetic{}, []*graph.Value{d, d}, c.realOutput(0))
	return nil
}

// rsqrt converts RSQRT, 1/sqrt(x).
func rsqrt(c *call) error {
	x := c.real(c.in[0])
	root := c.temp("_root", x.DType, nil)
	c.emit("Sqrt", nil, []*graph.Value{x}, root)
	c.emit("Reciprocal", nil, []*graph.Value{root}, c.realOutput(0))
	return nil
}

// floorDiv converts FLOOR_DIV of floats.
func floorDiv(c *call) error {
	if !c.out[0].DType.IsFloat() {
		return unsupportedf("division of type %v", c.out[0].DType)
	}
	q := c.like(c.out[0], "_quotient")
	c.emit("Div", &ops.Arithmetic{}, c.in, q)
	c.emit("Floor", nil, []*graph.Value{q}, c.out[0])
	return nil
}

// floorMod converts FLOOR_MOD of integers; the remainder has the sign of the divisor.
func floorMod(c *call) error {
	if !c.out[0].DType.IsInteger() || c.out[0].Quant != nil {
		return unsupportedf("remainder of type %v", c.out[0].DType)
	}
	c.emit("Mod", &ops.Mod{}, c.in, c.out[0])
	return nil
}

func leakyRelu(c *call) error {
	c.emit("LeakyRelu", &ops.LeakyRelu{Alpha: c.opt.float(0)}, c.in, c.out[0])
	return nil
}

func elu(c *call) error {
	c.emit("Elu", &ops.Elu{Alpha: 1}, c.in, c.out[0])
	return nil
}

func gelu(c *call) error {
	c.emit("Gelu", &ops.Gelu{Tanh: c.opt.bool(0)}, c.in, c.out[0])
	return nil
}

// softmax converts SOFTMAX over the last axis, with a factor on the input.
func softmax(c *call) error {
	beta := c.opt.float(0)
	if !(beta >= 0) || math.IsInf(float64(beta), 0) {
		return formatErrorf("beta is %v", beta)
	}
	c.emit("Softmax", &ops.Softmax{Axis: -1, Beta: beta}, c.in, c.out[0])
	return nil
}

func logSoftmax(c *call) error {
	c.emit("LogSoftmax", &ops.Softmax{Axis: -1}, c.in, c.out[0])
	return nil
}

// l2Normalization converts L2_NORMALIZATION: the last axis is divided by its Euclidean length, at least 1e-6.
func l2Normalization(c *call) error {
	y, err := c.fusedAfter(0)
	if err != nil {
		return err
	}
	x := c.real(c.in[0])
	length, bounded := c.temp("_length", x.DType, nil), c.temp("_bounded", x.DType, nil)
	c.emit("ReduceL2", &ops.Reduce{KeepDims: true}, []*graph.Value{x, c.ints("_axes", -1)}, length)
	c.emit("Max", nil, []*graph.Value{length, c.scalar("_epsilon", x.DType, 1e-6)}, bounded)
	if y.Quant == nil {
		c.emit("Div", &ops.Arithmetic{}, []*graph.Value{x, bounded}, y)
		return nil
	}
	q := c.temp("_quotient", graph.Float32, nil)
	c.emit("Div", &ops.Arithmetic{}, []*graph.Value{x, bounded}, q)
	c.emit("Quantize", nil, []*graph.Value{q}, y)
	return nil
}

// localResponseNormalization converts LOCAL_RESPONSE_NORMALIZATION: x / (bias + alpha*sum of squares)^beta over radius
// channels to either side. ONNX, whose attributes ops.LRN has, divides alpha by the number of channels.
func localResponseNormalization(c *call) error {
	radius := c.opt.int(0, 0)
	if radius < 0 || radius > 1<<20 {
		return formatErrorf("radius %d", radius)
	}
	size := 2*radius + 1
	a := &ops.LRN{Size: size, Bias: c.opt.float(1), Alpha: c.opt.float(2) * float32(size), Beta: c.opt.float(3), Layout: ops.NHWC}
	c.emit("LRN", a, c.in, c.out[0])
	return nil
}

// reduce converts MEAN, SUM and the like: inputs X, axes; no axes leave X as it is.
func reduce(op string) func(*call) error {
	return func(c *call) error {
		axes, err := c.axes(1)
		if err != nil {
			return err
		}
		c.emit(op, &ops.Reduce{KeepDims: c.opt.bool(0), NoopIfEmptyAxes: true}, []*graph.Value{c.in[0], axes}, c.out[0])
		return nil
	}
}

// axes returns input i, constant axes, as a vector.
func (c *call) axes(i int) (*graph.Value, error) {
	list, err := c.constInts(i)
	if err != nil {
		return nil, err
	}
	return c.ints("_axes", list...), nil
}

// arg converts ARG_MAX and ARG_MIN: inputs X, axis; the output has the declared type.
func arg(op string) func(*call) error {
	return func(c *call) error {
		axis, err := c.constInt(1)
		if err != nil {
			return err
		}
		c.emit(op, &ops.Arg{Axis: axis}, []*graph.Value{c.in[0]}, c.out[0])
		return nil
	}
}

// topK converts TOPK_V2 over the last axis: inputs X, k; outputs values and indices of the declared type.
func topK(c *call) error {
	k, err := c.constInt(1)
	if err != nil {
		return err
	}
	if len(c.out) != 2 {
		return formatErrorf("%d outputs: want 2", len(c.out))
	}
	indices := c.out[1]
	if indices.DType != graph.Int64 {
		indices = c.temp("_indices", graph.Int64, nil)
		c.then("Cast", &ops.Cast{To: c.out[1].DType}, []*graph.Value{indices}, c.out[1])
	}
	c.emit("TopK", &ops.TopK{Axis: -1, Largest: true, Sorted: true}, []*graph.Value{c.in[0], c.ints("_k", int64(k))}, c.out[0], indices)
	return nil
}

// notEqual converts NOT_EQUAL.
func notEqual(c *call) error {
	equal := c.temp("_equal", graph.Bool, nil)
	c.emit("Equal", nil, c.in, equal)
	c.emit("Not", nil, []*graph.Value{equal}, c.out[0])
	return nil
}

// selectV1 converts SELECT, whose condition may also be one truth value for each row: that form is not supported.
func selectV1(c *call) error {
	if !c.inShape(0).Equal(c.inShape(1)) {
		return unsupportedf("condition %v for data %v", c.inShape(0), c.inShape(1))
	}
	c.emit("Where", nil, c.in, c.out[0])
	return nil
}
