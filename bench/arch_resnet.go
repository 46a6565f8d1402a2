package bench

// stage is a run of residual blocks: their number, their (inner) channels and the stride of the first one.
type stage struct{ blocks, channels, stride int }

// classifier appends the average over all pixels and the dense layer.
func (n *net) classifier(x *layer, classes int) *layer {
	return n.dense(n.flatten(n.average(x)), classes, linear)
}

// basicBlock is two 3x3 convolutions beside a shortcut, with a projection where the shape changes.
func (n *net) basicBlock(x *layer, c, stride int) *layer {
	y := n.conv(x, c, 3, stride, relu)
	y = n.conv(y, c, 3, 1, linear)
	if stride != 1 || x.c != c {
		x = n.conv(x, c, 1, stride, linear)
	}
	return n.sum(y, x, relu)
}

// resnetStem is a 7x7 convolution and a pool, both of stride 2.
func (n *net) resnetStem(x *layer) *layer {
	x = n.conv(x, 64, 7, 2, relu)
	return n.maxPool(x, window{kernel: 3, stride: 2, pads: sides(1)})
}

func resnet8(n *net, x *layer) *layer {
	x = n.conv(x, 16, 3, 1, relu)
	for _, s := range []stage{{1, 16, 1}, {1, 32, 2}, {1, 64, 2}} {
		x = n.basicBlock(x, s.channels, s.stride)
	}
	return n.classifier(x, 10)
}

func resnet18(n *net, x *layer) *layer {
	x = n.resnetStem(x)
	for _, s := range []stage{{2, 64, 1}, {2, 128, 2}, {2, 256, 2}, {2, 512, 2}} {
		for i := range s.blocks {
			x = n.basicBlock(x, s.channels, first(i, s.stride))
		}
	}
	return n.classifier(x, 1000)
}

func resnet50v1(n *net, x *layer) *layer  { return resnet50(n, x, 0) }
func resnet50v15(n *net, x *layer) *layer { return resnet50(n, x, 1) }

// resnet50 is ResNet-50; strided says which convolution of a block has its stride.
func resnet50(n *net, x *layer, strided int) *layer {
	x = n.resnetStem(x)
	for _, s := range []stage{{3, 64, 1}, {4, 128, 2}, {6, 256, 2}, {3, 512, 2}} {
		for i := range s.blocks {
			strides := [2]int{1, 1}
			strides[strided] = first(i, s.stride)
			y := n.conv(x, s.channels, 1, strides[0], relu)
			y = n.conv(y, s.channels, 3, strides[1], relu)
			y = n.conv(y, 4*s.channels, 1, 1, linear)
			if i == 0 {
				x = n.conv(x, 4*s.channels, 1, s.stride, linear)
			}
			x = n.sum(y, x, relu)
		}
	}
	return n.classifier(x, 1000)
}

// first returns the stride of block i of a stage: the stage's for its first block, else 1.
func first(i, stride int) int {
	if i == 0 {
		return stride
	}
	return 1
}
