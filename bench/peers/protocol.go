package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"time"
)

// tensorSpec is a tensor at the edge of a model, at one batch size.
type tensorSpec struct {
	Name  string `json:"name"`
	DType string `json:"dtype"` // as graph.DType prints it
	Shape []int  `json:"shape"`
}

// job is what both engines of a comparison run.
type job struct {
	Model   string       `json:"model"` // path
	Threads int          `json:"threads"`
	Batch   int          `json:"batch"`
	Inputs  []tensorSpec `json:"inputs"`
	Outputs []tensorSpec `json:"outputs"`
}

// request is one command to a child process.
type request struct {
	Op      string        `json:"op"`             // a key of operations
	Job     *job          `json:"job,omitempty"`  // open
	Warm    time.Duration `json:"warm,omitempty"` // block: run this long before the clock counts
	Time    time.Duration `json:"time,omitempty"` // block: then time runs for this long
	MinRuns int           `json:"min_runs,omitempty"`
}

// reply answers one request. Error is empty where all went well.
type reply struct {
	Error   string          `json:"error,omitempty"`
	Facts   *facts          `json:"facts,omitempty"`   // open
	Load    time.Duration   `json:"load,omitempty"`    // open, load
	Times   []time.Duration `json:"times,omitempty"`   // block: of each run
	Outputs [][]byte        `json:"outputs,omitempty"` // outputs: of the last run, in the order of job.Outputs
	Peak    int64           `json:"peak,omitempty"`    // peak: bytes resident at most so far
}

// facts describe an engine with a model open.
type facts struct {
	Engine string `json:"engine"` // with version or kernels
	MACs   int    `json:"macs"`   // multiplications of a run; 0 where the engine does not tell
}

// engine is a runtime under comparison, in a child process. It has at most one model open.
type engine interface {
	// open loads the job's model, fills its inputs and returns how long the loading alone took.
	open(j *job) (facts, time.Duration, error)
	// run computes the outputs once.
	run() error
	// outputs returns the outputs of the last run.
	outputs() [][]byte
	// load loads the model that is open once more, drops it and returns how long the loading took.
	load() (time.Duration, error)
}

// operations are the commands that a child understands.
var operations = map[string]func(e engine, r *request, out *reply) error{
	"open": func(e engine, r *request, out *reply) error {
		if r.Job == nil {
			return errors.New("open: no job")
		}
		f, load, err := e.open(r.Job)
		out.Facts, out.Load = &f, load
		return err
	},
	"block": func(e engine, r *request, out *reply) (err error) {
		out.Times, err = block(e, r.Warm, r.Time, r.MinRuns)
		return err
	},
	"outputs": func(e engine, _ *request, out *reply) error {
		out.Outputs = e.outputs()
		return nil
	},
	"load": func(e engine, _ *request, out *reply) (err error) {
		out.Load, err = e.load()
		return err
	},
	"peak": func(_ engine, _ *request, out *reply) (err error) {
		out.Peak, err = peakResident()
		return err
	},
}

// block runs the engine for the time warm, then for the time d and at least minRuns times, and returns the times of the latter.
func block(e engine, warm, d time.Duration, minRuns int) ([]time.Duration, error) {
	for begin := time.Now(); ; {
		if err := e.run(); err != nil {
			return nil, err
		}
		if time.Since(begin) >= warm {
			break
		}
	}
	var times []time.Duration
	for begin := time.Now(); len(times) < minRuns || time.Since(begin) < d; {
		start := time.Now()
		if err := e.run(); err != nil {
			return nil, err
		}
		times = append(times, time.Since(start))
	}
	return times, nil
}

// serve answers requests until in ends. A request that fails is answered by its error; only what breaks the
// conversation itself is returned.
func serve(e engine, in io.Reader, out io.Writer) error {
	requests, replies := json.NewDecoder(in), json.NewEncoder(out)
	opened := false
	for {
		var r request
		if err := requests.Decode(&r); err == io.EOF {
			return nil
		} else if err != nil {
			return fmt.Errorf("request: %w", err)
		}
		var answer reply
		if err := perform(e, &r, &answer, opened); err != nil {
			answer = reply{Error: err.Error()}
		} else if r.Op == "open" {
			opened = true
		}
		if err := replies.Encode(&answer); err != nil {
			return fmt.Errorf("reply: %w", err)
		}
	}
}

// perform executes one request; all but open and peak need a model.
func perform(e engine, r *request, answer *reply, opened bool) error {
	f := operations[r.Op]
	switch {
	case f == nil:
		return fmt.Errorf("no operation %q", r.Op)
	case r.Op == "open" && opened:
		return errors.New("open: a model is open already")
	case !opened && r.Op != "open" && r.Op != "peak":
		return fmt.Errorf("%s: no model is open", r.Op)
	}
	return f(e, r, answer)
}

// lazyEngine creates its engine when a model is opened, so that memory can be read before.
type lazyEngine struct {
	engine
	create func(j *job) (engine, error)
}

func (l *lazyEngine) open(j *job) (facts, time.Duration, error) {
	e, err := l.create(j)
	if err != nil {
		return facts{}, 0, err
	}
	l.engine = e
	return e.open(j)
}
