package rest

import (
	"bytes"
	"fmt"
	"net/http"

	"github.com/octet-ml/octet/serve/repository"
)

// entryDocument is an entry of the model repository extension's repository_index_response.
type entryDocument struct {
	Name    string           `json:"name"`
	Version string           `json:"version,omitempty"`
	State   repository.State `json:"state"`
	Reason  string           `json:"reason"`
}

// index answers POST /v2/repository/index.
func (f *face) index(w http.ResponseWriter, r *http.Request) error {
	ready := false
	err := f.control(w, r, func(s *scanner, key string) error {
		if key == "ready" {
			return s.into(&ready)
		}
		return s.skip()
	})
	if err != nil {
		return err
	}
	out := []entryDocument{}
	for _, e := range f.service.Index(ready) {
		out = append(out, entryDocument(e))
	}
	WriteJSON(w, http.StatusOK, out)
	return nil
}

// load answers POST /v2/repository/models/{model}/load. Parameter config is the text of a config.json that takes the place of the
// model's own.
func (f *face) load(w http.ResponseWriter, r *http.Request) error {
	var config []byte
	err := f.parameters(w, r, func(s *scanner, key string) error {
		if key != "config" {
			return s.fail("parameter %.100q: want config alone: model files are those of the server's folder", key)
		}
		var text string
		if err := s.into(&text); err != nil {
			return fmt.Errorf("parameter config: %w", err)
		}
		config = []byte(text)
		return nil
	})
	if err != nil {
		return err
	}
	if err := f.service.Load(r.Context(), r.PathValue("model"), config); err != nil {
		return err
	}
	w.WriteHeader(http.StatusOK)
	return nil
}

// unload answers POST /v2/repository/models/{model}/unload. Parameter unload_dependents is accepted: no model depends on another.
func (f *face) unload(w http.ResponseWriter, r *http.Request) error {
	err := f.parameters(w, r, func(s *scanner, key string) error {
		if key != "unload_dependents" {
			return s.fail("parameter %.100q: want unload_dependents", key)
		}
		var dependents bool
		return s.into(&dependents)
	})
	if err != nil {
		return err
	}
	if err := f.service.Unload(r.PathValue("model")); err != nil {
		return err
	}
	w.WriteHeader(http.StatusOK)
	return nil
}

// parameters reads the parameters of a request to the repository.
func (f *face) parameters(w http.ResponseWriter, r *http.Request, parameter func(s *scanner, key string) error) error {
	return f.control(w, r, func(s *scanner, key string) error {
		if key != "parameters" {
			return s.skip()
		}
		return s.optional(func() error {
			return s.object(func(key []byte) error { return parameter(s, string(key)) })
		})
	})
}

// control reads the object of a request to the repository; an empty body is an empty object.
func (f *face) control(w http.ResponseWriter, r *http.Request, field func(s *scanner, key string) error) error {
	body, release, err := Body(w, r, maxControl, f.service.Budget())
	if err != nil {
		return err
	}
	defer release()
	if len(bytes.TrimSpace(body)) == 0 {
		return nil
	}
	s := &scanner{data: body}
	if err := s.object(func(key []byte) error { return field(s, string(key)) }); err != nil {
		return err
	}
	return s.end()
}
