package f32

import (
	"errors"
	"math"
	"math/rand"
	"testing"

	"github.com/octet-ml/octet/internal/testkit"
)

func TestInterleave3(t *testing.T) {
	seed := testkit.Seed(t)
	for _, pixels := range []int{1, 7, 8, 23, 64, interleaveTile + 13} {
		eachLevel(t, func(t *testing.T, k *Kernels) {
			const count = 2
			plan, err := k.Interleave3(count, pixels)
			if err != nil {
				t.Fatal(err)
			}
			src, dst := random(rand.New(rand.NewSource(seed)), 3*count*pixels), output(3*count*pixels)
			step, err := plan.Bind(src.bytes, dst.bytes)
			if err != nil {
				t.Fatal(err)
			}
			runAll(step, 0)
			want := make([]float32, len(dst.values))
			for i := range want {
				n, pixel, c := i/(3*pixels), i/3%pixels, i%3
				want[i] = src.values[(3*n+c)*pixels+pixel]
			}
			equalBits(t, dst.values, want)
			dst.checkSlack(t)
			noAllocs(t, step, 0)
		})
	}
}

func TestInterleave3Rejects(t *testing.T) {
	eachLevel(t, func(t *testing.T, k *Kernels) {
		if _, err := k.Interleave3(math.MaxInt, 2); !errors.Is(err, ErrGeometry) {
			t.Errorf("got %v, want %v", err, ErrGeometry)
		}
		plan, err := k.Interleave3(1, 4)
		if err != nil {
			t.Fatal(err)
		}
		b := newBuffer(24)
		for _, args := range [][2][]byte{{b.bytes[:44], b.bytes[48:]}, {b.bytes[:48], b.bytes[44:92]}, {b.bytes[:48], b.bytes[48:92]}} {
			if _, err := plan.Bind(args[0], args[1]); !errors.Is(err, ErrBuffer) {
				t.Errorf("got %v, want %v", err, ErrBuffer)
			}
		}
	})
}
