package main

import (
	"fmt"
	goruntime "runtime"
	"slices"
	"time"

	"github.com/octet-ml/octet/loader"
	"github.com/octet-ml/octet/runtime"
)

// octet is this project's runtime as an engine.
type octet struct {
	job     *job
	session *runtime.Session
	count   int // outputs
}

func (o *octet) open(j *job) (facts, time.Duration, error) {
	begin := time.Now()
	p, s, err := loadOctet(j)
	took := time.Since(begin)
	if err != nil {
		return facts{}, 0, err
	}
	inputs := p.Inputs()
	if len(inputs) != len(j.Inputs) || len(p.Outputs()) != len(j.Outputs) {
		return facts{}, 0, fmt.Errorf("%d inputs and %d outputs, want %d and %d", len(inputs), len(p.Outputs()), len(j.Inputs), len(j.Outputs))
	}
	for i := range j.Inputs {
		data, err := inputData(&j.Inputs[i], i)
		if err != nil {
			return facts{}, 0, err
		}
		if t := s.Input(i); t.DType.String() != j.Inputs[i].DType || len(t.Data) != len(data) {
			return facts{}, 0, fmt.Errorf("input %q: got %v%v, want %s%v", j.Inputs[i].Name, t.DType, t.Shape, j.Inputs[i].DType, j.Inputs[i].Shape)
		}
		copy(s.Input(i).Data, data)
	}
	o.job, o.session, o.count = j, s, len(j.Outputs)
	f := facts{Engine: "Octet " + p.Level()}
	for _, step := range p.Steps() {
		f.MACs += step.MACs
	}
	return f, took, nil
}

func loadOctet(j *job) (*runtime.Program, *runtime.Session, error) {
	g, err := loader.Open(j.Model)
	if err != nil {
		return nil, nil, err
	}
	p, err := runtime.Compile(g, runtime.Threads(j.Threads), runtime.Batch(j.Batch))
	if err != nil {
		return nil, nil, fmt.Errorf("%s: %w", j.Model, err)
	}
	s, err := p.NewSession()
	if err != nil {
		return nil, nil, fmt.Errorf("%s: %w", j.Model, err)
	}
	return p, s, nil
}

func (o *octet) run() error {
	o.session.Run()
	return nil
}

func (o *octet) fill(data []byte) error {
	copy(o.session.Input(0).Data, data)
	return nil
}

func (o *octet) outputs() [][]byte {
	out := make([][]byte, o.count)
	for i := range out {
		out[i] = slices.Clone(o.session.Output(i).Data)
	}
	return out
}

// load leaves what it loaded to the collector, which runs before the clock starts again.
func (o *octet) load() (time.Duration, error) {
	goruntime.GC()
	begin := time.Now()
	_, s, err := loadOctet(o.job)
	took := time.Since(begin)
	goruntime.KeepAlive(s)
	return took, err
}
