// Package optimize turns the graph that a loader made into its canonical form: the form that is lowered to kernels.
//
// In a canonical graph all types and shapes are known, constants are folded, shape arithmetic is gone (a dimension that
// depends on the batch is a multiple of it in the shape), spatial operators and their weights are NHWC, quantized values
// carry their Quant where a loaded graph has Quantize and Dequantize nodes, quantized activations are uint8, and bias,
// clamp, residual sum and BatchNormalization are part of the convolution or dense layer they follow. The form does not
// depend on the machine. Every node has its first output; others are nil where nobody reads them.
//
// Each pass is a row of a table with the passes it must follow. Passes ask operators for capabilities and do not switch on
// their names, except where a rewrite is about particular operators. Run works on a copy.
package optimize
