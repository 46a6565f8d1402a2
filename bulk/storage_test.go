package bulk

import (
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"testing"

	_ "github.com/apache/beam/sdks/v2/go/pkg/beam/io/filesystem/memfs"
)

func TestFilesAreWrittenInWholeOrNotAtAll(t *testing.T) {
	s := new(storage)
	defer s.close()
	folder := t.TempDir()
	path := filepath.Join(folder, "new", "a[1]*?.txt")
	put := func(text string, err error) error {
		return s.write(t.Context(), path, func(w io.Writer) error {
			io.WriteString(w, text)
			return err
		})
	}
	if err := put("one", nil); err != nil {
		t.Fatal(err)
	}
	failure := errors.New("no more rows")
	if err := put("two, in part", failure); !errors.Is(err, failure) {
		t.Error(err)
	}
	if text, err := os.ReadFile(path); err != nil || string(text) != "one" {
		t.Errorf("%q, %v", text, err)
	}
	write(t, filepath.Dir(path), filepath.Base(path)+partial+"ABC", nil)
	other := write(t, filepath.Dir(path), "a1xy.txt"+partial+"ABC", nil)
	if err := s.sweep(t.Context(), path); err != nil {
		t.Error(err)
	}
	files, _ := os.ReadDir(filepath.Dir(path))
	if len(files) != 2 || files[0].Name() != filepath.Base(other) {
		t.Errorf("left: %v", files)
	}
	if data, found, err := s.readIfThere(t.Context(), path); err != nil || !found || string(data) != "one" {
		t.Errorf("%q, %v, %v", data, found, err)
	}
	if _, found, err := s.readIfThere(t.Context(), path+"x"); err != nil || found {
		t.Errorf("%v, %v", found, err)
	}
}

func TestOtherFileSystems(t *testing.T) {
	s := new(storage)
	defer s.close()
	const path = "memfs://out/a.txt"
	if err := s.write(t.Context(), path, func(w io.Writer) error { _, err := io.WriteString(w, "text"); return err }); err != nil {
		t.Fatal(err)
	}
	if data, found, err := s.readIfThere(t.Context(), path); err != nil || !found || string(data) != "text" {
		t.Errorf("%q, %v, %v", data, found, err)
	}
	if err := s.sweep(t.Context(), path); err != nil {
		t.Error(err)
	}
	if _, err := s.read(t.Context(), path, 3); !errors.Is(err, errBytes) {
		t.Error(err)
	}
	if data, err := s.read(t.Context(), path, 4); err != nil || string(data) != "text" {
		t.Errorf("%q, %v", data, err)
	}
	if _, err := s.read(context.Background(), "gopher://a/b", 4); err == nil {
		t.Error("no error")
	}
}
