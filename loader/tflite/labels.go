package tflite

import (
	"archive/zip"
	"bytes"
	"io"
	"unicode/utf8"
)

// labels returns the label file that a TensorMetadata of an output names, "" where there is none. Associated files are
// members of a zip archive that is appended to the model.
func (m *model) labels(t table, l Limits) (string, error) {
	files := t.tables(metaFiles)
	for i := range min(files.n, maxMetadata) {
		f := files.table(i)
		if f.byte(metaFileType) != axisLabels {
			continue
		}
		if name := f.string(metaFileName); name != "" {
			return m.member(name, l)
		}
	}
	return "", nil
}

// maxMembers bounds the members of the archive.
const maxMembers = 1 << 10

// member returns the text of a member of the archive, "" where it is absent or not text.
func (m *model) member(name string, l Limits) (string, error) {
	archive, err := zip.NewReader(bytes.NewReader(m.data), int64(len(m.data)))
	if err != nil || len(archive.File) > maxMembers {
		return "", nil
	}
	for _, f := range archive.File {
		if f.Name != name {
			continue
		}
		if f.UncompressedSize64 > uint64(l.LabelBytes) {
			return "", limitErrorf("label file %q of %d bytes: at most %d", name, f.UncompressedSize64, l.LabelBytes)
		}
		r, err := f.Open()
		if err != nil {
			return "", nil
		}
		text, err := io.ReadAll(io.LimitReader(r, l.LabelBytes+1))
		r.Close()
		if err != nil || int64(len(text)) > l.LabelBytes || !utf8.Valid(text) {
			return "", nil
		}
		return string(text), nil
	}
	return "", nil
}
