package rest

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"errors"
	"math"
	"strconv"
	"testing"

	"github.com/octet-ml/octet/serve/oip"
)

// reference is an inference request by encoding/json.
type reference struct{ Inputs []referenceInput }

// referenceInput is one of its inputs. It is read by a map, for encoding/json would take a key in any case for a field's.
type referenceInput struct {
	name     string
	datatype oip.Datatype
	data     json.RawMessage
}

func (r *referenceInput) UnmarshalJSON(text []byte) error {
	var m map[string]json.RawMessage
	if err := json.Unmarshal(text, &m); err != nil {
		return err
	}
	r.data = m["data"]
	return errors.Join(json.Unmarshal(m["name"], &r.name), json.Unmarshal(m["datatype"], &r.datatype))
}

// flatten appends the leaves of arrays in arrays.
func flatten(out []any, v any) []any {
	list, ok := v.([]any)
	if !ok {
		return append(out, v)
	}
	for _, e := range list {
		out = flatten(out, e)
	}
	return out
}

// encode returns an element as bytes, by strconv.
func encode(t *testing.T, datatype oip.Datatype, v any) []byte {
	t.Helper()
	size := datatype.Size()
	var bits uint64
	var err error
	switch v := v.(type) {
	case bool:
		if v {
			bits = 1
		}
	case string:
		return oip.AppendBytes(nil, v)
	case json.Number:
		var f float64
		switch datatype {
		case oip.FP32:
			f, err = strconv.ParseFloat(string(v), 32)
			bits = uint64(math.Float32bits(float32(f)))
		case oip.FP64:
			f, err = strconv.ParseFloat(string(v), 64)
			bits = math.Float64bits(f)
		case oip.Uint8, oip.Uint16, oip.Uint32, oip.Uint64:
			if bits, err = strconv.ParseUint(string(v), 10, 8*size); v == "-0" {
				bits, err = 0, nil
			}
		default:
			var n int64
			n, err = strconv.ParseInt(string(v), 10, 8*size)
			bits = uint64(n)
		}
	default:
		t.Fatalf("%s: %T was taken", datatype, v)
	}
	if err != nil {
		t.Fatalf("%s: %v was taken: %v", datatype, v, err)
	}
	return binary.LittleEndian.AppendUint64(nil, bits)[:size]
}

// read reads a request as the handler does, and gives everything back.
func read(t *testing.T, body []byte, length int, check func(d *document, inputs []oip.Tensor)) {
	budget := oip.NewBudget(1 << 24)
	m := &scratch{budget: budget}
	d, err := parseDocument(body[:length])
	if err == nil {
		var inputs []oip.Tensor
		if inputs, err = d.tensors(body[:length], body[length:], m); err == nil {
			check(d, inputs)
		}
	}
	if code := oip.CodeOf(err); err != nil && code != oip.Invalid && code != oip.TooLarge {
		t.Errorf("an error of another kind: %v", err)
	}
	m.release()
	if used := budget.Used(); used != 0 {
		t.Errorf("the budget holds %d bytes in the end", used)
	}
}

// What is taken is valid JSON, and tensors hold what encoding/json and strconv read from it.
func FuzzInferJSON(f *testing.F) {
	for _, seed := range []string{
		`{"inputs":[{"name":"x","shape":[1,3],"datatype":"INT32","data":[1,2,3]}]}`,
		`{"id":"\u00e9","inputs":[{"data":[[1.5e-3,-0],[3,1e38]],"shape":[2,2],"datatype":"FP32","name":"x"}],"outputs":[{"name":"y","parameters":{"classification":2}}]}`,
		`{"parameters":{"timeout":100,"binary_data_output":true},"inputs":[{"name":"x","shape":[2],"datatype":"BYTES","data":["a\n","b"]}]}`,
		`{"inputs":[{"name":"x","shape":[2],"datatype":"BYTES","parameters":{"content_type":"base64"},"data":["AA==",""]}]}`,
		`{"inputs":[{"name":"x","shape":[1],"datatype":"UINT64","data":[18446744073709551615]},{"name":"y","shape":[],"datatype":"BOOL","data":[true]}]}`,
		`{"inputs":[{"name":"x","shape":[2,0],"datatype":"FP64","data":[[],[]]}]}`,
		`{"x":[{"a":[}]},"inputs":[{"name":"x","shape":[1],"datatype":"UINT8","data":[1]}]}`,
		`{"inputs":[{"name":"x","shape":[1],"datatype":"INT8","data":[-128],"data":[1]}]}`,
		`{"inputs":[{"name":"x","shape":[1],"datatype":"INT8","data":[-128],"daTa":[1]}]}`,
		`{"inputs":null}`, `{}`, `[`, `{"inputs":[{"data":"\\\"`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		read(t, body, len(body), func(d *document, inputs []oip.Tensor) {
			var want reference
			decoder := json.NewDecoder(bytes.NewReader(body))
			if err := decoder.Decode(&want); !json.Valid(body) {
				t.Fatalf("not JSON, but taken: %q", body)
			} else if err != nil || len(want.Inputs) != len(inputs) {
				return // encoding/json takes the key of the inputs in any case, and the last of several
			}
			for i, in := range want.Inputs {
				got := inputs[i]
				if got.Name != in.name || got.Datatype != in.datatype || d.inputs[i].binary >= 0 || d.inputs[i].base64 {
					continue
				}
				var v any
				decoder := json.NewDecoder(bytes.NewReader(in.data))
				decoder.UseNumber()
				if err := decoder.Decode(&v); err != nil {
					continue
				}
				var data []byte
				for _, element := range flatten(nil, v) {
					data = append(data, encode(t, got.Datatype, element)...)
				}
				if !bytes.Equal(data, got.Data) {
					t.Errorf("input %d: % x, want % x", i, got.Data, data)
				}
			}
		})
	})
}

// Binary data are within the body, one after the other.
func FuzzInferBinary(f *testing.F) {
	const seed = `{"inputs":[{"name":"x","shape":[2],"datatype":"UINT16","parameters":{"binary_data_size":4}},{"name":"y","shape":[1],"datatype":"UINT8","data":[1]}]}`
	f.Add([]byte(seed+"\x01\x02\x03\x04"), len(seed))
	f.Add([]byte(seed), len(seed))
	f.Add([]byte(seed+"\x01\x02\x03\x04"), 10)
	f.Add([]byte(`{"inputs":[{"name":"x","shape":[2],"datatype":"BYTES","parameters":{"binary_data_size":9223372036854775807}}]}`), 112)
	f.Fuzz(func(t *testing.T, body []byte, length int) {
		if length < 0 || length > len(body) {
			return // headerLength's
		}
		read(t, body, length, func(d *document, inputs []oip.Tensor) {
			at := length
			for i, in := range inputs {
				if size := d.inputs[i].binary; size >= 0 {
					if want := body[at : at+int(size)]; !bytes.Equal(in.Data, want) || size > 0 && &in.Data[0] != &want[0] {
						t.Errorf("input %d is not the body's bytes %d to %d", i, at, at+int(size))
					}
					at += int(size)
				}
			}
			if at != len(body) {
				t.Errorf("%d bytes are nobody's", len(body)-at)
			}
		})
	})
}
