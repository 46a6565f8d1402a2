package rest

import (
	"fmt"
	"math"
	"time"

	"github.com/octet-ml/octet/serve/oip"
)

// mostTensors is how many inputs and how many outputs a request may list.
const mostTensors = 1 << 10

// document is the protocol's inference_request.
type document struct {
	id            string
	timeout       time.Duration
	binaryOutputs bool // unless an output says otherwise
	inputs        []input
	outputs       []output
}

// input is a request_input. Its data are in the document from start to end, or binary bytes after it.
type input struct {
	tensor     oip.Tensor
	start, end int
	binary     int64 // -1: none
	base64     bool
}

// output is a request_output.
type output struct {
	oip.Requested
	binary *bool // nil: as the request says for all
}

// parseDocument reads a document. Data of inputs are found and not yet read. Keys that mean nothing here are skipped; inputs and
// their data come once, of another key that comes twice the last counts.
func parseDocument(data []byte) (*document, error) {
	d := new(document)
	s := &scanner{data: data}
	err := s.object(func(key []byte) error {
		switch string(key) {
		case "id":
			return s.optional(func() error { return s.into(&d.id) })
		case "parameters":
			return s.optional(func() error { return s.object(func(key []byte) error { return d.parameter(s, string(key)) }) })
		case "inputs":
			if d.inputs != nil {
				return s.fail("inputs twice")
			}
			return s.array(func() error { return d.input(s) })
		case "outputs":
			d.outputs = nil
			return s.optional(func() error { return s.array(func() error { return d.output(s) }) })
		}
		return s.skip()
	})
	if err == nil {
		err = s.end()
	}
	if err != nil {
		return nil, err
	}
	if len(d.inputs) == 0 {
		return nil, fmt.Errorf("%w: the request has no inputs", oip.ErrInvalid)
	}
	return d, nil
}

// optional reads a value by f unless it is null, which says as much as no key.
func (s *scanner) optional(f func() error) error {
	if s.null() {
		return nil
	}
	return f()
}

// parameter reads a parameter of the request: those of the binary data and of the schedule policy extension.
func (d *document) parameter(s *scanner, key string) error {
	switch key {
	case "binary_data_output":
		return s.optional(func() error { return s.into(&d.binaryOutputs) })
	case "timeout": // microseconds
		var us int64
		if err := s.optional(func() error { return s.into(&us) }); err != nil {
			return fmt.Errorf("parameter timeout: %w", err)
		}
		if us < 0 {
			return s.fail("parameter timeout: %d: want microseconds", us)
		}
		d.timeout = time.Duration(min(us, math.MaxInt64/int64(time.Microsecond))) * time.Microsecond
		return nil
	}
	return s.skip()
}

// input reads an input.
func (d *document) input(s *scanner) error {
	if len(d.inputs) == mostTensors {
		return s.fail("more than %d inputs", mostTensors)
	}
	in := input{binary: -1}
	shape := false
	err := s.object(func(key []byte) error {
		switch string(key) {
		case "name":
			return s.into(&in.tensor.Name)
		case "datatype":
			return s.into(&in.tensor.Datatype)
		case "shape":
			shape = true
			return in.readShape(s)
		case "parameters":
			return s.optional(func() error { return s.object(func(key []byte) error { return in.parameter(s, string(key)) }) })
		case "data":
			if in.end > 0 {
				return s.fail("data twice")
			}
			return s.optional(func() error {
				s.space()
				in.start = s.at
				_, err := s.span()
				in.end = s.at
				return err
			})
		}
		return s.skip()
	})
	switch {
	case err != nil:
		return fmt.Errorf("input %d: %w", len(d.inputs), err)
	case in.tensor.Name == "":
		return s.fail("input %d has no name", len(d.inputs))
	case !shape:
		return s.fail("input %.100q has no shape", in.tensor.Name)
	case in.tensor.Datatype == "":
		return s.fail("input %.100q has no datatype", in.tensor.Name)
	}
	d.inputs = append(d.inputs, in)
	return nil
}

