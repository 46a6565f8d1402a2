package i8

import (
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"testing"
	"unsafe"

	"github.com/octet-ml/octet/int8/internal/kernel"
	"github.com/octet-ml/octet/int8/internal/kerneltest"
	"github.com/octet-ml/octet/internal/cpu"
)

func transposed(src []byte, m Matrices) []byte {
	dst := make([]byte, len(src))
	for b := range m.Count {
		for i := range m.Rows {
			for j := range m.Cols {
				dst[(b*m.Cols+j)*m.Rows+i] = src[(b*m.Rows+i)*m.Cols+j]
			}
		}
	}
	return dst
}

func matrices(r *rand.Rand) []Matrices {
	list := []Matrices{{1, 1, 1}, {2, 3, 1}, {1, 3, 50176}, {2, 4, 9000}, {3, 1, 100}, {1, 512, 49}, {2, 49, 512}, {1, 3000, 3}, {1, 700, 900}}
	for range 120 {
		side := func() int { return 1 + r.IntN([]int{5, 20, 40, 300}[r.IntN(4)]) }
		list = append(list, Matrices{1 + r.IntN(3), side(), side()})
	}
	for n := 15; n < 70; n++ {
		list = append(list, Matrices{1, 3, n}, Matrices{1, 4, n}, Matrices{1, n, 8 + n%40}, Matrices{1, 8 + n%9, n})
	}
	return list
}

func TestTransposeMovesEveryByte(t *testing.T) {
	eachLevel(t, func(t *testing.T, k *Kernels) {
		r := eltwiseRand(t)
		for _, m := range matrices(r) {
			src := randomSrc(t, r, m.Count*m.Rows*m.Cols)
			dst, check := kerneltest.Canaried(t, len(src))
			p, err := k.Transpose(m)
			if err != nil {
				t.Fatal(err)
			}
			s, err := p.Bind(src, dst)
			runAll(t, r, s, err)
			check()
			sameBytes(t, fmt.Sprintf("%s over %v", p.Kernel(), m), dst, transposed(src, m))
		}
	})
}

// TestTransposeKernelsKeepToTheirColumns gives kernels rows that are apart in source and destination.
func TestTransposeKernelsKeepToTheirColumns(t *testing.T) {
	eachLevel(t, func(t *testing.T, k *Kernels) {
		r := eltwiseRand(t)
		for range 200 {
			rows, cols := 1+r.IntN(40), 1+r.IntN(100)
			sr, dr := cols+r.IntN(9), rows+r.IntN(9)
			src := randomSrc(t, r, (rows-1)*sr+cols)
			dst, check := kerneltest.Canaried(t, (cols-1)*dr+rows)
			fill(dst, 0xa5)
			want := append([]byte(nil), dst...)
			for i := range rows {
				for j := range cols {
					want[j*dr+i] = src[i*sr+j]
				}
			}
			row := k.transposeRow(rows, cols, dr == rows)
			row.Run(&kernel.TransposeArgs{
				Dst: unsafe.Pointer(&dst[0]), Src: unsafe.Pointer(&src[0]), M: uintptr(rows), N: uintptr(cols), SrcRow: uintptr(sr), DstRow: uintptr(dr),
			})
			check()
			sameBytes(t, fmt.Sprintf("%s over %dx%d, rows of %d and %d", row.Name, rows, cols, sr, dr), dst, want)
		}
	})
}

