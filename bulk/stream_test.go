package bulk

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/apache/beam/sdks/v2/go/pkg/beam/io/filesystem"

	"github.com/octet-ml/octet/internal/digits"
)

// odd is a file system whose files fail: "odd://NAME/FAILURES/..." as often as that before it is the digit on the name.
type odd struct{ filesystem.Interface }

var oddReads sync.Map // of paths to *atomic.Int64

func init() {
	filesystem.Register("odd", func(context.Context) filesystem.Interface { return odd{} })
}

func (odd) OpenRead(_ context.Context, path string) (io.ReadCloser, error) {
	var name string
	var failures int64
	if _, err := fmt.Sscanf(strings.ReplaceAll(path, "/", " "), "odd:  %s %d", &name, &failures); err != nil {
		return nil, err
	}
	n, _ := oddReads.LoadOrStore(path, new(atomic.Int64))
	if n.(*atomic.Int64).Add(1) <= failures {
		return nil, errors.New("the network is down")
	}
	data, ok := digits.Pictures()[name]
	if !ok {
		return nil, fmt.Errorf("%s: %w", path, fs.ErrNotExist)
	}
	return io.NopCloser(bytes.NewReader(data)), nil
}

func (odd) Close() error { return nil }

// newDigits returns a worker for digits.
func newDigits(t testing.TB, change func(*Options)) *worker {
	t.Helper()
	o := digitOptions()
	if change != nil {
		change(&o)
	}
	o, err := o.check()
	if err != nil {
		t.Fatal(err)
	}
	w, err := newWorker(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { w.files.close() })
	return w
}

func TestReadsThatFailAreTriedAgain(t *testing.T) {
	defer func(d time.Duration) { readPause = d }(readPause)
	readPause = time.Microsecond
	w := newDigits(t, nil)
	paths := []string{"odd://3.png/0/a", "odd://7.png/1/b", "odd://8.png/2/c", "odd://8.png/3/d", "odd://none/0/e"}
	reads := []int64{1, 2, 3, 3, 1}
	want := []string{"3", "7", "8", "read: the network is down", "read: odd://none/0/e: file does not exist"}
	i := 0
	err := w.inOrder(t.Context(), paths, func(p *picture) error {
		got := ""
		if p.err != nil {
			got = p.unreadable().Kind + ": " + p.unreadable().Reason
		} else {
			got = p.classes[0].Label
		}
		n, _ := oddReads.Load(paths[i])
		if p.path != paths[i] || got != want[i] || n.(*atomic.Int64).Load() != reads[i] {
			t.Errorf("%s: %q after %d reads, want %q after %d", p.path, got, n.(*atomic.Int64).Load(), want[i], reads[i])
		}
		i++
		return nil
	})
	if err != nil || i != len(paths) {
		t.Errorf("%d pictures, %v", i, err)
	}
}

func TestAPanicCostsPicturesTheirResultsAlone(t *testing.T) {
	w := newDigits(t, nil)
	w.model.pipeline = nil
	got := 0
	err := w.inOrder(t.Context(), []string{"odd://3.png/0/p", "odd://7.png/0/p"}, func(p *picture) error {
		if u := p.unreadable(); u.Kind != KindInternal {
			t.Errorf("%+v", u)
		}
		got++
		return nil
	})
	if err != nil || got != 2 || len(w.reads) != 0 || len(w.cores) != 0 {
		t.Errorf("%d pictures, %v; %d reads and %d cores are taken", got, err, len(w.reads), len(w.cores))
	}
}

func TestLimitsOfPictures(t *testing.T) {
	for name, change := range map[string]func(*Options){
		"bytes":  func(o *Options) { o.MaxBytes = 100 },
		"pixels": func(o *Options) { o.MaxPixels = 100 },
	} {
		w := newDigits(t, change)
		err := w.inOrder(t.Context(), []string{"odd://3.png/0/limit"}, func(p *picture) error {
			if u := p.unreadable(); u.Kind != KindTooLarge || !strings.Contains(u.Reason, "100") {
				t.Errorf("%s: %+v", name, u)
			}
			return nil
		})
		if err != nil {
			t.Error(err)
		}
	}
}

// What is taken by a stream that ends before its pictures is given back, and streams that come after it work.
func TestStreamsThatAreStopped(t *testing.T) {
	w := newDigits(t, func(o *Options) { o.ReadAhead = 2 })
	enough := errors.New("enough")
	for range 20 {
		var paths []string
		for i := range 50 {
			paths = append(paths, fmt.Sprintf("odd://3.png/0/%d", i))
		}
		n := 0
		err := w.inOrder(t.Context(), paths, func(*picture) error {
			if n++; n == 10 {
				return enough
			}
			return nil
		})
		if !errors.Is(err, enough) || n != 10 {
			t.Fatalf("%d pictures, %v", n, err)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	s := w.stream(ctx)
	cancel()
	for range s.out {
	}
	if err := s.put(&picture{}, nil); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	s = w.stream(t.Context())
	if err := s.put(&picture{path: "odd://7.png/0/last"}, nil); err != nil {
		t.Fatal(err)
	}
	if err := s.finish(func(p *picture) error { return p.err }); err != nil {
		t.Error(err)
	}
	for range s.out {
	}
	for range cap(w.reads) { // all can be had again
		w.reads <- struct{}{}
	}
	for range cap(w.cores) {
		w.cores <- struct{}{}
	}
}

// A read that ends with the job's context is no fault of the picture: the shard has failed, instead of being complete without it.
func TestReadsThatAreBrokenOffMakeNoRows(t *testing.T) {
	defer func(d time.Duration) { readPause = d }(readPause)
	readPause = time.Hour
	w := newDigits(t, nil)
	for i := range 20 {
		ctx, cancel := context.WithCancel(t.Context())
		path := fmt.Sprintf("odd://3.png/9/off%d", i)
		time.AfterFunc(time.Duration(i)*100*time.Microsecond, cancel)
		if err := w.inOrder(ctx, []string{path}, func(p *picture) error {
			t.Errorf("came out: %v", p.err)
			return nil
		}); !errors.Is(err, context.Canceled) {
			t.Error(err)
		}
	}
}

func TestWorkersAreSharedByOptions(t *testing.T) {
	o := digitOptions()
	a, err := sharedWorker(t.Context(), o)
	b, second := sharedWorker(t.Context(), o)
	if err != nil || second != nil || a != b {
		t.Errorf("%p %v, %p %v", a, err, b, second)
	}
	o.Top = 1
	if c, err := sharedWorker(t.Context(), o); err != nil || c == a {
		t.Errorf("%p, %v", c, err)
	}
	o.Model = "odd://none/0/model"
	for range 2 {
		if _, err := sharedWorker(t.Context(), o); !errors.Is(err, ErrModel) {
			t.Error(err)
		}
	}
}
