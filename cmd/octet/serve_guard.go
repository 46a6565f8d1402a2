package main

import (
	"github.com/spf13/pflag"

	"github.com/octet-ml/octet/serve"
)

// guardFlags are those of octet serve that say who may talk to it.
type guardFlags struct{}

func (f *guardFlags) add(flags *pflag.FlagSet) {}

func (f *guardFlags) set(o *serve.Options) (func() error, error) {
	return func() error { return nil }, nil
}
