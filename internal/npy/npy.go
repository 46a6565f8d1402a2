// Package npy reads and writes NumPy's .npy files of numbers, format versions 1 to 3, little endian.
//
// The format is described in NumPy's documentation, numpy.lib.format. Reading checks sizes before it allocates.
package npy

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"

	"github.com/octet-ml/octet/graph"
)

// ErrFormat is returned when bytes are not an .npy file that this package reads.
var ErrFormat = errors.New("invalid .npy data")

const magic = "\x93NUMPY"

var descriptions = []struct {
	text  string
	dtype graph.DType
}{
	{"<f4", graph.Float32}, {"<f8", graph.Float64}, {"<f2", graph.Float16},
	{"|i1", graph.Int8}, {"|u1", graph.Uint8}, {"|b1", graph.Bool},
	{"<i2", graph.Int16}, {"<u2", graph.Uint16}, {"<i4", graph.Int32}, {"<u4", graph.Uint32}, {"<i8", graph.Int64}, {"<u8", graph.Uint64},
}

// ReadFile reads the file at path.
func ReadFile(path string) (*graph.Tensor, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	t, err := Decode(data)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return t, nil
}

// Decode reads the bytes of a file; the tensor's Data aliases them. Fortran order, objects and big-endian numbers are an
// error that wraps ErrFormat.
func Decode(data []byte) (*graph.Tensor, error) {
	if len(data) < 10 || string(data[:6]) != magic {
		return nil, fmt.Errorf("%w: no magic string", ErrFormat)
	}
	n, at := int(binary.LittleEndian.Uint16(data[8:])), 10
	if data[6] > 1 {
		if len(data) < 12 {
			return nil, fmt.Errorf("%w: header is cut off", ErrFormat)
		}
		n, at = int(binary.LittleEndian.Uint32(data[8:])), 12
	}
	if n > len(data)-at || n > 1<<16 {
		return nil, fmt.Errorf("%w: header of %d bytes", ErrFormat, n)
	}
	header, body := string(data[at:at+n]), data[at+n:]
	t := &graph.Tensor{Data: body}
	descr, err := field(header, "descr", "'", "'")
	if err != nil {
		return nil, err
	}
	for _, d := range descriptions {
		if d.text == descr {
			t.DType = d.dtype
		}
	}
	if t.DType == graph.Invalid {
		return nil, fmt.Errorf("%w: type %q", ErrFormat, descr)
	}
	if order, err := field(header, "fortran_order", " ", ","); err != nil || strings.TrimSpace(order) != "False" {
		return nil, fmt.Errorf("%w: fortran order", ErrFormat)
	}
	shape, err := field(header, "shape", "(", ")")
	if err != nil {
		return nil, err
	}
	t.Shape = graph.Shape{}
	for _, s := range strings.Split(shape, ",") {
		if s = strings.TrimSpace(s); s == "" {
			continue
		}
		d, err := strconv.Atoi(s)
		if err != nil || d < 0 {
			return nil, fmt.Errorf("%w: dimension %q", ErrFormat, s)
		}
		t.Shape = append(t.Shape, d)
	}
	if err := t.Check(); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrFormat, err)
	}
	return t, nil
}

// field returns what stands between the delimiters after a key of the header's dictionary.
func field(header, key, open, end string) (string, error) {
	_, rest, ok := strings.Cut(header, "'"+key+"':")
	if ok {
		_, rest, ok = strings.Cut(rest, open)
	}
	if ok {
		rest, _, ok = strings.Cut(rest, end)
	}
	if !ok {
		return "", fmt.Errorf("%w: header without %s", ErrFormat, key)
	}
	return rest, nil
}

// Encode writes the tensor in format version 1. Types that NumPy lacks are an error that wraps ErrFormat.
func Encode(w io.Writer, t *graph.Tensor) error {
	descr := ""
	for _, d := range descriptions {
		if d.dtype == t.DType {
			descr = d.text
		}
	}
	if descr == "" {
		return fmt.Errorf("%w: NumPy has no type %v", ErrFormat, t.DType)
	}
	var dims strings.Builder
	for _, d := range t.Shape {
		fmt.Fprintf(&dims, "%d,", d)
	}
	header := fmt.Sprintf("{'descr': '%s', 'fortran_order': False, 'shape': (%s), }", descr, dims.String())
	header += strings.Repeat(" ", 63-(10+len(header))%64) + "\n"
	var b bytes.Buffer
	b.WriteString(magic + "\x01\x00")
	b.Write(binary.LittleEndian.AppendUint16(nil, uint16(len(header))))
	b.WriteString(header)
	if _, err := w.Write(b.Bytes()); err != nil {
		return err
	}
	_, err := w.Write(t.Data)
	return err
}
