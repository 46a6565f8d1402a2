package repository

import (
	"context"
	"os"
	"path/filepath"
	"testing"

	"github.com/octet-ml/octet/digest"
	"github.com/octet-ml/octet/internal/testkit"
	"github.com/octet-ml/octet/loader"
	"github.com/octet-ml/octet/runtime"
)

// realModels are those whose start is measured.
var realModels = []string{"mobilenet_v2_1.0_224_qoperator", "mobilenet_v1_0.5_128_quant", "squeezenet1.1_qdq_u8s8", "cifar10_resnet20_qdq_int8"}

// BenchmarkOpen measures what a restart takes until everything serves, and, model by model, its parts.
func BenchmarkOpen(b *testing.B) {
	data := filepath.Join(testkit.Data(b), "models")
	folder := b.TempDir()
	for _, name := range realModels {
		if err := os.MkdirAll(filepath.Join(folder, name, "1"), 0o755); err != nil {
			b.Fatal(err)
		}
		file, err := filepath.Abs(filepath.Join(data, name+".onnx"))
		if err != nil {
			b.Fatal(err)
		}
		if err := os.Symlink(file, filepath.Join(folder, name, "1", "model.onnx")); err != nil {
			b.Fatal(err)
		}
	}
	b.Run("all", func(b *testing.B) {
		for b.Loop() {
			r, err := Open(context.Background(), Options{Dir: folder})
			if err != nil {
				b.Fatal(err)
			}
			if !r.Ready() {
				b.Fatalf("%+v", r.Index())
			}
			if err := r.Close(context.Background()); err != nil {
				b.Fatal(err)
			}
		}
	})
	pool := runtime.NewPool(0)
	defer pool.Close()
	for _, name := range realModels {
		path := filepath.Join(folder, name, "1", "model.onnx")
		g, err := loader.Open(path)
		if err != nil {
			b.Fatal(err)
		}
		compile := func() *runtime.Program {
			p, err := runtime.Compile(g, runtime.WithPool(pool), runtime.Batch(defaults.MaxBatch))
			if err != nil {
				b.Fatal(err)
			}
			return p
		}
		p := compile()
		for _, part := range []struct {
			name string
			run  func() error
		}{
			{"load", func() error { _, err := loader.Open(path); return err }},
			{"compile", func() error { compile(); return nil }},
			{"digest", func() error { _, err := digest.Of(p); return err }},
			{"warm-up", func() error { _, err := warmUp(p); return err }},
		} {
			b.Run(name+"/"+part.name, func(b *testing.B) {
				for b.Loop() {
					if err := part.run(); err != nil {
						b.Fatal(err)
					}
				}
			})
		}
	}
}
