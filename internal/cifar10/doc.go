// Package cifar10 holds the model that octet names pictures with where it is given none: a small int8 residual network
// for the ten classes of CIFAR-10, and a picture to try it on, both embedded.
//
// The model is a standard ONNX QDQ file. The program in examples/cifar10 trained it and octet quantize made it int8; the
// README there has the commands and what it scored. Its input is image, float32 [N 3 32 32], RGB as the preset cifar10 of
// package vision makes it; its output is logits, float32 [N 10]. Its metadata carries the preprocessing and the names of
// the classes (octet.vision).
//
// The package reads nothing and depends on nothing of ours. What it returns is a copy, so it is safe for concurrent use.
package cifar10
