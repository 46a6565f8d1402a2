// Command gorgonia trains the digit classifier that octet carries and writes it as a quantized ONNX model.
//
// It is the long way round in one program: read MNIST, train a LeNet-class network in float32 with Gorgonia, measure
// the ranges of its activations, quantize it to int8, evaluate the integer network, and write a standard ONNX QDQ file
// that any runtime reads. It also draws the sample pictures.
//
//	go run ./examples/gorgonia -data ../shared/data/mnist -o cmd/octet/internal/digits/digits.onnx
//	go run ./examples/gorgonia -draw cmd/octet/internal/digits
//
// The network (pixels divided by 255, 0 is background):
//
//	image [N 1 28 28] -> conv 5x5 -> relu -> pool 2x2 -> conv 5x5 -> relu -> pool 2x2 -> flatten -> dense -> softmax
//
// It is not a general trainer and not a general quantizer: it knows one network. Invariants: the seed decides every
// random choice; every quantized activation that feeds a layer has zero point 0, because it is an image or follows a
// relu, so the integer evaluation needs no zero-point correction.
package main
