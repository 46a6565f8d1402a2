package main

import (
	"encoding/json"
	"fmt"
	"os"
	"time"

	"github.com/spf13/cobra"

	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/internal/npy"
	"github.com/octet-ml/octet/runtime"
	"github.com/octet-ml/octet/vision"
)

// classification is the result for one picture.
type classification struct {
	Image   string        `json:"image"`
	Classes []scoredClass `json:"classes"`
	Time    float64       `json:"milliseconds"`
	Steps   []vision.Step `json:"steps,omitempty"`
}

// scoredClass is a class with its name and probability.
type scoredClass struct {
	Index       int     `json:"index"`
	Label       string  `json:"label"`
	Probability float32 `json:"probability"`
}

// classifier is the state of the classify sub-command.
type classifier struct {
	*app
	modelFlags
	preprocessFlags
	model   string
	top     int
	json    bool
	explain bool
	tensor  string

	program  *runtime.Program
	pipeline *vision.Pipeline
	source   string
	labels   vision.Labels
	session  *runtime.Session
}

func (a *app) classifyCommand() *cobra.Command {
	f := &classifier{app: a}
	c := &cobra.Command{
		Use:   "classify [flags] [IMAGE...]",
		Short: "Name what is in pictures",
		Long: `Classify names what is in pictures: JPEG, PNG, GIF, WebP or BMP files, "-" for standard input.
Without --model it uses an embedded model of CIFAR-10's classes: airplane, automobile, bird, cat, deer, dog, frog, horse, ship,
truck. "--model digits" is another, of handwritten digits. Without pictures an embedded model answers for an embedded picture:
digits where --model is not given either.
Preprocessing comes from --preset, else from the model's metadata, else from a guess that --explain shows.`,
		RunE: func(_ *cobra.Command, args []string) error { return f.run(args) },
	}
	f.register(c)
	c.Flags().StringVar(&f.model, "model", "", "model file, ONNX or TFLite, or an embedded model: "+sampleNames())
	c.Flags().StringVar(&f.preprocessFlags.labels, "labels", "", "file with the names of the classes")
	c.Flags().StringVar(&f.preset, "preset", "", fmt.Sprintf("preprocessing: one of %v", vision.Presets()))
	c.Flags().IntVar(&f.top, "top", 5, "number of classes to print")
	c.Flags().BoolVar(&f.json, "json", false, "print JSON, one object per picture")
	c.Flags().BoolVar(&f.explain, "explain", false, "print each preprocessing step")
	c.Flags().StringVar(&f.tensor, "write-tensor", "", "write the model's exact input for the last picture to this .npy file")
	return c
}

func (f *classifier) run(images []string) error {
	if f.top < 1 {
		return usageError{fmt.Errorf("--top %d: want at least 1", f.top)}
	}
	if len(images) == 0 {
		return f.sample()
	}
	if f.model == "" {
		f.model = pictureModel
	}
	if err := f.open(); err != nil {
		return err
	}
	for _, path := range images {
		trace := &vision.Trace{}
		m, err := f.readPicture(path, trace)
		if err != nil {
			return err
		}
		if err := f.classify(path, m, trace); err != nil {
			return fmt.Errorf("%s: %w", path, err)
		}
	}
	return nil
}

// sample classifies the picture of an embedded model.
func (f *classifier) sample() error {
	if f.model == "" {
		f.model = samples[0].name
	}
	s, ok := findSample(f.model)
	if !ok {
		return usageError{fmt.Errorf("no picture given for model %s", f.model)}
	}
	if err := f.open(); err != nil {
		return err
	}
	trace := &vision.Trace{}
	m, err := vision.DecodeBytes(s.picture(), vision.WithTrace(trace))
	if err != nil {
		return err
	}
	return f.classify(s.title, m, trace)
}

// open loads the model.
func (f *classifier) open() error {
	g, err := f.load(f.model)
	if err != nil {
		return err
	}
	if f.program, err = f.compile(g); err != nil {
		return err
	}
	if f.pipeline, f.source, f.labels, err = f.preprocessFlags.pipeline(f.program); err != nil {
		return err
	}
	f.session, err = f.program.NewSession()
	return err
}

// classify runs the model on one picture and prints the result.
func (f *classifier) classify(name string, m *vision.Image, trace *vision.Trace) error {
	input := f.session.Input(0)
	if err := f.pipeline.Apply(m, input.Data, trace); err != nil {
		return err
	}
	if f.tensor != "" {
		if err := writeTensor(f.tensor, input); err != nil {
			return err
		}
	}
	start := time.Now()
	f.session.Run()
	elapsed := time.Since(start)
	scores := vision.Probabilities(f.session.Output(0).Reals(f.program.Outputs()[0].Quant, nil))
	result := classification{Image: name, Time: float64(elapsed) / 1e6}
	for _, c := range vision.TopK(scores, f.top) {
		result.Classes = append(result.Classes, scoredClass{c.Index, f.labels.Name(c.Index), c.Score})
	}
	if f.explain {
		result.Steps = trace.Steps
	}
	if f.json {
		return json.NewEncoder(f.stdout).Encode(result)
	}
	f.print(result, trace, elapsed)
	return nil
}

func (f *classifier) print(r classification, trace *vision.Trace, elapsed time.Duration) {
	fmt.Fprintln(f.stdout, r.Image)
	if f.explain {
		fmt.Fprintf(f.stdout, "preprocessing from %s:\n%s", f.source, trace)
	}
	for _, c := range r.Classes {
		fmt.Fprintf(f.stdout, "%7.2f %%  %s\n", 100*c.Probability, c.Label)
	}
	fmt.Fprintf(f.stdout, "%s in one inference, %s, kernels %s, threads %d\n", milliseconds(elapsed), precision(f.program), f.program.Level(), f.program.Threads())
}

// writeTensor writes a tensor to an .npy file.
func writeTensor(path string, t *graph.Tensor) (err error) {
	w, err := os.Create(path)
	if err != nil {
		return err
	}
	defer func() {
		if e := w.Close(); err == nil {
			err = e
		}
	}()
	return npy.Encode(w, t)
}
