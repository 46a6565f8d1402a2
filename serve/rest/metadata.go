package rest

import (
	"net/http"

	"github.com/octet-ml/octet/serve/oip"
)

// extensions are those of this transport besides oip.Extensions.
var extensions = []string{"model_repository(unload_dependents)", "binary_tensor_data", "model_configuration"}

// serverDocument is the protocol's metadata_server_response.
type serverDocument struct {
	Name       string   `json:"name"`
	Version    string   `json:"version"`
	Extensions []string `json:"extensions"`
}

// server answers GET /v2.
func (f *face) server(w http.ResponseWriter, _ *http.Request) error {
	all := append(append([]string{}, oip.Extensions...), extensions...)
	WriteJSON(w, http.StatusOK, serverDocument{oip.ServerName, f.options.Version, all})
	return nil
}

// liveDocument is the protocol's live_server_response and ready_server_response; the specification has "live" in both.
type liveDocument struct {
	Live  bool  `json:"live"`
	Ready *bool `json:"ready,omitempty"`
}

// live answers GET /v2/health/live: a server that answers lives, one that is draining, too.
func (f *face) live(w http.ResponseWriter, _ *http.Request) error {
	WriteJSON(w, http.StatusOK, liveDocument{Live: true})
	return nil
}

// ready answers GET /v2/health/ready.
func (f *face) ready(w http.ResponseWriter, _ *http.Request) error {
	ready, status := f.service.Ready(), http.StatusOK
	if !ready {
		status = http.StatusServiceUnavailable
	}
	WriteJSON(w, status, liveDocument{true, &ready})
	return nil
}

// modelReadyDocument is the protocol's ready_model_response.
type modelReadyDocument struct {
	Name  string `json:"name"`
	Ready bool   `json:"ready"`
}

// modelReady answers GET /v2/models/{model}[/versions/{version}]/ready.
func (f *face) modelReady(w http.ResponseWriter, r *http.Request) error {
	name := r.PathValue("model")
	if err := f.service.ModelReady(name, r.PathValue("version")); err != nil {
		return err
	}
	WriteJSON(w, http.StatusOK, modelReadyDocument{name, true})
	return nil
}

// tensorDocument is the protocol's metadata_tensor.
type tensorDocument struct {
	Name     string       `json:"name"`
	Datatype oip.Datatype `json:"datatype"`
	Shape    []int64      `json:"shape"`
}

// modelDocument is the protocol's metadata_model_response.
type modelDocument struct {
	Name     string           `json:"name"`
	Versions []string         `json:"versions"`
	Platform string           `json:"platform"`
	Inputs   []tensorDocument `json:"inputs"`
	Outputs  []tensorDocument `json:"outputs"`
}

// model answers GET /v2/models/{model}[/versions/{version}].
func (f *face) model(w http.ResponseWriter, r *http.Request) error {
	info, err := f.service.Model(r.PathValue("model"), r.PathValue("version"))
	if err != nil {
		return err
	}
	WriteJSON(w, http.StatusOK, modelDocument{info.Name, info.Versions, info.Platform, tensorDocuments(info.Inputs), tensorDocuments(info.Outputs)})
	return nil
}

// tensorDocuments describes inputs or outputs.
func tensorDocuments(list []oip.TensorInfo) []tensorDocument {
	out := make([]tensorDocument, len(list))
	for i, t := range list {
		out[i] = tensorDocument(t)
	}
	return out
}
