//go:build cgo

package main

import (
	"fmt"
	"maps"
	"slices"
	"time"

	ort "github.com/yalue/onnxruntime_go"

	"github.com/octet-ml/octet/graph"
)

// onnxRuntime is ONNX Runtime's CPU provider as an engine: one thread between operators, the job's threads within them,
// spinning as it does by default; graph optimizations are those of the variant.
type onnxRuntime struct {
	variant     *variant
	options     *ort.SessionOptions
	session     *ort.AdvancedSession
	job         *job
	ins, outs   []ort.Value
	insData     [][]byte
	outsData    [][]byte
	inNames     []string
	outputNames []string
}

// newONNXRuntime opens the shared library for an engine with all graph optimizations.
func newONNXRuntime(lib string) (fed, error) { return newONNXVariant(lib, &variants[0]) }

// newONNXVariant opens the shared library, unless this process has it open, for an engine of that variant.
func newONNXVariant(lib string, v *variant) (fed, error) {
	if !ort.IsInitialized() {
		ort.SetSharedLibraryPath(lib)
		if err := ort.InitializeEnvironment(); err != nil {
			return nil, fmt.Errorf("onnx runtime library %s: %w", lib, err)
		}
	}
	return &onnxRuntime{variant: v}, nil
}

// ortTypes maps the types that models have at their edges.
var ortTypes = map[graph.DType]ort.TensorElementDataType{
	graph.Float32: ort.TensorElementDataTypeFloat,
	graph.Float16: ort.TensorElementDataTypeFloat16,
	graph.Uint8:   ort.TensorElementDataTypeUint8,
	graph.Int8:    ort.TensorElementDataTypeInt8,
	graph.Int32:   ort.TensorElementDataTypeInt32,
	graph.Int64:   ort.TensorElementDataTypeInt64,
}

// tensor returns ONNX Runtime's view of data.
func tensor(t *tensorSpec, data []byte) (ort.Value, error) {
	d, err := graph.ParseDType(t.DType)
	if err != nil {
		return nil, err
	}
	kind, ok := ortTypes[d]
	if !ok {
		return nil, fmt.Errorf("tensor %q: no type %s", t.Name, t.DType)
	}
	shape := make(ort.Shape, len(t.Shape))
	for i, n := range t.Shape {
		shape[i] = int64(n)
	}
	return ort.NewCustomDataTensor(shape, data, kind)
}

func (o *onnxRuntime) open(j *job) (facts, time.Duration, error) {
	o.job = j
	if err := o.setOptions(); err != nil {
		return facts{}, 0, err
	}
	for i := range j.Inputs {
		data, err := inputData(&j.Inputs[i], i)
		if err != nil {
			return facts{}, 0, err
		}
		v, err := tensor(&j.Inputs[i], data)
		if err != nil {
			return facts{}, 0, err
		}
		o.ins, o.insData, o.inNames = append(o.ins, v), append(o.insData, data), append(o.inNames, j.Inputs[i].Name)
	}
	for i := range j.Outputs {
		size, err := j.Outputs[i].bytes()
		if err != nil {
			return facts{}, 0, err
		}
		data := make([]byte, size)
		v, err := tensor(&j.Outputs[i], data)
		if err != nil {
			return facts{}, 0, err
		}
		o.outs, o.outsData, o.outputNames = append(o.outs, v), append(o.outsData, data), append(o.outputNames, j.Outputs[i].Name)
	}
	s, took, err := o.create()
	o.session = s
	return facts{Engine: "ONNX Runtime " + ort.GetVersion()}, took, err
}

func (o *onnxRuntime) setOptions() (err error) {
	if o.options, err = ort.NewSessionOptions(); err != nil {
		return err
	}
	if err := o.options.SetIntraOpNumThreads(o.job.Threads); err != nil {
		return err
	}
	if err := o.options.SetInterOpNumThreads(1); err != nil {
		return err
	}
	for _, key := range slices.Sorted(maps.Keys(o.variant.Entries)) {
		if err := o.options.AddSessionConfigEntry(key, o.variant.Entries[key]); err != nil {
			return fmt.Errorf("%s=%s: %w", key, o.variant.Entries[key], err)
		}
	}
	level := ort.GraphOptimizationLevel(ort.GraphOptimizationLevelEnableAll)
	if o.variant.Plain {
		level = ort.GraphOptimizationLevelDisableAll
	}
	return o.options.SetGraphOptimizationLevel(level)
}

func (o *onnxRuntime) create() (*ort.AdvancedSession, time.Duration, error) {
	begin := time.Now()
	s, err := ort.NewAdvancedSession(o.job.Model, o.inNames, o.outputNames, o.ins, o.outs, o.options)
	took := time.Since(begin)
	if err != nil {
		return nil, 0, fmt.Errorf("%s: %w", o.job.Model, err)
	}
	return s, took, nil
}

func (o *onnxRuntime) run() error { return o.session.Run() }

func (o *onnxRuntime) fill(data []byte) error {
	if len(data) != len(o.insData[0]) {
		return fmt.Errorf("input %q: %d bytes, want %d", o.inNames[0], len(data), len(o.insData[0]))
	}
	copy(o.insData[0], data)
	return nil
}

func (o *onnxRuntime) outputs() [][]byte {
	out := make([][]byte, len(o.outsData))
	for i, data := range o.outsData {
		out[i] = slices.Clone(data)
	}
	return out
}

func (o *onnxRuntime) load() (time.Duration, error) {
	s, took, err := o.create()
	if err != nil {
		return 0, err
	}
	return took, s.Destroy()
}
