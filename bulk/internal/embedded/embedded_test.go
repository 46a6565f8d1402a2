package embedded

import (
	"errors"
	"io"
	"io/fs"
	"slices"
	"testing"

	"github.com/apache/beam/sdks/v2/go/pkg/beam/io/filesystem"

	"github.com/octet-ml/octet/loader"
)

func TestFilesAreFoundAndRead(t *testing.T) {
	f, err := filesystem.New(t.Context(), Pictures)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	pictures, err := f.List(t.Context(), Pictures)
	if want := []string{"embedded://digits/3.png", "embedded://digits/7.png", "embedded://digits/8.png"}; err != nil || !slices.Equal(pictures, want) {
		t.Errorf("%v, %v", pictures, err)
	}
	models, err := f.List(t.Context(), "embedded://*/*.onnx")
	if err != nil || len(models) != 2 || !slices.Contains(models, Digits) {
		t.Errorf("%v, %v", models, err)
	}
	for _, name := range models {
		r, err := f.OpenRead(t.Context(), name)
		if err != nil {
			t.Fatal(err)
		}
		data, err := io.ReadAll(r)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := loader.Decode(data); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if n, err := f.Size(t.Context(), name); err != nil || n != int64(len(data)) {
			t.Errorf("%s: %d bytes, %v", name, n, err)
		}
	}
}

func TestWhatIsNotThere(t *testing.T) {
	f := system{}
	if _, err := f.OpenRead(t.Context(), "embedded://digits/9.png"); !errors.Is(err, fs.ErrNotExist) {
		t.Error(err)
	}
	if _, err := f.Size(t.Context(), "embedded://digits/9.png"); !errors.Is(err, fs.ErrNotExist) {
		t.Error(err)
	}
	if _, err := f.OpenWrite(t.Context(), "embedded://digits/9.png"); !errors.Is(err, ErrReadOnly) {
		t.Error(err)
	}
	if paths, err := f.List(t.Context(), "embedded://letters/*"); err != nil || paths != nil {
		t.Errorf("%v, %v", paths, err)
	}
	if _, err := f.List(t.Context(), "embedded://["); err == nil {
		t.Error("a pattern that is none has no error")
	}
}
