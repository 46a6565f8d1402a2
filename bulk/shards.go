package bulk

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"hash/fnv"
	"io"
	"reflect"
	"slices"

	"github.com/apache/beam/sdks/v2/go/pkg/beam"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/register"
)

func init() {
	register.DoFn1x2[string, int, string](&keyFn{})
	register.DoFn4x1[context.Context, int, func(*string) bool, func(Shard), error](&shardFn{})
	register.DoFn2x1[context.Context, Summary, error](&summaryFn{})
	register.Combiner3[Summary, Shard, Summary](&sumFn{})
	register.Iter1[string]()
	register.Emitter1[Shard]()
	beam.RegisterType(reflect.TypeFor[Shard]())
	beam.RegisterType(reflect.TypeFor[Summary]())
}

// Shard is what became of the pictures of a shard; it is in the file that says that the shard is complete.
type Shard struct {
	Index      int    `json:"shard"`
	Model      string `json:"model_sha256"`
	Paths      string `json:"paths_sha256"` // of the pictures' paths, sorted, each ended by a zero byte
	Pictures   int    `json:"pictures"`
	Results    int    `json:"results"`
	Unreadable int    `json:"unreadable"`
	Unread     int    `json:"unread"`            // of the unreadable, those of KindRead: another time they may be there
	Skipped    bool   `json:"skipped,omitempty"` // the shard was complete before
}

// ClassifyToFiles classifies pictures, a collection of paths as strings in the global window, and writes results and unreadable
// pictures to files; it returns the Shards. Options and files come from Prepare. A path that comes several times has one row. Rows of a
// shard are sorted by path. A shard whose files are complete, for the same pictures and the same model, is skipped if all of its
// pictures could be read; the files of others are written anew. The summary comes last.
func ClassifyToFiles(s beam.Scope, pictures beam.PCollection, o Options, f Files) beam.PCollection {
	s = s.Scope("bulk.ClassifyToFiles")
	f, err := f.check()
	if _, second := o.check(); errors.Join(err, second) != nil {
		panic(errors.Join(err, second))
	}
	keyed := beam.ParDo(s, &keyFn{Shards: f.Shards}, pictures)
	shards := beam.ParDo(s, &shardFn{Options: o, Files: f}, beam.GroupByKey(s, keyed))
	beam.ParDo0(s, &summaryFn{Files: f}, beam.Combine(s, &sumFn{}, shards))
	return shards
}

// keyFn chooses the shards of pictures.
type keyFn struct{ Shards int }

// ProcessElement returns a picture's shard and its path. The shard depends on the path and the number of shards alone.
func (f *keyFn) ProcessElement(path string) (int, string) {
	h := fnv.New64a()
	io.WriteString(h, path)
	return int(h.Sum64() % uint64(f.Shards)), path
}

// shardFn classifies whole shards.
type shardFn struct {
	Options Options
	Files   Files

	worker *worker
}

// Setup loads the model, once in a process.
func (f *shardFn) Setup(ctx context.Context) (err error) {
	f.worker, err = sharedWorker(ctx, f.Options)
	return err
}

// ProcessElement classifies the pictures of a shard, unless its files are complete, and writes the files.
func (f *shardFn) ProcessElement(ctx context.Context, index int, next func(*string) bool, emit func(Shard)) error {
	var paths []string
	for p := ""; next(&p); {
		paths = append(paths, p)
	}
	slices.Sort(paths)
	paths = slices.Compact(paths)
	want := Shard{Index: index, Model: f.worker.model.digest, Paths: digestOf(paths), Pictures: len(paths)}
	shardCount.Inc(ctx, 1)
	if done, ok, err := f.finished(ctx, want); err != nil {
		return err
	} else if ok {
		skippedCount.Inc(ctx, 1)
		emit(done)
		return nil
	}
	done, err := f.write(ctx, want, paths)
	if err != nil {
		return fmt.Errorf("shard %d: %w", index, err)
	}
	emit(done)
	return nil
}

// digestOf returns the hash of a list of paths.
func digestOf(paths []string) string {
	h := sha256.New()
	for _, p := range paths {
		io.WriteString(h, p)
		h.Write([]byte{0})
	}
	return hex.EncodeToString(h.Sum(nil))
}

