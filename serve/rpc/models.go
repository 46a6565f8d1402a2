package rpc

import (
	"cmp"
	"context"
	"time"

	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/runtime"
	"github.com/octet-ml/octet/serve/batch"
	"github.com/octet-ml/octet/serve/inference"
	"github.com/octet-ml/octet/serve/oip"
	"github.com/octet-ml/octet/serve/repository"
)

// ServerLive tells that the process answers.
func (s *Server) ServerLive(context.Context, *inference.ServerLiveRequest) (*inference.ServerLiveResponse, error) {
	return &inference.ServerLiveResponse{Live: true}, nil
}

// ServerReady tells whether requests are taken and all models serve.
func (s *Server) ServerReady(context.Context, *inference.ServerReadyRequest) (*inference.ServerReadyResponse, error) {
	return &inference.ServerReadyResponse{Ready: s.service.Ready()}, nil
}

// ModelReady tells whether a model serves; one that nobody knows does not, which is no error.
func (s *Server) ModelReady(ctx context.Context, req *inference.ModelReadyRequest) (*inference.ModelReadyResponse, error) {
	err := s.service.ModelReady(req.GetName(), req.GetVersion())
	switch oip.CodeOf(err) {
	case oip.OK:
		return &inference.ModelReadyResponse{Ready: !s.service.Leaving()}, nil
	case oip.NotFound, oip.Unavailable:
		return &inference.ModelReadyResponse{}, nil
	}
	return nil, fail(ctx, err)
}

// extensions are those of every transport and those of this one.
var extensions = append([]string{"model_configuration"}, oip.Extensions...)

// ServerMetadata describes the server.
func (s *Server) ServerMetadata(context.Context, *inference.ServerMetadataRequest) (*inference.ServerMetadataResponse, error) {
	return &inference.ServerMetadataResponse{Name: oip.ServerName, Version: s.options.Version, Extensions: extensions}, nil
}

// ModelMetadata describes a model.
func (s *Server) ModelMetadata(ctx context.Context, req *inference.ModelMetadataRequest) (*inference.ModelMetadataResponse, error) {
	m, err := s.service.Model(req.GetName(), req.GetVersion())
	if err != nil {
		return nil, fail(ctx, err)
	}
	tensors := func(list []oip.TensorInfo) []*inference.ModelMetadataResponse_TensorMetadata {
		var out []*inference.ModelMetadataResponse_TensorMetadata
		for _, t := range list {
			out = append(out, &inference.ModelMetadataResponse_TensorMetadata{Name: t.Name, Datatype: string(t.Datatype), Shape: t.Shape})
		}
		return out
	}
	return &inference.ModelMetadataResponse{
		Name: m.Name, Versions: m.Versions, Platform: m.Platform, Inputs: tensors(m.Inputs), Outputs: tensors(m.Outputs),
	}, nil
}

// ModelConfig tells how a model is served, in Triton's words.
func (s *Server) ModelConfig(ctx context.Context, req *inference.ModelConfigRequest) (*inference.ModelConfigResponse, error) {
	info, err := s.service.Model(req.GetName(), req.GetVersion())
	if err != nil {
		return nil, fail(ctx, err)
	}
	v, err := s.service.Repository().Acquire(req.GetName(), req.GetVersion())
	if err != nil {
		return nil, fail(ctx, err)
	}
	defer v.Release()
	return &inference.ModelConfigResponse{Config: configOf(v, info.Platform)}, nil
}

