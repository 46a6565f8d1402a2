package oip_test

import (
	"context"
	"encoding/binary"
	"errors"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/octet-ml/octet/runtime"
	"github.com/octet-ml/octet/serve/batch"
	"github.com/octet-ml/octet/serve/internal/servetest"
	"github.com/octet-ml/octet/serve/oip"
	"github.com/octet-ml/octet/serve/repository"
	"github.com/octet-ml/octet/vision"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// blank returns the input of n empty pictures for the digits classifier.
func blank(t testing.TB, s *oip.Service, n int) oip.Tensor {
	t.Helper()
	info, err := s.Model("digits", "")
	if err != nil {
		t.Fatal(err)
	}
	return oip.Tensor{Name: info.Inputs[0].Name, Datatype: oip.FP32, Shape: []int64{int64(n), 1, 28, 28}, Data: make([]byte, n*28*28*4)}
}

// Each request that does not fit gives an error of the right kind that names what is wrong.
func TestInferRefuses(t *testing.T) {
	s := servetest.Service(t)
	x := blank(t, s, 1)
	with := func(f func(x *oip.Tensor)) []oip.Tensor {
		y := x
		y.Shape = slices.Clone(x.Shape)
		f(&y)
		return []oip.Tensor{y}
	}
	pictures := func(shape []int64, files ...string) []oip.Tensor {
		return with(func(x *oip.Tensor) {
			x.Datatype, x.Shape, x.Data = oip.Bytes, shape, nil
			for _, f := range files {
				x.Data = oip.AppendBytes(x.Data, f)
			}
		})
	}
	seven := string(servetest.Digit(t, "7"))
	nan := make([]byte, len(x.Data))
	binary.LittleEndian.PutUint32(nan[400:], math.Float32bits(float32(math.NaN())))
	for _, c := range []struct {
		name string
		req  oip.Request
		code oip.Code
		says string
	}{
		{"unknown model", oip.Request{Model: "none"}, oip.NotFound, `"none"`},
		{"path for a name", oip.Request{Model: "../digits"}, oip.NotFound, "digits"},
		{"unknown version", oip.Request{Model: "digits", Version: "9"}, oip.NotFound, "9"},
		{"version that is no number", oip.Request{Model: "digits", Version: "../1"}, oip.Invalid, "../1"},
		{"negative timeout", oip.Request{Model: "digits", Timeout: -1}, oip.Invalid, "timeout"},
		{"no input", oip.Request{Model: "digits"}, oip.Invalid, "1 inputs, the request 0"},
		{"two inputs", oip.Request{Model: "digits", Inputs: []oip.Tensor{x, x}}, oip.Invalid, "the request 2"},
		{"unknown input", oip.Request{Model: "digits", Inputs: with(func(x *oip.Tensor) { x.Name = "other" })}, oip.Invalid, `"other"`},
		{"another datatype", oip.Request{Model: "digits", Inputs: with(func(x *oip.Tensor) { x.Datatype = oip.Int32 })}, oip.Invalid, `"FP32"`},
		{"no datatype", oip.Request{Model: "digits", Inputs: with(func(x *oip.Tensor) { x.Datatype = "FLOAT" })}, oip.Invalid, `"FLOAT"`},
		{"fewer dimensions", oip.Request{Model: "digits", Inputs: with(func(x *oip.Tensor) { x.Shape = x.Shape[1:] })}, oip.Invalid, "[-1 1 28 28]"},
		{"another dimension", oip.Request{Model: "digits", Inputs: with(func(x *oip.Tensor) { x.Shape[2] = 29 })}, oip.Invalid, "[1 1 29 28]"},
		{"no example", oip.Request{Model: "digits", Inputs: with(func(x *oip.Tensor) { x.Shape[0] = 0 })}, oip.Invalid, "[0 1 28 28]"},
		{"negative batch", oip.Request{Model: "digits", Inputs: with(func(x *oip.Tensor) { x.Shape[0] = -1 })}, oip.Invalid, "shape [-1 1"},
		{"overflowing batch", oip.Request{Model: "digits", Inputs: with(func(x *oip.Tensor) { x.Shape[0] = math.MaxInt64 })}, oip.Invalid, "shape"},
		{"overflowing product", oip.Request{Model: "digits", Inputs: with(func(x *oip.Tensor) { x.Shape[0] = math.MaxInt32 })}, oip.Invalid, "too large"},
		{"too few bytes", oip.Request{Model: "digits", Inputs: with(func(x *oip.Tensor) { x.Data = x.Data[4:] })}, oip.Invalid, "3132 bytes, want 3136"},
		{"too large a batch", oip.Request{Model: "digits", Inputs: []oip.Tensor{blank(t, s, 9)}}, oip.Invalid, "takes up to 8"},
		{"NaN", oip.Request{Model: "digits", Inputs: with(func(x *oip.Tensor) { x.Data = nan })}, oip.Invalid, "NaN"},
		{"unknown output", oip.Request{Model: "digits", Inputs: []oip.Tensor{x}, Outputs: []oip.Requested{{Name: "y?"}}}, oip.Invalid, `"y?"`},
		{"many outputs", oip.Request{Model: "digits", Inputs: []oip.Tensor{x}, Outputs: make([]oip.Requested, 99)}, oip.Invalid, "99 outputs"},
		{"no picture", oip.Request{Model: "digits", Inputs: pictures([]int64{1}, "text")}, oip.Unsupported, "picture 0"},
		{"half a picture", oip.Request{Model: "digits", Inputs: pictures([]int64{2}, seven, seven[:len(seven)/2])}, oip.Unsupported, "picture 1"},
		{"fewer pictures than told", oip.Request{Model: "digits", Inputs: pictures([]int64{2}, seven)}, oip.Invalid, "1 elements"},
		{"pictures of an overflowing shape", oip.Request{Model: "digits", Inputs: pictures([]int64{math.MaxInt64, math.MaxInt64}, seven)}, oip.Invalid, "1 elements"},
		{"a scalar", oip.Request{Model: "digits", Inputs: pictures(nil, seven)}, oip.Invalid, "1 elements"},
		{"nine pictures", oip.Request{Model: "digits", Inputs: pictures([]int64{9}, slices.Repeat([]string{seven}, 9)...)}, oip.Invalid, "more than 8"},
		{"a million empty pictures", oip.Request{Model: "digits", Inputs: pictures([]int64{1}, make([]string, 1<<20)...)}, oip.Invalid, "more than 8"},
		{"cut lengths", oip.Request{Model: "digits", Inputs: with(func(x *oip.Tensor) { x.Datatype, x.Data = oip.Bytes, []byte{1, 0} })}, oip.Invalid, "want a length"},
		{"long lengths", oip.Request{Model: "digits", Inputs: with(func(x *oip.Tensor) { x.Datatype, x.Data = oip.Bytes, []byte{255, 255, 255, 255, 1} })}, oip.Invalid, "4294967295"},
	} {
		_, err := s.Infer(context.Background(), &c.req)
		if oip.CodeOf(err) != c.code || err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: got code %d, %v, want code %d and %q", c.name, oip.CodeOf(err), err, c.code, c.says)
		}
	}
}

