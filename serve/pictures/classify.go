package pictures

import (
	"context"
	"fmt"
	"net/http"
	"strconv"
	"time"

	"github.com/octet-ml/octet/serve/oip"
	"github.com/octet-ml/octet/serve/rest"
)

// answer is the document that classify answers with.
type answer struct {
	Model   string   `json:"model"`
	Version string   `json:"version"`
	Results []result `json:"results"` // one for each picture, in order
	Times   times    `json:"times"`
}

// result says what is in one picture, or why that is unknown.
type result struct {
	File    string  `json:"file,omitempty"` // its name, where the request has one
	Classes []class `json:"classes,omitempty"`
	Error   string  `json:"error,omitempty"`
}

// class is what may be in a picture.
type class struct {
	Label       string  `json:"label"`
	Index       int     `json:"index"`
	Probability float32 `json:"probability"` // 0 to 1
}

// times tells where the time of a request went, in milliseconds. Decoding and preprocessing are those of all its pictures, added; queue
// and inference those of the picture that was answered last.
type times struct {
	Decode     float64 `json:"decode_ms"`
	Preprocess float64 `json:"preprocess_ms"`
	Queue      float64 `json:"queue_ms"`
	Infer      float64 `json:"infer_ms"` // of the whole batch, copying in and out included
	Total      float64 `json:"total_ms"` // from the request's header to its answer: the client's upload counts, too
}

// milliseconds returns a time in milliseconds.
func milliseconds(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }

// classify answers POST /v1/classify/{model} and /v1/classify/{model}/{version}.
func (h *handler) classify(w http.ResponseWriter, r *http.Request) {
	start := time.Now()
	timeout, err := rest.Timeout(r)
	if err != nil {
		rest.WriteError(w, r, err)
		return
	}
	if timeout > 0 {
		ctx, cancel := context.WithTimeout(r.Context(), timeout)
		defer cancel()
		r = r.WithContext(ctx)
	}
	res, files, err := h.answer(w, r, timeout)
	if err != nil {
		rest.WriteError(w, r, err)
		return
	}
	a := answer{Model: res.Model, Version: res.Version, Results: make([]result, len(res.Results))}
	for i, c := range res.Results {
		out := &a.Results[i]
		out.File = files[i]
		if c.Err != nil {
			out.Error = c.Err.Error()
		}
		for _, k := range c.Classes {
			out.Classes = append(out.Classes, class(k))
		}
	}
	t := res.Times
	a.Times = times{
		Decode: milliseconds(t.Decode), Preprocess: milliseconds(t.Preprocess), Queue: milliseconds(t.Wait),
		Infer: milliseconds(t.Input + t.Run + t.Output), Total: milliseconds(time.Since(start)),
	}
	rest.WriteJSON(w, http.StatusOK, a)
}

// answer reads a request and asks the service, before the body is read and after. It returns the names of the files, too.
func (h *handler) answer(w http.ResponseWriter, r *http.Request, timeout time.Duration) (*oip.ClassifyResponse, []string, error) {
	req := &oip.ClassifyRequest{Model: r.PathValue("model"), Version: r.PathValue("version"), Timeout: timeout}
	if err := h.service.Admit(r.Context(), req.Model, req.Version); err != nil {
		return nil, nil, err
	}
	var err error
	if req.Top, err = h.top(r); err != nil {
		return nil, nil, err
	}
	files, release, err := h.read(w, r)
	if err != nil {
		return nil, nil, err
	}
	defer release()
	names := make([]string, len(files))
	for i, f := range files {
		names[i] = f.name
		req.Pictures = append(req.Pictures, f.data)
	}
	res, err := h.service.Classify(r.Context(), req)
	return res, names, err
}

// top returns how many classes of each picture a request asks for, 0 where it does not say.
func (h *handler) top(r *http.Request) (int, error) {
	q := r.URL.Query()
	if !q.Has("top") {
		return 0, nil
	}
	v, err := h.service.Repository().Acquire(r.PathValue("model"), r.PathValue("version"))
	if err != nil {
		return 0, err
	}
	defer v.Release()
	top, err := strconv.Atoi(q.Get("top"))
	if most := v.Classes(); err != nil || top < 1 || most > 0 && top > most {
		return 0, fmt.Errorf("%w: top %.40q: want 1 to %d", oip.ErrInvalid, q.Get("top"), most)
	}
	return top, nil
}
