package loader

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/internal/testkit"
	"github.com/octet-ml/octet/loader/onnx"
)

// small is an ONNX model with one node.
func small(t *testing.T) []byte {
	t.Helper()
	g := &graph.Graph{}
	x := g.AddInput("x", graph.Float32, graph.Shape{graph.Batch, 3})
	g.Outputs = g.Add("Relu", "relu", nil, []*graph.Value{x}, "y").Outputs
	data, err := onnx.Encode(g, onnx.WriteOptions{})
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func TestOpenTellsTheFormatFromTheBytes(t *testing.T) {
	path := filepath.Join(t.TempDir(), "model.tflite")
	if err := os.WriteFile(path, small(t), 0o600); err != nil {
		t.Fatal(err)
	}
	g, err := Open(path)
	if err != nil || len(g.Nodes) != 1 {
		t.Fatal(err)
	}
}

func TestErrorsNameTheFileAndWrapASentinel(t *testing.T) {
	folder := t.TempDir()
	write := func(name string, data []byte) string {
		path := filepath.Join(folder, name)
		if err := os.WriteFile(path, data, 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	model := small(t)
	unsupported := []byte(strings.Replace(string(model), "Relu", "Frob", 1))
	for _, c := range []struct {
		path string
		list []Option
		want error
	}{
		{write("empty", nil), nil, ErrFormat},
		{write("text", []byte("a text")), nil, ErrFormat},
		{write("png", []byte("\x89PNG\r\n\x1a\n")), nil, ErrFormat},
		{write("cut.onnx", model[:len(model)-1]), nil, ErrFormat},
		{write("frob.onnx", unsupported), nil, ErrUnsupported},
		{write("large.onnx", model), []Option{WithLimits(Limits{FileBytes: 10})}, ErrLimit},
		{filepath.Join(folder, "absent"), nil, os.ErrNotExist},
		{folder, nil, ErrFormat},
	} {
		_, err := Open(c.path, c.list...)
		if !errors.Is(err, c.want) || !strings.Contains(err.Error(), c.path) {
			t.Errorf("%s: got %v, want %v", c.path, err, c.want)
		}
	}
	_, err := Decode(unsupported)
	var nodes onnx.NodeErrors
	if !errors.As(err, &nodes) || len(nodes) != 1 || !errors.Is(err, onnx.ErrUnsupported) {
		t.Errorf("the format's own error is gone: %v", err)
	}
}

func TestOptionsAreChecked(t *testing.T) {
	for _, o := range []Option{
		WithLimits(Limits{Nodes: -1}), WithInputShape("", graph.Shape{1}), WithInputShape("x", graph.Shape{graph.Batch, graph.Batch}),
	} {
		if _, err := Decode(small(t), o); err == nil {
			t.Error("no error")
		}
	}
	g, err := Decode(small(t), WithInputShape("x", graph.Shape{4, 3}))
	if err != nil || !g.Inputs[0].Shape.Equal(graph.Shape{4, 3}) {
		t.Error(err)
	}
}

// external is an ONNX model with a constant of two float32 in another file, written by hand: field numbers as in onnx.proto.
func external(location string) []byte {
	field := func(num int, data string) string { return fmt.Sprintf("%c%c%s", num<<3|2, len(data), data) }
	number := func(num, v int) string { return string([]byte{byte(num << 3), byte(v)}) }
	value := func(name string) string {
		return field(1, name) + field(2, field(1, number(1, 1)+field(2, field(1, number(1, 2)))))
	}
	tensor := number(1, 2) + number(2, 1) + field(8, "w") + field(13, field(1, "location")+field(2, location)) + "\x70\x01"
	node := field(1, "x") + field(1, "w") + field(2, "y") + field(4, "Add")
	g := field(1, node) + field(5, tensor) + "\x5a" + string(rune(len(value("x")))) + value("x") + "\x62" + string(rune(len(value("y")))) + value("y")
	if len(g) < 128 {
		return []byte(number(1, 8) + field(7, g))
	}
	return []byte(number(1, 8) + "\x3a" + string([]byte{byte(len(g)&127 | 128), byte(len(g) >> 7)}) + g)
}

func TestTensorsInOtherFiles(t *testing.T) {
	folder := filepath.Join(t.TempDir(), "model")
	if err := os.Mkdir(folder, 0o700); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"../secret", "w.bin"} {
		if err := os.WriteFile(filepath.Join(folder, name), []byte("\x00\x00\x80\x3f\x00\x00\x00\x40"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Symlink("../secret", filepath.Join(folder, "link")); err != nil {
		t.Skip(err)
	}
	path := filepath.Join(folder, "m.onnx")
	for location, want := range map[string]error{"w.bin": nil, "../secret": ErrExternal, "link": ErrExternal, "/etc/passwd": ErrExternal, "absent": ErrExternal} {
		if err := os.WriteFile(path, external(location), 0o600); err != nil {
			t.Fatal(err)
		}
		g, err := Open(path)
		if !errors.Is(err, want) {
			t.Errorf("%s: got %v, want %v", location, err, want)
		}
		if err == nil && g.Nodes[0].Inputs[1].Const.Float(1) != 2 {
			t.Errorf("%s: %v", location, g.Nodes[0].Inputs[1].Const.Floats())
		}
		if _, err := Decode(external(location)); !errors.Is(err, ErrExternal) {
			t.Errorf("%s: Decode without a folder: %v", location, err)
		}
		if _, err := Decode(external(location), WithFolder(os.DirFS(folder))); want == nil && err != nil {
			t.Errorf("%s: Decode with a folder: %v", location, err)
		}
	}
}

func TestEveryRealModelIsRead(t *testing.T) {
	paths, err := filepath.Glob(filepath.Join(testkit.Data(t), "models", "*"))
	if err != nil || len(paths) == 0 {
		t.Fatal(err)
	}
	for _, path := range paths {
		if _, err := Open(path); err != nil {
			t.Errorf("%v", err)
		}
	}
}
