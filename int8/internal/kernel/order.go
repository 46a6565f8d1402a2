package kernel

// PlainOrder returns the order of n packed columns that are channels one after another.
func PlainOrder(n int) []uint8 { return PackedOrder(1, n) }

// PackedOrder returns the channel of each of the packed columns of n registers of the given number of doublewords: doubleword 4l+i
// of register j is channel 4(n·l+j)+i, so that packing the registers within lanes l puts channels in order.
func PackedOrder(n, doublewords int) []uint8 {
	out := make([]uint8, 0, n*doublewords)
	for j := range n {
		for d := range doublewords {
			out = append(out, uint8(4*n*(d/4)+4*j+d%4))
		}
	}
	return out
}
