package bulk

import (
	"fmt"
	"image"
	"image/png"
	"math"
	"os"
	"path/filepath"
	"strconv"
	"testing"

	"github.com/octet-ml/octet/internal/testkit"
	"github.com/octet-ml/octet/loader"
	"github.com/octet-ml/octet/runtime"
	"github.com/octet-ml/octet/vision"
)

// alone classifies pictures one by one, as octet eval does, without anything of this package, and returns the rows to expect.
func alone(t *testing.T, path string, pictures []string) map[string][]string {
	t.Helper()
	g, err := loader.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	p, err := runtime.Compile(g, runtime.Float32())
	if err != nil {
		t.Fatal(err)
	}
	spec, err := vision.SpecOf(p.Canonical().Inputs[0])
	if err != nil {
		t.Fatal(err)
	}
	pre, _, err := vision.Choose(spec, p.Metadata(), "")
	if err != nil {
		t.Fatal(err)
	}
	pipeline, err := pre.Bind(spec)
	if err != nil {
		t.Fatal(err)
	}
	s, err := p.NewSession()
	if err != nil {
		t.Fatal(err)
	}
	want := make(map[string][]string)
	for _, file := range pictures {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		m, err := vision.DecodeBytes(data)
		if err != nil {
			t.Fatal(err)
		}
		if err := pipeline.Apply(m, s.Input(0).Data, nil); err != nil {
			t.Fatal(err)
		}
		s.Run()
		for _, c := range vision.TopK(vision.Probabilities(s.Output(0).Reals(p.Outputs()[0].Quant, nil)), 5) {
			want[file] = append(want[file], fmt.Sprintf("%d %08x", c.Index, math.Float32bits(c.Score)))
		}
	}
	return want
}

// corrupt writes 20 files that are no pictures, or broken ones, in different ways.
func corrupt(t *testing.T, folder, picture string) map[string]string {
	t.Helper()
	good, err := os.ReadFile(picture)
	if err != nil {
		t.Fatal(err)
	}
	kinds := make(map[string]string)
	add := func(name string, data []byte, kind string) {
		kinds[write(t, folder, name, data)] = kind
	}
	for i := range 14 {
		add(fmt.Sprintf("cut%02d.jpg", i), good[:1+i*len(good)/15], KindFormat)
	}
	add("empty.jpg", nil, KindFormat)
	add("text.jpg", []byte("<html><body>404 Not Found</body></html>"), KindFormat)
	add("zeros.jpg", make([]byte, 5000), KindFormat)
	swapped := append([]byte(nil), good...)
	swapped[0] ^= 0xff
	add("swapped.jpg", swapped, KindFormat)
	bomb, err := os.Create(filepath.Join(folder, "bomb.jpg")) // a PNG, in fact
	if err != nil {
		t.Fatal(err)
	}
	if err := png.Encode(bomb, image.NewGray(image.Rect(0, 0, 10000, 10000))); err != nil {
		t.Fatal(err)
	}
	bomb.Close()
	kinds[bomb.Name()] = KindTooLarge
	if err := os.Mkdir(filepath.Join(folder, "folder.jpg"), 0o755); err != nil {
		t.Fatal(err)
	}
	kinds[filepath.Join(folder, "folder.jpg")] = KindRead
	return kinds
}

func TestTheSameBitsAsAlone(t *testing.T) {
	data := testkit.Data(t)
	model := filepath.Join(data, "models", "mobilenet_v2_1.0_224_qoperator.onnx")
	pattern := filepath.Join(data, "imagenet", "images", "*.jpg")
	pictures, err := filepath.Glob(pattern)
	if err != nil || len(pictures) != 500 {
		t.Fatalf("%d pictures, %v", len(pictures), err)
	}
	folder, out := t.TempDir(), t.TempDir()
	bad := corrupt(t, folder, pictures[0])
	f := Files{Prefix: filepath.Join(out, "c"), Shards: 8}
	got := classifyAll(t, Options{Model: model}, f, pattern, filepath.Join(folder, "*.jpg"))
	if got != (Summary{Pictures: 520, Results: 500, Unreadable: 20, Shards: 8}) || len(bad) != 20 {
		t.Errorf("%+v", got)
	}
	want := alone(t, model, pictures)
	for _, row := range readRows(t, filepath.Join(out, "c-0*.csv")) {
		best, ok := want[row[0]]
		if !ok || len(row) != 2+3*5 {
			t.Fatalf("%q", row)
		}
		delete(want, row[0])
		for i := range 5 {
			p, err := strconv.ParseFloat(row[2+3*i+2], 32)
			if got := fmt.Sprintf("%s %08x", row[2+3*i], math.Float32bits(float32(p))); err != nil || got != best[i] {
				t.Errorf("%s, class %d: %s, alone %s (%v)", row[0], i+1, got, best[i], err)
			}
		}
	}
	if len(want) != 0 {
		t.Errorf("%d pictures have no row", len(want))
	}
	for _, row := range readRows(t, filepath.Join(out, "c.unreadable-0*.csv")) {
		if kind, ok := bad[row[0]]; !ok || row[1] != kind || row[2] == "" {
			t.Errorf("%q: want kind %q", row, kind)
		}
		delete(bad, row[0])
	}
	if len(bad) != 0 {
		t.Errorf("no rows for %v", bad)
	}
}
