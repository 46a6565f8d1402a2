package bulk

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"runtime/debug"
	"sync"
	"time"

	"github.com/octet-ml/octet/runtime"
	"github.com/octet-ml/octet/vision"
)

// worker is what the bundles of a process share: a model, and its cores. It is safe for concurrent use.
type worker struct {
	options Options
	model   *model
	batch   int // pictures of a run at most
	files   *storage
	reads   chan struct{} // a token for each picture that is read and not yet decoded
	cores   chan struct{} // a token for each core that computes

	mu       sync.Mutex
	sessions []*runtime.Session // that are free; no more exist than cores
}

// newWorker loads the model of options that have their defaults.
func newWorker(ctx context.Context, o Options) (*worker, error) {
	files := new(storage)
	m, err := loadModel(ctx, files, o)
	if err != nil {
		return nil, errors.Join(err, files.close())
	}
	w := &worker{options: o, model: m, batch: 1, files: files, reads: make(chan struct{}, o.ReadAhead), cores: make(chan struct{}, o.Threads)}
	if m.program.Separable() {
		w.batch = m.program.MaxBatch()
	}
	return w, nil
}

// shared are the workers of this process by their options.
var shared struct {
	mu      sync.Mutex
	workers map[Options]*worker
}

// sharedWorker returns the worker for options. The first call makes it, and others wait.
func sharedWorker(ctx context.Context, o Options) (*worker, error) {
	o, err := o.check()
	if err != nil {
		return nil, err
	}
	shared.mu.Lock()
	defer shared.mu.Unlock()
	if w := shared.workers[o]; w != nil {
		return w, nil
	}
	w, err := newWorker(ctx, o)
	if err != nil {
		return nil, err
	}
	if shared.workers == nil {
		shared.workers = make(map[Options]*worker)
	}
	shared.workers[o] = w
	return w, nil
}

// readTries is how often a file is read before its picture is given up, and readPause the time before the second time; the pause
// grows fourfold each time.
const readTries = 3

var readPause = 100 * time.Millisecond

// read returns a picture's file. What may be better in a moment is tried again.
func (w *worker) read(ctx context.Context, path string) (data []byte, err error) {
	pause := readPause
	for try := 1; ; try++ {
		data, err = w.files.read(ctx, path, w.options.MaxBytes)
		if err == nil || try == readTries || errors.Is(err, errBytes) || errors.Is(err, fs.ErrNotExist) || errors.Is(err, fs.ErrPermission) {
			return data, err
		}
		select {
		case <-time.After(pause):
			pause *= 4
		case <-ctx.Done():
			return nil, err
		}
	}
}

// session returns a free session, or a new one, with the batch size of the worker.
func (w *worker) session() (s *runtime.Session, err error) {
	w.mu.Lock()
	if n := len(w.sessions); n > 0 {
		s = w.sessions[n-1]
		w.sessions = w.sessions[:n-1]
	}
	w.mu.Unlock()
	if s == nil {
		if s, err = w.model.program.NewSession(); err != nil {
			return nil, err
		}
	}
	return s, s.SetBatch(w.batch)
}

// free gives a session back.
func (w *worker) free(s *runtime.Session) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.sessions = append(w.sessions, s)
}

// prepare decodes a picture and writes its tensor, a part of a session's input.
func (w *worker) prepare(data, tensor []byte) error {
	return safely(func() error {
		m, err := vision.DecodeBytes(data, vision.WithMaxBytes(w.options.MaxBytes), vision.WithMaxPixels(w.options.MaxPixels))
		if err != nil {
			return err
		}
		return w.model.pipeline.Apply(m, tensor, nil)
	})
}

// errInternal is the error of a panic.
var errInternal = errors.New("internal error")

// safely calls f. A panic, a bug of ours, costs the pictures at hand their results, not the job.
func safely(f func() error) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("%w: %v at %s", errInternal, p, debug.Stack())
		}
	}()
	return f()
}

// kindOf returns the kind of an error of a picture's.
func kindOf(err error) string {
	switch {
	case errors.Is(err, errInternal):
		return KindInternal
	case errors.Is(err, errBytes), errors.Is(err, vision.ErrTooLarge):
		return KindTooLarge
	case errors.Is(err, vision.ErrFormat), errors.Is(err, vision.ErrImage):
		return KindFormat
	}
	return KindRead
}
