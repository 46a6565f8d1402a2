package bench

func vgg16(n *net, x *layer) *layer {
	for _, s := range []stage{{2, 64, 1}, {2, 128, 1}, {3, 256, 1}, {3, 512, 1}, {3, 512, 1}} {
		for range s.blocks {
			x = n.conv(x, s.channels, 3, 1, relu)
		}
		x = n.maxPool(x, window{kernel: 2, stride: 2})
	}
	x = n.flatten(x)
	x = n.dense(x, 4096, relu)
	x = n.dense(x, 4096, relu)
	return n.dense(x, 1000, linear)
}

// squeezenet11 ends in a convolution to the classes instead of a dense layer.
func squeezenet11(n *net, x *layer) *layer {
	pool := window{kernel: 3, stride: 2, ceil: true}
	x = n.convolution(x, 64, window{kernel: 3, stride: 2}, 1, relu)
	x = n.maxPool(x, pool)
	for i, squeeze := range []int{16, 16, 32, 32, 48, 48, 64, 64} {
		if i == 2 || i == 4 {
			x = n.maxPool(x, pool)
		}
		x = n.conv(x, squeeze, 1, 1, relu)
		x = n.concat(n.conv(x, 4*squeeze, 1, 1, relu), n.conv(x, 4*squeeze, 3, 1, relu))
	}
	x = n.conv(x, 1000, 1, 1, relu)
	return n.flatten(n.average(x))
}
