package rpc

import (
	"errors"
	"fmt"
	"math"
	"testing"

	"google.golang.org/grpc"
	"google.golang.org/grpc/encoding"
	"google.golang.org/grpc/mem"
	"google.golang.org/protobuf/proto"

	"github.com/octet-ml/octet/serve/inference"
	"github.com/octet-ml/octet/serve/oip"
)

// bare sends []byte messages as they are and decodes others.
type bare struct{ encoding.CodecV2 }

// Marshal encodes a message.
func (c bare) Marshal(v any) (mem.BufferSlice, error) {
	if data, ok := v.([]byte); ok {
		return buffers(data), nil
	}
	return c.CodecV2.Marshal(v)
}

// buffers returns data as gRPC hands a message over.
func buffers(data []byte) mem.BufferSlice { return mem.BufferSlice{mem.SliceBuffer(data)} }

func rawCodec() grpc.CallOption { return grpc.ForceCodecV2(bare{newCodec().CodecV2}) }

// A small message that takes much memory once decoded weighs as much.
func TestMessagesWeighWhatTheyTakeDecoded(t *testing.T) {
	desc := new(inference.ModelInferRequest).ProtoReflect().Descriptor()
	const n = 1000
	inputs := make([]*inference.ModelInferRequest_InferInputTensor, n)
	parameters := make(parameters)
	for i := range n {
		inputs[i] = new(inference.ModelInferRequest_InferInputTensor)
		parameters[fmt.Sprint(i)] = new(inference.InferParameter)
	}
	of := func(c *contents) *inference.ModelInferRequest {
		return &inference.ModelInferRequest{Inputs: []*inference.ModelInferRequest_InferInputTensor{{Contents: c}}}
	}
	for _, c := range []struct {
		name  string
		req   *inference.ModelInferRequest
		least int64 // bytes that Go's values take
		most  int64
	}{
		{"raw", &inference.ModelInferRequest{RawInputContents: [][]byte{make([]byte, n)}}, n, n + 1000},
		{"many raw", &inference.ModelInferRequest{RawInputContents: make([][]byte, n)}, 24 * n, 100 * n},
		{"inputs", &inference.ModelInferRequest{Inputs: inputs}, 160 * n, 400 * n},
		{"parameters", &inference.ModelInferRequest{Parameters: parameters}, 100 * n, 1000 * n},
		{"bytes", of(&contents{BytesContents: make([][]byte, n)}), 24 * n, 100 * n},
		{"bools", of(&contents{BoolContents: make([]bool, n)}), 2 * n, 2*n + 4*n},
		{"ints", of(&contents{IntContents: make([]int32, n)}), 8 * n, 10 * n},
		{"long ints", of(&contents{Int64Contents: make([]int64, n)}), 16 * n, 18 * n},
		{"floats", of(&contents{Fp32Contents: make([]float32, n)}), 8 * n, 14 * n},
	} {
		data, err := proto.Marshal(c.req)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := weigh(data, desc); err != nil || got < c.least || got > c.most {
			t.Errorf("%s: %d bytes encoded weigh %d, %v, want %d to %d", c.name, len(data), got, err, c.least, c.most)
		}
	}
}

// What a request takes comes out of the budget before it is decoded, and goes back.
func TestDecodingKeepsToTheBudget(t *testing.T) {
	data, err := proto.Marshal(&inference.ModelInferRequest{ModelName: "m", RawInputContents: [][]byte{make([]byte, 5000)}})
	if err != nil {
		t.Fatal(err)
	}
	budget := oip.NewBudget(10000)
	req, give, err := decode(data, math.MaxInt64, budget)
	if err != nil || len(req.RawInputContents[0]) != 5000 || budget.Used() < 5000 {
		t.Fatalf("got %v, %v, %d bytes are taken", req, err, budget.Used())
	}
	if _, _, err := decode(data, math.MaxInt64, budget); !errors.Is(err, oip.ErrBusy) {
		t.Errorf("got %v, want ErrBusy", err)
	}
	give()
	if _, _, err := decode(data, 5000, budget); !errors.Is(err, oip.ErrTooLarge) {
		t.Errorf("got %v, want ErrTooLarge", err)
	}
	if _, _, err := decode(data[:len(data)-1], math.MaxInt64, budget); !errors.Is(err, oip.ErrInvalid) {
		t.Errorf("got %v, want ErrInvalid", err)
	}
	if _, _, err := decode([]byte("\x0a\x01\xff"), math.MaxInt64, budget); !errors.Is(err, oip.ErrInvalid) {
		t.Errorf("a name that is not UTF-8: got %v, want ErrInvalid", err)
	}
	if budget.Used() != 0 {
		t.Errorf("%d bytes are still taken", budget.Used())
	}
}

// Messages that have no business being large are refused when they are.
func TestOtherMessagesAreBounded(t *testing.T) {
	for _, c := range []struct {
		size int
		v    any
		ok   bool
	}{
		{maxOther, new(inference.ModelReadyRequest), true},
		{maxOther + 1, new(inference.ModelReadyRequest), false},
		{maxOther + 1, new(inference.RepositoryModelLoadRequest), true},
		{maxLoad + 1, new(inference.RepositoryModelLoadRequest), false},
		{maxLoad + 1, new(message), true},
	} {
		data := make([]byte, c.size) // a field 15 of unknown meaning
		copy(data, []byte{0x7a, 0x80 | byte((c.size-5)&0x7f), 0x80 | byte((c.size-5)>>7&0x7f), 0x80 | byte((c.size-5)>>14&0x7f), byte((c.size - 5) >> 21)})
		if err := newCodec().Unmarshal(buffers(data), c.v); (err == nil) != c.ok {
			t.Errorf("%d bytes of %T: got %v", c.size, c.v, err)
		}
	}
}
