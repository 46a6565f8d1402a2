// Package gorgonia turns expression graphs of gorgonia.org/gorgonia v0.9.18, with their trained values, into graphs.
//
// FromExprGraph converts what computes the outputs from the inputs; Tensor and Dense turn the tensors of one library into those of
// the other, without copying where their layouts allow; Run runs a Program on tensors of Gorgonia.
//
// The result means what Gorgonia computes, in its inference form: Dropout does nothing, BatchNorm takes its running statistics.
// Layers that Gorgonia writes as many nodes (Conv2d, Rectify, LeakyRelu, Mean, a softmax written out, broadcasting) are recognized by
// their structure and become one node each. Numbers are float32, whatever float type the expression graph has. Values are copied:
// training that goes on later does not change the graph.
//
// Gorgonia does not export its operators. Their parameters are read by reflection, without package unsafe, in fields.go, whose tests
// fail when another version of Gorgonia has other ones.
//
// The package links Gorgonia, whose tensors alone are more than 10 MB: convert in the program that trains, write the result with
// loader/onnx, and embed that. Nothing else in Octet imports it.
package gorgonia
