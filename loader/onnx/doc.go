// Package onnx reads and writes ONNX models (https://onnx.ai, onnx.proto and Operators.md).
//
// Decode turns the bytes of a ModelProto into a graph that is "loaded": faithful to the file, in its NCHW layout, without
// inferred shapes. What ONNX says with operators (QLinearConv, ConvInteger, QuantizeLinear with constant parameters, the
// com.microsoft forms that ONNX Runtime writes) becomes the one operator of package ops and a Quant on the values that it
// reads and makes; old forms of an operator become its newest one. The table in ops.go has one row for each ONNX operator.
//
// Encode is the way back: it writes any graph of float, QDQ or QOperator form as standard ONNX.
//
// Invariants. Whatever the bytes, Decode returns an error or a graph that passes Verify; it never panics, and allocates
// memory in proportion to the file, bounded by Limits. Constants of the graph alias the file's bytes where the file holds
// them raw, so the bytes must not change while the graph lives. All nodes that cannot be converted are reported at once.
//
// Opsets 7 to 24 are covered; older and newer ones are read by the rules of the nearest. Control flow (If, Loop, Scan),
// sequences, strings, sparse tensors, model-local functions and float8 are not.
package onnx
