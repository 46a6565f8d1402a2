// Package ops says what each operator means.
//
// An Operator is one row of the table: attributes, Infer (data type, shape and quantization of the outputs), Reference
// (plain loops, normative) and Lower (binds kernels of packages i8 and f32), and small optional capabilities that passes
// ask for instead of switching on names. Operators are named as in ONNX; where ONNX has several forms of one operator
// (Conv, QLinearConv, ConvInteger) there is one here, and the types and quantization of its values choose the arithmetic.
//
// Conventions. The i-th input of a node is nil where an optional input is absent. A loader that knows the type or the
// quantization of an output declares it on the value; Infer keeps what is declared and fills in the rest. Quantized
// operators without integer arithmetic of their own mean: dequantize, compute in float32, quantize with round half even.
// Spatial operators have two spatial dimensions and a Layout attribute; NCHW goes with weights OIHW, NHWC with OHWI.
//
// The package does no threading and no memory planning (package runtime) and rewrites no graph (runtime/optimize).
package ops