func TestClassifyRefuses(t *testing.T) {
	s := servetest.Service(t)
	seven := servetest.Digit(t, "7")
	for _, c := range []struct {
		name string
		req  oip.ClassifyRequest
		code oip.Code
	}{
		{"unknown model", oip.ClassifyRequest{Model: "none", Pictures: [][]byte{seven}}, oip.NotFound},
		{"no picture", oip.ClassifyRequest{Model: "digits"}, oip.Invalid},
		{"text", oip.ClassifyRequest{Model: "digits", Pictures: [][]byte{[]byte("text")}}, oip.Unsupported},
		{"empty", oip.ClassifyRequest{Model: "digits", Pictures: [][]byte{nil}}, oip.Unsupported},
		{"negative top", oip.ClassifyRequest{Model: "digits", Pictures: [][]byte{seven}, Top: -1}, oip.Invalid},
	} {
		if _, err := s.Classify(context.Background(), &c.req); oip.CodeOf(err) != c.code {
			t.Errorf("%s: got %v", c.name, err)
		}
	}
	got, err := s.Classify(context.Background(), &oip.ClassifyRequest{Model: "digits", Pictures: [][]byte{seven, []byte("text"), seven}, Top: 99})
	if err != nil || len(got.Results) != 3 || len(got.Results[2].Classes) != 10 || !errors.Is(got.Results[1].Err, vision.ErrFormat) {
		t.Errorf("one of three is no picture: got %+v, %v", got, err)
	}
}

