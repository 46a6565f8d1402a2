package pictures

import (
	"net/http"

	"github.com/octet-ml/octet/serve/repository"
	"github.com/octet-ml/octet/serve/rest"
)

// status is the document of GET /v1/status.
type status struct {
	Ready    bool          `json:"ready"`    // the server takes requests, and all models serve
	Draining bool          `json:"draining"` // it is about to stop
	Bytes    bytesInFlight `json:"bytes"`
	Models   []modelStatus `json:"models"` // by name and version
}

// bytesInFlight is what requests hold together.
type bytesInFlight struct {
	Used  int64 `json:"used"`
	Limit int64 `json:"limit"` // 0: none
}

// modelStatus describes a version of a model.
type modelStatus struct {
	Name    string           `json:"name"`
	Version string           `json:"version"` // empty for a model of which no version is known
	State   repository.State `json:"state"`
	Reason  string           `json:"reason,omitempty"` // why it does not serve
	Serving *serving         `json:"serving,omitempty"`
}

// serving is how a version that serves fares.
type serving struct {
	Pictures bool    `json:"pictures"` // it can be asked for pictures
	Classes  int     `json:"classes"`
	MaxBatch int     `json:"max_batch"`
	Waiting  int     `json:"waiting"` // examples in the queue
	Running  int     `json:"running"` // batches
	Total    totals  `json:"total"`
	Minute   *minute `json:"minute,omitempty"` // the last; absent where nobody observes
}

// totals count since the version was first loaded.
type totals struct {
	Succeeded uint64 `json:"succeeded"` // requests
	Failed    uint64 `json:"failed"`    // requests, rejected ones included
	Rejected  uint64 `json:"rejected"`
	Examples  uint64 `json:"examples"` // of requests that succeeded
	Batches   uint64 `json:"batches"`
}

// status answers GET /v1/status.
func (h *handler) status(w http.ResponseWriter, r *http.Request) {
	s := h.service
	doc := status{
		Ready: s.Ready(), Draining: s.Draining(), Models: []modelStatus{},
		Bytes: bytesInFlight{s.Budget().Used(), s.Budget().Limit()},
	}
	versions, err := s.Serving("", "")
	if err != nil {
		rest.WriteError(w, r, err)
		return
	}
	found := make(map[versionKey]*repository.Version)
	for _, v := range versions {
		found[versionKey{v.Model, v.Version()}] = v
	}
	for _, e := range s.Index(false) {
		m := modelStatus{Name: e.Name, Version: e.Version, State: e.State, Reason: e.Reason}
		if v := found[versionKey{e.Name, e.Version}]; v != nil {
			m.Serving = h.serving(v)
		}
		doc.Models = append(doc.Models, m)
	}
	rest.WriteJSON(w, http.StatusOK, doc)
}

// serving tells how a version fares.
func (h *handler) serving(v *repository.Version) *serving {
	out := &serving{Pictures: v.Pipeline != nil && v.Classes() > 0, Classes: v.Classes(), MaxBatch: v.Program.MaxBatch()}
	out.Waiting, out.Running = v.Queue.Waiting()
	c := v.Stats.Snapshot()
	out.Total = totals{c.Success.Count, c.Fail.Count, c.Rejected, c.Inferences, c.Executions}
	if h.options.Observer != nil {
		m := h.options.Observer.minute(versionKey{v.Model, v.Version()})
		out.Minute = &m
	}
	return out
}
