// Package embedded is a file system of Beam's with the models and pictures that are inside Octet, to be read alone:
//
//	embedded://digits/digits.onnx  embedded://digits/3.png  embedded://digits/7.png  embedded://digits/8.png
//	embedded://cifar10/cifar10.onnx  embedded://cifar10/ship.png
//
// Its patterns are those of path.Match. As it is in the binary, workers of every runner have it.
package embedded

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"slices"
	"sync"

	"github.com/apache/beam/sdks/v2/go/pkg/beam/io/filesystem"

	"github.com/octet-ml/octet/internal/cifar10"
	"github.com/octet-ml/octet/internal/digits"
)

// Scheme is that of the paths.
const Scheme = "embedded"

// Digits and Pictures are what a job without arguments classifies.
const (
	Digits   = Scheme + "://digits/digits.onnx"
	Pictures = Scheme + "://digits/*.png"
)

// ErrReadOnly is the error of writing.
var ErrReadOnly = errors.New("embedded files cannot be written")

func init() {
	filesystem.Register(Scheme, func(context.Context) filesystem.Interface { return system{} })
}

// files returns all files by their paths. They are copied once, and must not be changed.
var files = sync.OnceValue(func() map[string][]byte {
	all := map[string][]byte{
		Digits:                             digits.Model(),
		Scheme + "://cifar10/cifar10.onnx": cifar10.Model(),
		Scheme + "://cifar10/ship.png":     cifar10.Picture(),
	}
	for name, data := range digits.Pictures() {
		all[Scheme+"://digits/"+name] = data
	}
	return all
})

// system is the file system.
type system struct{}

// List returns the paths that match.
func (system) List(_ context.Context, pattern string) (out []string, err error) {
	for name := range files() {
		ok, err := path.Match(pattern, name)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", pattern, err)
		}
		if ok {
			out = append(out, name)
		}
	}
	slices.Sort(out)
	return out, nil
}

// OpenRead opens a file.
func (system) OpenRead(_ context.Context, name string) (io.ReadCloser, error) {
	data, ok := files()[name]
	if !ok {
		return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrNotExist}
	}
	return io.NopCloser(bytes.NewReader(data)), nil
}

// Size returns the bytes of a file.
func (system) Size(_ context.Context, name string) (int64, error) {
	data, ok := files()[name]
	if !ok {
		return 0, &fs.PathError{Op: "stat", Path: name, Err: fs.ErrNotExist}
	}
	return int64(len(data)), nil
}

// OpenWrite fails with ErrReadOnly.
func (system) OpenWrite(_ context.Context, name string) (io.WriteCloser, error) {
	return nil, fmt.Errorf("%s: %w", name, ErrReadOnly)
}

// Close does nothing.
func (system) Close() error { return nil }
