package bulk

import (
	"context"
	"fmt"
	"reflect"
	"strings"

	"github.com/apache/beam/sdks/v2/go/pkg/beam"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/core/graph/window"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/io/textio"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/register"
)

func init() {
	register.DoFn3x1[context.Context, string, func(string), error](&expandFn{})
	register.DoFn2x0[string, func(string)](&lineFn{})
	register.DoFn4x1[context.Context, string, func(Result), func(Unreadable), error](&classifyFn{})
	register.Emitter1[string]()
	register.Emitter1[Result]()
	register.Emitter1[Unreadable]()
	beam.RegisterType(reflect.TypeFor[Result]())
	beam.RegisterType(reflect.TypeFor[Unreadable]())
}

// Pictures returns the paths, as strings, that match at least one of the patterns, whose form is the file system's. A path that two
// patterns match comes twice. A pattern that matches nothing fails the job with ErrNoPictures.
func Pictures(s beam.Scope, patterns ...string) beam.PCollection {
	s = s.Scope("bulk.Pictures")
	return beam.ParDo(s, &expandFn{}, beam.CreateList(s, patterns))
}

// ListedPictures returns the paths, as strings, that are on the lines of the text files that match at least one of the patterns. Space
// around a path and empty lines do not count.
func ListedPictures(s beam.Scope, patterns ...string) beam.PCollection {
	s = s.Scope("bulk.ListedPictures")
	return beam.ParDo(s, &lineFn{}, textio.ReadAll(s, beam.CreateList(s, patterns)))
}

// lineFn passes the paths on lines on.
type lineFn struct{}

// ProcessElement emits the path that is on a line.
func (*lineFn) ProcessElement(line string, emit func(string)) {
	if line = strings.TrimSpace(line); line != "" {
		emit(line)
	}
}

// expandFn lists the files of a pattern.
type expandFn struct{}

// ProcessElement emits the paths that match.
func (*expandFn) ProcessElement(ctx context.Context, pattern string, emit func(string)) error {
	files := new(storage)
	defer files.close()
	fs, err := files.of(pattern)
	if err != nil {
		return err
	}
	paths, err := fs.List(ctx, pattern)
	if err != nil {
		return fmt.Errorf("%s: %w", pattern, err)
	}
	if len(paths) == 0 {
		return fmt.Errorf("%w: nothing matches %s", ErrNoPictures, pattern)
	}
	for _, p := range paths {
		emit(p)
	}
	return nil
}

// Classify returns what the model says about pictures, a collection of paths as strings in the global window: Results, and Unreadables
// for those without one. Every path has one element in one of the two. Order is not kept. It panics where the options are wrong or the
// window is another; a model that cannot be loaded fails the job.
func Classify(s beam.Scope, pictures beam.PCollection, o Options) (results, unreadable beam.PCollection) {
	s = s.Scope("bulk.Classify")
	if _, err := o.check(); err != nil {
		panic(err)
	}
	if fn := pictures.WindowingStrategy().Fn; fn.Kind != window.GlobalWindows {
		panic(fmt.Errorf("%w: pictures in windows of kind %s: want the global window", ErrOption, fn.Kind))
	}
	// Paths that come from one listing must not stay in its bundle.
	return beam.ParDo2(s, &classifyFn{Options: o}, beam.Reshuffle(s, pictures))
}

// classifyFn classifies the pictures of a bundle.
type classifyFn struct {
	Options Options

	worker *worker
	stream *stream
}

// Setup loads the model, once in a process.
func (f *classifyFn) Setup(ctx context.Context) (err error) {
	f.worker, err = sharedWorker(ctx, f.Options)
	return err
}

// StartBundle starts a stream.
func (f *classifyFn) StartBundle(ctx context.Context, _ func(Result), _ func(Unreadable)) {
	if f.stream != nil {
		f.stream.stop() // of a bundle that failed
	}
	f.stream = f.worker.stream(context.WithoutCancel(ctx))
}

// ProcessElement puts a picture into the stream, and emits what has come out.
func (f *classifyFn) ProcessElement(ctx context.Context, path string, result func(Result), unreadable func(Unreadable)) error {
	return f.stream.put(&picture{path: path}, f.emit(ctx, result, unreadable))
}

// FinishBundle emits the rest.
func (f *classifyFn) FinishBundle(ctx context.Context, result func(Result), unreadable func(Unreadable)) error {
	defer f.stream.stop()
	return f.stream.finish(f.emit(ctx, result, unreadable))
}

// Teardown ends a stream whose bundle failed.
func (f *classifyFn) Teardown() error {
	if f.stream != nil {
		f.stream.stop()
	}
	return nil
}

// emit returns what becomes of pictures that come out of the stream.
func (f *classifyFn) emit(ctx context.Context, result func(Result), unreadable func(Unreadable)) func(*picture) error {
	return func(p *picture) error {
		count(ctx, p)
		if p.err != nil {
			unreadable(p.unreadable())
		} else {
			result(f.worker.result(p))
		}
		return nil
	}
}

// result returns what a model said about a picture.
func (w *worker) result(p *picture) Result {
	return Result{Path: p.path, Model: w.model.digest[:digestDigits], Classes: p.classes}
}
