//go:build !cgo

package main

import "errors"

// newONNXRuntime refuses: calling the shared library needs cgo.
func newONNXRuntime(string) (fed, error) {
	return nil, errors.New("onnx runtime: this program was built without cgo")
}

// newONNXVariant refuses likewise.
func newONNXVariant(string, *variant) (fed, error) { return newONNXRuntime("") }

// newTFLite refuses likewise.
func newTFLite(string) (engine, error) {
	return nil, errors.New("tensorflow lite: this program was built without cgo")
}
