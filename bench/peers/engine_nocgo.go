//go:build !cgo

package main

import "errors"

// newONNXRuntime refuses: calling the shared library needs cgo.
func newONNXRuntime(string) (engine, error) {
	return nil, errors.New("onnx runtime: this program was built without cgo")
}

// newTFLite refuses likewise.
func newTFLite(string) (engine, error) {
	return nil, errors.New("tensorflow lite: this program was built without cgo")
}
