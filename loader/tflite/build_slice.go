package tflite

import (
	"math"

	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/ops"
)

// bounds are the operands of a Slice node.
type bounds struct{ axes, starts, ends, strides []int64 }

func (b *bounds) add(axis, start, end, stride int64) {
	b.axes, b.starts = append(b.axes, axis), append(b.starts, start)
	b.ends, b.strides = append(b.ends, end), append(b.strides, stride)
}

// steps returns the Slice node, none where there is nothing to cut.
func (b *bounds) steps(c *call) []step {
	if len(b.axes) == 0 {
		return nil
	}
	return []step{{"Slice", nil, []*graph.Value{
		c.ints("_starts", b.starts...), c.ints("_ends", b.ends...), c.ints("_axes", b.axes...), c.ints("_steps", b.strides...),
	}}}
}

// slice converts SLICE: inputs X, begin, size; a size of -1 reaches to the end.
func slice(c *call) error {
	begin, err := c.constInts(1)
	if err != nil {
		return err
	}
	size, err := c.constInts(2)
	if err != nil {
		return err
	}
	if len(begin) != len(size) {
		return formatErrorf("begin %v, size %v", begin, size)
	}
	var b bounds
	for axis := range begin {
		if begin[axis] < 0 || size[axis] < -1 || begin[axis] > math.MaxInt32 || size[axis] > math.MaxInt32 {
			return formatErrorf("begin %v, size %v", begin, size)
		}
		end := begin[axis] + size[axis]
		if size[axis] == -1 {
			end = math.MaxInt64
		}
		if begin[axis] != 0 || size[axis] != -1 {
			b.add(int64(axis), begin[axis], end, 1)
		}
	}
	c.move(c.in[0], c.out[0], b.steps(c)...)
	return nil
}

// stridedSlice converts STRIDED_SLICE: inputs X, begin, end, strides, with a bit for each of their elements in the masks
// of the options: begin_mask and end_mask leave a bound out, shrink_axis_mask takes one element and drops the axis,
// new_axis_mask inserts an axis, ellipsis_mask stands for all axes that no other element speaks of.
func stridedSlice(c *call) error {
	spec, err := c.sliceSpec()
	if err != nil {
		return err
	}
	const maskBegin, maskEnd, maskEllipsis, maskNew, maskShrink = 0, 1, 2, 3, 4
	n, rank := len(spec[0]), len(c.inShape(0))
	bit := func(mask, i int) bool { return c.opt.int(mask, 0)>>i&1 != 0 }
	taken := 0 // axes that elements other than the ellipsis speak of
	for i := range n {
		if bit(maskEllipsis, i) || bit(maskNew, i) {
			continue
		}
		taken++
	}
	if taken > rank {
		return formatErrorf("%d bounds for %d axes", taken, rank)
	}
	var b bounds
	var dropped, added []int64
	axis, at := 0, 0 // of the input and of the output
	for i := range n {
		begin, end, stride := spec[0][i], spec[1][i], spec[2][i]
		switch {
		case bit(maskEllipsis, i):
			if axis += rank - taken; axis > rank {
				return formatErrorf("two ellipses")
			}
			at += rank - taken
		case bit(maskNew, i):
			added = append(added, int64(at))
			at++
		case bit(maskShrink, i):
			end = begin + 1
			if begin == -1 {
				end = math.MaxInt64
			}
			b.add(int64(axis), begin, end, 1)
			dropped = append(dropped, int64(axis))
			axis++
		default:
			begin, end = openBounds(begin, end, stride, bit(maskBegin, i), bit(maskEnd, i))
			if stride == 0 {
				return formatErrorf("stride 0")
			}
			if begin != 0 || end != math.MaxInt64 || stride != 1 {
				b.add(int64(axis), begin, end, stride)
			}
			axis++
			at++
		}
	}
	steps := b.steps(c)
	if dropped != nil {
		steps = append(steps, step{"Squeeze", nil, []*graph.Value{c.ints("_dropped", dropped...)}})
	}
	if added != nil {
		steps = append(steps, step{"Unsqueeze", nil, []*graph.Value{c.ints("_added", added...)}})
	}
	c.move(c.in[0], c.out[0], steps...)
	return nil
}

// sliceSpec returns begin, end and strides of STRIDED_SLICE, ends counted from the begins where the options say so.
func (c *call) sliceSpec() (spec [3][]int64, err error) {
	for i := range spec {
		if spec[i], err = c.constInts(i + 1); err != nil {
			return spec, err
		}
		if len(spec[i]) != len(spec[0]) || len(spec[i]) > 31 {
			return spec, formatErrorf("%d begins, %d elements in input %d", len(spec[0]), len(spec[i]), i+1)
		}
		for _, v := range spec[i] {
			if v < math.MinInt32 || v > math.MaxInt32 {
				return spec, formatErrorf("input %d is %v", i+1, spec[i])
			}
		}
	}
	if c.opt.bool(5) {
		for i := range spec[1] {
			spec[1][i] += spec[0][i]
		}
	}
	return spec, nil
}

