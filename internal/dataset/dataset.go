package dataset

import (
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/octet-ml/octet/vision"
)

// ErrData is returned when a specification names no data set of a known form.
var ErrData = errors.New("invalid data set")

// Set is a list of labelled pictures. It is safe for concurrent use.
type Set struct {
	Name   string
	Labels []int
	image  func(i int) (*vision.Image, error)
}

// Len returns the number of pictures.
func (s *Set) Len() int { return len(s.Labels) }

// Image returns picture i.
func (s *Set) Image(i int) (*vision.Image, error) { return s.image(i) }

// Limit cuts the set to its first n pictures; 0 keeps all.
func (s *Set) Limit(n int) {
	if n > 0 && n < len(s.Labels) {
		s.Labels = s.Labels[:n]
	}
}

// Open reads the set that a specification names: a path, and after it, perhaps, which part of the set is meant: @I/N is picture I,
// counted from 0, and each N-th one after it, @-I/N is all others.
func Open(spec string) (*Set, error) {
	path, part, ok := cutPart(spec)
	if !ok {
		return open(spec)
	}
	s, err := open(path)
	if err != nil {
		return nil, err
	}
	s.Name = spec
	return s, s.keep(part)
}

// part is each step-th picture from the first on, or all others.
type part struct {
	first, step int
	others      bool
}

// cutPart cuts a specification at the part that it ends in, if it does.
func cutPart(spec string) (path string, p part, ok bool) {
	at := strings.LastIndexByte(spec, '@')
	if at < 0 {
		return spec, p, false
	}
	i, n, ok := strings.Cut(spec[at+1:], "/")
	if !ok {
		return spec, p, false
	}
	i, p.others = strings.CutPrefix(i, "-")
	var err1, err2 error
	p.first, err1 = strconv.Atoi(i)
	p.step, err2 = strconv.Atoi(n)
	return spec[:at], p, err1 == nil && err2 == nil
}

// keep cuts the set to a part of it.
func (s *Set) keep(p part) error {
	if p.step < 1 || p.first < 0 || p.first >= p.step {
		return fmt.Errorf("%w: %s: want @I/N with I below N", ErrData, s.Name)
	}
	var kept []int
	for i := range s.Labels {
		if (i%p.step == p.first) != p.others {
			kept = append(kept, i)
		}
	}
	if kept == nil {
		return fmt.Errorf("%w: %s: no pictures", ErrData, s.Name)
	}
	labels, image := make([]int, len(kept)), s.image
	for k, i := range kept {
		labels[k] = s.Labels[i]
	}
	s.Labels = labels
	s.image = func(k int) (*vision.Image, error) { return image(kept[k]) }
	return nil
}

// open reads the set at path: a folder with labels.csv (columns file and class, files beside it or in images/), a CIFAR-10
// binary file (.bin), or IDX images, whose labels are in the file of the same name with "labels-idx1" for "images-idx3".
// Files may be compressed with gzip.
func open(path string) (*Set, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if info.IsDir() {
		return openFolder(path)
	}
	if strings.Contains(filepath.Base(path), "images-idx3") {
		return openIDX(path)
	}
	return openCIFAR(path)
}

func openFolder(dir string) (*Set, error) {
	name := filepath.Join(dir, "labels.csv")
	f, err := os.Open(name)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrData, err)
	}
	defer f.Close()
	r := csv.NewReader(f)
	r.FieldsPerRecord = -1
	rows, err := r.ReadAll()
	if err != nil {
		return nil, fmt.Errorf("%w: %s: %w", ErrData, name, err)
	}
	if len(rows) < 2 {
		return nil, fmt.Errorf("%w: %s: no rows", ErrData, name)
	}
	fileColumn, classColumn := column(rows[0], "file"), column(rows[0], "class")
	if fileColumn < 0 || classColumn < 0 {
		return nil, fmt.Errorf("%w: %s: want columns file and class, got %v", ErrData, name, rows[0])
	}
	s := &Set{Name: dir}
	var files []string
	for i, row := range rows[1:] {
		if len(row) <= max(fileColumn, classColumn) {
			return nil, fmt.Errorf("%w: %s: row %d is short", ErrData, name, i+2)
		}
		class, err := strconv.Atoi(row[classColumn])
		if err != nil || class < 0 {
			return nil, fmt.Errorf("%w: %s: row %d: class %q", ErrData, name, i+2, row[classColumn])
		}
		if !filepath.IsLocal(row[fileColumn]) {
			return nil, fmt.Errorf("%w: %s: row %d: file %q is outside the folder", ErrData, name, i+2, row[fileColumn])
		}
		files = append(files, row[fileColumn])
		s.Labels = append(s.Labels, class)
	}
	root := dir
	if _, err := os.Stat(filepath.Join(dir, files[0])); err != nil {
		root = filepath.Join(dir, "images")
	}
	s.image = func(i int) (*vision.Image, error) {
		data, err := os.ReadFile(filepath.Join(root, files[i]))
		if err != nil {
			return nil, err
		}
		m, err := vision.DecodeBytes(data)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", files[i], err)
		}
		return m, nil
	}
	return s, nil
}

