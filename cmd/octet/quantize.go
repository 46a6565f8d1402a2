package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"os/signal"
	"path/filepath"
	"runtime/debug"
	"strings"
	"syscall"
	"time"

	"github.com/schollz/progressbar/v3"
	"github.com/spf13/cobra"

	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/internal/dataset"
	"github.com/octet-ml/octet/loader/onnx"
	"github.com/octet-ml/octet/quantize"
	"github.com/octet-ml/octet/quantize/cost"
	"github.com/octet-ml/octet/runtime"
	"github.com/octet-ml/octet/vision"
)

// quantizer is the state of the quantize sub-command.
type quantizer struct {
	*app
	preprocessFlags
	reportFlags
	data      string
	out       string
	weights   string
	rules     []string
	ranges    string
	rounding  string
	equalize  bool
	drop      float64
	bytes     int
	optimize  string
	time      string
	inputs    int
	seed      uint64
	threads   int
	state     string
	qoperator bool
	quiet     bool
	json      bool
}

func (a *app) quantizeCommand() *cobra.Command {
	f := &quantizer{app: a}
	c := &cobra.Command{
		Use:   "quantize MODEL --data SPEC --out FILE",
		Short: "Turn a float model into an int8 or int4 one",
		Long: `Quantize reads a float ONNX or TensorFlow Lite model, chooses the ranges of its activations from calibration pictures (SPEC as for
eval), rounds its weights and writes an ONNX model with QuantizeLinear and DequantizeLinear nodes, which other runtimes read too.

Weights are rounded layer by layer so that the layer's output on the calibration pictures comes closest to the float model's.
Labels are used by --max-drop only. The model's metadata get the preprocessing, the labels, what was decided
and, where all layers are integer, the digest.

With --optimize time or --max-time the choice of layers depends on the machine, and with times that are close on the run.`,
		Args: arguments(cobra.ExactArgs(1)),
		RunE: func(_ *cobra.Command, args []string) error { return f.run(args[0]) },
	}
	c.Flags().StringVar(&f.data, "data", "", "calibration pictures")
	c.Flags().StringVarP(&f.out, "out", "o", "", "file to write")
	c.Flags().StringVar(&f.weights, "weights", "int8", "scheme of the weights: "+strings.Join(quantize.Schemes(), ", "))
	c.Flags().StringArrayVar(&f.rules, "layer", nil, "PATTERN=SCHEME for single layers: a name with *, first, last, depthwise, Conv or Dense; repeatable")
	c.Flags().StringVar(&f.ranges, "range", "auto", "how ranges of activations are chosen: "+strings.Join(quantize.RangeMethods(), ", "))
	c.Flags().StringVar(&f.rounding, "rounding", "reconstruct", "how weights are rounded: reconstruct (the layer's output comes closest to the float one), nearest, or corrected (nearest, then the bias)")
	c.Flags().BoolVar(&f.equalize, "equalize", false, "divide channels between two layers where measured on the calibration pictures that loses less")
	c.Flags().Float64Var(&f.drop, "max-drop", 0, "give 4 bits to as many layers as cost at most so many of a hundred right answers on the calibration pictures")
	c.Flags().IntVar(&f.bytes, "max-bytes", 0, "give 4 bits to as many layers as it takes for the weights to need at most so many bytes")
	c.Flags().StringVar(&f.optimize, "optimize", "", "time: leave float what this machine runs faster so, conversions included")
	c.Flags().StringVar(&f.time, "max-time", "", "leave as many layers float as this time for one input allows: a share of the float model's on this machine, such as 0.5, or 3ms")
	c.Flags().IntVar(&f.inputs, "calibrate", 0, "use at most this many calibration pictures (0: all)")
	c.Flags().Uint64Var(&f.seed, "seed", 1, "chooses which")
	c.Flags().IntVar(&f.threads, "threads", 0, "threads (0: all cores); the result does not depend on it")
	c.Flags().StringVar(&f.state, "state", "", "file that keeps what is done: after an interruption (ctrl-C, a kill) the same command goes on from there; removed at the end")
	c.Flags().StringVar(&f.preset, "preset", "", fmt.Sprintf("preprocessing: one of %v", vision.Presets()))
	c.Flags().StringVar(&f.labels, "labels", "", "file with the names of the classes, for the model's metadata")
	c.Flags().BoolVar(&f.qoperator, "qoperator", false, "write integer operators (QLinearConv) instead of QDQ nodes")
	c.Flags().BoolVar(&f.quiet, "quiet", false, "no progress bar")
	c.Flags().BoolVar(&f.json, "json", false, "print what was decided as JSON")
	f.registerReport(c)
	return c
}

