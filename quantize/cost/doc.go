// Package cost says what quantization cost: it compares two models, A as the baseline and B as another form of it, on the same
// inputs.
//
// Compare returns a Report: how many labels each model finds and how often both answer alike, which classes are mistaken for
// which more or less often, what the models take in bytes, multiplications and time, how close each activation and each layer's
// weights of B come to those of A, and whether both models look at the same parts of a picture. Any two graphs with the same
// classes and the same size of input can be compared, whoever quantized them; activations are matched by the names of values, and
// what has no counterpart is listed.
//
// The package draws nothing, reads no files and knows no data sets: the caller delivers inputs and the bytes of the files.
//
// Invariants:
//   - memory does not grow with the number of inputs;
//   - all but the time is the same on any number of threads, at one instruction-set level.
package cost