func TestQuantizeTransposedQuantizesAndTransposes(t *testing.T) {
	eachLevel(t, func(t *testing.T, k *Kernels) {
		r := eltwiseRand(t)
		q := QuantizeParams{Scale: 0.017, Zero: 114, Hi: 255}
		for _, m := range matrices(r) {
			if m.Rows > MaxQuantizedRows {
				continue
			}
			n := m.Count * m.Rows * m.Cols
			x := make([]float32, n)
			for i := range x {
				x[i] = float32(r.NormFloat64() * 2)
			}
			x[0] = float32(math.NaN())
			src := kerneltest.Buffer(t, 4*n, Slack, kerneltest.AtStart)
			putFloats(src, x)
			plain := make([]byte, n)
			s, err := k.Quantize(q).Bind(src, plain)
			runAll(t, r, s, err)
			p, err := k.QuantizeTransposed(q, m)
			if err != nil {
				t.Fatal(err)
			}
			dst, check := kerneltest.Canaried(t, n)
			if s, err = p.Bind(src, dst); err != nil {
				t.Fatal(err)
			}
			scratch := make([]byte, p.Scratch()+1)
			for tile := s.Tiles(); tile > 0; tile-- {
				s.Run(scratch[:p.Scratch()], tile-1, tile)
			}
			check()
			if scratch[p.Scratch()] != 0 {
				t.Fatalf("%v: a byte past the scratch is written", m)
			}
			sameBytes(t, fmt.Sprintf("%s over %v", p.Kernel(), m), dst, transposed(plain, m))
			if a := testing.AllocsPerRun(2, func() { s.Run(scratch, 0, s.Tiles()) }); a != 0 {
				t.Errorf("Run allocates %v times", a)
			}
		}
	})
}

func TestTransposeRefusesWhatItCannotDo(t *testing.T) {
	k, err := Select(cpu.Generic)
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range []Matrices{{}, {1, 0, 4}, {1, 4, -1}, {1 << 20, 1 << 20, 1 << 20}} {
		if _, err := k.Transpose(m); !errors.Is(err, ErrShape) {
			t.Errorf("%v: got %v, want ErrShape", m, err)
		}
	}
	if _, err := k.QuantizeTransposed(QuantizeParams{Scale: 1, Hi: 255}, Matrices{1, MaxQuantizedRows + 1, 4}); !errors.Is(err, ErrShape) {
		t.Errorf("many rows: got %v, want ErrShape", err)
	}
	m := Matrices{1, 3, 4}
	p, err := k.Transpose(m)
	if err != nil {
		t.Fatal(err)
	}
	q, err := k.QuantizeTransposed(QuantizeParams{Scale: 1, Hi: 255}, m)
	if err != nil {
		t.Fatal(err)
	}
	bad, err := k.QuantizeTransposed(QuantizeParams{Hi: 255}, m)
	if err != nil {
		t.Fatal(err)
	}
	b := make([]byte, 128)
	for name, c := range map[string]struct {
		bind func() (Step, error)
		want error
	}{
		"lengths":           {func() (Step, error) { return p.Bind(b[:12], b[20:31]) }, ErrBuffer},
		"overlap":           {func() (Step, error) { return p.Bind(b[:12], b[11:23]) }, ErrBuffer},
		"lengths of floats": {func() (Step, error) { return q.Bind(b[:12], b[20:32]) }, ErrBuffer},
		"overlap of floats": {func() (Step, error) { return q.Bind(b[:48], b[:12]) }, ErrBuffer},
		"no scale":          {func() (Step, error) { return bad.Bind(b[:48], b[64:76]) }, ErrParameter},
	} {
		if _, err := c.bind(); !errors.Is(err, c.want) {
			t.Errorf("%s: got %v, want %v", name, err, c.want)
		}
	}
}

func TestTransposeDoesNotAllocate(t *testing.T) {
	eachLevel(t, func(t *testing.T, k *Kernels) {
		p, err := k.Transpose(Matrices{2, 100, 300})
		if err != nil {
			t.Fatal(err)
		}
		s, err := p.Bind(make([]byte, 60000, 60064), make([]byte, 60000))
		noAllocs(t, s, err)
	})
}

func BenchmarkTranspose(b *testing.B) {
	for _, m := range []Matrices{{1, 3, 224 * 224}, {1, 4, 224 * 224}, {1, 49, 512}, {1, 64, 56 * 56}, {1, 56 * 56, 64}} {
		n := m.Count * m.Rows * m.Cols
		src, dst := benchBytes(n), make([]byte, n)
		benchStep(b, fmt.Sprintf("%dx%d", m.Rows, m.Cols), 2*n, func(k *Kernels) (string, Step, error) {
			p, err := k.Transpose(m)
			if err != nil {
				return "", nil, err
			}
			s, err := p.Bind(src, dst)
			return p.Kernel(), s, err
		})
	}
}
