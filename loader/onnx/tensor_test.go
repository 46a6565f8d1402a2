package onnx

import (
	"errors"
	"math"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/octet-ml/octet/graph"
	"google.golang.org/protobuf/encoding/protowire"
)

// decodeTensor reads a TensorProto.
func decodeTensor(m message, o Options) (*graph.Tensor, error) {
	p := &parser{limits: o.Limits.withDefaults()}
	t, err := p.tensor(field{bytes: m.bytes()})
	if err != nil {
		return nil, err
	}
	r := &reader{limits: p.limits, folder: o.External}
	return r.tensor(t)
}

// packed appends a packed field of varints.
func packed(m *message, num protowire.Number, v ...int64) {
	var b []byte
	for _, x := range v {
		b = protowire.AppendVarint(b, uint64(x))
	}
	m.data(num, b)
}

func TestTypedElementsOfEveryType(t *testing.T) {
	half := int64(graph.Float32ToFloat16(1.5))
	for _, c := range []struct {
		d    graph.DType
		fill func(m *message)
		want []float64
	}{
		{graph.Float32, func(m *message) { m.float(4, 1.5); m.float(4, -2) }, []float64{1.5, -2}},
		{graph.Float64, func(m *message) {
			m.data(10, protowire.AppendFixed64(protowire.AppendFixed64(nil, math.Float64bits(1.5)), math.Float64bits(-2)))
		}, []float64{1.5, -2}},
		{graph.Float16, func(m *message) { packed(m, 5, half, half|0x8000) }, []float64{1.5, -1.5}},
		{graph.BFloat16, func(m *message) { packed(m, 5, 0x3fc0, 0xbfc0) }, []float64{1.5, -1.5}},
		{graph.Int8, func(m *message) { packed(m, 5, -128, 127) }, []float64{-128, 127}},
		{graph.Uint8, func(m *message) { packed(m, 5, 0, 255) }, []float64{0, 255}},
		{graph.Int16, func(m *message) { packed(m, 5, -32768, 9) }, []float64{-32768, 9}},
		{graph.Uint16, func(m *message) { packed(m, 5, 65535, 9) }, []float64{65535, 9}},
		{graph.Int32, func(m *message) { m.integer(5, -5); m.integer(5, 6) }, []float64{-5, 6}},
		{graph.Int64, func(m *message) { packed(m, 7, -5); packed(m, 7, 1<<40) }, []float64{-5, 1 << 40}},
		{graph.Uint32, func(m *message) { packed(m, 11, 1<<32-1, 1) }, []float64{1<<32 - 1, 1}},
		{graph.Uint64, func(m *message) { packed(m, 11, 1<<40, 1) }, []float64{1 << 40, 1}},
		{graph.Bool, func(m *message) { packed(m, 5, 1, 0) }, []float64{1, 0}},
		{graph.Int4, func(m *message) { packed(m, 5, 0x7f) }, []float64{-1, 7}},
		{graph.Uint4, func(m *message) { packed(m, 5, 0x7f, 3) }, []float64{15, 7, 3}},
	} {
		var m message
		m.integer(1, int64(len(c.want)))
		m.integer(2, dataTypeOf[c.d])
		c.fill(&m)
		x, err := decodeTensor(m, Options{})
		if err != nil {
			t.Errorf("%v: %v", c.d, err)
			continue
		}
		for i, want := range c.want {
			if got := x.Float(i); got != want {
				t.Errorf("%v[%d]: got %v, want %v", c.d, i, got, want)
			}
		}
	}
}

func TestRawElementsAliasTheFile(t *testing.T) {
	x := graph.Float32s([]float32{1, 2}, 2)
	m := tensorMessage("x", x)
	data := m.bytes()
	p := &parser{limits: Limits{}.withDefaults()}
	tp, err := p.tensor(field{bytes: data})
	if err != nil {
		t.Fatal(err)
	}
	got, err := (&reader{limits: p.limits}).tensor(tp)
	if err != nil || &got.Data[0] != &data[len(data)-8] {
		t.Errorf("copied: %v", err)
	}
}

