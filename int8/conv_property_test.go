package i8

import (
	"bytes"
	"math/rand/v2"
	"sync"
	"testing"

	"github.com/octet-ml/octet/internal/cpu"
	"github.com/octet-ml/octet/internal/testkit"
)

// randomCase draws shapes of every kind, small enough for the reference.
func randomCase(r *rand.Rand) convCase {
	var c convCase
	w, g, e := &c.w, &c.g, &c.e
	pick := func(v ...int) int { return v[r.IntN(len(v))] }
	w.KH, w.KW = pick(1, 1, 2, 3, 3, 5), pick(1, 1, 2, 3, 3, 4)
	w.Groups = pick(1, 1, 1, 2, 3)
	w.IC, w.OC = 1+r.IntN(pick(8, 40)), w.Groups*(1+r.IntN(pick(4, 20, 80)))
	if r.IntN(4) == 0 { // depthwise
		w.IC, w.Groups = 1, 1+r.IntN(pick(8, 80))
		w.OC = w.Groups * pick(1, 1, 1, 2)
	}
	w.Bits = pick(8, 8, 4)
	w.Table = uniform
	if r.IntN(2) == 0 {
		w.Table = logarithmic
	}
	if r.IntN(4) == 0 {
		w.Zero = r.Int32N(256) - 128
	}
	for i := range 2 {
		g.Strides[i], g.Dilations[i] = pick(1, 1, 2, 3), pick(1, 1, 1, 2)
	}
	for i := range g.Pads {
		g.Pads[i] = r.IntN(3)
	}
	g.N = pick(1, 1, 2, 3)
	g.H = (w.KH-1)*g.Dilations[0] + 1 + r.IntN(9)
	g.W = (w.KW-1)*g.Dilations[1] + 1 + r.IntN(9)
	e.InZero, e.OutZero = int32(r.IntN(256)*r.IntN(2)), int32(r.IntN(256)*r.IntN(2))
	e.Output = Output(pick(0, 0, 0, 0, 1, 2))
	if e.Output == OutU8 {
		if r.IntN(3) == 0 {
			add := *someAdd
			if r.IntN(2) == 0 {
				add.AZero = e.OutZero
			}
			e.Add = &add
		}
		if r.IntN(3) == 0 {
			e.LUT = reluLUT
		}
		if r.IntN(3) == 0 {
			e.Lo = uint8(r.IntN(256))
			e.Hi = e.Lo + uint8(r.IntN(256-int(e.Lo)))
		}
	}
	if e.Output == OutU8 && r.IntN(4) == 0 {
		e.Pitch = w.OC + r.IntN(80)
	}
	if r.IntN(5) == 0 {
		c.inZero = []byte{byte(r.Uint32())}
	}
	c.fill(r)
	return c
}

// TestConvRandom also runs tiles in random order and partition.
func TestConvRandom(t *testing.T) {
	r := newRand(testkit.Seed(t))
	n := 400
	if testing.Short() {
		n = 50
	}
	for range n {
		c := randomCase(r)
		order := r.Uint64()
		eachAvailable(t, func(k *Kernels) {
			perm := rand.New(rand.NewPCG(order, 1))
			c.check(t, k, perm)
		})
	}
}

// TestTilesAreIndependent runs layers of many tiles in random order and partition and compares with one call.
func TestTilesAreIndependent(t *testing.T) {
	seed := testkit.Seed(t)
	for _, c := range []convCase{
		{w: layer(3, 3, 32, 64), g: padded(40, 40, 1, 1), e: Epilogue{InZero: 9, Add: someAdd}},
		{w: layer(3, 3, 48, 96), g: padded(30, 33, 1, 1), e: Epilogue{OutZero: someAdd.AZero, Add: someAdd}},
		{w: layer(1, 1, 64, 200), g: padded(30, 30, 1, 0), e: Epilogue{LUT: reluLUT}},
		{w: layer(1, 1, 1024, 900), g: image(2, 2)},
		{w: layer(7, 7, 3, 32), g: padded(64, 64, 2, 3), e: Epilogue{InZero: 9}},
		{w: Weights{KH: 3, KW: 3, IC: 1, OC: 96, Groups: 96}, g: padded(60, 60, 1, 1), e: Epilogue{InZero: 9}},
		{w: Weights{KH: 3, KW: 3, IC: 1, OC: 32, Groups: 32}, g: padded(60, 61, 1, 1), e: Epilogue{InZero: 9}},
		{w: Weights{Bits: 4, Table: uniform, KH: 3, KW: 3, IC: 64, OC: 96, Groups: 1}, g: padded(20, 20, 1, 1)},
		{w: Weights{KH: 1, KW: 1, IC: 64, OC: 300, Groups: 1, Zero: 3}, g: padded(30, 30, 1, 0), e: Epilogue{Output: OutF32}},
	} {
		c.fill(newRand(seed))
		eachAvailable(t, func(k *Kernels) {
			want, _ := c.run(t, k, nil)
			for i := range 3 {
				got, name := c.run(t, k, newRand(seed+int64(i)))
				if !bytes.Equal(got, want) {
					t.Errorf("%v: %s: the partition into tiles changes the result", &c, name)
				}
			}
		})
	}
}

// eachAvailable runs f for every level of this machine, without sub-tests.
func eachAvailable(t testing.TB, f func(k *Kernels)) {
	t.Helper()
	for _, l := range cpu.Available() {
		k, err := Select(l)
		if err != nil {
			t.Fatal(err)
		}
		f(k)
	}
}

