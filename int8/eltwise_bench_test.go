package i8

import (
	"testing"

	"github.com/octet-ml/octet/internal/cpu"
)

// benchStep runs s on every level as bind makes it, and reports the bytes read and written a second.
func benchStep(b *testing.B, name string, bytes int, bind func(k *Kernels) (string, Step, error)) {
	for _, l := range cpu.Available() {
		k, err := Select(l)
		if err != nil {
			b.Fatal(err)
		}
		kernel, s, err := bind(k)
		if err != nil {
			b.Fatal(err)
		}
		b.Run(name+"/"+kernel, func(b *testing.B) {
			for b.Loop() {
				s.Run(nil, 0, s.Tiles())
			}
			b.ReportMetric(float64(bytes)*float64(b.N)/float64(b.Elapsed().Nanoseconds()), "GB/s")
		})
	}
}

func benchBytes(n int) []byte {
	b := make([]byte, n, n+Slack)
	for i := range b {
		b[i] = byte(i * 131 >> 3)
	}
	return b
}

func BenchmarkLookup(b *testing.B) {
	const n = 56 * 56 * 72
	src, dst := benchBytes(n), make([]byte, n)
	benchStep(b, "56x56x72", 2*n, func(k *Kernels) (string, Step, error) {
		p := k.Lookup((*[256]uint8)(benchBytes(256)))
		s, err := p.Bind(src, dst)
		return p.Kernel(), s, err
	})
	out := make([]byte, 4*n)
	benchStep(b, "f32_56x56x72", 5*n, func(k *Kernels) (string, Step, error) {
		p := k.LookupF32(new([256]float32))
		s, err := p.Bind(src, out)
		return p.Kernel(), s, err
	})
}

func BenchmarkQuantize(b *testing.B) {
	const n = 224 * 224 * 3
	src, dst := make([]byte, 4*n, 4*n+Slack), make([]byte, n)
	x := make([]float32, n)
	for i := range x {
		x[i] = float32(i%511) / 511
	}
	putFloats(src, x)
	for name, inv := range map[string]bool{"224x224x3": false, "224x224x3_inv": true} {
		benchStep(b, name, 5*n, func(k *Kernels) (string, Step, error) {
			p := k.Quantize(QuantizeParams{Inv: inv, Scale: 0.0171, Zero: 114, Hi: 255})
			s, err := p.Bind(src, dst)
			return p.Kernel(), s, err
		})
	}
}

func BenchmarkBinary(b *testing.B) {
	for _, c := range []struct {
		name string
		s    Broadcast
		mul  bool
	}{
		{"add_56x56x256", Broadcast{1, 1, 56 * 56 * 256, 0, 0, 1}, false},
		{"add_14x14x96", Broadcast{1, 1, 14 * 14 * 96, 0, 0, 1}, false},
		{"mul_14x14x480_channel", Broadcast{1, 14 * 14, 480, 480, 0, 1}, true},
		{"mul_56x56x72_channel", Broadcast{1, 56 * 56, 72, 72, 0, 1}, true},
		{"mul_112x112x16_channel", Broadcast{1, 112 * 112, 16, 16, 0, 1}, true},
		{"mul_112x112x16_pixel", Broadcast{1, 112 * 112, 16, 0, 1, 0}, true},
	} {
		na, nb, err := c.s.extent()
		if err != nil {
			b.Fatal(err)
		}
		x, y, dst := benchBytes(na), benchBytes(nb), make([]byte, na)
		benchStep(b, c.name, 2*na+nb, func(k *Kernels) (string, Step, error) {
			p := k.Add(AddParams{AScale: 0.7, BScale: 0.9, AZero: 120, BZero: 117, OutZero: 90, Hi: 255}, c.s)
			if c.mul {
				p = k.Mul(MulParams{Scale: 0.01, AZero: 120, OutZero: 90, Hi: 255}, c.s)
			}
			s, err := p.Bind(x, y, dst)
			return p.Kernel(), s, err
		})
	}
}

func BenchmarkPool(b *testing.B) {
	for _, c := range []struct {
		name    string
		p       Pool
		average bool
	}{
		{"max_3x3s2_112x112x64", poolGeometry(1, 112, 112, 64, [2]int{3, 3}, [2]int{2, 2}, one, [4]int{1, 1, 1, 1}, false), false},
		{"max_2x2s2_112x112x128", poolGeometry(1, 112, 112, 128, [2]int{2, 2}, [2]int{2, 2}, one, [4]int{}, false), false},
		{"max_3x3s2_27x27x256", poolGeometry(1, 27, 27, 256, [2]int{3, 3}, [2]int{2, 2}, one, [4]int{}, true), false},
		{"avg_7x7x2048", poolGeometry(1, 7, 7, 2048, [2]int{7, 7}, one, one, [4]int{}, false), true},
		{"avg_56x56x72", poolGeometry(1, 56, 56, 72, [2]int{56, 56}, one, one, [4]int{}, false), true},
		{"avg_112x112x32", poolGeometry(1, 112, 112, 32, [2]int{112, 112}, one, one, [4]int{}, false), true},
		{"avg_3x3_35x35x192", poolGeometry(1, 35, 35, 192, [2]int{3, 3}, one, one, [4]int{1, 1, 1, 1}, false), true},
		{"avg_2x2s2_56x56x128", poolGeometry(1, 56, 56, 128, [2]int{2, 2}, [2]int{2, 2}, one, [4]int{}, false), true},
	} {
		in, out := c.p.H*c.p.W*c.p.C, c.p.OH*c.p.OW*c.p.C
		src, dst := benchBytes(in), make([]byte, out)
		benchStep(b, c.name, in+out, func(k *Kernels) (string, Step, error) {
			p, err := k.MaxPool(c.p, 0, 255)
			if c.average {
				p, err = k.AveragePool(c.p, 0.9, 7, 11, 0, 255)
			}
			if err != nil {
				return "", nil, err
			}
			s, err := p.Bind(src, dst)
			return p.Kernel(), s, err
		})
	}
}
