package rest

import (
	"maps"
	"net/http"
	"slices"

	"github.com/octet-ml/octet/serve/repository"
)

// statsDocument is the statistics extension's stats_model_response.
type statsDocument struct {
	Models []modelStats `json:"model_stats"`
}

// modelStats is a model_stat.
type modelStats struct {
	Name       string              `json:"name"`
	Version    string              `json:"version"`
	Last       int64               `json:"last_inference"` // milliseconds since 1970; 0: none
	Inferences uint64              `json:"inference_count"`
	Executions uint64              `json:"execution_count"`
	Inference  inferenceStats      `json:"inference_stats"`
	Responses  map[string]struct{} `json:"response_stats"` // of models with several responses to a request: none
	Batches    []batchStats        `json:"batch_stats"`
	Memory     []struct{}          `json:"memory_usage"` // not measured
}

// inferenceStats are the inference_stats.
type inferenceStats struct {
	Success   durationStat `json:"success"`
	Fail      durationStat `json:"fail"`
	Queue     durationStat `json:"queue"`
	Input     durationStat `json:"compute_input"`
	Infer     durationStat `json:"compute_infer"`
	Output    durationStat `json:"compute_output"`
	CacheHit  durationStat `json:"cache_hit"` // there is no cache
	CacheMiss durationStat `json:"cache_miss"`
}

// batchStats are the batch_stats of batches of one size.
type batchStats struct {
	Size   int          `json:"batch_size"`
	Input  durationStat `json:"compute_input"`
	Infer  durationStat `json:"compute_infer"`
	Output durationStat `json:"compute_output"`
}

// durationStat is a duration_stat.
type durationStat struct {
	Count uint64 `json:"count"`
	NS    int64  `json:"ns"`
}

// duration returns a total in the protocol's form.
func duration(t repository.Total) durationStat { return durationStat{t.Count, t.Time.Nanoseconds()} }

// statistics answers GET /v2/models[/{model}[/versions/{version}]]/stats.
func (f *face) statistics(w http.ResponseWriter, r *http.Request) error {
	list, err := f.service.Serving(r.PathValue("model"), r.PathValue("version"))
	if err != nil {
		return err
	}
	out := statsDocument{Models: []modelStats{}}
	for _, v := range list {
		s := v.Stats.Snapshot()
		m := modelStats{
			Name: v.Model, Version: v.Version(), Inferences: s.Inferences, Executions: s.Executions,
			Inference: inferenceStats{
				Success: duration(s.Success), Fail: duration(s.Fail), Queue: duration(s.Queue),
				Input: duration(s.Input), Infer: duration(s.Infer), Output: duration(s.Output),
			},
			Responses: map[string]struct{}{}, Batches: []batchStats{}, Memory: []struct{}{},
		}
		if !s.Last.IsZero() {
			m.Last = s.Last.UnixMilli()
		}
		for _, n := range slices.Sorted(maps.Keys(s.Batches)) {
			b := s.Batches[n]
			m.Batches = append(m.Batches, batchStats{n, duration(b.Input), duration(b.Infer), duration(b.Output)})
		}
		out.Models = append(out.Models, m)
	}
	WriteJSON(w, http.StatusOK, out)
	return nil
}