// openBounds replaces bounds that are left out.
func openBounds(begin, end, stride int64, openBegin, openEnd bool) (int64, int64) {
	if openBegin {
		begin = 0
		if stride < 0 {
			begin = math.MaxInt64
		}
	}
	if openEnd {
		end = math.MaxInt64
		if stride < 0 {
			end = math.MinInt64
		}
	}
	return begin, end
}

// spaceToBatch converts SPACE_TO_BATCH_ND: inputs X [n spatial... rest...], block sizes, paddings. Each block of the padded
// spatial axes is spread over the batch.
func spaceToBatch(c *call) error {
	block, pads, err := c.blocks()
	if err != nil {
		return err
	}
	s, m := c.inShape(0), len(block)
	padded := make([]int64, 2*len(s))
	for i := range block {
		padded[1+i], padded[len(s)+1+i] = pads[2*i], pads[2*i+1]
		if s[1+i] += int(pads[2*i] + pads[2*i+1]); s[1+i]%block[i] != 0 {
			return formatErrorf("padded shape %v, blocks %v", s, block)
		}
	}
	cut, perm := graph.Shape{s[0]}, []int(nil)
	joined := graph.Shape{s[0]}
	for i, b := range block {
		cut = append(cut, s[1+i]/b, b)
		perm = append(perm, 2*i+2)
		joined[0] *= b
		joined = append(joined, s[1+i]/b)
	}
	perm = append(perm, 0)
	for i := range block {
		perm = append(perm, 2*i+1)
	}
	for i := 2*m + 1; i < len(s)+m; i++ {
		perm = append(perm, i)
	}
	cut, joined = append(cut, s[1+m:]...), append(joined, s[1+m:]...)
	c.move(c.in[0], c.out[0], step{"Pad", &ops.Pad{}, []*graph.Value{c.ints("_pads", padded...)}},
		step{"Reshape", &ops.Reshape{To: cut}, nil}, step{"Transpose", &ops.Transpose{Perm: perm}, nil}, step{"Reshape", &ops.Reshape{To: joined}, nil})
	return nil
}

// batchToSpace converts BATCH_TO_SPACE_ND, the way back: inputs X, block sizes, crops.
func batchToSpace(c *call) error {
	block, crops, err := c.blocks()
	if err != nil {
		return err
	}
	s, m := c.inShape(0), len(block)
	batch := c.outShape(0)
	if len(batch) != len(s) {
		return formatErrorf("output %v for input %v", batch, s)
	}
	var cut graph.Shape
	var perm []int
	for _, b := range block {
		cut = append(cut, b)
	}
	cut, perm = append(cut, batch[0]), append(perm, m)
	joined := graph.Shape{batch[0]}
	var b bounds
	for i, size := range block {
		perm = append(perm, m+1+i, i)
		joined = append(joined, s[1+i]*size)
		b.add(int64(1+i), crops[2*i], int64(s[1+i]*size)-crops[2*i+1], 1)
	}
	for i := 2*m + 1; i < len(s)+m; i++ {
		perm = append(perm, i)
	}
	cut, joined = append(cut, s[1:]...), append(joined, s[1+m:]...)
	steps := []step{{"Reshape", &ops.Reshape{To: cut}, nil}, {"Transpose", &ops.Transpose{Perm: perm}, nil}, {"Reshape", &ops.Reshape{To: joined}, nil}}
	c.move(c.in[0], c.out[0], append(steps, b.steps(c)...)...)
	return nil
}

// blocks returns block sizes and paddings or crops, two for each block, of an operator on one to three spatial axes.
func (c *call) blocks() ([]int, []int64, error) {
	list, err := c.constInts(1)
	if err != nil {
		return nil, nil, err
	}
	pads, err := c.constInts(2)
	if err != nil {
		return nil, nil, err
	}
	s := c.inShape(0)
	if len(list) < 1 || len(list) > 3 || len(list) >= len(s) || len(pads) != 2*len(list) || !s[1:].Static() {
		return nil, nil, formatErrorf("blocks %v, %d paddings, data %v", list, len(pads), s)
	}
	block := make([]int, len(list))
	for i, b := range list {
		if b < 1 || b > 1<<10 || pads[2*i] < 0 || pads[2*i+1] < 0 || max(pads[2*i], pads[2*i+1]) > 1<<20 {
			return nil, nil, formatErrorf("block %d, paddings %v", b, pads[2*i:2*i+2])
		}
		block[i] = int(b)
	}
	return block, pads, nil
}
