// Package quantize turns a float model into a quantized one and says what that cost.
//
// Quantize takes a float graph as a loader returns it and calibration inputs, and returns a graph whose convolutions and dense
// layers work on integers: activations are uint8 with one scale and zero point, weights have 8 or 4 bits with a scale for
// each output channel, biases are int32. Ranges of activations come from histograms of what the float model computes on the
// calibration inputs; 4-bit weights are chosen so that each layer's output, not each weight, comes closest to the float one.
// The result runs in package runtime and can be written as ONNX (loader/onnx).
//
// It knows no pictures: Data delivers model inputs. It needs no labels. It touches no file but a StateFile, where Options.State is one.
//
// Invariants:
//   - the same graph, data and options give the same result, on any number of threads, at one instruction-set level, unless time
//     decides (Options.OptimizeTime, a Target for time);
//   - a run that goes on from Options.State gives the same result, too;
//   - memory does not grow with the number of calibration inputs;
//   - the source graph stays unchanged.
package quantize