// finished returns what the file of a complete shard says, and whether it is about the same pictures and model and nothing is to be tried
// again.
func (f *shardFn) finished(ctx context.Context, want Shard) (done Shard, ok bool, err error) {
	data, found, err := f.worker.files.readIfThere(ctx, f.Files.done(want.Index))
	if err != nil || !found || json.Unmarshal(data, &done) != nil {
		return Shard{}, false, err
	}
	done.Skipped = true
	ok = done.Unread == 0 && done.Index == want.Index && done.Model == want.Model && done.Paths == want.Paths && done.Results+done.Unreadable == want.Pictures
	return done, ok, nil
}

// write classifies the pictures of a shard and writes its files, that of the complete shard last.
func (f *shardFn) write(ctx context.Context, done Shard, paths []string) (Shard, error) {
	files := f.worker.files
	for _, path := range []string{f.Files.Results(done.Index), f.Files.Unreadable(done.Index), f.Files.done(done.Index)} {
		if err := files.sweep(ctx, path); err != nil {
			return done, err
		}
	}
	var bad []Unreadable
	err := files.write(ctx, f.Files.Results(done.Index), func(w io.Writer) error {
		out, err := newRows(w, f.Files.Format, resultColumns(min(f.worker.options.Top, f.worker.model.classes)))
		if err != nil {
			return err
		}
		err = f.worker.inOrder(ctx, paths, func(p *picture) error {
			count(ctx, p)
			if p.err != nil {
				u := p.unreadable()
				if u.Kind == KindRead {
					done.Unread++
				}
				bad = append(bad, u)
				return nil
			}
			done.Results++
			return out.result(f.worker.result(p))
		})
		return errors.Join(err, out.flush())
	})
	if err != nil {
		return done, err
	}
	done.Unreadable = len(bad)
	err = files.write(ctx, f.Files.Unreadable(done.Index), func(w io.Writer) error {
		out, err := newRows(w, f.Files.Format, unreadableColumns)
		if err != nil {
			return err
		}
		for _, u := range bad {
			if err := out.unreadable(u); err != nil {
				return err
			}
		}
		return out.flush()
	})
	if err != nil {
		return done, err
	}
	return done, files.write(ctx, f.Files.done(done.Index), func(w io.Writer) error { return json.NewEncoder(w).Encode(done) })
}

// inOrder classifies pictures and calls each for them in the order of their paths in the list.
func (w *worker) inOrder(ctx context.Context, paths []string, each func(*picture) error) error {
	s := w.stream(ctx)
	defer s.stop()
	waiting := make(map[int]*picture)
	next := 0
	done := func(p *picture) error {
		waiting[p.index] = p
		for waiting[next] != nil {
			p := waiting[next]
			delete(waiting, next)
			next++
			if err := each(p); err != nil {
				return err
			}
		}
		return nil
	}
	for i, path := range paths {
		if err := s.put(&picture{index: i, path: path}, done); err != nil {
			return err
		}
	}
	return s.finish(done)
}

// sumFn adds shards up.
type sumFn struct{}

// AddInput adds a shard.
func (*sumFn) AddInput(s Summary, d Shard) Summary {
	one := Summary{Pictures: int64(d.Pictures), Results: int64(d.Results), Unreadable: int64(d.Unreadable), Shards: 1}
	if d.Skipped {
		one.Skipped = 1
	}
	return (*sumFn)(nil).MergeAccumulators(s, one)
}

// MergeAccumulators adds sums.
func (*sumFn) MergeAccumulators(a, b Summary) Summary {
	return Summary{
		Pictures: a.Pictures + b.Pictures, Results: a.Results + b.Results, Unreadable: a.Unreadable + b.Unreadable,
		Shards: a.Shards + b.Shards, Skipped: a.Skipped + b.Skipped,
	}
}

// summaryFn writes the summary.
type summaryFn struct{ Files Files }

// ProcessElement writes it.
func (f *summaryFn) ProcessElement(ctx context.Context, s Summary) error {
	files := new(storage)
	defer files.close()
	return files.write(ctx, f.Files.Summary(), func(w io.Writer) error { return json.NewEncoder(w).Encode(s) })
}
