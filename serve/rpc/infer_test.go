package rpc

import (
	"bytes"
	"context"
	"math"
	"slices"
	"strings"
	"testing"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"

	"github.com/octet-ml/octet/serve/inference"
	"github.com/octet-ml/octet/serve/internal/servetest"
	"github.com/octet-ml/octet/serve/oip"
)

// Raw and typed contents give the bytes that the service gives, and the request's id.
func TestRawAndTypedContentsGiveTheSame(t *testing.T) {
	ctx, service := testContext(t), servetest.Service(t)
	f := start(t, service, Options{})
	raw := request(t, service, "first", 1)
	typed := proto.CloneOf(raw)
	typed.RawInputContents = nil
	typed.Inputs[0].Contents = &inference.InferTensorContents{Fp32Contents: pixels(1)}
	typed.ModelVersion = "1"
	want, err := service.Infer(ctx, &oip.Request{Model: "digits", Inputs: []oip.Tensor{{Name: raw.Inputs[0].Name, Datatype: oip.FP32, Shape: raw.Inputs[0].Shape, Data: raw.RawInputContents[0]}}})
	if err != nil {
		t.Fatal(err)
	}
	for _, req := range []*inference.ModelInferRequest{raw, typed} {
		res, err := f.client.ModelInfer(ctx, req)
		if err != nil {
			t.Fatal(err)
		}
		out := res.GetOutputs()
		if res.GetModelName() != "digits" || res.GetModelVersion() != "1" || res.GetId() != "first" || len(out) != 1 || len(res.GetRawOutputContents()) != 1 {
			t.Fatalf("got %v", res)
		}
		if o := want.Outputs[0]; out[0].GetName() != o.Name || out[0].GetDatatype() != "FP32" || !slices.Equal(out[0].GetShape(), o.Shape) || out[0].GetContents() != nil || !bytes.Equal(res.GetRawOutputContents()[0], o.Data) {
			t.Errorf("got %v, want %+v", res, o)
		}
	}
	if n := f.service.Budget().Used(); n != 0 {
		t.Errorf("%d bytes are still taken", n)
	}
}

// Files with pictures go in raw or typed; the classification extension names what is in them.
func TestPicturesAreClassified(t *testing.T) {
	ctx, service := testContext(t), servetest.Service(t)
	f := start(t, service, Options{})
	input, output := names(t, service)
	files := [][]byte{servetest.Digit(t, "3"), servetest.Digit(t, "7")}
	typed := &inference.ModelInferRequest{
		ModelName: "digits",
		Inputs:    []*inference.ModelInferRequest_InferInputTensor{{Name: input, Datatype: "BYTES", Shape: []int64{2, 1}, Contents: &inference.InferTensorContents{BytesContents: files}}},
		Outputs: []*inference.ModelInferRequest_InferRequestedOutputTensor{{Name: output, Parameters: parameters{
			"classification": {ParameterChoice: &inference.InferParameter_Int64Param{Int64Param: 2}},
			"binary_data":    {ParameterChoice: &inference.InferParameter_BoolParam{BoolParam: true}}, // unknown on gRPC
		}}},
		Parameters: parameters{"timeout": {ParameterChoice: &inference.InferParameter_Uint64Param{Uint64Param: math.MaxInt64}}},
	}
	raw := proto.CloneOf(typed)
	raw.Inputs[0].Contents = nil
	raw.RawInputContents = [][]byte{oip.AppendBytes(oip.AppendBytes(nil, string(files[0])), string(files[1]))}
	for _, req := range []*inference.ModelInferRequest{typed, raw} {
		res, err := f.client.ModelInfer(ctx, req)
		if err != nil {
			t.Fatal(err)
		}
		classes, err := oip.SplitBytes(res.GetRawOutputContents()[0], 4)
		if err != nil || len(classes) != 4 || !strings.HasSuffix(string(classes[0]), ":3:3") || !strings.HasSuffix(string(classes[2]), ":7:7") {
			t.Errorf("got %q, %v", classes, err)
		}
		if o := res.GetOutputs()[0]; o.GetDatatype() != "BYTES" || !slices.Equal(o.GetShape(), []int64{2, 2}) {
			t.Errorf("got %v", o)
		}
	}
}

