package i8

import (
	"encoding/binary"
	"errors"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/octet-ml/octet/int8/internal/kerneltest"
	"github.com/octet-ml/octet/internal/cpu"
)

func randomTable(r *rand.Rand) *[256]uint8 {
	var t [256]uint8
	random(r, t[:])
	return &t
}

func lookupReference(table *[256]uint8, src []byte) []byte {
	dst := make([]byte, len(src))
	for i, v := range src {
		dst[i] = table[v]
	}
	return dst
}

func TestLookupMapsEveryByteAtEveryLength(t *testing.T) {
	eachLevel(t, func(t *testing.T, k *Kernels) {
		r := eltwiseRand(t)
		all := make([]byte, 256)
		for i := range all {
			all[i] = byte(i)
		}
		table := randomTable(r)
		plan := k.Lookup(table)
		for _, n := range oddLengths {
			src := randomSrc(t, r, n)
			copy(src, all)
			want := lookupReference(table, src)
			dst, check := kerneltest.Canaried(t, n)
			s, err := plan.Bind(src, dst)
			runAll(t, r, s, err)
			check()
			sameBytes(t, plan.Kernel(), dst, want)

			s, err = plan.Bind(src, src)
			runAll(t, r, s, err)
			sameBytes(t, plan.Kernel()+" in place", src, want)
		}
	})
}

func TestLookupCopiesItsTable(t *testing.T) {
	eachLevel(t, func(t *testing.T, k *Kernels) {
		var table [256]uint8
		plan := k.Lookup(&table)
		table[0] = 1
		dst := []byte{9, 9}
		s, err := plan.Bind(make([]byte, 2, 66), dst)
		runAll(t, eltwiseRand(t), s, err)
		sameBytes(t, plan.Kernel(), dst, []byte{0, 0})
	})
}

func TestLookupF32KeepsTheBits(t *testing.T) {
	eachLevel(t, func(t *testing.T, k *Kernels) {
		r := eltwiseRand(t)
		var table [256]float32
		for i := range table {
			table[i] = math.Float32frombits(r.Uint32())
		}
		plan := k.LookupF32(&table)
		for _, n := range oddLengths {
			src := randomSrc(t, r, n)
			dst, check := kerneltest.Canaried(t, 4*n)
			s, err := plan.Bind(src, dst)
			runAll(t, r, s, err)
			check()
			for i, v := range src {
				if got, want := binary.LittleEndian.Uint32(dst[4*i:]), math.Float32bits(table[v]); got != want {
					t.Fatalf("%s: element %d: got %#x, want %#x", plan.Kernel(), i, got, want)
				}
			}
		}
	})
}

func TestLookupRefusesUnsuitableBuffers(t *testing.T) {
	k, err := Select(cpu.Generic)
	if err != nil {
		t.Fatal(err)
	}
	b := make([]byte, 64)
	p, f := k.Lookup(new([256]uint8)), k.LookupF32(new([256]float32))
	for name, bind := range map[string]func() (Step, error){
		"lengths differ":   func() (Step, error) { return p.Bind(b[:10], b[20:31]) },
		"overlap in part":  func() (Step, error) { return p.Bind(b[:10], b[1:11]) },
		"f32 length":       func() (Step, error) { return f.Bind(b[:4], b[4:19]) },
		"f32 over its src": func() (Step, error) { return f.Bind(b[:4], b[:16]) },
	} {
		if _, err := bind(); !errors.Is(err, ErrBuffer) {
			t.Errorf("%s: got %v, want ErrBuffer", name, err)
		}
	}
}

func TestLookupDoesNotAllocate(t *testing.T) {
	eachLevel(t, func(t *testing.T, k *Kernels) {
		b := make([]byte, 50000, 50064)
		s, err := k.Lookup(new([256]uint8)).Bind(b, b)
		noAllocs(t, s, err)
		s, err = k.LookupF32(new([256]float32)).Bind(b, make([]byte, 200000))
		noAllocs(t, s, err)
	})
}

func FuzzLookup(f *testing.F) {
	f.Add([]byte("a table"), []byte("and some bytes to look up in it, more than a vector of them"))
	f.Add([]byte{255}, []byte{0, 127, 128, 255})
	f.Fuzz(func(t *testing.T, tab, data []byte) {
		var table [256]uint8
		copy(table[:], tab)
		src := append(make([]byte, 0, len(data)+Slack), data...)
		want := lookupReference(&table, src)
		for _, l := range cpu.Available() {
			k, err := Select(l)
			if err != nil {
				t.Fatal(err)
			}
			dst, check := kerneltest.Canaried(t, len(src))
			p := k.Lookup(&table)
			s, err := p.Bind(src, dst)
			if err != nil {
				t.Fatal(err)
			}
			s.Run(nil, 0, s.Tiles())
			check()
			sameBytes(t, p.Kernel(), dst, want)
		}
	})
}
