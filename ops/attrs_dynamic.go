package ops

// DynamicQuantize is the attributes of DynamicQuantize, which quantizes float data at run time as TensorFlow Lite's hybrid
// kernels do: input X; outputs Y (u8, X's shape), scale (f32), zero point (u8).
//
// Each index of the first Axes axes of X has its own scale and zero point, so these have the shape of those axes: what one
// image or row gives does not depend on the others in its batch.
//
//	Symmetric: s = max|x|/127, Y = 128 + clamp(round(x * (127/max|x|)), -127, 127), zero point 128
//	otherwise: s = (hi-lo)/255, z nearest to -lo/s, Y = clamp(round(float32(x * (1/s)) + z), 0, 255)
//
// where lo and hi are the least and greatest element and 0, and round is half away from zero of int8, which is 128 here.
// Arithmetic is in float32 but for s and z, which are found in float64. Data that are all 0 have the scale 1. A NaN counts as 0.
type DynamicQuantize struct {
	Axes      int // at least 1; 0 means 1
	Symmetric bool
}

// ScaleAccumulators is the attributes of ScaleAccumulators, which makes real numbers of an integer product: inputs
// accumulators (i32 [... c]), scale of the data, scale of the weights (1 or c), bias? (c). The scale of the data has one element,
// or the shape of the first axes of the accumulators. Scale of the weights and bias are constant. The output is f32:
//
//	y = clamp(float32(float32(acc) * float32(sx*sw)) + bias)
type ScaleAccumulators struct{ Clamp Clamp }