// Each request that is wrong gets the status code of what is wrong, and a message that names it.
func TestInferRefuses(t *testing.T) {
	ctx, service := testContext(t), servetest.Service(t)
	f := start(t, service, Options{MaxMessage: 1 << 20})
	integer := func(v int64) *inference.InferParameter {
		return &inference.InferParameter{ParameterChoice: &inference.InferParameter_Int64Param{Int64Param: v}}
	}
	text := &inference.InferParameter{ParameterChoice: &inference.InferParameter_StringParam{StringParam: "5"}}
	output := func(p parameters) []*inference.ModelInferRequest_InferRequestedOutputTensor {
		_, name := names(t, service)
		return []*inference.ModelInferRequest_InferRequestedOutputTensor{{Name: name, Parameters: p}}
	}
	for _, c := range []struct {
		name string
		edit func(*inference.ModelInferRequest)
		code codes.Code
		says string
	}{
		{"no model", func(r *inference.ModelInferRequest) { r.ModelName = "" }, codes.NotFound, `""`},
		{"unknown model", func(r *inference.ModelInferRequest) { r.ModelName = "none" }, codes.NotFound, `"none"`},
		{"unknown version", func(r *inference.ModelInferRequest) { r.ModelVersion = "7" }, codes.NotFound, "7"},
		{"version that is no number", func(r *inference.ModelInferRequest) { r.ModelVersion = "x" }, codes.InvalidArgument, `"x"`},
		{"no inputs", func(r *inference.ModelInferRequest) { r.Inputs = nil }, codes.InvalidArgument, "1 entries for 0"},
		{"raw and typed", func(r *inference.ModelInferRequest) {
			r.Inputs[0].Contents = &inference.InferTensorContents{Fp32Contents: []float32{1}}
		}, codes.InvalidArgument, "want one of them"},
		{"too many raw", func(r *inference.ModelInferRequest) { r.RawInputContents = append(r.RawInputContents, nil) }, codes.InvalidArgument, "2 entries for 1"},
		{"no contents", func(r *inference.ModelInferRequest) { r.RawInputContents = nil }, codes.InvalidArgument, "fp32_contents has 0"},
		{"too few bytes", func(r *inference.ModelInferRequest) { r.RawInputContents[0] = r.RawInputContents[0][4:] }, codes.InvalidArgument, "3132 bytes"},
		{"another shape", func(r *inference.ModelInferRequest) { r.Inputs[0].Shape[3] = 27 }, codes.InvalidArgument, "[1 1 28 27]"},
		{"text", func(r *inference.ModelInferRequest) {
			r.Inputs[0].Datatype = "BYTES"
			r.RawInputContents[0] = []byte{1, 0, 0, 0, 'x'}
			r.Inputs[0].Shape = []int64{1}
		}, codes.InvalidArgument, "picture 0"},
		{"negative timeout", func(r *inference.ModelInferRequest) { r.Parameters = parameters{"timeout": integer(-1)} }, codes.InvalidArgument, "timeout"},
		{"timeout as text", func(r *inference.ModelInferRequest) { r.Parameters = parameters{"timeout": text} }, codes.InvalidArgument, "int64_param"},
		{"timeout too long", func(r *inference.ModelInferRequest) {
			r.Parameters = parameters{"timeout": {ParameterChoice: &inference.InferParameter_Uint64Param{Uint64Param: 1 << 63}}}
		}, codes.InvalidArgument, "too large"},
		{"input in shared memory", func(r *inference.ModelInferRequest) {
			r.Inputs[0].Parameters = parameters{"shared_memory_region": text}
		}, codes.InvalidArgument, "shared memory"},
		{"output in shared memory", func(r *inference.ModelInferRequest) { r.Outputs = output(parameters{"shared_memory_region": text}) }, codes.InvalidArgument, "shared memory"},
		{"classification as text", func(r *inference.ModelInferRequest) { r.Outputs = output(parameters{"classification": text}) }, codes.InvalidArgument, "classification"},
		{"negative classification", func(r *inference.ModelInferRequest) {
			r.Outputs = output(parameters{"classification": integer(math.MinInt64)})
		}, codes.InvalidArgument, "classification"},
		{"unknown output", func(r *inference.ModelInferRequest) { r.Outputs = output(nil); r.Outputs[0].Name = "other" }, codes.InvalidArgument, `"other"`},
		{"unloaded", func(r *inference.ModelInferRequest) { r.ModelName = "other" }, codes.Unavailable, `"other"`},
		{"too large", func(r *inference.ModelInferRequest) { r.RawInputContents[0] = make([]byte, 1<<20) }, codes.ResourceExhausted, "larger than max"},
		{"too large once decoded", func(r *inference.ModelInferRequest) {
			r.Inputs = slices.Repeat([]*inference.ModelInferRequest_InferInputTensor{{}}, 1<<18)
		}, codes.ResourceExhausted, "decoded"},
	} {
		t.Run(c.name, func(t *testing.T) {
			req := request(t, service, "", 1)
			c.edit(req)
			if c.name == "unloaded" {
				if err := service.Unload("other"); err != nil {
					t.Fatal(err)
				}
			}
			_, err := f.client.ModelInfer(ctx, req)
			if st := status.Convert(err); st.Code() != c.code || !strings.Contains(st.Message(), c.says) {
				t.Errorf("got %v, want %v and %q", err, c.code, c.says)
			}
		})
	}
}

