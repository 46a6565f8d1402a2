package npy

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"github.com/octet-ml/octet/graph"
)

func TestRoundTrip(t *testing.T) {
	for _, d := range descriptions {
		for _, shape := range [][]int{{}, {3}, {2, 3}, {0, 4}} {
			x := graph.NewTensor(d.dtype, shape...)
			for i := range x.Data {
				x.Data[i] = byte(i)
			}
			var b bytes.Buffer
			if err := Encode(&b, x); err != nil {
				t.Fatal(err)
			}
			if (b.Len()-len(x.Data))%64 != 0 {
				t.Errorf("%v%v: data starts at byte %d", d.dtype, shape, b.Len()-len(x.Data))
			}
			y, err := Decode(b.Bytes())
			if err != nil || y.DType != x.DType || !y.Shape.Equal(x.Shape) || !bytes.Equal(y.Data, x.Data) {
				t.Errorf("%v%v: got %v, %v", d.dtype, shape, y, err)
			}
		}
	}
}

func TestDecodeRefuses(t *testing.T) {
	var b bytes.Buffer
	if err := Encode(&b, graph.NewTensor(graph.Float32, 4)); err != nil {
		t.Fatal(err)
	}
	good := b.String()
	for name, text := range map[string]string{
		"nothing": "", "another magic": "x" + good[1:], "a cut header": good[:20], "a cut body": good[:len(good)-1],
		"fortran order": strings.Replace(good, "False", "True ", 1), "big endian": strings.Replace(good, "<f4", ">f4", 1),
		"a negative size": strings.Replace(good, "(4,)", "(-4)", 1),
	} {
		if _, err := Decode([]byte(text)); !errors.Is(err, ErrFormat) {
			t.Errorf("%s: got %v", name, err)
		}
	}
	if err := Encode(&b, graph.NewTensor(graph.Int4, 4)); !errors.Is(err, ErrFormat) {
		t.Errorf("a type that NumPy lacks: got %v", err)
	}
}
