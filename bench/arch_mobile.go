package bench

// mobilenetv1 has TensorFlow's padding.
func mobilenetv1(n *net, x *layer) *layer {
	x = n.convolution(x, 32, window{kernel: 3, stride: 2, pads: sameUpper(3, 2)}, 1, relu6)
	for _, s := range []stage{{1, 64, 1}, {1, 128, 2}, {1, 128, 1}, {1, 256, 2}, {1, 256, 1}, {1, 512, 2}, {5, 512, 1}, {1, 1024, 2}, {1, 1024, 1}} {
		for range s.blocks {
			x = n.depthwise(x, 3, s.stride, sameUpper(3, s.stride), relu6)
			x = n.conv(x, s.channels, 1, 1, relu6)
		}
	}
	return n.classifier(x, 1000)
}

// expansion is a run of inverted residual blocks.
type expansion struct {
	factor, channels, blocks, stride, kernel int
}

// inverted appends the blocks of e: expand, depthwise, project, and the shortcut where the shape stays.
func (n *net) inverted(x *layer, e expansion, padding func(kernel, stride int) [4]int) *layer {
	for i := range e.blocks {
		stride := first(i, e.stride)
		y := x
		if e.factor != 1 {
			y = n.conv(y, x.c*e.factor, 1, 1, relu6)
		}
		y = n.depthwise(y, e.kernel, stride, padding(e.kernel, stride), relu6)
		y = n.conv(y, e.channels, 1, 1, linear)
		if stride == 1 && x.c == e.channels {
			y = n.sum(y, x, linear)
		}
		x = y
	}
	return x
}

// mobilenetv2 has symmetric padding, as in torchvision.
func mobilenetv2(n *net, x *layer) *layer {
	x = n.conv(x, 32, 3, 2, relu6)
	for _, e := range []expansion{{1, 16, 1, 1, 3}, {6, 24, 2, 2, 3}, {6, 32, 3, 2, 3}, {6, 64, 4, 2, 3}, {6, 96, 3, 1, 3}, {6, 160, 3, 2, 3}, {6, 320, 1, 1, 3}} {
		x = n.inverted(x, e, func(kernel, _ int) [4]int { return same(kernel) })
	}
	return n.classifier(n.conv(x, 1280, 1, 1, relu6), 1000)
}

// efficientnetLite0 has TensorFlow's padding.
func efficientnetLite0(n *net, x *layer) *layer {
	x = n.convolution(x, 32, window{kernel: 3, stride: 2, pads: sameUpper(3, 2)}, 1, relu6)
	for _, e := range []expansion{{1, 16, 1, 1, 3}, {6, 24, 2, 2, 3}, {6, 40, 2, 2, 5}, {6, 80, 3, 2, 3}, {6, 112, 3, 1, 5}, {6, 192, 4, 2, 5}, {6, 320, 1, 1, 3}} {
		x = n.inverted(x, e, sameUpper)
	}
	return n.classifier(n.conv(x, 1280, 1, 1, relu6), 1000)
}

// bottleneck is a block of MobileNetV3.
type bottleneck struct {
	kernel, expanded, channels int
	squeeze, swish             bool
	stride                     int
}

// mobilenetv3s is MobileNetV3-Small.
func mobilenetv3s(n *net, x *layer) *layer {
	x = n.like(opHardSwish, n.conv(x, 16, 3, 2, linear))
	for _, b := range []bottleneck{
		{3, 16, 16, true, false, 2},
		{3, 72, 24, false, false, 2},
		{3, 88, 24, false, false, 1},
		{5, 96, 40, true, true, 2},
		{5, 240, 40, true, true, 1},
		{5, 240, 40, true, true, 1},
		{5, 120, 48, true, true, 1},
		{5, 144, 48, true, true, 1},
		{5, 288, 96, true, true, 2},
		{5, 576, 96, true, true, 1},
		{5, 576, 96, true, true, 1},
	} {
		x = n.bottleneck(x, b)
	}
	x = n.like(opHardSwish, n.conv(x, 576, 1, 1, linear))
	x = n.dense(n.flatten(n.average(x)), 1024, linear)
	return n.dense(n.like(opHardSwish, x), 1000, linear)
}

// bottleneck appends a block: expand, depthwise, squeeze-and-excite, project, and the shortcut where the shape stays.
func (n *net) bottleneck(x *layer, b bottleneck) *layer {
	act, swish := relu, func(l *layer) *layer { return l }
	if b.swish {
		act, swish = linear, func(l *layer) *layer { return n.like(opHardSwish, l) }
	}
	y := x
	if b.expanded != x.c {
		y = swish(n.conv(y, b.expanded, 1, 1, act))
	}
	y = swish(n.depthwise(y, b.kernel, b.stride, same(b.kernel), act))
	if b.squeeze {
		gate := n.conv(n.average(y), max(8, (b.expanded/4+4)/8*8), 1, 1, relu)
		gate = n.like(opHardSigmoid, n.conv(gate, b.expanded, 1, 1, linear))
		y = n.like(opGate, y, gate)
	}
	y = n.conv(y, b.channels, 1, 1, linear)
	if b.stride == 1 && x.c == b.channels {
		y = n.sum(y, x, linear)
	}
	return y
}
