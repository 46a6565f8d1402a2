package ops

import (
	"math"

	"github.com/octet-ml/octet/graph"
)

// maxPool takes the greatest tap inside the input; a window without one gives the least value of the type.
var maxPool = viaFloatUnlessEqual(viaHalf(bindMaxPool), dataFirst)

// averagePool has integer arithmetic of its own for quantized data.
var averagePool = binder(func(n *graph.Node, in, out []*graph.Tensor) (FuncStep, error) {
	x, y := n.Inputs[0], n.Outputs[0]
	if x.Quant != nil && x.Quant.IsPerTensor() && x.Quant.Table == nil && y.Quant != nil && y.Quant.IsPerTensor() && y.Quant.Table == nil {
		return bindAverageInt(n, in, out)
	}
	return viaFloat(bindAverage)(n, in, out)
})

func bindMaxPool(n *graph.Node, in, out []*graph.Tensor) (FuncStep, error) {
	d, err := newPoolDims(n)
	if err != nil {
		return FuncStep{}, err
	}
	indices := input(out, 1)
	lo, hi := d.Clamp.Bounds()
	if in[0].DType == graph.Float32 {
		return maxWindows(d, graph.View[float32](in[0].Data), graph.View[float32](out[0].Data), float32(math.Inf(-1)), lo, hi, indices), nil
	}
	if in[0].DType == graph.Float64 {
		return maxWindows(d, graph.View[float64](in[0].Data), graph.View[float64](out[0].Data), math.Inf(-1), float64(lo), float64(hi), indices), nil
	}
	least, l, h := integerClamp(d.Clamp, n.Outputs[0])
	x, y := in[0].Data, out[0].Data
	switch in[0].DType {
	case graph.Uint8:
		return maxWindows(d, x, y, 0, uint8(l), uint8(h), indices), nil
	case graph.Int8:
		return maxWindows(d, graph.View[int8](x), graph.View[int8](y), int8(least), int8(l), int8(h), indices), nil
	case graph.Uint16:
		return maxWindows(d, graph.View[uint16](x), graph.View[uint16](y), 0, uint16(l), uint16(h), indices), nil
	case graph.Int16:
		return maxWindows(d, graph.View[int16](x), graph.View[int16](y), int16(least), int16(l), int16(h), indices), nil
	case graph.Uint32:
		return maxWindows(d, graph.View[uint32](x), graph.View[uint32](y), 0, uint32(l), uint32(h), indices), nil
	case graph.Int32:
		return maxWindows(d, graph.View[int32](x), graph.View[int32](y), int32(least), int32(l), int32(h), indices), nil
	case graph.Uint64:
		top := uint64(h)
		if h == math.MaxInt64 {
			top = math.MaxUint64
		}
		return maxWindows(d, graph.View[uint64](x), graph.View[uint64](y), 0, uint64(l), top, indices), nil
	}
	return maxWindows(d, graph.View[int64](x), graph.View[int64](y), least, l, h, indices), nil
}

// integerClamp returns the least value of v's type and the integers that the clamp leaves: by v's quantization where it has
// one, else the clamp rounded half to even.
func integerClamp(c Clamp, v *graph.Value) (least, lo, hi int64) {
	least, top := v.DType.IntRange()
	if v.Quant != nil || !c.On {
		lo, hi = quantBounds(c, v.DType, v.Quant)
		return least, lo, hi
	}
	l, h := c.Bounds()
	return least, quantizeReal(l, 1, 0, least, top), quantizeReal(h, 1, 0, least, top)
}

func maxWindows[T number](d *poolDims, x, y []T, least, lo, hi T, indices *graph.Tensor) FuncStep {
	bytes := d.Kernel[0] * d.Kernel[1] * 4
	return d.each(bytes, func(to, from int, h, w span) {
		best, at := least, 0
		for i := range h.inside {
			for j := range w.inside {
				k := from + (h.first+i*d.Dilations[0])*d.x[2] + (w.first+j*d.Dilations[1])*d.x[3]
				if v := x[k]; v > best || i+j == 0 {
					best, at = v, k
				}
			}
		}
		y[to] = min(max(best, lo), hi)
		if indices != nil {
			indices.SetInt(to, int64(d.index(at)))
		}
	})
}