// The limits on pixels and on the bytes of all requests are checked before anything is decoded.
func TestPicturesAreBounded(t *testing.T) {
	models := servetest.Repository(t, repository.Options{Dir: servetest.Folder(t, "digits")})
	req := &oip.ClassifyRequest{Model: "digits", Pictures: [][]byte{servetest.Digit(t, "7")}}
	if _, err := oip.NewService(models, oip.Options{MaxPixels: 100}).Classify(context.Background(), req); oip.CodeOf(err) != oip.TooLarge {
		t.Errorf("pixels: got %v", err)
	}
	budget := oip.NewBudget(28*28*4 + 1)
	s := oip.NewService(models, oip.Options{Budget: budget})
	if err := budget.Take(2); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Classify(context.Background(), req); !errors.Is(err, oip.ErrBusy) {
		t.Errorf("bytes: got %v", err)
	}
	budget.Give(2)
	if _, err := s.Classify(context.Background(), req); err != nil || budget.Used() != 0 {
		t.Errorf("got %v, %d bytes are still taken", err, budget.Used())
	}
	if err := budget.Take(budget.Limit() + 1); !errors.Is(err, oip.ErrTooLarge) {
		t.Errorf("more than all: got %v", err)
	}
}

// A service that drains answers what it has and refuses the rest.
func TestDrain(t *testing.T) {
	s := servetest.Service(t)
	if !s.Ready() {
		t.Error("not ready")
	}
	s.Leave()
	if s.Ready() || s.Admit(context.Background(), "digits", "") != nil {
		t.Error("a service that leaves is ready, or does not answer")
	}
	if err := s.Drain(context.Background()); err != nil {
		t.Error(err)
	}
	_, err := s.Infer(context.Background(), &oip.Request{Model: "digits", Inputs: []oip.Tensor{{}}})
	if !errors.Is(err, oip.ErrDraining) || oip.CodeOf(err) != oip.Unavailable || s.Ready() || !s.Draining() {
		t.Errorf("got %v", err)
	}
	if err := s.Admit(context.Background(), "digits", ""); !errors.Is(err, oip.ErrDraining) {
		t.Errorf("admit: got %v", err)
	}
	if err := s.Unload("digits"); !errors.Is(err, oip.ErrDraining) {
		t.Errorf("unload: got %v", err)
	}
}

func TestModelsAreLoadedAndUnloadedOnlyWhereThatIsAllowed(t *testing.T) {
	ctx := context.Background()
	fixed := oip.NewService(servetest.Repository(t, repository.Options{Dir: servetest.Folder(t, "digits")}), oip.Options{})
	if err := fixed.Unload("digits"); oip.CodeOf(err) != oip.Forbidden {
		t.Errorf("got %v", err)
	}
	if err := fixed.Load(ctx, "digits", nil); oip.CodeOf(err) != oip.Forbidden {
		t.Errorf("got %v", err)
	}
	s := servetest.Service(t)
	if err := s.Unload("digits"); err != nil {
		t.Fatal(err)
	}
	if err := s.Admit(ctx, "digits", ""); oip.CodeOf(err) != oip.Unavailable {
		t.Errorf("unloaded: got %v", err)
	}
	if n := len(s.Index(true)); n != 1 {
		t.Errorf("%d models are ready, want 1", n)
	}
	if err := s.Load(ctx, "digits", []byte(`{"max_batch": 3}`)); err != nil {
		t.Fatal(err)
	}
	if err := s.Admit(ctx, "digits", "1"); err != nil {
		t.Error(err)
	}
	serving, err := s.Serving("digits", "")
	if err != nil || len(serving) != 1 || serving[0].Program.MaxBatch() != 3 {
		t.Errorf("got %v, %v", serving, err)
	}
	if err := s.Load(ctx, "digits", []byte(`{"max_batch": -3}`)); oip.CodeOf(err) != oip.Invalid {
		t.Errorf("a bad configuration: got %v", err)
	}
}

