// Package servetest helps tests of the packages below serve: folders of models, pictures and services on them. The models are
// the ones that the repository carries, so that these tests need no data from elsewhere.
package servetest

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/octet-ml/octet/internal/testkit"
	"github.com/octet-ml/octet/serve/oip"
	"github.com/octet-ml/octet/serve/repository"
)

// read returns a file of the module.
func read(t testing.TB, path ...string) []byte {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(append([]string{testkit.Root()}, path...)...))
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// Digits returns the ONNX file of a classifier of handwritten digits: input f32[N 1 28 28], output f32[N 10], labels 0 to 9 and
// preprocessing in its metadata.
func Digits(t testing.TB) []byte { return read(t, "internal", "digits", "digits.onnx") }

// Digit returns a PNG file with the picture of a digit: 3, 7 or 8.
func Digit(t testing.TB, name string) []byte {
	return read(t, "internal", "digits", name+".png")
}

// Write writes a file below a folder, making folders on the way; the file appears at once, by a rename.
func Write(t testing.TB, folder, path string, data []byte) {
	t.Helper()
	path = filepath.Join(folder, path)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path+".part", data, 0o644); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(path+".part", path); err != nil {
		t.Fatal(err)
	}
}

// Folder returns a new repository folder with version 1 of the digits classifier under each of the names.
func Folder(t testing.TB, names ...string) string {
	t.Helper()
	folder := t.TempDir()
	for _, name := range names {
		Write(t, folder, name+"/1/model.onnx", Digits(t))
	}
	return folder
}

// Repository opens a repository and closes it when the test ends.
func Repository(t testing.TB, o repository.Options) *repository.Repository {
	t.Helper()
	r, err := repository.Open(context.Background(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		if err := r.Close(ctx); err != nil {
			t.Errorf("close: %v", err)
		}
	})
	return r
}

// Service returns a service for models "digits" and "other", both the digits classifier, with loading and unloading allowed.
func Service(t testing.TB) *oip.Service {
	t.Helper()
	return oip.NewService(Repository(t, repository.Options{Dir: Folder(t, "digits", "other")}), oip.Options{AllowChange: true})
}

// Settled waits until no version is on its way: unloaded ones are closed by goroutines of their own, after their last request.
func Settled(t testing.TB, s *oip.Service) {
	t.Helper()
	moving := func(e repository.Entry) bool { return e.State == repository.Loading || e.State == repository.Unloading }
	for range 10_000 {
		if !slices.ContainsFunc(s.Index(false), moving) {
			return
		}
		time.Sleep(time.Millisecond)
	}
	t.Fatalf("still on the way: %+v", s.Index(false))
}