// readShape reads a shape.
func (in *input) readShape(s *scanner) error {
	in.tensor.Shape = []int64{}
	return s.array(func() error {
		s.space()
		n, err := s.integer(oip.Int64)
		if err != nil {
			return fmt.Errorf("shape: %w", err)
		}
		if n.negative && n.magnitude != 0 || n.magnitude > math.MaxInt64 {
			return s.fail("shape: a dimension of %.40q", n.text(s))
		}
		if len(in.tensor.Shape) == maxRank {
			return s.fail("shape: more than %d dimensions", maxRank)
		}
		in.tensor.Shape = append(in.tensor.Shape, int64(n.magnitude))
		return nil
	})
}

// parameter reads a parameter of an input: the size of binary data; or content_type, by which MLServer tells strings in base64.
func (in *input) parameter(s *scanner, key string) error {
	switch key {
	case "binary_data_size":
		if err := s.into(&in.binary); err != nil {
			return fmt.Errorf("parameter binary_data_size: %w", err)
		}
		if in.binary < 0 {
			return s.fail("parameter binary_data_size: %d bytes", in.binary)
		}
		return nil
	case "content_type":
		var kind string
		err := s.into(&kind)
		in.base64 = kind == "base64"
		return err
	case "shared_memory_region":
		return s.fail("parameter shared_memory_region: the server has no shared memory")
	}
	return s.skip()
}

// output reads a requested output.
func (d *document) output(s *scanner) error {
	if len(d.outputs) == mostTensors {
		return s.fail("more than %d outputs", mostTensors)
	}
	var out output
	err := s.object(func(key []byte) error {
		switch string(key) {
		case "name":
			return s.into(&out.Name)
		case "parameters":
			return s.optional(func() error { return s.object(func(key []byte) error { return out.parameter(s, string(key)) }) })
		}
		return s.skip()
	})
	switch {
	case err != nil:
		return fmt.Errorf("output %d: %w", len(d.outputs), err)
	case out.Name == "":
		return s.fail("output %d has no name", len(d.outputs))
	}
	d.outputs = append(d.outputs, out)
	return nil
}

// parameter reads a parameter of an output: those of the binary data and of the classification extension.
func (out *output) parameter(s *scanner, key string) error {
	switch key {
	case "binary_data":
		return s.into(&out.binary)
	case "classification":
		if err := s.into(&out.Classification); err != nil {
			return fmt.Errorf("parameter classification: %w", err)
		}
		if out.Classification < 0 {
			return s.fail("parameter classification: %d: want a positive number", out.Classification)
		}
		return nil
	case "shared_memory_region":
		return s.fail("parameter shared_memory_region: the server has no shared memory")
	}
	return s.skip()
}

// tensors returns the inputs with their data: those in JSON from document, in memory of m; binary ones from rest, what follows it,
// whose memory they share.
func (d *document) tensors(document, rest []byte, m *scratch) ([]oip.Tensor, error) {
	out := make([]oip.Tensor, len(d.inputs))
	for i := range d.inputs {
		in := &d.inputs[i]
		t := &out[i]
		*t = in.tensor
		json := in.end > in.start
		switch {
		case json && in.binary >= 0:
			return nil, fmt.Errorf("%w: input %.100q has data in JSON and binary data", oip.ErrInvalid, t.Name)
		case json:
			s := &scanner{data: document[:in.end], at: in.start}
			data, err := s.tensor(t, in.base64, m)
			if err != nil {
				return nil, fmt.Errorf("input %.100q: %w", t.Name, err)
			}
			t.Data = data
		case in.binary < 0:
			return nil, fmt.Errorf("%w: input %.100q has no data", oip.ErrInvalid, t.Name)
		case in.binary > int64(len(rest)):
			return nil, fmt.Errorf("%w: input %.100q: %d bytes of binary data, but %d are left after the JSON, whose length header %s must give",
				oip.ErrInvalid, t.Name, in.binary, len(rest), lengthHeader)
		default:
			t.Data, rest = rest[:in.binary:in.binary], rest[in.binary:]
		}
	}
	if len(rest) > 0 {
		return nil, fmt.Errorf("%w: %d bytes after the binary data of the inputs", oip.ErrInvalid, len(rest))
	}
	return out, nil
}
