package ops

import "github.com/octet-ml/octet/graph"

// LeakyRelu is the attributes of LeakyRelu.
type LeakyRelu struct{ Alpha float32 }

// ThresholdedRelu is the attributes of ThresholdedRelu.
type ThresholdedRelu struct{ Alpha float32 }

// Elu is the attributes of Elu.
type Elu struct{ Alpha float32 }

// Celu is the attributes of Celu.
type Celu struct{ Alpha float32 }

// Selu is the attributes of Selu.
type Selu struct{ Alpha, Gamma float32 }

// HardSigmoid is the attributes of HardSigmoid: max(0, min(1, Alpha*x + Beta)).
type HardSigmoid struct{ Alpha, Beta float32 }

// Swish is the attributes of Swish: x * sigmoid(Alpha*x); SiLU is Alpha 1.
type Swish struct{ Alpha float32 }

// Gelu is the attributes of Gelu.
type Gelu struct{ Tanh bool } // the tanh approximation instead of erf

// Clip has no attributes: inputs X, min?, max? (scalars of X's type, or float32 reals where X is quantized).
type Clip struct{}

// Arithmetic is the attributes of Add, Sub, Mul and Div with two broadcast inputs: a clamp of the result.
type Arithmetic struct{ Clamp Clamp }

// Softmax is the attributes of Softmax and LogSoftmax.
type Softmax struct {
	Axis    int
	Flatten bool    // ONNX before opset 13: normalise over Axis and all axes after it together
	Beta    float32 // factor on the input before the exponential (TFLite); 0 means 1
}

// Mod is the attributes of Mod: the remainder has the sign of the dividend where Truncate is set (ONNX fmod, C), else that
// of the divisor (Python), for integers only.
type Mod struct{ Truncate bool }

// Arg is the attributes of ArgMax and ArgMin; the output is int64 unless declared.
type Arg struct {
	Axis       int
	KeepDims   bool
	SelectLast bool
}

// Reduce is the attributes of ReduceMean, ReduceSum, ReduceMax, ReduceMin, ReduceProd, ReduceSumSquare, ReduceL1, ReduceL2: inputs X, axes? (int64, constant or not).
type Reduce struct {
	KeepDims        bool
	NoopIfEmptyAxes bool
}

// TopK is the attributes of TopK: inputs X, k (int64); outputs values, indices (int64).
type TopK struct {
	Axis            int
	Largest, Sorted bool
}

// Cast is the attributes of Cast. To integers it truncates toward zero and takes the result modulo
// the target's range; the stored numbers are converted, whatever their quantization.
type Cast struct{ To graph.DType }

// QuantizeLinear is the attributes of QuantizeLinear with run-time parameters: inputs X, scale, zero point?; and of DequantizeLinear: inputs X, scale, zero point?.
// Constant parameters are a Quant on the value and the operators Quantize and Dequantize instead.
type QuantizeLinear struct {
	Axis  int
	Block int
	To    graph.DType // QuantizeLinear: type of the output, Invalid: that of the zero point, or u8; DequantizeLinear: unused
}
