package rpc

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/octet-ml/octet/serve/inference"
	"github.com/octet-ml/octet/serve/oip"
	"github.com/octet-ml/octet/serve/repository"
)

// ModelStatistics tells what models have done: one, or all for an empty name.
func (s *Server) ModelStatistics(ctx context.Context, req *inference.ModelStatisticsRequest) (*inference.ModelStatisticsResponse, error) {
	list, err := s.service.Serving(req.GetName(), req.GetVersion())
	if err != nil {
		return nil, fail(ctx, err)
	}
	out := new(inference.ModelStatisticsResponse)
	for _, v := range list {
		out.ModelStats = append(out.ModelStats, statisticsOf(v))
	}
	return out, nil
}

// statisticsOf tells what a version has done.
func statisticsOf(v *repository.Version) *inference.ModelStatistics {
	s := v.Stats.Snapshot()
	out := &inference.ModelStatistics{
		Name: v.Model, Version: v.Version(), InferenceCount: s.Inferences, ExecutionCount: s.Executions,
		InferenceStats: &inference.InferStatistics{
			Success: durationOf(s.Success), Fail: durationOf(s.Fail), Queue: durationOf(s.Queue),
			ComputeInput: durationOf(s.Input), ComputeInfer: durationOf(s.Infer), ComputeOutput: durationOf(s.Output),
			CacheHit: new(inference.StatisticDuration), CacheMiss: new(inference.StatisticDuration),
		},
	}
	if !s.Last.IsZero() {
		out.LastInference = uint64(s.Last.UnixMilli())
	}
	for _, n := range slices.Sorted(maps.Keys(s.Batches)) {
		b := s.Batches[n]
		out.BatchStats = append(out.BatchStats, &inference.InferBatchStatistics{
			BatchSize: uint64(n), ComputeInput: durationOf(b.Input), ComputeInfer: durationOf(b.Infer), ComputeOutput: durationOf(b.Output),
		})
	}
	return out
}

func durationOf(t repository.Total) *inference.StatisticDuration {
	return &inference.StatisticDuration{Count: t.Count, Ns: uint64(t.Time.Nanoseconds())}
}

// oneRepository returns an error where a request names one of several repositories.
func oneRepository(name string) error {
	if name != "" {
		return status.Errorf(codes.Unimplemented, "repository_name %.140q: this server has one repository, without a name", name)
	}
	return nil
}

// RepositoryIndex lists the models.
func (s *Server) RepositoryIndex(_ context.Context, req *inference.RepositoryIndexRequest) (*inference.RepositoryIndexResponse, error) {
	if err := oneRepository(req.GetRepositoryName()); err != nil {
		return nil, err
	}
	out := new(inference.RepositoryIndexResponse)
	for _, e := range s.service.Index(req.GetReady()) {
		out.Models = append(out.Models, &inference.RepositoryIndexResponse_ModelIndex{Name: e.Name, Version: e.Version, State: string(e.State), Reason: e.Reason})
	}
	return out, nil
}

// RepositoryModelLoad loads a model, or loads it again. The parameter "config", a string, is a config.json in place of the model's own.
func (s *Server) RepositoryModelLoad(ctx context.Context, req *inference.RepositoryModelLoadRequest) (*inference.RepositoryModelLoadResponse, error) {
	if err := oneRepository(req.GetRepositoryName()); err != nil {
		return nil, err
	}
	var config []byte
	for name, v := range req.GetParameters() {
		text, ok := v.GetParameterChoice().(*inference.ModelRepositoryParameter_StringParam)
		if name != "config" || !ok {
			return nil, fail(ctx, fmt.Errorf("%w: model %.140q: parameter %.100q: want \"config\" with string_param, or none", oip.ErrInvalid, req.GetModelName(), name))
		}
		config = []byte(text.StringParam)
	}
	err := s.service.Load(ctx, req.GetModelName(), config)
	s.Sync()
	if err != nil {
		return nil, fail(ctx, err)
	}
	return &inference.RepositoryModelLoadResponse{}, nil
}

// RepositoryModelUnload stops a model from serving. Triton's parameter "unload_dependents" changes nothing, as models depend on no other.
func (s *Server) RepositoryModelUnload(ctx context.Context, req *inference.RepositoryModelUnloadRequest) (*inference.RepositoryModelUnloadResponse, error) {
	if err := oneRepository(req.GetRepositoryName()); err != nil {
		return nil, err
	}
	if err := s.service.Unload(req.GetModelName()); err != nil {
		return nil, fail(ctx, err)
	}
	s.Sync()
	return &inference.RepositoryModelUnloadResponse{}, nil
}
