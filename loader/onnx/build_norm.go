package onnx

import (
	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/ops"
)

// batchNormalization converts BatchNormalization in its inference form; files of old opsets may name the outputs of
// training, as long as nobody reads them.
func batchNormalization(c *call) error {
	if c.boolAttr("training_mode", false) {
		return unsupportedf("training mode")
	}
	if !c.boolAttr("spatial", true) {
		return unsupportedf("statistics that are not per channel (spatial 0)")
	}
	in := c.plainInputs()
	c.add("BatchNormalization", &ops.BatchNormalization{Epsilon: c.floatAttr("epsilon", 1e-5)}, c.of(in[0]), in, c.output(0))
	return nil
}

// instanceNormalization converts InstanceNormalization.
func instanceNormalization(c *call) error {
	in := c.plainInputs()
	c.add("InstanceNormalization", &ops.InstanceNormalization{Epsilon: c.floatAttr("epsilon", 1e-5)}, c.of(in[0]), in, c.output(0))
	return nil
}

// groupNormalization converts GroupNormalization. Scale and bias are per channel since opset 21. In opset 18 they are per
// group, which is the InstanceNormalization of X as [n, groups, rest].
func groupNormalization(c *call) error {
	groups, epsilon := c.intAttr("num_groups", 0), c.floatAttr("epsilon", 1e-5)
	if groups < 1 {
		return formatErrorf("attribute \"num_groups\" is %d", groups)
	}
	in := c.plainInputs()
	x := c.of(in[0])
	if c.version >= 21 {
		c.add("GroupNormalization", &ops.GroupNormalization{Epsilon: epsilon, Groups: groups}, x, in, c.output(0))
		return nil
	}
	rows := info{dtype: x.dtype, rank: 3}
	s := c.step("Shape", &ops.Shape{}, info{dtype: graph.Int64, rank: 1}, "_shape", in[0])
	y := c.step("Reshape", &ops.Reshape{}, rows, "_grouped", in[0], c.ints("_groups", 0, int64(groups), -1))
	y = c.step("InstanceNormalization", &ops.InstanceNormalization{Epsilon: epsilon}, rows, "_normalized", y, in[1], in[2])
	c.add("Reshape", &ops.Reshape{}, x, []*graph.Value{y, s}, c.output(0))
	return nil
}

// layerNormalization converts LayerNormalization: outputs Y, mean, inverse standard deviation.
func layerNormalization(c *call) error {
	in := c.plainInputs()
	out := []string{c.output(0)}
	if c.output(2) != "" {
		out = append(out, c.output(1), c.output(2))
	} else if c.output(1) != "" {
		out = append(out, c.output(1))
	}
	a := &ops.LayerNormalization{Axis: c.intAttr("axis", -1), Epsilon: c.floatAttr("epsilon", 1e-5)}
	c.add("LayerNormalization", a, c.of(in[0]), in, out...)
	return nil
}

// lrn converts LRN.
func lrn(c *call) error {
	x := c.plainInput(0)
	a := &ops.LRN{Size: c.intAttr("size", 0), Alpha: c.floatAttr("alpha", 1e-4), Beta: c.floatAttr("beta", 0.75), Bias: c.floatAttr("bias", 1)}
	if a.Size < 1 {
		return formatErrorf("attribute \"size\" is %d", a.Size)
	}
	c.add("LRN", a, c.of(x), []*graph.Value{x}, c.output(0))
	return nil
}
