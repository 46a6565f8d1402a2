package bulk

import (
	"errors"
	"fmt"
	"runtime"

	"github.com/octet-ml/octet/vision"
)

var (
	// ErrOption is returned where options contradict each other or the model.
	ErrOption = errors.New("bad option")
	// ErrModel is returned where a model cannot be read, or is another than the job began with.
	ErrModel = errors.New("bad model")
	// ErrOtherJob is returned where outputs of a job with other options are in the way.
	ErrOtherJob = errors.New("outputs are of another job")
	// ErrNoPictures is returned where a pattern matches nothing.
	ErrNoPictures = errors.New("no pictures")
)

// Defaults of Options.
const (
	DefaultTop   = 5
	DefaultBatch = 8
)

// Options say how pictures are classified. They travel to the workers.
type Options struct {
	Model     string // path of the ONNX or TFLite file, which every worker reaches
	Digest    string // SHA-256 of that file in hexadecimal, which workers insist on; empty: any file is taken
	Preset    string // preprocessing, of vision.Presets; empty: by the model's metadata, or a guess
	Labels    string // path of a file with the classes' names; empty: those of the model's metadata
	Top       int    // classes of each picture; default DefaultTop, at most as many as the model has
	Threads   int    // cores of a worker process that compute; default: all that Go uses
	Batch     int    // pictures of a run at most, where that changes no result; default DefaultBatch
	ReadAhead int    // pictures of a process that are being read, or read and not yet decoded; default four for each thread
	MaxBytes  int64  // of a picture's file; default vision.DefaultMaxBytes
	MaxPixels int64  // of a picture; default vision.DefaultMaxPixels
}

// check returns the options with their defaults.
func (o Options) check() (Options, error) {
	if o.Model == "" {
		return o, fmt.Errorf("%w: no model", ErrOption)
	}
	if o.Top < 0 || o.Threads < 0 || o.Batch < 0 || o.ReadAhead < 0 || o.MaxBytes < 0 || o.MaxPixels < 0 {
		return o, fmt.Errorf("%w: top %d, threads %d, batch %d, read-ahead %d, bytes %d, pixels %d: want none negative",
			ErrOption, o.Top, o.Threads, o.Batch, o.ReadAhead, o.MaxBytes, o.MaxPixels)
	}
	setDefault(&o.Top, DefaultTop)
	setDefault(&o.Threads, runtime.GOMAXPROCS(0))
	setDefault(&o.Batch, DefaultBatch)
	setDefault(&o.ReadAhead, 4*o.Threads)
	setDefault(&o.MaxBytes, vision.DefaultMaxBytes)
	setDefault(&o.MaxPixels, vision.DefaultMaxPixels)
	return o, nil
}

func setDefault[T int | int64](field *T, value T) {
	if *field == 0 {
		*field = value
	}
}

// Result is what a model says about a picture.
type Result struct {
	Path    string  `json:"path"`
	Model   string  `json:"model"` // the first 16 digits of the SHA-256 of the model's file
	Classes []Class `json:"classes"`
}

// Class is a class with its name, "class N" where the model has no names, and its probability.
type Class struct {
	Index       int     `json:"index"`
	Label       string  `json:"label"`
	Probability float32 `json:"probability"`
}

// Unreadable is a picture without a result, and why.
type Unreadable struct {
	Path   string `json:"path"`
	Kind   string `json:"kind"` // one of the constants
	Reason string `json:"reason"`
}

// Kinds of unreadable pictures.
const (
	KindRead     = "read"      // the file cannot be read
	KindTooLarge = "too large" // more bytes or pixels than Options allow
	KindFormat   = "format"    // it is no picture, or a broken one
	KindInternal = "internal"  // a bug of Octet's
)
