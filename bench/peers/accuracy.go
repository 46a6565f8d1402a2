package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"slices"
	"sync"

	"github.com/octet-ml/octet/internal/dataset"
	"github.com/octet-ml/octet/vision"
)

// What the accuracy of a model in ONNX Runtime may differ by from that in Octet.
const (
	mostApart      = 3     // right answers
	leastAgreement = 0.998 // share of pictures with the same first class
)

// variant is a way to run a model in ONNX Runtime.
type variant struct {
	Name    string            `json:"name"`
	Plain   bool              `json:"plain"`             // no graph optimizations
	Entries map[string]string `json:"entries,omitempty"` // of the session's configuration
	Judged  bool              `json:"judged"`            // whether it must give the answers that Octet gives
}

// variants are those that -eval compares; the first is what measuring takes. One is judged, the one that computes the sums
// of integers that a file means:
//   - "optimized" has them saturated on x86 without VNNI, where ONNX Runtime adds pairs of products of uint8 data and int8
//     weights in int16 (onnxruntime.ai, "Quantize ONNX models", "When and why do I need to try U8U8?");
//   - "exact" is ONNX Runtime's own remedy: it makes uint8 of the weights;
//   - "not optimized" adds floats between the DQ and Q nodes. Their sums round otherwise: of a million values after the first
//     layers one differs by a step, and each layer multiplies that. Integer operators in the file saturate as above.
var variants = []variant{
	{Name: "optimized"},
	{Name: "exact", Entries: map[string]string{"session.x64quantprecision": "1"}, Judged: true},
	{Name: "not optimized", Plain: true},
}

// fed is an engine whose first input can be given.
type fed interface {
	engine
	// fill copies the bytes of a tensor to the first input of the open model.
	fill(data []byte) error
}

// accuracy is the state of -eval.
type accuracy struct {
	data   string
	preset string
	limit  int
}

// checkOptions refuses what does not go with -eval.
func (a *accuracy) checkOptions(o *options) error {
	switch {
	case a.data == "":
		return errors.New("-eval: -data is missing")
	case len(o.models) == 0:
		return errors.New("-eval: no models")
	case slices.ContainsFunc(o.models, isTFLite):
		return errors.New("-eval: ONNX files only")
	case o.markdown != "":
		return errors.New("-eval: -markdown is a table of times")
	case a.limit < 0:
		return fmt.Errorf("-limit %d: want 0 or more", a.limit)
	}
	return nil
}

// check is the command.
func (a *accuracy) check(o *options, stdout, stderr io.Writer) error {
	paths, err := resolveModels(o.models, dataFolder())
	if err != nil {
		return err
	}
	if _, err := os.Stat(o.lib); err != nil {
		return fmt.Errorf("onnx runtime: %w; make peers-eval installs it, -lib or OCTET_ORT_LIB name it", err)
	}
	set, err := dataset.Open(a.data)
	if err != nil {
		return err
	}
	set.Limit(a.limit)
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	var r verdicts
	for _, path := range paths {
		fmt.Fprintf(stderr, "%s: %d pictures of %s\n", modelName(path), set.Len(), set.Name)
		v, err := a.model(ctx, o.lib, path, set)
		if err != nil {
			return fmt.Errorf("%s: %w", path, err)
		}
		r = append(r, v)
	}
	return errors.Join(r.text(stdout), writeFile(o.json, r.json), r.verdict())
}

// model classifies the pictures by all engines. An error is Octet's or the data's; ONNX Runtime's are part of the verdict.
func (a *accuracy) model(ctx context.Context, lib, path string, set *dataset.Set) (*verdict, error) {
	e, err := readEdge(path)
	if err != nil {
		return nil, err
	}
	pipeline, err := a.pipeline(e)
	if err != nil {
		return nil, err
	}
	j, err := e.job(path, 1, 1)
	if err != nil {
		return nil, err
	}
	ours := new(octet)
	if _, _, err := ours.open(j); err != nil {
		return nil, err
	}
	v := newVerdict(path, set, &j.Outputs[0])
	theirs := make([]fed, len(variants))
	for i := range variants {
		if theirs[i], err = openVariant(lib, &variants[i], j); err != nil {
			theirs[i], v.Peers[i].Error = nil, err.Error()
		}
	}
	input := make([]byte, pipeline.Spec().Bytes())
	for i := range set.Len() {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		m, err := set.Image(i)
		if err != nil {
			return nil, err
		}
		if err := pipeline.Apply(m, input, nil); err != nil {
			return nil, fmt.Errorf("picture %d: %w", i, err)
		}
		if err := v.add(set.Labels[i], input, ours, theirs); err != nil {
			return nil, fmt.Errorf("picture %d: %w", i, err)
		}
	}
	return v, nil
}

// openVariant returns ONNX Runtime with the job's model open.
func openVariant(lib string, v *variant, j *job) (fed, error) {
	f, err := newONNXVariant(lib, v)
	if err != nil {
		return nil, err
	}
	_, _, err = f.open(j)
	return f, err
}

// pipeline returns the preprocessing for a model's only input, chosen as octet eval does: the preset, else the model's own
// metadata, else a guess from the input.
func (a *accuracy) pipeline(e *edge) (*vision.Pipeline, error) {
	if len(e.inputs) != 1 {
		return nil, fmt.Errorf("%d inputs: want one picture", len(e.inputs))
	}
	spec, err := vision.SpecOf(e.program.Canonical().Inputs[0])
	if err != nil {
		return nil, err
	}
	own, _, err := vision.Choose(spec, e.program.Metadata(), a.preset)
	switch {
	case err != nil && a.preset == "":
		return nil, fmt.Errorf("%w (-preset takes its place)", err)
	case err != nil:
		return nil, err
	}
	return own.Bind(spec)
}

// answers runs the engines at once on an input and returns the first output of each; of one that is nil it is nil. The first
// error of engine i is in errs[i].
func answers(input []byte, engines []fed, output *tensorSpec) (scores [][]float64, errs []error) {
	scores, errs = make([][]float64, len(engines)), make([]error, len(engines))
	var group sync.WaitGroup
	for i, e := range engines {
		if e == nil {
			continue
		}
		group.Go(func() {
			if errs[i] = e.fill(input); errs[i] != nil {
				return
			}
			if errs[i] = e.run(); errs[i] != nil {
				return
			}
			scores[i], errs[i] = decodeTensor(output, e.outputs()[0])
		})
	}
	group.Wait()
	return scores, errs
}
