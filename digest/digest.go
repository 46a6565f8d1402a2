package digest

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"hash"
	"strings"

	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/runtime"
)

// Key is the metadata key under which a model file carries its digest.
const Key = "octet.digest"

// version begins the text of a digest: the number of the definition.
const version = "v1:"

// Of returns the digest of a program: "v1:" and the SHA-256 of its outputs, in lower-case hexadecimal digits.
//
// Examples are run at the program's largest batch size; the result does not depend on it. A model that takes ranges from
// the data is run at batch 1, since ONNX takes them over the whole batch. Half-precision inputs or outputs give an error
// that wraps ErrType: their program is to be compiled with runtime.Float32. Of is safe for concurrent use and allocates
// one session.
func Of(p *runtime.Program) (string, error) {
	if err := checkTypes(p); err != nil {
		return "", err
	}
	s, err := p.NewSession()
	if err != nil {
		return "", err
	}
	batch := batchOf(p)
	random := newRandom()
	h := sha256.New()
	for first := 0; first < Examples; first += batch {
		n := min(batch, Examples-first)
		if p.Dynamic() {
			if err := s.SetBatch(n); err != nil {
				return "", err
			}
		}
		for b := range n {
			for i := range p.Inputs() {
				fill(part(s.Input(i), n, b), random, amplitudes[(first+b)%len(amplitudes)])
			}
		}
		s.Run()
		for b := range n {
			for i := range p.Outputs() {
				write(h, part(s.Output(i), n, b))
			}
		}
	}
	return version + hex.EncodeToString(h.Sum(nil)), nil
}

// Check computes the digest of a program and compares it with the one in the metadata of its model file. Errors wrap
// ErrMismatch, ErrMissing, ErrVersion or ErrType, and runtime.ErrFloat for a model that has no digest that holds
// everywhere.
func Check(p *runtime.Program) error {
	want, ok := p.Metadata()[Key]
	if !ok {
		return fmt.Errorf("metadata %q: %w", Key, ErrMissing)
	}
	if sum, ok := strings.CutPrefix(want, version); !ok || len(sum) != 2*sha256.Size || strings.Trim(sum, "0123456789abcdef") != "" {
		return fmt.Errorf("metadata %q: %w: %.80q", Key, ErrVersion, want)
	}
	got, err := Portable(p)
	if err != nil {
		return err
	}
	if got != want {
		return fmt.Errorf("%w: want %s, got %s (kernels %s)", ErrMismatch, want, got, p.Level())
	}
	return nil
}

// Portable is Of for programs whose digest is the same everywhere, to be stored under Key; others give an error that
// wraps runtime.ErrFloat and names the float layers.
func Portable(p *runtime.Program) (string, error) {
	if err := p.RequireInteger(); err != nil {
		return "", fmt.Errorf("digest: %w", err)
	}
	return Of(p)
}

// batchOf returns the batch size that the examples are run at.
func batchOf(p *runtime.Program) int {
	if !p.Separable() {
		return 1
	}
	return min(p.MaxBatch(), Examples)
}

// part returns example b of the n that a tensor holds, in the tensor's memory.
func part(t *graph.Tensor, n, b int) *graph.Tensor {
	size := len(t.Data) / n
	shape := t.Shape.Clone()
	if n > 1 {
		shape[0] /= n
	}
	return &graph.Tensor{DType: t.DType, Shape: shape, Data: t.Data[b*size : (b+1)*size : (b+1)*size]}
}

// write adds the bytes of an output to a hash. Every NaN counts as the same one.
func write(h hash.Hash, t *graph.Tensor) {
	switch t.DType {
	case graph.Float32:
		for i, v := range graph.View[float32](t.Data) {
			if v != v {
				binary.LittleEndian.PutUint32(t.Data[4*i:], nan32)
			}
		}
	case graph.Float64:
		for i, v := range graph.View[float64](t.Data) {
			if v != v {
				binary.LittleEndian.PutUint64(t.Data[8*i:], nan64)
			}
		}
	}
	h.Write(t.Data)
}

// The NaNs that are hashed: quiet, positive, without payload. Processors differ in those that they make.
const (
	nan32 = 0x7fc00000
	nan64 = 0x7ff8000000000000
)