// options returns the options of package quantize.
func (f *quantizer) options() (quantize.Options, error) {
	o := quantize.Options{Inputs: f.inputs, Seed: f.seed, Threads: f.threads, Equalize: f.equalize, Target: quantize.Target{Drop: f.drop, Bytes: f.bytes}}
	var err error
	if err := f.timeOptions(&o); err != nil {
		return o, err
	}
	if o.Weights, err = quantize.ParseScheme(f.weights); err != nil {
		return o, err
	}
	if o.Range, err = quantize.ParseRangeMethod(f.ranges); err != nil {
		return o, err
	}
	if o.Rounding, err = quantize.ParseRounding(f.rounding); err != nil {
		return o, err
	}
	for _, r := range f.rules {
		pattern, name, ok := strings.Cut(r, "=")
		if !ok {
			return o, fmt.Errorf("%w: --layer %q: want PATTERN=SCHEME", quantize.ErrOption, r)
		}
		scheme, err := quantize.ParseScheme(name)
		if err != nil {
			return o, err
		}
		o.Rules = append(o.Rules, quantize.Rule{Layers: pattern, Scheme: scheme})
	}
	return o, nil
}

func (f *quantizer) run(model string) error {
	if f.data == "" || f.out == "" {
		return usageError{errors.New("--data and --out are needed")}
	}
	if err := f.check(model); err != nil {
		return err
	}
	if f.state != "" && (samePath(f.state, f.out) || samePath(f.state, f.report)) {
		return usageError{fmt.Errorf("--state %s is also a result: it is removed at the end", f.state)}
	}
	o, err := f.options()
	if err != nil {
		return usageError{err}
	}
	set, err := dataset.Open(f.data)
	if err != nil {
		return err
	}
	g, err := f.load(model)
	if err != nil {
		return err
	}
	p, err := runtime.Compile(g, runtime.Threads(1), runtime.Float32())
	if err != nil {
		return err
	}
	pre, source, err := f.preprocess(p)
	if err != nil {
		return err
	}
	pipeline, err := bind(pre, p)
	if err != nil {
		return err
	}
	bar := f.progress()
	o.Progress = bar.show
	o.Memory = func(bytes int) {
		if !bar.hidden {
			fmt.Fprintf(f.stderr, "calibration takes at most %d MB\n", (bytes+999999)/1000000)
		}
	}
	r, err := f.quantize(g, pictures{set, pipeline, cost.Background(classes(p))}, o)
	bar.finish()
	if err != nil {
		return err
	}
	if err := f.describe(r, pre, set.Name); err != nil {
		return err
	}
	data, err := onnx.Encode(r.Graph, onnx.WriteOptions{QOperator: f.qoperator})
	if err != nil {
		return err
	}
	data, sum, err := withDigest(data, f.threads)
	if err != nil {
		return fmt.Errorf("the quantized model: %w", err)
	}
	if err := os.WriteFile(f.out, data, 0o644); err != nil {
		return err
	}
	if err := f.writeReport(model, r); err != nil {
		return err
	}
	if f.state != "" {
		if err := quantize.StateFile(f.state).Remove(); err != nil {
			return err
		}
	}
	if f.json {
		return json.NewEncoder(f.stdout).Encode(r)
	}
	fmt.Fprintf(f.stdout, "wrote       %s, %d bytes\n", f.out, len(data))
	if sum == "" {
		sum = "none: layers run in float"
	}
	fmt.Fprintf(f.stdout, "digest      %s\n", sum)
	fmt.Fprintf(f.stdout, "calibrated  on %d pictures of %s, input from %s\n", r.Inputs, set.Name, source)
	return printDecisions(f.stdout, r)
}

