package loader

import (
	"bytes"
	"errors"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/internal/testkit"
)

// printed returns the whole text of a graph without its metadata.
func printed(t *testing.T, g *graph.Graph) string {
	t.Helper()
	bare := *g
	bare.Metadata = nil
	var b strings.Builder
	if err := graph.PrintFull(&b, &bare); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// Metadata of small real models of both formats, with and without metadata of their own, are set, replaced and removed; the
// graph stays the same.
func TestMetadataAreSetReplacedAndRemoved(t *testing.T) {
	paths, err := filepath.Glob(filepath.Join(testkit.Data(t), "models", "*"))
	if err != nil {
		t.Fatal(err)
	}
	formats := map[string]int{}
	for _, path := range paths {
		data, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if len(data) > 400<<10 {
			continue
		}
		format, err := Format(data)
		if err != nil {
			t.Fatal(err)
		}
		formats[format]++
		t.Run(filepath.Base(path), func(t *testing.T) {
			g, err := Decode(data)
			if err != nil {
				t.Fatal(err)
			}
			want := printed(t, g)
			file := data
			for _, value := range []string{"first", strings.Repeat("a longer one ", 9), "x", ""} {
				if file, err = SetMetadata(file, "octet.test", value); err != nil {
					t.Fatal(err)
				}
				got, err := Decode(file)
				if err != nil {
					t.Fatalf("%q: %v", value, err)
				}
				meta := maps.Clone(g.Metadata)
				if value != "" {
					if meta == nil {
						meta = map[string]string{}
					}
					meta["octet.test"] = value
				}
				if !maps.Equal(got.Metadata, meta) {
					t.Errorf("%q: metadata %v, want %v", value, got.Metadata, meta)
				}
				if printed(t, got) != want {
					t.Errorf("%q: the graph differs", value)
				}
			}
			if format == "onnx" && !bytes.Equal(file, data) {
				t.Error("after the key is removed, other bytes than before")
			}
		})
	}
	if formats["onnx"] < 3 || formats["tflite"] < 3 {
		t.Errorf("%v: too few models", formats)
	}
}

func TestMetadataOfMalformedFilesAreRefused(t *testing.T) {
	model := small(t)
	for _, c := range []struct {
		name string
		data []byte
		want error
	}{
		{"empty", nil, ErrFormat},
		{"text", []byte("a text"), ErrFormat},
		{"cut onnx", model[:len(model)-1], ErrFormat},
		{"tflite without a table", []byte("\x08\x00\x00\x00TFL3"), ErrFormat},
	} {
		if _, err := SetMetadata(c.data, "octet.test", "x"); !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", c.name, err, c.want)
		}
	}
	file, err := SetMetadata(model, "octet.test", "x")
	if err != nil {
		t.Fatal(err)
	}
	if bytes.Equal(file, model) || !bytes.HasPrefix(file, model) {
		t.Error("the entry is not behind the model")
	}
}
