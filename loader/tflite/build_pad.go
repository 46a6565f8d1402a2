package tflite

import (
	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/ops"
)

// pad converts PAD and PADV2: inputs X, paddings [rank 2], value?; quantized data are padded with their zero point unless
// there is a value.
func pad(c *call) error {
	list, err := c.paddings(1)
	if err != nil {
		return err
	}
	c.move(c.in[0], c.out[0], step{"Pad", &ops.Pad{}, []*graph.Value{list, c.input(2)}})
	return nil
}

// mirrorPad converts MIRROR_PAD. The mode that repeats the border (SYMMETRIC) is the same as repeating the outermost element
// where no padding is wider than one.
func mirrorPad(c *call) error {
	list, err := c.paddings(1)
	if err != nil {
		return err
	}
	a := &ops.Pad{Mode: ops.PadReflect}
	if c.opt.byte(0) != 0 {
		a.Mode = ops.PadEdge
		for i := range list.Const.Len() {
			if list.Const.Int(i) > 1 {
				return unsupportedf("symmetric padding wider than 1")
			}
		}
	}
	c.move(c.in[0], c.out[0], step{"Pad", a, []*graph.Value{list}})
	return nil
}

// paddings returns input i, constant paddings [rank 2], as begins and then ends.
func (c *call) paddings(i int) (*graph.Value, error) {
	list, err := c.constInts(i)
	if err != nil {
		return nil, err
	}
	if len(list)%2 != 0 {
		return nil, formatErrorf("%d paddings", len(list))
	}
	rank := len(list) / 2
	out := make([]int64, len(list))
	for axis := range rank {
		out[axis], out[rank+axis] = list[2*axis], list[2*axis+1]
	}
	for _, p := range out {
		if p < 0 {
			return nil, formatErrorf("paddings %v: want at least 0", list)
		}
	}
	return c.ints("_pads", out...), nil
}
