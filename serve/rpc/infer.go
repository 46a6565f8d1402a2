package rpc

import (
	"context"
	"fmt"
	"math"
	"time"

	"google.golang.org/grpc"

	"github.com/octet-ml/octet/serve/inference"
	"github.com/octet-ml/octet/serve/oip"
)

// maxWeight is how many times Options.MaxMessage a decoded request may take in memory: tensors with one byte a number on the wire may
// have eight in memory, but those are not what models take.
const maxWeight = 4

// inferHandler is the handler of ModelInfer. It differs from the generated one in that it decodes the message after interceptors have
// let it through and the model has been asked whether it has room.
func (s *Server) inferHandler(srv any, ctx context.Context, read func(any) error, interceptor grpc.UnaryServerInterceptor) (any, error) {
	m := new(message)
	defer m.free()
	if err := read(m); err != nil {
		return nil, err
	}
	handler := func(ctx context.Context, _ any) (any, error) {
		res, err := s.answer(ctx, m)
		if err != nil {
			return nil, fail(ctx, err)
		}
		return res, nil
	}
	if interceptor == nil {
		return handler(ctx, m)
	}
	return interceptor(ctx, m, &grpc.UnaryServerInfo{Server: srv, FullMethod: inference.GRPCInferenceService_ModelInfer_FullMethodName}, handler)
}

// ModelInfer answers a request. It is what the calls of that name do once their message is decoded.
func (s *Server) ModelInfer(ctx context.Context, req *inference.ModelInferRequest) (*inference.ModelInferResponse, error) {
	res, err := s.infer(ctx, req)
	if err != nil {
		return nil, fail(ctx, err)
	}
	return res, nil
}

// answer answers an encoded request and frees it as soon as it is decoded.
func (s *Server) answer(ctx context.Context, m *message) (*inference.ModelInferResponse, error) {
	at, err := target(m.bytes())
	if err != nil {
		return nil, err
	}
	if err := s.service.Admit(ctx, at.model, at.version); err != nil {
		return nil, err
	}
	req, give, err := decode(m.bytes(), maxWeight*int64(s.options.MaxMessage), s.service.Budget())
	m.free()
	if err != nil {
		return nil, fmt.Errorf("model %.140q: %w", at.model, err)
	}
	defer give()
	return s.infer(ctx, req)
}

// infer answers a decoded request.
func (s *Server) infer(ctx context.Context, req *inference.ModelInferRequest) (*inference.ModelInferResponse, error) {
	r, err := requestOf(req)
	if err != nil {
		return nil, fmt.Errorf("model %.140q: %w", req.GetModelName(), err)
	}
	res, err := s.service.Infer(ctx, r)
	if err != nil {
		return nil, err
	}
	return responseOf(res), nil
}

// requestOf returns a request without its transport. Tensors in raw_input_contents share their memory with it. Errors wrap oip.ErrInvalid.
func requestOf(req *inference.ModelInferRequest) (*oip.Request, error) {
	timeout, err := timeoutOf(req.GetParameters())
	if err != nil {
		return nil, err
	}
	out := &oip.Request{Model: req.GetModelName(), Version: req.GetModelVersion(), ID: req.GetId(), Timeout: timeout}
	raw := req.GetRawInputContents()
	if len(raw) > 0 && len(raw) != len(req.GetInputs()) {
		return nil, fmt.Errorf("%w: raw_input_contents has %d entries for %d inputs: want one for each, or none at all", oip.ErrInvalid, len(raw), len(req.GetInputs()))
	}
	for i, in := range req.GetInputs() {
		t := oip.Tensor{Name: in.GetName(), Datatype: oip.Datatype(in.GetDatatype()), Shape: in.GetShape()}
		err := noSharedMemory(in.GetParameters())
		switch {
		case err != nil:
		case len(raw) == 0:
			t.Data, err = typed(t.Datatype, t.Shape, in.GetContents())
		case hasContents(in.GetContents()):
			err = fmt.Errorf("%w: contents as well as raw_input_contents: want one of them", oip.ErrInvalid)
		default:
			t.Data = raw[i]
		}
		if err != nil {
			return nil, fmt.Errorf("input %.100q: %w", t.Name, err)
		}
		out.Inputs = append(out.Inputs, t)
	}
	for _, o := range req.GetOutputs() {
		err := noSharedMemory(o.GetParameters())
		var classes int64
		if err == nil {
			classes, err = integer(o.GetParameters(), "classification")
		}
		if err != nil {
			return nil, fmt.Errorf("output %.100q: %w", o.GetName(), err)
		}
		out.Outputs = append(out.Outputs, oip.Requested{Name: o.GetName(), Classification: int(max(math.MinInt32, min(classes, math.MaxInt32)))})
	}
	return out, nil
}

// responseOf returns a response for the transport, which shares the memory of its tensors.
func responseOf(res *oip.Response) *inference.ModelInferResponse {
	out := &inference.ModelInferResponse{ModelName: res.Model, ModelVersion: res.Version, Id: res.ID}
	for _, t := range res.Outputs {
		out.Outputs = append(out.Outputs, &inference.ModelInferResponse_InferOutputTensor{Name: t.Name, Datatype: string(t.Datatype), Shape: t.Shape})
		out.RawOutputContents = append(out.RawOutputContents, t.Data)
	}
	return out
}

// parameters are those of a request, an input or an output. Unknown ones are left alone, as the protocol wants it.
type parameters = map[string]*inference.InferParameter

// integer returns an integer parameter, 0 where it is absent. Errors wrap oip.ErrInvalid.
func integer(p parameters, name string) (int64, error) {
	v, ok := p[name]
	if !ok {
		return 0, nil
	}
	switch v := v.GetParameterChoice().(type) {
	case *inference.InferParameter_Int64Param:
		return v.Int64Param, nil
	case *inference.InferParameter_Uint64Param:
		if v.Uint64Param <= math.MaxInt64 {
			return int64(v.Uint64Param), nil
		}
		return 0, fmt.Errorf("%w: parameter %q: %d is too large", oip.ErrInvalid, name, v.Uint64Param)
	}
	return 0, fmt.Errorf("%w: parameter %q: want int64_param", oip.ErrInvalid, name)
}

// timeoutOf returns the time that a request may take: Triton's parameter "timeout", in microseconds. Errors wrap oip.ErrInvalid.
func timeoutOf(p parameters) (time.Duration, error) {
	us, err := integer(p, "timeout")
	if err != nil {
		return 0, err
	}
	if us < 0 {
		return 0, fmt.Errorf("%w: parameter %q: %d microseconds: want a positive time", oip.ErrInvalid, "timeout", us)
	}
	return time.Duration(min(us, math.MaxInt64/int64(time.Microsecond))) * time.Microsecond, nil
}

// noSharedMemory returns an error wrapping oip.ErrInvalid where a tensor is to be in a region of shared memory.
func noSharedMemory(p parameters) error {
	if _, ok := p["shared_memory_region"]; ok {
		return fmt.Errorf("%w: parameter %q: this server has no shared memory", oip.ErrInvalid, "shared_memory_region")
	}
	return nil
}
