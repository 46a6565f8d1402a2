package quantize_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/loader/onnx"
	"github.com/octet-ml/octet/quantize"
)

// memory is a Store.
type memory struct {
	data  []byte
	saved int
}

func (m *memory) Load() ([]byte, error) { return m.data, nil }

func (m *memory) Save(state []byte) error {
	m.data = bytes.Clone(state)
	m.saved++
	return nil
}

// whole returns the file of a quantized model with all that was decided.
func whole(t *testing.T, r *quantize.Result) []byte {
	t.Helper()
	file, err := onnx.Encode(r.Graph, onnx.WriteOptions{})
	if err != nil {
		t.Fatal(err)
	}
	decided, err := json.Marshal(r)
	if err != nil {
		t.Fatal(err)
	}
	return append(file, decided...)
}

var errStop = errors.New("stop")

// interrupted quantizes a model and stops when progress says that a stage is done so far, and at the next point after that.
func interrupted(t *testing.T, g *graph.Graph, data quantize.Data, o quantize.Options, stage string, at int) {
	t.Helper()
	stop := false
	o.Progress = func(s string, done, _ int) { stop = stop || s == stage && done >= at }
	o.Cancelled = func() error {
		if stop {
			return errStop
		}
		return nil
	}
	if _, err := quantize.Quantize(g, data, o); !errors.Is(err, errStop) {
		t.Fatalf("%s %d: got %v, want %v", stage, at, err, errStop)
	}
}

// light leaves the largest layers of resnet8 float: that saves most of the time.
var light = []quantize.Rule{{Layers: "conv[6-9]", Scheme: quantize.Float}}

func TestInterruptedRunsGiveTheSameBytes(t *testing.T) {
	g := build(t, "resnet8")
	for name, c := range map[string]struct {
		o     quantize.Options
		stops []stop
	}{
		"int4":   {quantize.Options{Weights: quantize.Int4, Rules: light}, []stop{{"calibrate", 64}, {"weights", 1}, {"weights", 5}}},
		"target": {quantize.Options{Weights: quantize.Int4KMeans, Target: quantize.Target{Drop: 5}, Rules: light}, []stop{{"calibrate", 64}, {"weights with 8 and 4 bits", 4}, {"sensitivity", 3}, {"weights", 2}, {"weights", 4}}},
	} {
		t.Run(name, func(t *testing.T) {
			r, err := quantize.Quantize(g, inputs(70), c.o)
			if err != nil {
				t.Fatal(err)
			}
			want := whole(t, r)
			m := &memory{}
			o := c.o
			o.State = m
			for i, s := range c.stops {
				o.Threads = 1 + i%3
				saved := m.saved
				interrupted(t, g, inputs(70), o, s.stage, s.at)
				if m.saved == saved {
					t.Errorf("%v: nothing was saved", s)
				}
			}
			repeated := ""
			o.Progress = func(stage string, done, _ int) {
				if stage == "calibrate" {
					repeated = fmt.Sprintf("%s %d", stage, done)
				}
			}
			r, err = quantize.Quantize(g, inputs(70), o)
			if err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(whole(t, r), want) {
				t.Error("other bytes than without interruptions")
			}
			if repeated != "" {
				t.Errorf("%s is done again", repeated)
			}
		})
	}
}

// stop is where a run is interrupted.
type stop struct {
	stage string
	at    int
}

// someState returns the state of a run that was interrupted after two layers.
func someState(t testing.TB, o quantize.Options) *memory {
	m := &memory{}
	done := 0
	o.State = m
	o.Progress = func(stage string, n, _ int) {
		if stage == "weights" {
			done = n
		}
	}
	o.Cancelled = func() error {
		if done >= 2 {
			return errStop
		}
		return nil
	}
	if _, err := quantize.Quantize(build(t, "resnet8"), inputs(8), o); !errors.Is(err, errStop) {
		t.Fatal(err)
	}
	return m
}

