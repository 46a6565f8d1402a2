package rest

import (
	"encoding/json"
	"fmt"
	"math"
	"net/http"
	"strconv"
	"unicode/utf8"

	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/serve/oip"
)

// respond answers a request with the protocol's inference_response, and binary data where the request asks for it.
func (d *document) respond(w http.ResponseWriter, res *oip.Response) error {
	text := make([]byte, 0, 512)
	text = append(text, `{"model_name":`...)
	text = appendString(text, res.Model)
	text = append(text, `,"model_version":`...)
	text = appendString(text, res.Version)
	if res.ID != "" {
		text = append(text, `,"id":`...)
		text = appendString(text, res.ID)
	}
	text = append(text, `,"outputs":[`...)
	var tensors [][]byte
	size := 0
	for i := range res.Outputs {
		t := &res.Outputs[i]
		if i > 0 {
			text = append(text, ',')
		}
		text = append(text, `{"name":`...)
		text = appendString(text, t.Name)
		text = append(text, `,"datatype":"`...)
		text = append(text, t.Datatype...)
		text = append(text, `","shape":[`...)
		for k, n := range t.Shape {
			if k > 0 {
				text = append(text, ',')
			}
			text = strconv.AppendInt(text, n, 10)
		}
		text = append(text, ']')
		if d.binary(i) {
			text = append(text, `,"parameters":{"binary_data_size":`...)
			text = strconv.AppendInt(text, int64(len(t.Data)), 10)
			text = append(text, '}')
			tensors = append(tensors, t.Data)
			size += len(t.Data)
		} else {
			text = append(text, `,"data":[`...)
			var err error
			if text, err = appendData(text, t); err != nil {
				return fmt.Errorf("output %q: %w", t.Name, err)
			}
			text = append(text, ']')
		}
		text = append(text, '}')
	}
	text = append(text, `]}`...)
	if tensors == nil {
		write(w, http.StatusOK, "application/json", text)
		return nil
	}
	w.Header().Set(lengthHeader, strconv.Itoa(len(text)))
	write(w, http.StatusOK, "application/octet-stream", text, tensors...)
	return nil
}

// binary reports whether an output is wanted as binary data.
func (d *document) binary(i int) bool {
	if i < len(d.outputs) && d.outputs[i].binary != nil {
		return *d.outputs[i].binary
	}
	return d.binaryOutputs
}

// appendString appends a string in JSON.
func appendString(dst []byte, s string) []byte {
	text, err := json.Marshal(s)
	if err != nil {
		panic("bug: " + err.Error()) // a string has a form
	}
	return append(dst, text...)
}

// appendData appends the elements of a tensor, with commas between them. What has no form in JSON is an error that wraps
// oip.ErrInvalid: the request should have asked for binary data.
func appendData(dst []byte, t *oip.Tensor) ([]byte, error) {
	if t.Datatype == oip.Bytes {
		return appendStrings(dst, t.Data)
	}
	form, ok := forms[t.Datatype]
	if !ok {
		return dst, noForm(t.Datatype)
	}
	size := t.Datatype.Size()
	for i := 0; i+size <= len(t.Data); i += size {
		if i > 0 {
			dst = append(dst, ',')
		}
		if dst, ok = form(dst, t.Data[i:i+size]); !ok {
			return dst, fmt.Errorf("%w: element %d is not finite, which has no form in JSON: ask for binary data", oip.ErrInvalid, i/size)
		}
	}
	return dst, nil
}

// appendStrings appends the elements of a BYTES tensor.
func appendStrings(dst, data []byte) ([]byte, error) {
	list, err := oip.SplitBytes(data, math.MaxInt)
	if err != nil {
		return dst, err
	}
	for i, element := range list {
		if i > 0 {
			dst = append(dst, ',')
		}
		if !utf8.Valid(element) {
			return dst, fmt.Errorf("%w: element %d is not UTF-8, which has no form in JSON: ask for binary data", oip.ErrInvalid, i)
		}
		dst = appendString(dst, string(element))
	}
	return dst, nil
}

// forms append an element in JSON.
var forms = map[oip.Datatype]func(dst, src []byte) ([]byte, bool){
	oip.Bool:   func(dst, src []byte) ([]byte, bool) { return strconv.AppendBool(dst, src[0] != 0), true },
	oip.Uint8:  appendInteger[uint8],
	oip.Uint16: appendInteger[uint16],
	oip.Uint32: appendInteger[uint32],
	oip.Uint64: appendInteger[uint64],
	oip.Int8:   appendInteger[int8],
	oip.Int16:  appendInteger[int16],
	oip.Int32:  appendInteger[int32],
	oip.Int64:  appendInteger[int64],
	oip.FP32: func(dst, src []byte) ([]byte, bool) {
		return appendFloat(dst, float64(graph.View[float32](src)[0]), 32)
	},
	oip.FP64: func(dst, src []byte) ([]byte, bool) { return appendFloat(dst, graph.View[float64](src)[0], 64) },
}

// appendInteger appends an integer.
func appendInteger[T int8 | int16 | int32 | int64 | uint8 | uint16 | uint32 | uint64](dst, src []byte) ([]byte, bool) {
	v := graph.View[T](src)[0]
	if v < 0 {
		return strconv.AppendInt(dst, int64(v), 10), true
	}
	return strconv.AppendUint(dst, uint64(v), 10), true
}

// appendFloat appends a number in the shortest form that reads back as the same value of so many bits; ok is false for what JSON has
// no form for.
func appendFloat(dst []byte, v float64, bits int) (_ []byte, ok bool) {
	if math.IsNaN(v) || math.IsInf(v, 0) {
		return dst, false
	}
	format := byte('f')
	if a := math.Abs(v); a != 0 && (a < 1e-6 || a >= 1e21) {
		format = 'e'
	}
	return strconv.AppendFloat(dst, v, format, -1, bits), true
}
