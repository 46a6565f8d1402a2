package classify

import (
	"errors"
	"fmt"
	"time"

	"github.com/octet-ml/octet/digest"
	"github.com/octet-ml/octet/loader"
	"github.com/octet-ml/octet/runtime"
	"github.com/octet-ml/octet/vision"
)

// ErrInputs is returned for a model that does not take exactly one input.
var ErrInputs = errors.New("want a model of one input")

// minTime is how long inferences are repeated for their mean time: browsers round their clock, to 100 microseconds or worse.
const minTime = 10 * time.Millisecond

// Model is a compiled model with its preprocessing. It is not safe for concurrent use.
type Model struct {
	program  *runtime.Program
	session  *runtime.Session
	pipeline *vision.Pipeline
	labels   vision.Labels
	source   string
}

// Info describes a model.
type Info struct {
	Input      string `json:"input"` // type and shape, as u8[1 224 224 3]
	Classes    int    `json:"classes"`
	Kernels    string `json:"kernels"` // the set, as generic
	Preprocess string `json:"preprocess"`
	Integer    bool   `json:"integer"` // all convolutions and dense layers are
}

// Class is a class with its probability, 0 to 1.
type Class struct {
	Label       string  `json:"label"`
	Probability float32 `json:"probability"`
}

// Result is the answer to one picture.
type Result struct {
	Classes      []Class `json:"classes"`      // the most probable first
	Milliseconds float64 `json:"milliseconds"` // of one inference, the mean of Runs
	Runs         int     `json:"runs"`
}

// Open returns the model in the bytes of an ONNX or TFLite file, on one thread. Preprocessing and labels are those of its
// metadata; without them the preset is guessed from the input. Errors are those of loader, runtime and vision, and ErrInputs.
func Open(data []byte) (*Model, error) {
	g, err := loader.Decode(data)
	if err != nil {
		return nil, err
	}
	p, err := runtime.Compile(g, runtime.Threads(1), runtime.Float32())
	if err != nil {
		return nil, err
	}
	m := &Model{program: p}
	if n := len(p.Inputs()); n != 1 {
		return nil, fmt.Errorf("%w, got %d", ErrInputs, n)
	}
	if err := m.preprocess(); err != nil {
		return nil, fmt.Errorf("preprocessing: %w", err)
	}
	if m.session, err = p.NewSession(); err != nil {
		return nil, err
	}
	return m, nil
}

// preprocess sets how pictures become the model's input, and the labels.
func (m *Model) preprocess() error {
	spec, err := vision.SpecOf(m.program.Canonical().Inputs[0])
	if err != nil {
		return err
	}
	pre, source, err := vision.Choose(spec, m.program.Metadata(), "")
	if err != nil {
		return err
	}
	m.source = source.String()
	if m.labels, err = pre.Labels.Align(m.classes()); err != nil {
		return fmt.Errorf("labels: %w", err)
	}
	m.pipeline, err = pre.Bind(spec)
	return err
}

// classes returns the number of scores of a picture, 0 where it is unknown.
func (m *Model) classes() int {
	n, err := m.program.Outputs()[0].Shape.Elements()
	if err != nil {
		return 0
	}
	return max(n, -n)
}

// Info describes the model.
func (m *Model) Info() Info {
	in := m.program.Canonical().Inputs[0]
	return Info{
		Input:      fmt.Sprintf("%v%v", in.DType, in.Shape),
		Classes:    m.classes(),
		Kernels:    m.program.Level(),
		Preprocess: m.source,
		Integer:    m.program.RequireInteger() == nil,
	}
}

// Picture classifies the bytes of a picture file: JPEG, PNG, GIF, WebP or BMP. It returns the top most probable classes, and
// the errors of vision.DecodeBytes.
func (m *Model) Picture(data []byte, top int) (Result, error) {
	picture, err := vision.DecodeBytes(data)
	if err != nil {
		return Result{}, err
	}
	return m.run(picture, top)
}

// Drawing classifies a drawing, grey pixels of white on black, after it is framed as the digits of MNIST are. Errors are
// those of Frame.
func (m *Model) Drawing(grey []byte, width, height, top int) (Result, error) {
	framed, err := Frame(&vision.Image{Width: width, Height: height, Channels: 1, Pix: grey})
	if err != nil {
		return Result{}, err
	}
	return m.run(framed, top)
}

// run classifies a picture.
func (m *Model) run(picture *vision.Image, top int) (Result, error) {
	if err := m.pipeline.Apply(picture, m.session.Input(0).Data, nil); err != nil {
		return Result{}, err
	}
	var r Result
	begin := time.Now()
	m.session.Run()
	elapsed := time.Since(begin)
	scores := vision.Probabilities(m.session.Output(0).Reals(m.program.Outputs()[0].Quant, nil))
	for r.Runs = 1; elapsed < minTime; r.Runs++ {
		m.session.Run()
		elapsed = time.Since(begin)
	}
	r.Milliseconds = elapsed.Seconds() * 1e3 / float64(r.Runs)
	for _, c := range vision.TopK(scores, top) {
		r.Classes = append(r.Classes, Class{m.labels.Name(c.Index), c.Score})
	}
	return r, nil
}

// Digest returns the hash of the model's outputs on deterministic inputs, as octet digest prints it.
func (m *Model) Digest() (string, error) { return digest.Of(m.program) }
