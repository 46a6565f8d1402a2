package tflite

import (
	"cmp"

	"github.com/octet-ml/octet/graph"
)

// Limits bounds what a model may make Decode allocate. A zero field means its default.
type Limits struct {
	FileBytes    int64 // of the model; default 4 GiB
	DecodedBytes int64 // of what is copied from the file: names, lists, transposed weights; default 16 MiB and 8 times the file
	Nodes        int   // operators; default 1<<18
	Tensors      int   // default 1<<18
	Rank         int   // axes of a tensor; default 16
	LabelBytes   int64 // of a label file inside the model, unpacked; default 16 MiB
}

func (l Limits) withDefaults(file int) Limits {
	return Limits{
		FileBytes:    cmp.Or(l.FileBytes, 4<<30),
		DecodedBytes: cmp.Or(l.DecodedBytes, 16<<20+8*int64(file)),
		Nodes:        cmp.Or(l.Nodes, 1<<18),
		Tensors:      cmp.Or(l.Tensors, 1<<18),
		Rank:         cmp.Or(l.Rank, 16),
		LabelBytes:   cmp.Or(l.LabelBytes, 16<<20),
	}
}

// Options says how Decode reads a model. The zero value is ready to use.
type Options struct {
	Limits Limits
	// InputShapes gives graph inputs, by name, a shape in place of the file's. Sizes must agree with those that the file
	// states, except where its signature leaves them open; a dimension of graph.Batch is the batch size.
	InputShapes map[string]graph.Shape
}
