// Peers runs Octet and ONNX Runtime on the same ONNX files, or Octet and TensorFlow Lite on the same .tflite files, in turns, and
// prints how they compare: time a run, time to load, peak memory, and whether the outputs agree. With -eval it measures
// nothing: it classifies the pictures of a data set by Octet and by ONNX Runtime, and counts how often they agree.
//
// It is a module of its own because the peers' libraries need cgo, which Octet does not. Built without cgo it still
// compiles, and refuses to start them.
//
// Invariants:
//   - Every engine whose time is taken runs in a process of its own, so that ONNX Runtime's spinning workers and the other's
//     memory disturb nobody. The parent commands one process at a time over its standard input and output (protocol.go), a line of JSON a
//     command; while one works, the others wait.
//   - Both engines get the same file, the same bytes as input, the same number of threads and the same batch size.
//   - Times are judged by the quiet median (stats.go), and by ratios of times taken in the same run: theirs to ours, so that
//     above 1 Octet is faster, loads faster or needs less memory.
//   - Nothing is pinned to a core.
//
// The parent measures the processor's own int8 peak between the turns (package probe) and states throughput as a share of it.
package main