// samePath reports whether two paths name the same file; an empty one names none.
func samePath(a, b string) bool {
	if a == "" || b == "" {
		return false
	}
	x, errX := filepath.Abs(a)
	y, errY := filepath.Abs(b)
	return errX == nil && errY == nil && x == y
}

// errInterrupted is returned after ctrl-C.
var errInterrupted = errors.New("interrupted")

// quantize quantizes a graph until it is done or a signal says to stop; another signal ends the process at once.
func (f *quantizer) quantize(g *graph.Graph, data quantize.Data, o quantize.Options) (*quantize.Result, error) {
	if f.state != "" {
		o.State = quantize.StateFile(f.state)
	}
	c, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	context.AfterFunc(c, stop)
	o.Cancelled = func() error {
		if c.Err() != nil {
			return errInterrupted
		}
		return nil
	}
	r, err := quantize.Quantize(g, data, o)
	if errors.Is(err, errInterrupted) && f.state != "" {
		return nil, fmt.Errorf("%w: the same command goes on from what %s keeps", err, f.state)
	}
	return r, err
}

// quantizeKey is the metadata key of what was decided.
const quantizeKey = "octet.quantize"

// describe puts the preprocessing, the labels and what was decided into the metadata of the result.
func (f *quantizer) describe(r *quantize.Result, pre vision.Preprocess, data string) error {
	meta := maps.Clone(r.Graph.Metadata)
	if meta == nil {
		meta = make(map[string]string)
	}
	var err error
	if meta[vision.MetadataKey], err = pre.Metadata(); err != nil {
		return err
	}
	decided := map[string]any{
		"tool": "octet " + version(), "weights": f.weights, "layers": f.rules, "range": f.ranges, "rounding": f.rounding, "equalize": f.equalize,
		"data": filepath.Base(data), "inputs": r.Inputs, "seed": f.seed, "max_drop": f.drop, "max_bytes": f.bytes,
	}
	if r.Times != nil {
		decided["optimize"], decided["max_time"], decided["measured_on"] = f.optimize, f.time, r.Times.Machine()
	}
	facts, err := json.Marshal(decided)
	if err != nil {
		return err
	}
	meta[quantizeKey] = string(facts)
	r.Graph.Metadata = meta
	return nil
}

// version returns the version of the command that the build knows: of the module, else of the checkout.
func version() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "(unknown)"
	}
	return info.Main.Version
}

// pictures is a data set as calibration inputs.
type pictures struct {
	set      *dataset.Set
	pipeline *vision.Pipeline
	offset   int // of the model's outputs from the classes
}

func (p pictures) Len() int { return p.set.Len() }

func (p pictures) Label(i int) int { return p.set.Labels[i] + p.offset }

func (p pictures) Read(i int, inputs []*graph.Tensor) error {
	m, err := p.set.Image(i)
	if err != nil {
		return err
	}
	return p.pipeline.Apply(m, inputs[0].Data, nil)
}

// stageBar is a progress bar for each stage of a long piece of work.
type stageBar struct {
	out    io.Writer
	hidden bool
	stage  string
	bar    *progressbar.ProgressBar
}

func (f *quantizer) progress() *stageBar { return &stageBar{out: f.stderr, hidden: f.quiet || f.json} }

func (b *stageBar) show(stage string, done, total int) {
	if b.hidden {
		return
	}
	if stage != b.stage {
		b.finish()
		b.stage = stage
		b.bar = progressbar.NewOptions(total, progressbar.OptionSetWriter(b.out), progressbar.OptionSetDescription(stage),
			progressbar.OptionThrottle(100*time.Millisecond), progressbar.OptionShowCount(), progressbar.OptionClearOnFinish())
	}
	_ = b.bar.Set(done) // a bar that cannot be drawn is no reason to stop
}

func (b *stageBar) finish() {
	if b.bar != nil {
		_ = b.bar.Finish()
	}
	b.stage, b.bar = "", nil
}
