package main

import (
	"bufio"
	"compress/gzip"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
)

const (
	// side is the width and height of a digit in pixels.
	side = 28
	// pixels is the number of pixels of a digit.
	pixels = side * side
	// classes is the number of labels.
	classes = 10
	// maxDigits bounds what a file may claim to hold.
	maxDigits = 1 << 20
)

// errFormat is returned when a file is not an IDX file of digits or of labels.
var errFormat = errors.New("not an IDX file of the expected kind")

// dataset holds digits and their labels.
type dataset struct {
	images []uint8 // [n 28 28], 0 is background
	labels []uint8 // [n], each below classes
}

// len returns the number of digits.
func (d *dataset) len() int { return len(d.labels) }

// image returns digit i, which shares its memory with the data set.
func (d *dataset) image(i int) []uint8 { return d.images[i*pixels : (i+1)*pixels] }

// head returns the first n digits, or all where there are fewer.
func (d *dataset) head(n int) *dataset {
	n = min(n, d.len())
	return &dataset{images: d.images[:n*pixels], labels: d.labels[:n]}
}

// openDataset reads dir/name-images-idx3-ubyte.gz and dir/name-labels-idx1-ubyte.gz.
func openDataset(dir, name string) (*dataset, error) {
	images, err := openIDX(filepath.Join(dir, name+"-images-idx3-ubyte.gz"), side, side)
	if err != nil {
		return nil, err
	}
	path := filepath.Join(dir, name+"-labels-idx1-ubyte.gz")
	labels, err := openIDX(path)
	if err != nil {
		return nil, err
	}
	if len(images) != len(labels)*pixels {
		return nil, fmt.Errorf("%s: %d labels for %d images: %w", path, len(labels), len(images)/pixels, errFormat)
	}
	if len(labels) == 0 {
		return nil, fmt.Errorf("%s: no labels: %w", path, errFormat)
	}
	for i, label := range labels {
		if label >= classes {
			return nil, fmt.Errorf("%s: label %d is %d: %w", path, i, label, errFormat)
		}
	}
	return &dataset{images: images, labels: labels}, nil
}

// openIDX reads a gzipped IDX file; see readIDX.
func openIDX(path string, dims ...int) ([]uint8, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	z, err := gzip.NewReader(bufio.NewReader(f))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	data, err := readIDX(z, dims...)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return data, nil
}

// readIDX reads an IDX stream of unsigned bytes whose dimensions after the first are dims, and returns the bytes.
// The format (http://yann.lecun.com/exdb/mnist): two zero bytes, the type (8 is unsigned byte), the number of
// dimensions, each dimension as a big-endian uint32, the data. A stream that ends early or late is an error.
func readIDX(r io.Reader, dims ...int) ([]uint8, error) {
	head := make([]byte, 4*(2+len(dims)))
	if _, err := io.ReadFull(r, head); err != nil {
		return nil, fmt.Errorf("header: %w", err)
	}
	if magic := binary.BigEndian.Uint32(head); magic != uint32(8<<8|1+len(dims)) {
		return nil, fmt.Errorf("magic number %#08x: %w", magic, errFormat)
	}
	n := binary.BigEndian.Uint32(head[4:])
	if n > maxDigits {
		return nil, fmt.Errorf("%d items, more than %d: %w", n, maxDigits, errFormat)
	}
	size := int64(n)
	for i, want := range dims {
		if got := binary.BigEndian.Uint32(head[8+4*i:]); got != uint32(want) {
			return nil, fmt.Errorf("dimension %d is %d, want %d: %w", i+1, got, want, errFormat)
		}
		size *= int64(want)
	}
	data, err := io.ReadAll(io.LimitReader(r, size+1))
	if err != nil {
		return nil, fmt.Errorf("data: %w", err)
	}
	if int64(len(data)) != size {
		return nil, fmt.Errorf("data: got %d bytes or more, want %d: %w", len(data), size, errFormat)
	}
	return data, nil
}
