// Package loader turns model files into graphs.
//
// Open reads a file, Decode bytes; the format is told from the bytes, never from the name. Each format is a package of its
// own below, and a row of the table formats here. The graph is "loaded": faithful to the file and not yet optimized, which
// is package runtime's part.
//
// Invariants. Whatever the bytes, the result is an error or a graph that passes Verify: never a panic, and never an
// allocation by a length that was not checked against Limits. Constants of the graph alias the bytes, so Decode's caller
// must not change them while the graph lives.
package loader