// Statistics and observations tell what became of requests.
func TestRequestsAreCounted(t *testing.T) {
	var seen []oip.Observation
	models := servetest.Repository(t, repository.Options{Dir: servetest.Folder(t, "digits")})
	s := oip.NewService(models, oip.Options{Observe: func(o oip.Observation) { seen = append(seen, o) }})
	for _, inputs := range [][]oip.Tensor{{blank(t, s, 2)}, nil} {
		_, _ = s.Infer(context.Background(), &oip.Request{Model: "digits", Inputs: inputs})
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	_, err := s.Infer(ctx, &oip.Request{Model: "digits", Inputs: []oip.Tensor{blank(t, s, 1)}})
	if oip.CodeOf(err) != oip.Cancelled {
		t.Errorf("got %v", err)
	}
	v := models.Serving()[0]
	got := v.Stats.Snapshot()
	if got.Success.Count != 1 || got.Fail.Count != 2 || got.Cancelled != 1 || got.Inferences != 2 || got.Executions != 1 || got.Infer.Count != 1 || got.Batches[2].Infer.Count != 1 {
		t.Errorf("got %+v", got)
	}
	if len(seen) != 3 || seen[0].Code != oip.OK || seen[0].Examples != 2 || seen[1].Code != oip.Invalid || seen[2].Code != oip.Cancelled {
		t.Errorf("got %+v", seen)
	}
}

func TestCodes(t *testing.T) {
	for err, want := range map[error]oip.Code{
		nil: oip.OK, errors.New("other"): oip.Internal, &batch.FullError{}: oip.Exhausted, batch.ErrClosed: oip.Unavailable,
		context.DeadlineExceeded: oip.Deadline, context.Canceled: oip.Cancelled, runtime.ErrInput: oip.Invalid,
		repository.ErrNotFound: oip.NotFound, repository.ErrNotReady: oip.Unavailable, vision.ErrFormat: oip.Unsupported,
		vision.ErrTooLarge: oip.TooLarge, errors.Join(oip.ErrInvalid, vision.ErrFormat): oip.Unsupported,
	} {
		if got := oip.CodeOf(err); got != want {
			t.Errorf("%v: got %d, want %d", err, got, want)
		}
	}
}

// A request's own time ends it, whatever the model's default is.
func TestTimeouts(t *testing.T) {
	s := servetest.Service(t)
	_, err := s.Infer(context.Background(), &oip.Request{Model: "digits", Inputs: []oip.Tensor{blank(t, s, 1)}, Timeout: time.Nanosecond})
	if oip.CodeOf(err) != oip.Deadline {
		t.Errorf("got %v", err)
	}
}

func TestPicturesAndTensorsGiveTheSameClass(t *testing.T) {
	s := servetest.Service(t)
	info, err := s.Model("digits", "")
	if err != nil || len(info.Inputs) != 1 || len(info.Outputs) != 1 {
		t.Fatalf("got %+v, %v", info, err)
	}
	var files []byte
	for _, name := range []string{"3", "7", "8"} {
		files = oip.AppendBytes(files, string(servetest.Digit(t, name)))
	}
	res, err := s.Infer(context.Background(), &oip.Request{
		Model: "digits", ID: "one",
		Inputs:  []oip.Tensor{{Name: info.Inputs[0].Name, Datatype: oip.Bytes, Shape: []int64{3}, Data: files}},
		Outputs: []oip.Requested{{Name: info.Outputs[0].Name, Classification: 1}, {Name: info.Outputs[0].Name}},
	})
	if err != nil || res.ID != "one" || len(res.Outputs) != 2 {
		t.Fatalf("got %+v, %v", res, err)
	}
	classes, err := oip.SplitBytes(res.Outputs[0].Data, 3)
	if err != nil || len(classes) != 3 {
		t.Fatalf("got %q, %v", classes, err)
	}
	for i, want := range []string{":3:3", ":7:7", ":8:8"} {
		if got := string(classes[i]); len(got) < 5 || got[len(got)-4:] != want {
			t.Errorf("picture %d: got %q, want %q at the end", i, got, want)
		}
	}
	got, err := s.Classify(context.Background(), &oip.ClassifyRequest{Model: "digits", Pictures: [][]byte{servetest.Digit(t, "7")}, Top: 2})
	if err != nil || len(got.Results) != 1 || len(got.Results[0].Classes) != 2 || got.Results[0].Classes[0].Label != "7" || got.Results[0].Classes[0].Probability < 0.9 {
		t.Errorf("got %+v, %v", got, err)
	}
}
