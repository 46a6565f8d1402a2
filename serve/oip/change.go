package oip

import (
	"context"
	"fmt"

	"github.com/octet-ml/octet/serve/repository"
)

// Index lists the versions of all models, of those alone that serve where ready is true.
func (s *Service) Index(ready bool) []repository.Entry {
	var out []repository.Entry
	for _, e := range s.models.Index() {
		if !ready || e.State == repository.Ready {
			out = append(out, e)
		}
	}
	return out
}

// Load loads a model, or loads it again, with config, a config.json, in place of its own unless that is nil. It returns once the model
// serves. Errors wrap ErrForbidden, or are those of Repository.Load.
func (s *Service) Load(ctx context.Context, name string, config []byte) error {
	if err := s.mayChange(); err != nil {
		return err
	}
	if config == nil {
		return s.models.Load(ctx, name, nil)
	}
	c, err := repository.ParseConfig(config)
	if err != nil {
		return err
	}
	return s.models.Load(ctx, name, &c)
}

// Unload stops a model from serving once it has answered what it has. Errors wrap ErrForbidden, or are those of Repository.Unload.
func (s *Service) Unload(name string) error {
	if err := s.mayChange(); err != nil {
		return err
	}
	return s.models.Unload(name)
}

// mayChange returns an error unless models may be loaded and unloaded.
func (s *Service) mayChange() error {
	if !s.options.AllowChange {
		return fmt.Errorf("%w: loading and unloading of models is off", ErrForbidden)
	}
	if s.Draining() {
		return ErrDraining
	}
	return nil
}

// Serving returns the versions of a model that serve, of all models for an empty name, for their counts and descriptions: they may be
// retired at any time. A model or version that does not serve is an error as from Repository.Acquire.
func (s *Service) Serving(name, version string) ([]*repository.Version, error) {
	if name != "" {
		if err := s.ModelReady(name, version); err != nil {
			return nil, err
		}
	}
	var out []*repository.Version
	for _, v := range s.models.Serving() {
		if (name == "" || v.Model == name) && (version == "" || v.Version() == version) {
			out = append(out, v)
		}
	}
	return out, nil
}
