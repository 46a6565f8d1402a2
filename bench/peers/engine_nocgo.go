//go:build !cgo

package main

import "errors"

// newONNXRuntime refuses: calling the shared library needs cgo.
func newONNXRuntime(string) (engine, error) {
	return nil, errors.New("onnx runtime: this program was built without cgo")
}
