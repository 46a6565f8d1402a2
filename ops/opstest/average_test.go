package opstest_test

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/internal/testkit"
	"github.com/octet-ml/octet/ops"
	"github.com/octet-ml/octet/ops/opstest"
)

// TestAverageOfBytesRoundsHalfAway holds the average of TensorFlow Lite to its definition in whole numbers, for every sum of
// four bytes, about the centers of uint8 and of int8 data that became uint8.
func TestAverageOfBytesRoundsHalfAway(t *testing.T) {
	const sums = 4*255 + 1
	x, want := graph.NewTensor(graph.Uint8, sums, 2, 2, 1), map[int32]*graph.Tensor{}
	for sum := range sums {
		for i := range 4 {
			x.SetInt(4*sum+i, int64(sum/4))
			if i < sum%4 {
				x.SetInt(4*sum+i, int64(sum/4+1))
			}
		}
	}
	for _, center := range []int32{0, 128} {
		y := graph.NewTensor(graph.Uint8, sums, 1, 1, 1)
		for sum := range sums {
			whole, rest := sum/4, sum%4
			if rest == 3 || rest == 2 && whole >= int(center) {
				whole++
			}
			y.SetInt(sum, int64(whole))
		}
		want[center] = y
	}
	targets := opstest.Targets(t)
	for center, y := range want {
		a := &ops.Pool{Window: ops.Window{Layout: ops.NHWC}, Kernel: [2]int{2, 2}, HalfAway: true, Center: center}
		c := opstest.Case{Name: fmt.Sprint("center ", center), Op: "AveragePool", Attrs: a, In: []opstest.Operand{opstest.Quantized(x, 0.1, 7)}}
		opstest.Values(t, c, y)
		opstest.Check(t, targets, c)
	}
}

// TestAverageRoundsHalfAwayInEveryWindow compares kernels with the Reference on windows of many sizes, those in padding included.
func TestAverageRoundsHalfAwayInEveryWindow(t *testing.T) {
	random := rand.New(rand.NewPCG(uint64(testkit.Seed(t)), 0))
	targets := opstest.Targets(t)
	for _, kernel := range [][2]int{{1, 1}, {2, 3}, {4, 4}, {7, 7}, {8, 8}, {32, 32}, {33, 40}} {
		for _, center := range []int32{0, 128} {
			a := &ops.Pool{Window: ops.Window{Layout: ops.NHWC, Strides: [2]int{2, 2}, AutoPad: ops.SameUpper}, Kernel: kernel, HalfAway: true, Center: center}
			x := graph.NewTensor(graph.Uint8, 2, kernel[0]+1, kernel[1]+2, 5)
			for i := range x.Data {
				x.Data[i] = byte(random.UintN(256))
			}
			opstest.Check(t, targets, opstest.Case{Name: fmt.Sprint(kernel, center), Op: "AveragePool", Attrs: a, In: []opstest.Operand{opstest.Quantized(x, 0.5, 3)}})
		}
	}
}
