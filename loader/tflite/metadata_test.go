package tflite_test

import (
	"archive/zip"
	"bytes"
	"errors"
	"maps"
	"testing"

	flatbuffers "github.com/google/flatbuffers/go"

	"github.com/octet-ml/octet/loader/tflite"
)

// modelMetadata is a ModelMetadata whose output 0 names a label file.
func modelMetadata(labels string) []byte {
	b := flatbuffers.NewBuilder(256)
	number := func(v ...float32) flatbuffers.UOffsetT {
		return writeVector(b, 4, v, func(x float32) { b.PrependFloat32(x) })
	}
	norm := writeTable(b, fields{0: number(127.5), 1: number(127.5, 128, 0.25)})
	unit := writeTable(b, fields{0: byte(1), 1: norm})
	in := writeTable(b, fields{4: tables(b, []flatbuffers.UOffsetT{unit})})
	readme := writeTable(b, fields{0: b.CreateString("readme.txt"), 2: byte(1)})
	file := writeTable(b, fields{0: b.CreateString(labels), 2: byte(2)})
	out := writeTable(b, fields{6: tables(b, []flatbuffers.UOffsetT{readme, file})})
	g := writeTable(b, fields{2: tables(b, []flatbuffers.UOffsetT{in}), 3: tables(b, []flatbuffers.UOffsetT{out})})
	root := fields{0: b.CreateString("classifier"), 1: b.CreateString("names pets"), 2: b.CreateString("v1"), 3: tables(b, []flatbuffers.UOffsetT{g}), 4: b.CreateString("me"), 5: b.CreateString("MIT")}
	b.FinishWithFileIdentifier(writeTable(b, root), []byte("M001"))
	return b.FinishedBytes()
}

// described is a model with metadata and the bytes of an archive behind it.
func described(archive []byte) []byte {
	m := unary(101, floats, floats)
	m.meta, m.runtime = modelMetadata("labels.txt"), "1.5.0\x00\x00\x00"
	return append(m.bytes(), archive...)
}

// appended is a zip archive with one compressed file.
func appended(name, text string) []byte {
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	f, err := w.Create(name)
	if err != nil {
		panic(err)
	}
	if _, err := f.Write([]byte(text)); err != nil {
		panic(err)
	}
	if err := w.Close(); err != nil {
		panic(err)
	}
	return b.Bytes()
}

func TestMetadataIsRead(t *testing.T) {
	want := map[string]string{
		tflite.KeyDescription: "names pets", tflite.KeyRuntime: "1.5.0", tflite.KeyName: "classifier", tflite.KeyVersion: "v1",
		tflite.KeyAuthor: "me", tflite.KeyLicense: "MIT", tflite.KeyMean: "127.5", tflite.KeyStd: "127.5,128,0.25",
	}
	for name, archive := range map[string][]byte{"no archive": nil, "another file": appended("other.txt", "x"), "not text": appended("labels.txt", "\xff")} {
		g, err := tflite.Decode(described(archive), tflite.Options{})
		if err != nil || !maps.Equal(g.Metadata, want) {
			t.Errorf("%s: got %v, %v", name, g, err)
		}
	}
	want[tflite.KeyLabels] = "cat\ndog\n"
	g, err := tflite.Decode(described(appended("labels.txt", "cat\ndog\n")), tflite.Options{})
	if err != nil || !maps.Equal(g.Metadata, want) {
		t.Errorf("with labels: got %v, %v", g.Metadata, err)
	}
}

func TestLabelFilesAreBounded(t *testing.T) {
	data := described(appended("labels.txt", string(make([]byte, 1<<20))))
	if _, err := tflite.Decode(data, tflite.Options{Limits: tflite.Limits{LabelBytes: 1000}}); !errors.Is(err, tflite.ErrLimit) {
		t.Errorf("got %v", err)
	}
}

func TestMalformedMetadataIsPassedOver(t *testing.T) {
	whole := modelMetadata("labels.txt")
	for n := range len(whole) {
		m := unary(101, floats, floats)
		m.meta = whole[:n]
		if _, err := tflite.Decode(m.bytes(), tflite.Options{}); err != nil {
			t.Fatalf("%d bytes: %v", n, err)
		}
	}
}
