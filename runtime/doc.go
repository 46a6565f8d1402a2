// Package runtime turns a graph into a Program and runs it.
//
// Compile optimizes the graph, binds every node to kernels of the best instruction-set level that is available, packs
// weights and plans memory. A Program is immutable and safe for concurrent use; a Session holds the memory of one inference
// and is not. Program.Run borrows a session. Session.Run allocates nothing once it has run at a batch size.
//
// A model whose batch dimension is dynamic, or fixed at one, runs at any batch size up to the one given to Compile; each
// size is planned when it is first used and shares the packed weights. Results do not depend on the number of threads, and
// those of integer operators not on the instruction-set level.
//
// Where the values of a batch are larger than a core's cache, a network begins image by image, each thread with images of its own,
// and ends step by step; see chain.go.
//
// The package reads no files (package loader) and knows no pictures (package vision).
package runtime
