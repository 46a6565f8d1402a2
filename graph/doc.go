// Package graph is the intermediate representation: what a model is.
//
// A Graph holds Values and Nodes. A Value has a data type, a shape and, where it is quantized, a Quant that maps its
// integers to real numbers: quantized or not is a property of values, not of operators. A Node applies an operator, named
// as in ONNX, with an attribute struct that package ops defines, to input values and produces output values. Nodes are
// kept in topological order; every value has at most one producer.
//
// A dimension is a non-negative number, or a negative one -k that means k times the batch size N, which is bound when a
// program is planned. Nothing else may be unknown once shapes are inferred.
//
// Print and PrintFull write a graph as text, one line for each value that comes from outside and for each node; Parse reads
// it. The text is for people and for tests; it is no exchange format.
//
// The package knows no operator, no file format and no machine. It uses the standard library only. A Graph is not safe for
// concurrent modification; one that nobody modifies may be read by many goroutines.
package graph
