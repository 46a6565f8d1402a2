package load

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"errors"
	"math"
	"net/http"
	"slices"
	"strconv"
	"testing"
)

func TestRandomTensorsHaveTheModelsTypesAndShapes(t *testing.T) {
	for datatype, d := range datatypes {
		o := &Options{Batch: 3, Inputs: 2, Seed: 5}
		ports := []port{{"x", datatype, []int64{-1, 2, 50}}, {"y", "FP32", []int64{-1}}}
		got, err := tensorInputs(ports, o)
		if err != nil {
			t.Fatal(err)
		}
		again, _ := tensorInputs(ports, o)
		x := got[0].tensors[0]
		if len(got) != 2 || x.name != "x" || x.Datatype != datatype || !slices.Equal(x.Shape, []int64{3, 2, 50}) || len(x.Data) != 300*d.size || len(got[0].tensors[1].Data) != 12 {
			t.Errorf("%s: %d inputs, the first %+v", datatype, len(got), x)
		}
		if !bytes.Equal(x.Data, again[0].tensors[0].Data) || bytes.Equal(x.Data, got[1].tensors[0].Data) {
			t.Errorf("%s: tensors are not the same for a seed, or the same for all inputs", datatype)
		}
	}
}

func TestRandomRealsAreBetween0And1(t *testing.T) {
	reals := map[string]func(b []byte) float64{
		"FP16": func(b []byte) float64 { // a normal number: 2^(e-15) (1 + m/1024)
			v := binary.LittleEndian.Uint16(b)
			return math.Ldexp(1+float64(v&0x3ff)/1024, int(v>>10)-15)
		},
		"BF16": func(b []byte) float64 {
			return float64(math.Float32frombits(uint32(binary.LittleEndian.Uint16(b)) << 16))
		},
		"FP32": func(b []byte) float64 { return float64(math.Float32frombits(binary.LittleEndian.Uint32(b))) },
		"FP64": func(b []byte) float64 { return math.Float64frombits(binary.LittleEndian.Uint64(b)) },
	}
	for datatype, real := range reals {
		in, err := tensorInputs([]port{{"x", datatype, []int64{1000}}}, &Options{Inputs: 1})
		if err != nil {
			t.Fatal(err)
		}
		data, size := in[0].tensors[0].Data, datatypes[datatype].size
		for at := 0; at < len(data); at += size {
			if v := real(data[at:]); v < 0 || v >= 1 {
				t.Fatalf("%s: %v", datatype, v)
			}
		}
	}
}