// A message that is no protobuf of a request is the client's error, whatever is wrong with it.
func TestMalformedMessagesAreRefused(t *testing.T) {
	ctx := testContext(t)
	f := start(t, servetest.Service(t), Options{})
	method := inference.GRPCInferenceService_ModelInfer_FullMethodName
	for _, c := range []struct {
		name    string
		message string
		says    string
	}{
		{"cut tag", "\x0a", "message:"},
		{"cut field", "\x0a\x05dig", "message:"},
		{"group that does not end", "\x0a\x06digits\x0b", "message:"},
		{"cut input", "\x0a\x06digits\x2a\x02\x0a\x05", "message:"},
		{"name that is not UTF-8", "\x0a\x06digits\x1a\x01\xff", "UTF-8"},
	} {
		err := f.conn.Invoke(ctx, method, []byte(c.message), new(inference.ModelInferResponse), rawCodec())
		if st := status.Convert(err); st.Code() != codes.InvalidArgument || !strings.Contains(st.Message(), c.says) {
			t.Errorf("%s: got %v", c.name, err)
		}
	}
}

// A request's own time ends it although its batch is held, and its client need not have a deadline.
func TestTheTimeoutParameterIsADeadline(t *testing.T) {
	g := newGate()
	service := g.service(t, oip.Options{})
	f := start(t, service, Options{})
	req := request(t, service, "", 1)
	req.Parameters = parameters{"timeout": {ParameterChoice: &inference.InferParameter_Int64Param{Int64Param: 1}}}
	if _, err := f.client.ModelInfer(context.Background(), req); status.Code(err) != codes.DeadlineExceeded || !strings.Contains(err.Error(), "digits") {
		t.Errorf("got %v", err)
	}
	close(g.open)
}

// A client that goes away takes its request with it.
func TestCancelledCallsEnd(t *testing.T) {
	g := newGate()
	service := g.service(t, oip.Options{})
	f := start(t, service, Options{})
	ctx, cancel := context.WithCancel(testContext(t))
	failed := make(chan error, 1)
	go func() {
		_, err := f.client.ModelInfer(ctx, request(t, service, "", 1))
		failed <- err
	}()
	<-g.ran
	cancel()
	if err := <-failed; status.Code(err) != codes.Canceled {
		t.Errorf("got %v", err)
	}
	if err := service.Drain(testContext(t)); err != nil { // the call has left the service although its batch is held
		t.Error(err)
	}
	close(g.open)
}