func TestTensorsThatAreWrong(t *testing.T) {
	build := func(dims []int64, dataType int64, fill func(m *message)) message {
		var m message
		for _, d := range dims {
			m.integer(1, d)
		}
		m.integer(2, dataType)
		m.text(8, "weights")
		if fill != nil {
			fill(&m)
		}
		return m
	}
	for name, c := range map[string]struct {
		m    message
		want error
	}{
		"too few raw bytes":         {build([]int64{3}, 1, func(m *message) { m.text(9, "1234") }), ErrFormat},
		"huge without data":         {build([]int64{1 << 30}, 1, nil), ErrFormat},
		"more than can be counted":  {build([]int64{1 << 30, 1 << 30}, 1, nil), ErrLimit},
		"negative":                  {build([]int64{-1}, 1, nil), ErrFormat},
		"strings":                   {build([]int64{1}, 8, nil), ErrUnsupported},
		"float8":                    {build([]int64{1}, 17, nil), ErrUnsupported},
		"elements in a wrong field": {build([]int64{1}, 1, func(m *message) { m.integer(5, 1) }), ErrFormat},
		"too many axes":             {build(make([]int64, 17), 1, nil), ErrLimit},
		"segments":                  {build([]int64{0}, 1, func(m *message) { m.text(3, "") }), ErrUnsupported},
	} {
		_, err := decodeTensor(c.m, Options{})
		if !errors.Is(err, c.want) || !strings.Contains(err.Error(), `"weights"`) && name != "too many axes" {
			t.Errorf("%s: got %v, want %v", name, err, c.want)
		}
	}
}

func TestExternalData(t *testing.T) {
	folder := fstest.MapFS{"model.data": {Data: []byte("....abcdefgh")}, "sub/w.bin": {Data: []byte("abcdefgh")}}
	for name, c := range map[string]struct {
		entries []string
		limit   int64
		want    error
	}{
		"at an offset":           {[]string{"location", "model.data", "offset", "4", "length", "8"}, 0, nil},
		"in a folder":            {[]string{"location", "sub/w.bin"}, 0, nil},
		"with a dot":             {[]string{"location", "./sub/w.bin", "checksum", "x"}, 0, nil},
		"past the end":           {[]string{"location", "model.data", "offset", "5"}, 0, ErrExternal},
		"far past the end":       {[]string{"location", "model.data", "offset", "9223372036854775807"}, 0, ErrExternal},
		"a file that is absent":  {[]string{"location", "other"}, 0, ErrExternal},
		"a folder":               {[]string{"location", "sub"}, 0, ErrExternal},
		"above the folder":       {[]string{"location", "../model.data"}, 0, ErrExternal},
		"above by a detour":      {[]string{"location", "sub/../../model.data"}, 0, ErrExternal},
		"an absolute path":       {[]string{"location", "/etc/passwd"}, 0, ErrExternal},
		"a Windows path":         {[]string{"location", `..\model.data`}, 0, ErrExternal},
		"a drive":                {[]string{"location", "c:model.data"}, 0, ErrExternal},
		"no location":            {[]string{"offset", "4"}, 0, ErrFormat},
		"a negative offset":      {[]string{"location", "model.data", "offset", "-1"}, 0, ErrFormat},
		"a length that is wrong": {[]string{"location", "model.data", "length", "7"}, 0, ErrFormat},
		"more than the limit":    {[]string{"location", "sub/w.bin"}, 7, ErrLimit},
	} {
		var m message
		m.integer(1, 2)
		m.integer(2, 1)
		for i := 0; i < len(c.entries); i += 2 {
			var pair message
			pair.text(1, c.entries[i])
			pair.text(2, c.entries[i+1])
			m.message(13, pair)
		}
		m.integer(14, 1)
		x, err := decodeTensor(m, Options{External: folder, Limits: Limits{ExternalBytes: c.limit}})
		if !errors.Is(err, c.want) {
			t.Errorf("%s: got %v, want %v", name, err, c.want)
		}
		if err == nil && string(x.Data) != "abcdefgh" {
			t.Errorf("%s: read %q", name, x.Data)
		}
		if _, err := decodeTensor(m, Options{}); err == nil {
			t.Errorf("%s: read without a folder", name)
		}
	}
}
