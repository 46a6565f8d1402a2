package f32

import (
	"encoding/binary"
	"math"
	"math/rand"
	"sync"
	"testing"
	"unsafe"

	"github.com/octet-ml/octet/internal/testkit"
)

// Tiles run by several goroutines at once give the bits of one goroutine.
func TestTilesMayRunConcurrently(t *testing.T) {
	seed := testkit.Seed(t)
	for _, c := range convCases {
		eachLevel(t, func(t *testing.T, k *Kernels) {
			rng := rand.New(rand.NewSource(seed))
			packed, err := k.PackConv(c.weights(rng))
			if err != nil {
				t.Fatal(err)
			}
			g := c.geometry()
			plan, err := packed.Plan(g, Epilogue{Lo: -inf, Hi: inf})
			if err != nil {
				t.Fatal(err)
			}
			src := random(rng, g.N*g.H*g.W*c.groups*c.ic)
			alone, together := output(g.N*g.OH*g.OW*c.oc), output(g.N*g.OH*g.OW*c.oc)
			bind := func(dst buffer) Step {
				step, err := plan.Bind(ConvArgs{Src: src.bytes, Dst: dst.bytes})
				if err != nil {
					t.Fatal(err)
				}
				return step
			}
			runAll(bind(alone), plan.Scratch())
			step := bind(together)
			const workers = 3
			var wg sync.WaitGroup
			for i := range workers {
				wg.Go(func() {
					from, to := split(step.Tiles(), workers, i)
					step.Run(make([]byte, plan.Scratch()), from, to)
				})
			}
			wg.Wait()
			equalBits(t, together.values, alone.values)
		})
	}
}

// Weights may lie at any address of a mapped file.
func TestUnalignedWeightsAreCopied(t *testing.T) {
	eachLevel(t, func(t *testing.T, k *Kernels) {
		const n = 6
		file := make([]byte, 4*n+1)
		for i := range n {
			binary.NativeEndian.PutUint32(file[1+4*i:], math.Float32bits(float32(i)+0.5))
		}
		view := unsafe.Slice((*float32)(unsafe.Pointer(&file[1])), n)
		packed, err := k.PackConv(Weights{Data: view, OC: n, KH: 1, KW: 1, IC: 1, Groups: 1})
		if err != nil {
			t.Fatal(err)
		}
		clear(file)
		plan, err := packed.Plan(Geometry{N: 1, H: 1, W: 1, Strides: s1, Dilations: s1, OH: 1, OW: 1}, Epilogue{Lo: -inf, Hi: inf})
		if err != nil {
			t.Fatal(err)
		}
		src, dst := newBuffer(1), output(n)
		src.values[0] = 2
		step, err := plan.Bind(ConvArgs{Src: src.bytes, Dst: dst.bytes})
		if err != nil {
			t.Fatal(err)
		}
		runAll(step, plan.Scratch())
		equalBits(t, dst.values, []float32{1, 3, 5, 7, 9, 11})
	})
}
