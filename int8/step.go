package i8

// Slack is the number of bytes past the end of a source buffer that a step may read, without using their value.
const Slack = 64

// Step is work bound to buffers: what the runtime runs.
//
// Tiles returns the number of independent parts. Run computes parts from <= t < to; it may be called concurrently for
// disjoint ranges, each call with scratch of its own, of at least the plan's Scratch() bytes. The parts may run in any
// order. Run allocates nothing.
type Step interface {
	Tiles() int
	Run(scratch []byte, from, to int)
}
