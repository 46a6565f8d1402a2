package quantize

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"hash"
	"slices"

	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/internal/cpu"
)

// facts returns what the result of the job for graph g depends on.
func (j *job) facts(g *graph.Graph) ([]fact, error) {
	level, err := cpu.Best()
	if err != nil {
		return nil, err
	}
	model := sha256.New()
	if err := graph.PrintFull(model, g); err != nil {
		return nil, fmt.Errorf("state: %w", err)
	}
	data, err := j.dataDigest()
	if err != nil {
		return nil, err
	}
	rules := make([]string, len(j.o.Rules))
	for i, r := range j.o.Rules {
		rules[i] = r.Layers + "=" + r.Scheme.String()
	}
	t := j.o.Target
	timed := "nothing"
	if t.timed() || j.o.OptimizeTime {
		timed = fmt.Sprintf("bound %v of the float model's, %v, optimized %v, threads %d", t.Time, t.Latency, j.o.OptimizeTime, j.w.threads)
	}
	return []fact{
		{"model", digest(model)},
		{"data", data},
		{"inputs", fmt.Sprintf("%d of %d by seed %d", len(j.w.order), j.w.data.Len(), j.o.Seed)},
		{"weights", j.o.Weights.String()},
		{"rules", fmt.Sprintf("%q", rules)},
		{"range", j.o.Range.String()},
		{"rounding", j.o.Rounding.String()},
		{"equalize", fmt.Sprint(j.o.Equalize)},
		{"target", fmt.Sprintf("drop %v, bytes %d", t.Drop, t.Bytes)},
		{"time", timed},
		{"level", level.String()},
	}, nil
}

// digest returns the beginning of a checksum, for people to compare.
func digest(h hash.Hash) string { return fmt.Sprintf("%x", h.Sum(nil)[:8]) }

// looked is how many of the calibration inputs a digest of them reads, spread over all.
const looked = 8

// dataDigest returns a digest of the labels, where there are any, and of some of the calibration inputs.
func (j *job) dataDigest() (string, error) {
	h := sha256.New()
	if labelled, ok := j.w.data.(Labelled); ok {
		for _, i := range j.w.order {
			h.Write(binary.LittleEndian.AppendUint64(nil, uint64(labelled.Label(i))))
		}
	}
	n := len(j.w.order)
	for i := range min(n, looked) {
		at := i * n / min(n, looked)
		for _, v := range j.w.inputs {
			data, err := j.w.input(at, v.Name)
			if err != nil {
				return "", fmt.Errorf("%w: input %d: %w", ErrData, j.w.order[at], err)
			}
			h.Write(data)
		}
	}
	return digest(h), nil
}

// fitted is a layer whose weights are final: the forms that it was rounded to.
type fitted struct {
	Output float64 // signal-to-noise ratio of the first form
	Forms  []fittedForm
}

// fittedForm is one form. Values are the levels as int8.
type fittedForm struct {
	Scheme Scheme
	Values []byte
	Scale  []float32
	Bias   []float32
}

// fit gives the forms of a layer, rounded to the nearest, their final weights, unless an earlier run has done so in the same stage. It
// returns the signal-to-noise ratio of the layer's output with the first form.
func (j *job) fit(stage string, l *layer, forms ...*packed) (output float64, err error) {
	output, found, err := j.recall(stage, l, forms...)
	if found || err != nil {
		return output, err
	}
	if err := j.catchUp(); err != nil {
		return 0, err
	}
	s, err := j.reconstruct(l, forms...)
	if err != nil {
		return 0, err
	}
	output = s.sqnr(forms[0])
	return output, j.keep(stage, l, output, forms...)
}

// keep keeps what reconstruction made of a layer.
func (j *job) keep(stage string, l *layer, output float64, forms ...*packed) error {
	if !j.kept.on() {
		return nil
	}
	f := fitted{Output: output}
	for _, p := range forms {
		values := make([]byte, len(p.values))
		for i, v := range p.values {
			values[i] = byte(int8(v))
		}
		f.Forms = append(f.Forms, fittedForm{p.scheme, values, p.scale, p.bias})
	}
	return j.kept.put(layerKey(stage, l), f)
}

// layerKey returns the key of a stage's work on a layer.
func layerKey(stage string, l *layer) string { return fmt.Sprintf("%s/%d", stage, l.index) }

// recall gives the forms of a layer, rounded to the nearest, the values that were kept, and reports whether there were any.
func (j *job) recall(stage string, l *layer, forms ...*packed) (output float64, found bool, err error) {
	var f fitted
	if found, err = j.kept.get(layerKey(stage, l), &f); !found || err != nil {
		return 0, false, err
	}
	if len(f.Forms) != len(forms) {
		return 0, false, fmt.Errorf("%w: %d forms, want %d", ErrState, len(f.Forms), len(forms))
	}
	for i, p := range forms {
		if err := f.Forms[i].restore(p); err != nil {
			return 0, false, err
		}
	}
	j.behind = append(j.behind, l)
	return f.Output, true, nil
}

// restore sets p to the form.
func (f *fittedForm) restore(p *packed) error {
	if f.Scheme != p.scheme || len(f.Values) != len(p.values) || len(f.Scale) != len(p.scale) || len(f.Bias) != len(p.bias) {
		return fmt.Errorf("%w: %d weights of scheme %v, want %d of %v", ErrState, len(f.Values), f.Scheme, len(p.values), p.scheme)
	}
	for i, b := range f.Values {
		v := float32(int8(b))
		if p.levels.Nearest(v) != v {
			return fmt.Errorf("%w: %v is no level of scheme %v", ErrState, v, p.scheme)
		}
		p.values[i] = v
	}
	p.scale, p.bias, p.codes = f.Scale, f.Bias, nil
	return nil
}

// catchUp makes the streams go past the layers that were recalled, in the same stretches as when they were reconstructed: a float
// model that is cut elsewhere may round otherwise.
func (j *job) catchUp() error {
	for _, l := range j.behind {
		float, integer, _, err := j.stretches(l)
		if err != nil {
			return err
		}
		if float.keep != nil || integer.keep != nil {
			visit := func(worker, i, _ int) error {
				float.save(worker, i)
				integer.save(worker, i)
				return nil
			}
			if err := j.w.walk([]*machine{float.machine, integer.machine}, visit, nil); err != nil {
				return err
			}
		}
		float.finish()
		integer.finish()
	}
	j.behind = nil
	return nil
}

// stretches returns the next stretches of the streams: of the float model up to and with layer l, without its clamp, and of the
// quantized one up to what l reads.
func (j *job) stretches(l *layer) (float, integer *stretch, r read, err error) {
	if float, err = j.float.next(unclamp(j.m.graph, l.index), l.index, l.index+1, l.node.Outputs[0].Name); err != nil {
		return nil, nil, r, err
	}
	q, reads, err := j.m.emit(j.weights, j.quants)
	if err != nil {
		return nil, nil, r, err
	}
	r = reads[l]
	at := slices.Index(q.Nodes, r.node)
	integer, err = j.integer.next(q, at, at, r.value.Name)
	return float, integer, r, err
}
