package rest

import (
	"net/http"
	"time"

	"github.com/octet-ml/octet/serve/oip"
	"github.com/octet-ml/octet/serve/repository"
)

// configDocument is what Triton's model configuration extension answers: the fields of its model_config.proto that mean something here.
type configDocument struct {
	Name            string           `json:"name"`
	Platform        string           `json:"platform"`
	Backend         string           `json:"backend"`
	VersionPolicy   map[string]any   `json:"version_policy"`
	MaxBatchSize    int              `json:"max_batch_size"` // 0: inputs and outputs have no dimension for the batch
	Input           []configTensor   `json:"input"`
	Output          []configTensor   `json:"output"`
	DynamicBatching *dynamicBatching `json:"dynamic_batching,omitempty"`
	DefaultModel    string           `json:"default_model_filename,omitempty"`
}

// configTensor describes an input or output. Dims has no dimension for the batch where there is a max_batch_size.
type configTensor struct {
	Name     string  `json:"name"`
	DataType string  `json:"data_type"`
	Dims     []int64 `json:"dims"`
}

// dynamicBatching says how requests are put into batches.
type dynamicBatching struct {
	MaxQueueDelay int64       `json:"max_queue_delay_microseconds"`
	QueuePolicy   queuePolicy `json:"default_queue_policy"`
}

// queuePolicy says how requests wait.
type queuePolicy struct {
	Timeout int64 `json:"default_timeout_microseconds"`
	MaxSize int   `json:"max_queue_size"` // 0: the default of package batch
}

// modelConfig answers GET /v2/models/{model}[/versions/{version}]/config.
func (f *face) modelConfig(w http.ResponseWriter, r *http.Request) error {
	name, version := r.PathValue("model"), r.PathValue("version")
	list, err := f.service.Serving(name, version)
	if err != nil {
		return err
	}
	if len(list) == 0 { // it has just been unloaded
		return f.service.ModelReady(name, version)
	}
	v := list[len(list)-1]
	info, err := f.service.Model(name, v.Version())
	if err != nil {
		return err
	}
	WriteJSON(w, http.StatusOK, describe(v, info))
	return nil
}

// describe returns the configuration of a version.
func describe(v *repository.Version, info oip.ModelInfo) configDocument {
	c := configDocument{
		Name: v.Model, Platform: info.Platform, Backend: oip.ServerName, VersionPolicy: versionPolicy(v.Config.Versions),
		Input: configTensors(info.Inputs, 0), Output: configTensors(info.Outputs, 0),
	}
	if v.Program.Dynamic() && allBatched(info.Inputs) && allBatched(info.Outputs) {
		c.MaxBatchSize = v.Program.MaxBatch()
		c.Input, c.Output = configTensors(info.Inputs, 1), configTensors(info.Outputs, 1)
	}
	if v.Batches() {
		c.DynamicBatching = &dynamicBatching{
			MaxQueueDelay: time.Duration(v.Config.MaxDelay).Microseconds(),
			QueuePolicy:   queuePolicy{time.Duration(v.Config.Timeout).Microseconds(), v.Config.MaxQueue},
		}
	}
	if v.Format != "memory" {
		c.DefaultModel = "model." + v.Format
	}
	return c
}

// versionPolicy returns a policy in Triton's form.
func versionPolicy(p repository.VersionPolicy) map[string]any {
	switch {
	case p.All:
		return map[string]any{"all": map[string]any{}}
	case p.Specific != nil:
		return map[string]any{"specific": map[string]any{"versions": p.Specific}}
	}
	return map[string]any{"latest": map[string]any{"num_versions": max(1, p.Latest)}}
}

// allBatched reports whether all tensors have the batch as their first dimension, and no other open one.
func allBatched(list []oip.TensorInfo) bool {
	for _, t := range list {
		for i, d := range t.Shape {
			if (d < 0) != (i == 0) {
				return false
			}
		}
		if len(t.Shape) == 0 {
			return false
		}
	}
	return true
}

// configTensors describes inputs or outputs without their first dimensions.
func configTensors(list []oip.TensorInfo, skip int) []configTensor {
	out := make([]configTensor, len(list))
	for i, t := range list {
		name := "TYPE_" + string(t.Datatype)
		if t.Datatype == oip.Bytes {
			name = "TYPE_STRING"
		}
		out[i] = configTensor{t.Name, name, append([]int64{}, t.Shape[skip:]...)}
	}
	return out
}
