package repository

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/octet-ml/octet/internal/testkit"
)

// FuzzParseConfig: whatever the bytes, the result is an error that wraps ErrConfig, or a configuration that is within its bounds, that
// chooses versions without a mistake, and that is the same once written and read.
func FuzzParseConfig(f *testing.F) {
	for _, seed := range []string{
		`{}`, `null`, `{"max_batch": 8, "max_delay": "2ms", "max_queue": 64, "timeout": "5s", "threads": 2}`,
		`{"versions": {"latest": 2}}`, `{"versions": {"all": true}}`, `{"versions": {"specific": [1, 3]}}`, `{"versions": {"specific": []}}`,
		`{"labels": "names.txt", "digest": true, "integer": true}`, `{"labels": "../../etc/passwd"}`, `{"preprocess": null}`,
		`{"input_shapes": {"image": [-1, 3, 224, 224]}}`, `{"input_shapes": {}}`, `{"preprocess": {"size": [224, 224]}}`, `{"max_delay": "9223372036854775807ns"}`, `{} {}`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		c, err := ParseConfig(data)
		if err != nil {
			if !errors.Is(err, ErrConfig) {
				t.Fatalf("%v does not wrap ErrConfig", err)
			}
			return
		}
		full := c.or(defaults)
		if full.MaxBatch < 1 || full.MaxBatch > mostBatch || full.MaxDelay < 0 || full.Timeout <= 0 || full.Threads < 0 || !filepath.IsLocal(full.labelsFile()) {
			t.Fatalf("out of bounds: %+v", full)
		}
		have := []int64{0, 1, 3, 1 << 40}
		order, n, missing := full.Versions.choose(have)
		if n > len(order) || n == 0 && missing == nil {
			t.Fatalf("%+v chooses %v, %d of them, %v", full.Versions, order, n, missing)
		}
		for _, v := range order {
			if !slices.Contains(have, v) {
				t.Fatalf("version %d is not there", v)
			}
		}
		text, err := json.Marshal(c)
		if err != nil {
			t.Fatal(err)
		}
		again, err := ParseConfig(text)
		if err != nil {
			t.Fatalf("%s: %v", text, err)
		}
		if second, err := json.Marshal(again); err != nil || !bytes.Equal(text, second) {
			t.Fatalf("got %s, %v, want %s", second, err, text)
		}
	})
}

// FuzzNames: no name leads out of the folder. What lies beside the folder, above it and behind separators is never loaded, and nothing
// that is not there becomes known.
func FuzzNames(f *testing.F) {
	model, err := os.ReadFile(filepath.Join(testkit.Root(), "internal", "digits", "digits.onnx"))
	if err != nil {
		f.Fatal(err)
	}
	top := f.TempDir()
	folder := filepath.Join(top, "models")
	inside := filepath.Join(folder, "m")
	for _, path := range []string{inside, filepath.Join(folder, ".hidden"), filepath.Join(inside, "deep"), filepath.Join(top, "outside"), top} {
		if err := os.MkdirAll(filepath.Join(path, "1"), 0o755); err != nil {
			f.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(path, "1", "model.onnx"), model, 0o644); err != nil {
			f.Fatal(err)
		}
	}
	r, err := Open(context.Background(), Options{Dir: folder, Explicit: true})
	if err != nil {
		f.Fatal(err)
	}
	f.Cleanup(func() {
		if err := r.Close(context.Background()); err != nil {
			f.Error(err)
		}
	})
	for _, seed := range [][2]string{
		{"m", "1"}, {"m", ""}, {"m", "../1"}, {"../outside", "1"}, {"..", ""}, {".", "1"}, {"", ""}, {"m/../../outside", "1"}, {"m/deep", "1"},
		{".hidden", "1"}, {top + "/outside", "1"}, {`..\outside`, "1"}, {"m\x00", "1"}, {"M", "1"}, {"m\n", "1\n"}, {"m", "9223372036854775808"},
		{"m", "-1"}, {"m", "01"}, {"lost+found", "0"}, {"%2e%2e", "%31"}, {"m/", "1/"},
	} {
		f.Add(seed[0], seed[1])
	}
	f.Fuzz(func(t *testing.T, name, version string) {
		known := name == "m"
		if err := r.Load(context.Background(), name, nil); (err == nil) != known || err != nil && !errors.Is(err, ErrName) && !errors.Is(err, ErrNotFound) {
			t.Fatalf("load %q: %v", name, err)
		}
		v, err := r.Acquire(name, version)
		switch {
		case err == nil:
			v.Release()
			if !known || version != "" && version != "1" {
				t.Fatalf("%q, version %q: got version %d of %q", name, version, v.Number, v.Model)
			}
		case !errors.Is(err, ErrName) && !errors.Is(err, ErrNotFound):
			t.Fatalf("acquire %q, %q: %v", name, version, err)
		}
		if err := r.Unload(name); (err == nil) != known {
			t.Fatalf("unload %q: %v", name, err)
		}
		if list := r.Index(); len(list) != 1 || list[0].Name != "m" {
			t.Fatalf("%q, %q: known now: %+v", name, version, list)
		}
	})
}
