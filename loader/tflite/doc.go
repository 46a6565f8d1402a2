// Package tflite reads TensorFlow Lite models (schema version 3,
// https://github.com/tensorflow/tensorflow/blob/master/tensorflow/compiler/mlir/lite/schema/schema.fbs).
//
// Decode turns the bytes of a .tflite file into a graph that is "loaded": faithful to the file, in its NHWC layout, without
// inferred shapes. Types and quantizations of all values are declared, since the file states them. Fused activations become
// the clamp of the operator or a node after it. Weights that are quantized beside float data (hybrid models) pass through a
// Dequantize node, so that the layer runs in float; TensorFlow Lite quantizes the data at run time there, and its results
// are less exact. Only the first subgraph is read. The table in ops.go has one row for each operator.
//
// Invariants. Whatever the bytes, Decode returns an error or a graph that passes Verify; it never panics, and allocates
// memory in proportion to the file, bounded by Limits: flatbuffers may refer to one vector many times, so what is decoded is
// counted. Constants of the graph alias the file's bytes, weights of depthwise convolutions excepted, so the bytes must not
// change while the graph lives. All operators that cannot be converted are reported at once.
//
// Control flow, recurrent networks, variables, custom operators, sparse tensors, strings and complex numbers are not
// supported.
package tflite
