package tflite

import (
	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/ops"
)

// resizeBilinear converts RESIZE_BILINEAR: inputs X [n h w c], size [height width].
func resizeBilinear(c *call) error {
	return c.resize(&ops.Resize{Mode: "linear"}, c.opt.bool(2), c.opt.bool(3))
}

// resizeNearest converts RESIZE_NEAREST_NEIGHBOR. The source of position i is floor(i*scale), floor((i+0.5)*scale) with half
// pixel centers, and i*scale rounded half up where the corners are aligned.
func resizeNearest(c *call) error {
	align, half := c.opt.bool(0), c.opt.bool(1)
	a := &ops.Resize{Mode: "nearest", Nearest: "floor"}
	if align && half {
		return unsupportedf("align_corners with half_pixel_centers")
	}
	if align || half {
		a.Nearest = "round_prefer_ceil"
	}
	return c.resize(a, align, half)
}

func (c *call) resize(a *ops.Resize, align, half bool) error {
	switch {
	case align && half:
		return unsupportedf("align_corners with half_pixel_centers")
	case align:
		a.Coordinates = "align_corners"
	case half:
		a.Coordinates = "half_pixel"
	default:
		a.Coordinates = "asymmetric"
	}
	sizes, err := c.constInts(1)
	if err != nil {
		return err
	}
	if len(sizes) != 2 || sizes[0] < 1 || sizes[1] < 1 {
		return formatErrorf("size %v: want height and width", sizes)
	}
	a.Axes = []int{1, 2}
	c.emit("Resize", a, []*graph.Value{c.in[0], nil, nil, c.ints("_sizes", sizes...)}, c.out[0])
	return nil
}

// depthToSpace converts DEPTH_TO_SPACE and SPACE_TO_DEPTH.
func depthToSpace(op string) func(*call) error {
	return func(c *call) error {
		block := c.opt.int(0, 0)
		if block < 1 {
			return formatErrorf("block size %d", block)
		}
		c.move(c.in[0], c.out[0], step{op, &ops.DepthToSpace{Block: block, Layout: ops.NHWC}, nil})
		return nil
	}
}
