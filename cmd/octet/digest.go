package main

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"math"
	"math/rand/v2"

	"github.com/spf13/cobra"

	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/runtime"
)

// digestRuns is the number of inputs that a digest covers.
const digestRuns = 4

func (a *app) digestCommand() *cobra.Command {
	var f modelFlags
	c := &cobra.Command{
		Use:   "digest MODEL",
		Short: "Print a hash of the model's outputs on deterministic inputs",
		Long: `Digest runs a model on pseudo-random inputs that are the same everywhere and prints the SHA-256 of the outputs. Two
machines, instruction-set levels, thread counts or batch sizes that print the same line computed the same bytes.`,
		Args: arguments(cobra.ExactArgs(1)),
		RunE: func(_ *cobra.Command, args []string) error {
			g, err := a.load(args[0])
			if err != nil {
				return err
			}
			p, err := f.compile(g)
			if err != nil {
				return err
			}
			sum, err := digest(p)
			if err != nil {
				return err
			}
			fmt.Fprintf(a.stdout, "%x  %s\n", sum, args[0])
			return nil
		},
	}
	f.register(c)
	c.Flags().IntVar(&f.batch, "batch", 1, "batch size: 1, 2 or 4 runs the same inputs")
	return c
}

// digest returns the hash of the outputs for digestRuns examples, whatever the batch size that they are run at.
func digest(p *runtime.Program) ([]byte, error) {
	batch := 1
	if p.Dynamic() {
		batch = p.MaxBatch()
	}
	if digestRuns%batch != 0 {
		return nil, fmt.Errorf("batch %d does not divide %d", batch, digestRuns)
	}
	s, err := p.NewSession()
	if err != nil {
		return nil, err
	}
	random := rand.New(rand.NewPCG(1, 2))
	examples := make([][][]byte, digestRuns) // by example and output
	for first := 0; first < digestRuns; first += batch {
		for i := range p.Inputs() {
			fillRandom(s.Input(i), random)
		}
		s.Run()
		for b := range batch {
			for i := range p.Outputs() {
				data := s.Output(i).Data
				size := len(data) / batch
				examples[first+b] = append(examples[first+b], append([]byte(nil), data[b*size:(b+1)*size]...))
			}
		}
	}
	h := sha256.New()
	for _, outputs := range examples {
		for _, data := range outputs {
			h.Write(data)
		}
	}
	return h.Sum(nil), nil
}

// fillRandom fills a tensor: integers over their whole range, floats uniform in [-1, 1).
func fillRandom(t *graph.Tensor, random *rand.Rand) {
	if t.DType == graph.Float32 {
		for i := range t.Len() {
			v := float32(random.Uint32()>>8)/(1<<23) - 1
			binary.LittleEndian.PutUint32(t.Data[4*i:], math.Float32bits(v))
		}
		return
	}
	for i := range t.Data {
		t.Data[i] = byte(random.Uint32())
	}
}
