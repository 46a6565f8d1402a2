package onnx

import (
	"cmp"
	"io/fs"

	"github.com/octet-ml/octet/graph"
)

// Limits bounds what a model may make Decode allocate. A zero field means its default.
type Limits struct {
	FileBytes     int64 // of the model; default 2 GiB, which protobuf allows
	DecodedBytes  int64 // of tensors whose elements the file does not hold raw; default 1 GiB
	ExternalBytes int64 // of all external data together; default 4 GiB
	Nodes         int   // default 1<<18
	Tensors       int   // initializers and tensors in attributes; default 1<<18
	List          int   // elements of one attribute, inputs or outputs of one node, lines of metadata; default 1<<20
	Rank          int   // axes of a tensor; default 16
}

// withDefaults returns the limits with defaults for those that are zero.
func (l Limits) withDefaults() Limits {
	return Limits{
		FileBytes:     cmp.Or(l.FileBytes, 2<<30),
		DecodedBytes:  cmp.Or(l.DecodedBytes, 1<<30),
		ExternalBytes: cmp.Or(l.ExternalBytes, 4<<30),
		Nodes:         cmp.Or(l.Nodes, 1<<18),
		Tensors:       cmp.Or(l.Tensors, 1<<18),
		List:          cmp.Or(l.List, 1<<20),
		Rank:          cmp.Or(l.Rank, 16),
	}
}

// Options says how Decode reads a model. The zero value is ready to use.
type Options struct {
	Limits Limits
	// InputShapes gives graph inputs, by name, a shape in place of the file's: for dimensions that the file leaves open.
	// A dimension of graph.Batch is the batch size. Sizes must agree with those that the file states.
	InputShapes map[string]graph.Shape
	// External is the folder of the model, from which tensors stored as external data are read; nil refuses them. Paths that
	// leave it are refused whatever the file system.
	External fs.FS
}