// index returns what ONNX MaxPool gives as the index of element at of the data: in NCHW order, or with ColumnMajor in NCWH
// order.
func (d *poolDims) index(at int) int {
	n, rest := at/d.x[0], at%d.x[0]
	var c, h, w int
	if d.Layout == NHWC {
		h, w, c = rest/d.x[2], rest%d.x[2]/d.x[3], rest%d.c
	} else {
		c, h, w = rest/d.x[1], rest%d.x[1]/d.x[2], rest%d.x[2]
	}
	if d.ColumnMajor {
		return ((n*d.c+c)*d.in[1]+w)*d.in[0] + h
	}
	return ((n*d.c+c)*d.in[0]+h)*d.in[1] + w
}

// bindAverage is the average in float32, taps added row by row; a window without taps gives 0.
func bindAverage(n *graph.Node, in, out []*graph.Tensor) (FuncStep, error) {
	d, err := newPoolDims(n)
	if err != nil {
		return FuncStep{}, err
	}
	lo, hi := d.Clamp.Bounds()
	if in[0].DType == graph.Float64 {
		return averageWindows(d, graph.View[float64](in[0].Data), graph.View[float64](out[0].Data), float64(lo), float64(hi)), nil
	}
	return averageWindows(d, graph.View[float32](in[0].Data), graph.View[float32](out[0].Data), lo, hi), nil
}

func averageWindows[T float32 | float64](d *poolDims, x, y []T, lo, hi T) FuncStep {
	bytes := d.Kernel[0] * d.Kernel[1] * 4
	return d.each(bytes, func(to, from int, h, w span) {
		var sum T
		for i := range h.inside {
			for j := range w.inside {
				sum += x[from+(h.first+i*d.Dilations[0])*d.x[2]+(w.first+j*d.Dilations[1])*d.x[3]]
			}
		}
		count := h.inside * w.inside
		if d.CountIncludePad {
			count = h.counted * w.counted
		}
		if h.inside*w.inside > 0 {
			sum /= T(count)
		}
		y[to] = min(max(sum, lo), hi)
	})
}

// bindAverageInt is the average of quantized data: clamp(RoundHalfEven(float32(sum - count*zx) * float32(sx/sy/count)) +
// zy), where padding counts as zx, or averageAway. The sum is exact in int64.
func bindAverageInt(n *graph.Node, in, out []*graph.Tensor) (FuncStep, error) {
	d, err := newPoolDims(n)
	if err != nil {
		return FuncStep{}, err
	}
	qx, qy := n.Inputs[0].Quant, n.Outputs[0].Quant
	scale, zx, zy := qx.Scale[0]/qy.Scale[0], int64(qx.ZeroAt(0)), qy.ZeroAt(0)
	average := averageInt
	if d.halfAway(n) {
		center := int64(d.Center)
		average = func(sum int64, count int, _ float32, zero int32, lo, hi int64) int64 {
			return averageAway(sum, int64(count), int64(zero), center, lo, hi)
		}
	}
	lo, hi := quantBounds(d.Clamp, n.Outputs[0].DType, qy)
	x, y := in[0], out[0]
	return d.each(d.Kernel[0]*d.Kernel[1]*4, func(to, from int, h, w span) {
		var sum int64
		for i := range h.inside {
			for j := range w.inside {
				sum += x.Int(from+(h.first+i*d.Dilations[0])*d.x[2]+(w.first+j*d.Dilations[1])*d.x[3]) - zx
			}
		}
		count := h.inside * w.inside
		if d.CountIncludePad {
			count = h.counted * w.counted
		}
		y.SetInt(to, average(sum, count, scale, zy, lo, hi))
	}), nil
}

// halfAway reports whether the average of stored integers is rounded half away from Center.
func (d *poolDims) halfAway(n *graph.Node) bool {
	return d.HalfAway && n.Inputs[0].DType == n.Outputs[0].DType && n.Inputs[0].Quant.Equal(n.Outputs[0].Quant)
}

// averageAway returns the average of count integers, which less zero add up to sum, rounded half away from center.
func averageAway(sum, count, zero, center, lo, hi int64) int64 {
	if count == 0 {
		return min(max(zero, lo), hi)
	}
	away := sum + count*(zero-center)
	half := count / 2
	if away < 0 {
		half = -half
	}
	return min(max((away+half)/count+center, lo), hi)
}

// averageInt returns the quantized average of count integers, less their zero points, that add up to sum; scale is sx/sy.
func averageInt(sum int64, count int, scale float32, zero int32, lo, hi int64) int64 {
	if count == 0 {
		return min(max(int64(zero), lo), hi)
	}
	return saturate(float64(RoundHalfEven(float32(sum)*float32(scale/float32(count))))+float64(zero), lo, hi)
}