func TestStatesOfOtherRunsAreRefused(t *testing.T) {
	m := someState(t, quantize.Options{})
	g := build(t, "resnet8")
	other := g.Clone()
	w := other.Nodes[0].Inputs[1].Const.Clone()
	w.Data[0] ^= 1
	other.Nodes[0].Inputs[1].Const = w
	for _, c := range []struct {
		g    *graph.Graph
		data quantize.Data
		o    quantize.Options
		text string
	}{
		{other, inputs(8), quantize.Options{}, "model is "},
		{g, still{8}, quantize.Options{}, "data is "},
		{g, labelled{8}, quantize.Options{}, "data is "},
		{g, inputs(9), quantize.Options{}, "inputs is 9 of 9 by seed 0, was 8 of 8 by seed 0"},
		{g, inputs(8), quantize.Options{Seed: 1}, "inputs is 8 of 8 by seed 1"},
		{g, inputs(8), quantize.Options{Inputs: 4}, "inputs is 4 of 8"},
		{g, inputs(8), quantize.Options{Weights: quantize.Int4, Range: quantize.Entropy}, "weights is int4, was int8; range is entropy, was auto"},
		{g, inputs(8), quantize.Options{Rules: []quantize.Rule{{Layers: "first", Scheme: quantize.Float}}}, `rules is ["first=float"], was []`},
		{g, inputs(8), quantize.Options{Rounding: quantize.Nearest}, "rounding is nearest"},
		{g, inputs(8), quantize.Options{Equalize: true}, "equalize is true, was false"},
		{g, inputs(8), quantize.Options{Target: quantize.Target{Bytes: 1000}}, "target is "},
	} {
		before := bytes.Clone(m.data)
		c.o.State = m
		_, err := quantize.Quantize(c.g, c.data, c.o)
		if !errors.Is(err, quantize.ErrState) || !strings.Contains(err.Error(), c.text) {
			t.Errorf("want %q, got %v", c.text, err)
		}
		if !bytes.Equal(m.data, before) {
			t.Errorf("%s: the state was changed", c.text)
		}
	}
}

func TestDamagedStatesAreRefused(t *testing.T) {
	m := someState(t, quantize.Options{})
	g := build(t, "resnet8")
	flipped := func(at int) []byte {
		data := bytes.Clone(m.data)
		data[at] ^= 4
		return data
	}
	for name, c := range map[string]struct {
		data []byte
		text string
	}{
		"empty":       {[]byte{}, "0 bytes that do not begin with"},
		"other file":  {[]byte("ONNX model"), "do not begin with"},
		"new version": {bytes.Replace(m.data, []byte("state 1\n"), []byte("state 2\n"), 1), `version "2", want "1"`},
		"head only":   {m.data[:30], "cut off after 30 bytes"},
		"half":        {m.data[:len(m.data)/2], "damaged"},
		"last byte":   {m.data[:len(m.data)-1], "damaged"},
		"one more":    {append(bytes.Clone(m.data), 0), "damaged"},
		"checksum":    {flipped(25), "damaged"},
		"facts":       {flipped(100), "damaged"},
		"weights":     {flipped(len(m.data) - 9), "damaged"},
	} {
		_, err := quantize.Quantize(g, inputs(8), quantize.Options{State: &memory{data: c.data}})
		if !errors.Is(err, quantize.ErrState) || !strings.Contains(err.Error(), c.text) {
			t.Errorf("%s: want %q, got %v", name, c.text, err)
		}
	}
}

func TestStateFiles(t *testing.T) {
	path := filepath.Join(t.TempDir(), "run.state")
	f := quantize.StateFile(path)
	if data, err := f.Load(); data != nil || err != nil {
		t.Errorf("no file: %q, %v", data, err)
	}
	if err := f.Remove(); err != nil {
		t.Errorf("no file: %v", err)
	}
	if err := os.WriteFile(path+".new", []byte("cut off"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, text := range []string{"first", "second, longer", "3"} {
		if err := f.Save([]byte(text)); err != nil {
			t.Fatal(err)
		}
		if data, err := f.Load(); string(data) != text || err != nil {
			t.Errorf("%q, %v, want %q", data, err, text)
		}
	}
	if err := f.Remove(); err != nil {
		t.Error(err)
	}
	if left, err := os.ReadDir(filepath.Dir(path)); err != nil || len(left) > 0 {
		t.Errorf("left: %v, %v", left, err)
	}
	if err := quantize.StateFile(filepath.Join(path, "x")).Save(nil); err == nil {
		t.Error("no folder: no error")
	}
}

// lost is a Store that cannot be read, or not written.
type lost struct{ load, save error }

func (l lost) Load() ([]byte, error) { return nil, l.load }

func (l lost) Save([]byte) error { return l.save }

func TestErrorsOfStoresAreReturned(t *testing.T) {
	g := build(t, "resnet8")
	for _, l := range []lost{{load: errStop}, {save: errStop}} {
		if _, err := quantize.Quantize(g, inputs(4), quantize.Options{State: l}); !errors.Is(err, errStop) || !strings.Contains(err.Error(), "state: ") {
			t.Errorf("%+v: got %v", l, err)
		}
	}
}
