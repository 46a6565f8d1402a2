// Command gorgonia trains the digit classifier that octet carries, and quantized forms of it, and prints what each is worth.
//
// It is the long way round in one program: read MNIST, train a LeNet-class network in float32 with Gorgonia, quantize it after
// training (package quantize), train it on with fake quantization (package quantize/qat) for 8 and 4 bits, run the integer models in
// Octet on digits that training has not seen, and write them as standard ONNX files that any runtime reads. It also draws the sample
// pictures.
//
//	go run ./examples/gorgonia -data ../shared/data/mnist -o examples/gorgonia/testdata
//	go run ./examples/gorgonia -draw internal/digits
//
// The network (pixels divided by 255, 0 is background):
//
//	image [N 1 28 28] -> conv 5x5 -> relu -> pool 2x2 -> conv 5x5 -> relu -> pool 2x2 -> flatten -> dense -> softmax
//
// It is not a general trainer: it knows one network. Invariants: the seed decides every random choice; what is counted are answers of
// the files' graphs in Octet, not of Gorgonia.
package main
