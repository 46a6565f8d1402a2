package f32

import (
	"bytes"
	"math"
	"math/rand"
	"testing"
	"unsafe"

	"github.com/octet-ml/octet/internal/cpu"
)

var inf = float32(math.Inf(1))

// eachLevel runs a test on every level that this machine has.
func eachLevel(t *testing.T, f func(t *testing.T, k *Kernels)) {
	t.Helper()
	for _, level := range cpu.Available() {
		t.Run(level.String(), func(t *testing.T) {
			k, err := Select(level)
			if err != nil {
				t.Fatal(err)
			}
			f(t, k)
		})
	}
}

const canary = 0xa5

// buffer is a float32 buffer as an arena holds it: bytes with slack behind them, which is filled with NaN bits in a
// source and watched for writes in a destination.
type buffer struct {
	bytes  []byte
	values []float32
	slack  []byte
}

func newBuffer(n int) buffer {
	all := aligned(n + 2*Slack/4)
	raw := unsafe.Slice((*byte)(unsafe.Pointer(&all[0])), 4*len(all))
	b := buffer{bytes: raw[: 4*n : 4*n], values: all[:n:n], slack: raw[4*n : 4*n+Slack]}
	for i := range b.slack {
		b.slack[i] = 0xff
	}
	return b
}

func random(rng *rand.Rand, n int) buffer {
	b := newBuffer(n)
	for i := range b.values {
		b.values[i] = float32(rng.NormFloat64())
	}
	return b
}

// output returns a destination whose every byte is the canary.
func output(n int) buffer {
	b := newBuffer(n)
	for _, part := range [][]byte{b.bytes, b.slack} {
		for i := range part {
			part[i] = canary
		}
	}
	return b
}

func (b buffer) checkSlack(t *testing.T) {
	t.Helper()
	if !bytes.Equal(b.slack, bytes.Repeat([]byte{canary}, len(b.slack))) {
		t.Error("wrote past the end of dst")
	}
}

// runAll runs a step's tiles in uneven ranges, last range first, with dirty scratch.
func runAll(s Step, scratch int) {
	buf := bytes.Repeat([]byte{0x7f}, scratch)
	for to := s.Tiles(); to > 0; {
		from := max(0, to-1-to%3)
		s.Run(buf, from, to)
		to = from
	}
}

func equalBits(t *testing.T, got, want []float32) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("got %d elements, want %d", len(got), len(want))
	}
	for i := range got {
		if math.Float32bits(got[i]) != math.Float32bits(want[i]) {
			t.Fatalf("element %d: got %v, want %v", i, got[i], want[i])
		}
	}
}

// noAllocs fails if running the step allocates.
func noAllocs(t *testing.T, s Step, scratch int) {
	t.Helper()
	buf := make([]byte, scratch)
	if n := testing.AllocsPerRun(3, func() { s.Run(buf, 0, s.Tiles()) }); n != 0 {
		t.Errorf("a run makes %v allocations", n)
	}
}