func column(header []string, name string) int {
	for i, h := range header {
		if strings.TrimSpace(h) == name {
			return i
		}
	}
	return -1
}

// maxFile bounds the bytes of a data file, unpacked.
const maxFile = 1 << 30

// read returns a file's bytes, unpacked where it is gzip data.
func read(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	var r io.Reader = f
	if strings.HasSuffix(path, ".gz") {
		if r, err = gzip.NewReader(f); err != nil {
			return nil, fmt.Errorf("%w: %s: %w", ErrData, path, err)
		}
	}
	data, err := io.ReadAll(io.LimitReader(r, maxFile+1))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	if len(data) > maxFile {
		return nil, fmt.Errorf("%w: %s: more than %d bytes", ErrData, path, maxFile)
	}
	return data, nil
}

// openCIFAR reads the binary form of CIFAR-10: records of a label byte and 3072 bytes of planar RGB, 32 x 32.
func openCIFAR(path string) (*Set, error) {
	const plane = 32 * 32
	const record = 1 + 3*plane
	data, err := read(path)
	if err != nil {
		return nil, err
	}
	if len(data) == 0 || len(data)%record != 0 {
		return nil, fmt.Errorf("%w: %s: %d bytes are no records of CIFAR-10 (%d bytes each)", ErrData, path, len(data), record)
	}
	s := &Set{Name: path}
	for i := 0; i < len(data); i += record {
		if data[i] > 9 {
			return nil, fmt.Errorf("%w: %s: record %d: label %d", ErrData, path, i/record, data[i])
		}
		s.Labels = append(s.Labels, int(data[i]))
	}
	s.image = func(i int) (*vision.Image, error) {
		m, err := vision.NewImage(32, 32, 3)
		if err != nil {
			return nil, err
		}
		pixels := data[i*record+1:]
		for p := range plane {
			for c := range 3 {
				m.Pix[3*p+c] = pixels[c*plane+p]
			}
		}
		return m, nil
	}
	return s, nil
}

// openIDX reads a pair of IDX files (http://yann.lecun.com/exdb/mnist, "the IDX file format").
func openIDX(path string) (*Set, error) {
	images, err := read(path)
	if err != nil {
		return nil, err
	}
	labelPath := filepath.Join(filepath.Dir(path), strings.Replace(filepath.Base(path), "images-idx3", "labels-idx1", 1))
	labels, err := read(labelPath)
	if err != nil {
		return nil, err
	}
	dims, pixels, err := idx(images, 3)
	if err != nil {
		return nil, fmt.Errorf("%w: %s: %w", ErrData, path, err)
	}
	count, classes, err := idx(labels, 1)
	if err != nil {
		return nil, fmt.Errorf("%w: %s: %w", ErrData, labelPath, err)
	}
	if count[0] != dims[0] {
		return nil, fmt.Errorf("%w: %s: %d labels for %d pictures", ErrData, labelPath, count[0], dims[0])
	}
	s := &Set{Name: path}
	for _, c := range classes {
		s.Labels = append(s.Labels, int(c))
	}
	size := dims[1] * dims[2]
	s.image = func(i int) (*vision.Image, error) {
		return &vision.Image{Width: dims[2], Height: dims[1], Channels: 1, Pix: bytes.Clone(pixels[i*size : (i+1)*size])}, nil
	}
	return s, nil
}

// idx returns the dimensions and elements of an IDX file of bytes.
func idx(data []byte, axes int) ([]int, []byte, error) {
	head := 4 + 4*axes
	if len(data) < head || data[0] != 0 || data[1] != 0 || data[2] != 8 || int(data[3]) != axes {
		return nil, nil, fmt.Errorf("no IDX header of bytes with %d axes", axes)
	}
	size, dims := 1, make([]int, axes)
	for i := range dims {
		d := int(binary.BigEndian.Uint32(data[4+4*i:]))
		if d < 1 || d > maxFile/size {
			return nil, nil, fmt.Errorf("dimension %d", d)
		}
		dims[i] = d
		size *= d
	}
	if len(data)-head != size {
		return nil, nil, fmt.Errorf("want %d bytes of elements, got %d", size, len(data)-head)
	}
	return dims, data[head:], nil
}
