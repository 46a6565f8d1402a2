// Package digits holds the model that octet runs where it is given none: a small int8 network for handwritten digits,
// a picture to try it on, and its labels, all embedded.
//
// The model is a standard ONNX QDQ file, trained, quantized and written by examples/gorgonia; its README says how. Its
// input is image, float32 [N 1 28 28], a pixel divided by 255 with 0 as background; its output is probabilities,
// float32 [N 10]. Its metadata carries the preprocessing (octet.vision) and what it scored (octet.accuracy).
//
// The package reads nothing and depends on nothing of ours. What it returns is a copy, so it is safe for concurrent use.
package digits