// TestLayersAgree compares the levels with the portable kernels on the layers of real networks.
func TestLayersAgree(t *testing.T) {
	if testing.Short() {
		t.Skip("portable kernels take seconds for whole networks")
	}
	portable, err := Select(cpu.Generic)
	if err != nil {
		t.Fatal(err)
	}
	for _, net := range []string{"resnet50", "mobilenetv2"} {
		for _, c := range layers(t, net) {
			if c.macs() > 30e6 {
				c.g.H, c.g.W = c.g.H/2, c.g.W/2
				c.g.OH, c.g.OW = c.g.OH/2, c.g.OW/2
			}
			c.fill(newRand(3))
			want, _ := c.run(t, portable, nil)
			eachAvailable(t, func(k *Kernels) {
				if got, name := c.run(t, k, nil); !bytes.Equal(got, want) {
					t.Errorf("%v: %s differs from the portable kernels", &c, name)
				}
			})
		}
	}
}

// TestRunAllocatesNothing covers each kind of plan.
func TestRunAllocatesNothing(t *testing.T) {
	for _, c := range []convCase{
		{w: layer(3, 3, 16, 40), g: padded(9, 9, 1, 1), e: Epilogue{Add: someAdd, LUT: reluLUT}, inZero: []byte{4}},
		{w: layer(1, 1, 16, 41), g: image(9, 9), e: Epilogue{Output: OutF32}},
		{w: layer(3, 3, 3, 40), g: padded(9, 9, 2, 1)},
		{w: Weights{Bits: 4, Table: logarithmic, KH: 3, KW: 3, IC: 9, OC: 40, Groups: 1, Zero: 4}, g: padded(9, 9, 1, 1)},
		{w: Weights{KH: 3, KW: 3, IC: 1, OC: 40, Groups: 40}, g: padded(9, 9, 1, 1), e: Epilogue{Add: someAdd, LUT: reluLUT}, inZero: []byte{4}},
	} {
		eachAvailable(t, func(k *Kernels) {
			s, scratch, name := c.bound(t, k)
			if n := testing.AllocsPerRun(10, func() { s.Run(scratch, 0, s.Tiles()) }); n != 0 {
				t.Errorf("%v: %s: %v allocations a run", &c, name, n)
			}
		})
	}
}

// TestConcurrentRuns runs the tiles of one step from several goroutines, each with scratch of its own.
func TestConcurrentRuns(t *testing.T) {
	for _, c := range []convCase{
		{w: layer(3, 3, 32, 64), g: padded(40, 40, 1, 1), e: Epilogue{InZero: 9}},
		{w: Weights{KH: 3, KW: 3, IC: 1, OC: 96, Groups: 96}, g: padded(60, 60, 1, 1), e: Epilogue{InZero: 9}},
	} {
		eachAvailable(t, func(k *Kernels) {
			s, scratch, name := c.bound(t, k)
			var dst []byte
			switch s := s.(type) {
			case *gemmStep:
				dst = s.a.Dst
			case *depthwiseStep:
				dst = s.a.Dst
			}
			s.Run(scratch, 0, s.Tiles())
			want := bytes.Clone(dst)
			clear(dst)
			const workers = 7 // more than there are slots
			var wg sync.WaitGroup
			for i := range workers {
				scratch := make([]byte, len(scratch))
				wg.Go(func() { s.Run(scratch, s.Tiles()*i/workers, s.Tiles()*(i+1)/workers) })
			}
			wg.Wait()
			if !bytes.Equal(dst, want) {
				t.Errorf("%v: %s: concurrent runs differ from one", &c, name)
			}
		})
	}
}

func FuzzConv(f *testing.F) {
	for seed := range uint64(8) {
		f.Add(seed, uint64(3))
	}
	f.Fuzz(func(t *testing.T, a, b uint64) {
		r := rand.New(rand.NewPCG(a, b))
		c := randomCase(r)
		eachAvailable(t, func(k *Kernels) { c.check(t, k, r) })
	})
}

// TestLargeImagesNeedNoLargeTable covers layers whose offsets for the whole image would exceed maxOffsets.
func TestLargeImagesNeedNoLargeTable(t *testing.T) {
	if testing.Short() {
		t.Skip("the reference takes a second")
	}
	c := convCase{w: layer(3, 3, 9, 2), g: padded(690, 700, 1, 1), e: Epilogue{InZero: 77}}
	c.fill(newRand(testkit.Seed(t)))
	want := c.reference()
	eachAvailable(t, func(k *Kernels) {
		s, _, _ := c.bound(t, k)
		if q := s.(*gemmStep).q; q.source != banded {
			t.Errorf("%v: source %d, want a band", &c, q.source)
		}
		if got, name := c.run(t, k, nil); !bytes.Equal(got, want) {
			t.Errorf("%v: %s differs from the reference", &c, name)
		}
	})
}

// TestUnitsAreBounded keeps the units of real layers near the family's Work, so that workers share them evenly.
func TestUnitsAreBounded(t *testing.T) {
	for _, net := range []string{"resnet50", "mobilenetv2"} {
		for _, c := range layers(t, net) {
			c.fill(newRand(1))
			eachAvailable(t, func(k *Kernels) {
				s, _, name := c.bound(t, k)
				work := k.set.Gemm.Work
				if _, ok := s.(*depthwiseStep); ok {
					work = k.set.Depthwise.Work
				}
				if unit := int64(c.macs()) / int64(s.Tiles()); unit > 2*work {
					t.Errorf("%v: %s: %d products in each of %d tiles, want about %d", &c, name, unit, s.Tiles(), work)
				}
			})
		}
	}
}
