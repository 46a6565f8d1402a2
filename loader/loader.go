package loader

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/octet-ml/octet/graph"
)

// Open reads a model file. Errors name the file and wrap one of this package's sentinels or that of the file system.
func Open(path string, list ...Option) (*graph.Graph, error) {
	o, err := newOptions(list)
	if err != nil {
		return nil, err
	}
	if o.folder == nil {
		o.folder = folder(filepath.Dir(path))
	}
	data, err := readFile(path, o.limits.FileBytes)
	if err != nil {
		return nil, err
	}
	g, err := decode(data, o)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return g, nil
}

// Decode reads a model. The graph's constants alias data, which must not change while the graph lives.
func Decode(data []byte, list ...Option) (*graph.Graph, error) {
	o, err := newOptions(list)
	if err != nil {
		return nil, err
	}
	return decode(data, o)
}

func decode(data []byte, o *options) (*graph.Graph, error) {
	f, err := formatOf(data)
	if err != nil {
		return nil, err
	}
	g, err := f.decode(data, o)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", f.name, classify(err, f.sentinels))
	}
	return g, nil
}

// SetMetadata returns a copy of a model file whose metadata have the value under key; an empty value removes the key. The
// network's bytes stay as they are, and so do tensors in other files. A key of a TensorFlow Lite file begins with
// "octet.". Errors wrap ErrFormat, ErrUnsupported or ErrLimit.
func SetMetadata(data []byte, key, value string) ([]byte, error) {
	f, err := formatOf(data)
	if err != nil {
		return nil, err
	}
	out, err := f.annotate(data, key, value)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", f.name, classify(err, f.sentinels))
	}
	return out, nil
}

// Format returns the name of the format that data seem to be of: "onnx" or "tflite".
func Format(data []byte) (string, error) {
	f, err := formatOf(data)
	if err != nil {
		return "", err
	}
	return f.name, nil
}

func formatOf(data []byte) (*format, error) {
	for i := range formats {
		if formats[i].is(data) {
			return &formats[i], nil
		}
	}
	return nil, fmt.Errorf("%w: %d bytes of no known format", ErrFormat, len(data))
}

// readFile returns the content of a regular file of at most limit bytes.
func readFile(path string, limit int64) ([]byte, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, fmt.Errorf("%s: %w: not a regular file", path, ErrFormat)
	}
	if info.Size() > limit {
		return nil, fmt.Errorf("%s: %w: %d bytes, at most %d", path, ErrLimit, info.Size(), limit)
	}
	data := make([]byte, info.Size())
	if _, err := io.ReadFull(file, data); err != nil && !errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return data, nil
}

// folder is the file system of a folder that symbolic links cannot leave. The folder is opened only when a file is.
type folder string

// Open opens a file below the folder.
func (f folder) Open(name string) (fs.File, error) {
	root, err := os.OpenRoot(string(f))
	if err != nil {
		return nil, err
	}
	defer root.Close()
	return root.Open(name)
}