func TestTensorsAreCutIntoBatches(t *testing.T) {
	data := make([]byte, 6*4)
	for i := range data {
		data[i] = byte(i)
	}
	for _, c := range []struct {
		name         string
		model, shape []int64
		batch        int
		want         []int64 // shape of each
		n            int
	}{
		{"one by one", []int64{-1, 4}, []int64{6, 4}, 0, []int64{1, 4}, 6},
		{"in pairs", []int64{-1, 4}, []int64{6, 4}, 2, []int64{2, 4}, 3},
		{"a model of fixed batch", []int64{3, 4}, []int64{6, 4}, 0, []int64{3, 4}, 2},
		{"one example", []int64{-1, 6, 4}, []int64{6, 4}, 0, []int64{1, 6, 4}, 1},
		{"open dimensions", []int64{-1, -1, -1}, []int64{1, 6, 4}, 1, []int64{1, 6, 4}, 1},
		{"uneven", []int64{-1, 4}, []int64{6, 4}, 4, nil, 0},
		{"another batch than the model's", []int64{3, 4}, []int64{6, 4}, 2, nil, 0},
		{"another shape", []int64{-1, 5}, []int64{6, 4}, 1, nil, 0},
		{"too few dimensions", []int64{-1, 1, 1, 4}, []int64{6, 4}, 1, nil, 0},
		{"another size", []int64{-1, 4}, []int64{7, 4}, 1, nil, 0},
		{"no rows", []int64{-1, 4}, []int64{0, 4}, 1, nil, 0},
	} {
		o := &Options{Batch: c.batch, Tensors: []Tensor{{"UINT8", c.shape, data}}}
		got, err := tensorInputs([]port{{"x", "UINT8", c.model}}, o)
		if (err != nil) != (c.want == nil) || err != nil && !errors.Is(err, ErrInput) {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		var joined []byte
		for _, in := range got {
			joined = append(joined, in.tensors[0].Data...)
			if !slices.Equal(in.tensors[0].Shape, c.want) || int64(o.Batch) != c.want[0] {
				t.Errorf("%s: shape %v, batch %d", c.name, in.tensors[0].Shape, o.Batch)
			}
		}
		if len(got) != c.n || err == nil && !bytes.Equal(joined, data) {
			t.Errorf("%s: %d inputs that hold %v", c.name, len(got), joined)
		}
	}
}

func TestInputsThatDoNotFitAreRefused(t *testing.T) {
	one := []Tensor{{"FP32", []int64{1, 1}, make([]byte, 4)}}
	for name, c := range map[string]struct {
		ports []port
		o     Options
	}{
		"two inputs, one tensor":   {[]port{{"x", "FP32", []int64{-1, 1}}, {"y", "FP32", []int64{-1, 1}}}, Options{Tensors: one}},
		"another datatype":         {[]port{{"x", "INT8", []int64{-1, 1}}}, Options{Tensors: one}},
		"an unknown datatype":      {[]port{{"x", "FP4", []int64{-1, 1}}}, Options{Inputs: 1}},
		"text":                     {[]port{{"x", "BYTES", []int64{-1, 1}}}, Options{Inputs: 1}},
		"an open shape":            {[]port{{"x", "FP32", []int64{-1, -1}}}, Options{Inputs: 1}},
		"a huge shape":             {[]port{{"x", "FP32", []int64{1 << 20, 1 << 20, 1 << 40}}}, Options{Inputs: 1}},
		"another batch than fixed": {[]port{{"x", "FP32", []int64{1, 4}}}, Options{Inputs: 1, Batch: 2}},
	} {
		if _, err := tensorInputs(c.ports, &c.o); !errors.Is(err, ErrInput) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestNumbersInJSONAreThoseOfTheTensor(t *testing.T) {
	for _, c := range []struct{ datatype, hex, want string }{
		{"BOOL", "0100", "[true,false]"},
		{"INT8", "80ff7f", "[-128,-1,127]"},
		{"UINT8", "80ff00", "[128,255,0]"},
		{"INT16", "0080ffff", "[-32768,-1]"},
		{"UINT16", "0080ffff", "[32768,65535]"},
		{"INT32", "feffffff", "[-2]"},
		{"UINT32", "feffffff", "[4294967294]"},
		{"INT64", "0000000000000080", "[-9223372036854775808]"},
		{"UINT64", "ffffffffffffffff", "[18446744073709551615]"},
		{"FP32", "cdcccc3d000000800000003f", "[0.1,-0,0.5]"},
		{"FP64", "9a9999999999b93f", "[0.1]"},
		{"FP32", "0000807f", ""},
		{"FP32", "0000c07f", ""},
		{"FP16", "0000", ""},
	} {
		var data []byte
		for i := 0; i < len(c.hex); i += 2 {
			b, err := strconv.ParseUint(c.hex[i:i+2], 16, 8)
			if err != nil {
				t.Fatal(err)
			}
			data = append(data, byte(b))
		}
		got, err := numbers(Tensor{c.datatype, []int64{int64(len(data) / datatypes[c.datatype].size)}, data})
		if string(got) != c.want || (err != nil) != (c.want == "") {
			t.Errorf("%s %s: %s, %v", c.datatype, c.hex, got, err)
		}
	}
}

func TestBinaryBodiesAreAHeaderAndTheData(t *testing.T) {
	header := make(http.Header)
	body, err := binaryBody([]named{{Tensor{"UINT8", []int64{1, 3}, []byte{1, 2, 3}}, "x"}, {Tensor{"BYTES", []int64{1}, []byte{1, 0, 0, 0, 9}}, "y"}}, header)
	if err != nil {
		t.Fatal(err)
	}
	n, err := strconv.Atoi(header.Get("Inference-Header-Content-Length"))
	if err != nil || n > len(body) || !bytes.Equal(body[n:], []byte{1, 2, 3, 1, 0, 0, 0, 9}) {
		t.Fatalf("%v: %q", err, body)
	}
	var got any
	if err := json.Unmarshal(body[:n], &got); err != nil {
		t.Fatal(err)
	}
	want := `{"inputs":[{"datatype":"UINT8","name":"x","parameters":{"binary_data_size":3},"shape":[1,3]},` +
		`{"datatype":"BYTES","name":"y","parameters":{"binary_data_size":5},"shape":[1]}],"parameters":{"binary_data_output":true}}`
	if text, _ := json.Marshal(got); string(text) != want {
		t.Errorf("%s, want %s", text, want)
	}
}