// configOf describes a version in the words of Triton's model configuration.
func configOf(v *repository.Version, platform string) *inference.ModelConfig {
	c := &inference.ModelConfig{
		Name: v.Model, Platform: platform, Backend: oip.ServerName, VersionPolicy: policyOf(v.Config.Versions),
		InstanceGroup:          []*inference.ModelInstanceGroup{{Name: v.Model, Kind: inference.ModelInstanceGroup_KIND_CPU, Count: 1}},
		ModelTransactionPolicy: &inference.ModelTransactionPolicy{},
	}
	if v.Format == "onnx" || v.Format == "tflite" {
		c.DefaultModelFilename = "model." + v.Format
	}
	if v.Digest != "" {
		c.Parameters = map[string]*inference.ModelParameter{"digest": {StringValue: v.Digest}}
	}
	inputs, outputs := v.Program.Inputs(), v.Program.Outputs()
	batched := v.Batches() && leadsWithBatch(inputs) && leadsWithBatch(outputs)
	if batched {
		c.MaxBatchSize = int32(v.Program.MaxBatch())
		c.SchedulingChoice = &inference.ModelConfig_DynamicBatching{DynamicBatching: &inference.ModelDynamicBatching{
			MaxQueueDelayMicroseconds: uint64(time.Duration(v.Config.MaxDelay).Microseconds()),
			DefaultQueuePolicy: &inference.ModelQueuePolicy{
				DefaultTimeoutMicroseconds: uint64(time.Duration(v.Config.Timeout).Microseconds()),
				AllowTimeoutOverride:       true,
				MaxQueueSize:               uint32(cmp.Or(v.Config.MaxQueue, batch.DefaultMaxQueue)),
			},
		}}
	}
	for _, t := range inputs {
		c.Input = append(c.Input, &inference.ModelInput{Name: t.Name, DataType: dataTypes[oip.DatatypeOf(t.DType)], Dims: dims(t.Shape, batched)})
	}
	for i, t := range outputs {
		o := &inference.ModelOutput{Name: t.Name, DataType: dataTypes[oip.DatatypeOf(t.DType)], Dims: dims(t.Shape, batched)}
		if i == 0 {
			o.LabelFilename = v.Config.Labels
		}
		c.Output = append(c.Output, o)
	}
	return c
}

// leadsWithBatch reports whether the first dimension of each tensor is the batch, and no other depends on it.
func leadsWithBatch(list []runtime.ValueInfo) bool {
	for _, v := range list {
		for i, d := range v.Shape {
			if (d < 0) != (i == 0) || i == 0 && d != graph.Batch {
				return false
			}
		}
		if len(v.Shape) == 0 {
			return false
		}
	}
	return true
}

// dims returns a shape as Triton's configuration has it: without the batch where there is one, -1 for what is open.
func dims(s graph.Shape, batched bool) []int64 {
	if batched {
		s = s[1:]
	}
	out := make([]int64, len(s))
	for i, d := range s {
		out[i] = int64(max(d, -1))
	}
	return out
}

// policyOf returns which versions serve.
func policyOf(p repository.VersionPolicy) *inference.ModelVersionPolicy {
	switch {
	case p.All:
		return &inference.ModelVersionPolicy{PolicyChoice: &inference.ModelVersionPolicy_All_{All: &inference.ModelVersionPolicy_All{}}}
	case p.Specific != nil:
		return &inference.ModelVersionPolicy{PolicyChoice: &inference.ModelVersionPolicy_Specific_{Specific: &inference.ModelVersionPolicy_Specific{Versions: p.Specific}}}
	}
	return &inference.ModelVersionPolicy{PolicyChoice: &inference.ModelVersionPolicy_Latest_{Latest: &inference.ModelVersionPolicy_Latest{NumVersions: uint32(max(1, p.Latest))}}}
}

// dataTypes are the datatypes in the words of Triton's configuration.
var dataTypes = map[oip.Datatype]inference.DataType{
	oip.Bool: inference.DataType_TYPE_BOOL, oip.Bytes: inference.DataType_TYPE_STRING,
	oip.Uint8: inference.DataType_TYPE_UINT8, oip.Uint16: inference.DataType_TYPE_UINT16,
	oip.Uint32: inference.DataType_TYPE_UINT32, oip.Uint64: inference.DataType_TYPE_UINT64,
	oip.Int8: inference.DataType_TYPE_INT8, oip.Int16: inference.DataType_TYPE_INT16,
	oip.Int32: inference.DataType_TYPE_INT32, oip.Int64: inference.DataType_TYPE_INT64,
	oip.FP16: inference.DataType_TYPE_FP16, oip.BF16: inference.DataType_TYPE_BF16,
	oip.FP32: inference.DataType_TYPE_FP32, oip.FP64: inference.DataType_TYPE_FP64,
}
