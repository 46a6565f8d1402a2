package onnx

import (
	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/ops"
)

// resize converts Resize: inputs X, scales in opset 10; X, region of interest, scales, sizes after. An empty tensor is an
// absent input.
func resize(c *call) error {
	if c.version < 11 {
		return c.upsample(c.plainInput(1))
	}
	a := &ops.Resize{
		Mode:           c.choiceAttr("mode", "nearest", "linear", "cubic"),
		Coordinates:    c.choiceAttr("coordinate_transformation_mode", "half_pixel", "half_pixel_symmetric", "pytorch_half_pixel", "align_corners", "asymmetric", "tf_half_pixel_for_nn", "tf_crop_and_resize"),
		Nearest:        c.choiceAttr("nearest_mode", "round_prefer_floor", "round_prefer_ceil", "floor", "ceil"),
		CubicA:         c.floatAttr("cubic_coeff_a", -0.75),
		ExcludeOutside: c.boolAttr("exclude_outside", false),
		Extrapolation:  c.floatAttr("extrapolation_value", 0),
		Antialias:      c.boolAttr("antialias", false),
		Axes:           c.intsAttr("axes"),
		Policy:         c.choiceAttr("keep_aspect_ratio_policy", "stretch", "not_larger", "not_smaller"),
	}
	x := c.resized(a.Mode)
	in := []*graph.Value{x, c.notEmpty(1), c.notEmpty(2), c.notEmpty(3)}
	if a.Coordinates != "tf_crop_and_resize" {
		in[1] = nil
	}
	if in[2] == nil && in[3] == nil {
		return formatErrorf("neither scales nor sizes")
	}
	c.add("Resize", a, c.like(x, c.info(x).rank), in, c.output(0))
	return nil
}

// upsample converts Upsample, whose scales are an attribute in opset 7 and an input in opset 9.
func upsample(c *call) error {
	scales := c.plainInput(1)
	if a := c.attr("scales", attrFloats); scales == nil && a != nil {
		scales = c.constant(c.temp("_scales"), graph.Float32s(a.floats, len(a.floats)))
	}
	return c.upsample(scales)
}

// upsample adds the Resize that Upsample and Resize of opset 10 are: output index divided by the scale, rounded down where
// the mode is nearest.
func (c *call) upsample(scales *graph.Value) error {
	if scales == nil {
		return formatErrorf("no scales")
	}
	a := &ops.Resize{
		Mode: c.choiceAttr("mode", "nearest", "linear"), Coordinates: "asymmetric", Nearest: "floor", CubicA: -0.75, Policy: "stretch",
	}
	x := c.resized(a.Mode)
	c.add("Resize", a, c.like(x, c.info(x).rank), []*graph.Value{x, nil, scales}, c.output(0))
	return nil
}

// resized returns input 0; only nearest keeps its quantization.
func (c *call) resized(mode string) *graph.Value {
	if mode == "nearest" {
		return c.moved(0)
	}
	return c.plainInput(0)
}

// notEmpty returns input i, or nil where it is absent or known to have no elements.
func (c *call) notEmpty(i int) *graph.Value {
	v := c.plainInput(i)
	if v == nil || v.Shape == nil {
		return v
	}
	if n, err := v.Shape.Elements(); err == nil && n == 0 {
		return nil
	}
	return v
}
