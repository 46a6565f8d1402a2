package repository

import (
	"context"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/octet-ml/octet/runtime"
	"github.com/octet-ml/octet/serve/batch"
	"github.com/octet-ml/octet/vision"
)

// Version is a version of a model that serves. Its fields do not change.
type Version struct {
	Model     string
	Number    int64
	Config    Config // with defaults
	Format    string // of the file: "onnx" or "tflite"; "memory" of one that Add brought
	Digest    string // that the file carries and that was found to hold; may be empty
	Program   *runtime.Program
	Pipeline  *vision.Pipeline // nil for a model that takes no picture
	NoPicture error            // why Pipeline is nil
	Source    string           // where Pipeline is from
	Labels    vision.Labels    // of the first output; may be nil
	Queue     *batch.Queue
	Stats     *Stats // shared by all loads of the version
	Loaded    time.Time

	print  fingerprint
	refs   atomic.Int64  // users, and 1 until it is retired
	unused chan struct{} // closed when refs is 0
}

// Version returns the version's number in decimal digits.
func (v *Version) Version() string { return strconv.FormatInt(v.Number, 10) }

// Release says that the caller does not use v any more. It is called once for each Acquire.
func (v *Version) Release() {
	if v.refs.Add(-1) == 0 {
		close(v.unused)
	}
}

// Batches reports whether requests of any number of examples up to the program's largest batch size are taken.
func (v *Version) Batches() bool { return v.Program.Dynamic() && v.Program.MaxBatch() > 1 }

// retire closes a version that Acquire cannot return any more, after its last request or, with the error of ctx, when the context
// ends.
func (v *Version) retire(ctx context.Context) error {
	v.Release()
	select {
	case <-v.unused:
	case <-ctx.Done():
	}
	return v.Queue.Close(ctx)
}

// retireUnused closes a version that never served.
func (v *Version) retireUnused() { _ = v.retire(context.Background()) }
