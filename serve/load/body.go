package load

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"math"
	"net/http"
	"strconv"
)

// inferHeader is the JSON part of an inference request.
type inferHeader struct {
	Inputs     []inferInput    `json:"inputs"`
	Parameters map[string]bool `json:"parameters,omitempty"`
}

// inferInput is an input in it: with its data, or with the size of the data that follow in the binary part.
type inferInput struct {
	Name       string          `json:"name"`
	Shape      []int64         `json:"shape"`
	Datatype   string          `json:"datatype"`
	Parameters map[string]int  `json:"parameters,omitempty"`
	Data       json.RawMessage `json:"data,omitempty"`
}

// binaryBody returns the body of a request in Triton's binary form: a JSON header, whose length is in an HTTP header, and the data
// of the inputs after it (Triton Inference Server, protocol extension "binary tensor data"). Outputs are asked for in the same form.
func binaryBody(tensors []named, header http.Header) ([]byte, error) {
	h := inferHeader{Parameters: map[string]bool{"binary_data_output": true}}
	for _, t := range tensors {
		h.Inputs = append(h.Inputs, inferInput{Name: t.name, Shape: t.Shape, Datatype: t.Datatype, Parameters: map[string]int{"binary_data_size": len(t.Data)}})
	}
	body, err := json.Marshal(h)
	if err != nil {
		return nil, err
	}
	header.Set("Content-Type", "application/octet-stream")
	header.Set("Inference-Header-Content-Length", strconv.Itoa(len(body)))
	for _, t := range tensors {
		body = append(body, t.Data...)
	}
	return body, nil
}

// jsonBody returns the body of a request whose data are JSON numbers.
func jsonBody(tensors []named, header http.Header) ([]byte, error) {
	var h inferHeader
	for _, t := range tensors {
		data, err := numbers(t.Tensor)
		if err != nil {
			return nil, fmt.Errorf("input %q: %w", t.name, err)
		}
		h.Inputs = append(h.Inputs, inferInput{Name: t.name, Shape: t.Shape, Datatype: t.Datatype, Data: data})
	}
	header.Set("Content-Type", "application/json")
	return json.Marshal(h)
}

// formats write an element of a datatype as JSON. FP16 and BF16 have no form in JSON.
var formats = map[string]func(out, element []byte) []byte{
	"BOOL":  func(out, e []byte) []byte { return strconv.AppendBool(out, e[0] != 0) },
	"UINT8": unsigned, "UINT16": unsigned, "UINT32": unsigned, "UINT64": unsigned,
	"INT8": signed, "INT16": signed, "INT32": signed, "INT64": signed,
	"FP32": func(out, e []byte) []byte {
		return strconv.AppendFloat(out, float64(math.Float32frombits(binary.LittleEndian.Uint32(e))), 'g', -1, 32)
	},
	"FP64": func(out, e []byte) []byte {
		return strconv.AppendFloat(out, math.Float64frombits(binary.LittleEndian.Uint64(e)), 'g', -1, 64)
	},
}

// unsigned writes a number of 1, 2, 4 or 8 bytes.
func unsigned(out, element []byte) []byte {
	var wide [8]byte
	copy(wide[:], element)
	return strconv.AppendUint(out, binary.LittleEndian.Uint64(wide[:]), 10)
}

// signed writes a number of 1, 2, 4 or 8 bytes in two's complement.
func signed(out, element []byte) []byte {
	var wide [8]byte
	copy(wide[8-len(element):], element)
	return strconv.AppendInt(out, int64(binary.LittleEndian.Uint64(wide[:]))>>(64-8*len(element)), 10)
}

// numbers returns a tensor's elements as one flat JSON list.
func numbers(t Tensor) ([]byte, error) {
	format, size := formats[t.Datatype], datatypes[t.Datatype].size
	if format == nil {
		return nil, fmt.Errorf("%w: datatype %.20q has no form in JSON", ErrInput, t.Datatype)
	}
	out := []byte{'['}
	for at := 0; at < len(t.Data); at += size {
		if at > 0 {
			out = append(out, ',')
		}
		out = format(out, t.Data[at:at+size])
	}
	out = append(out, ']')
	if bytes.ContainsAny(out, "NI") {
		return nil, fmt.Errorf("%w: numbers that are not finite have no form in JSON", ErrInput)
	}
	return out, nil
}
