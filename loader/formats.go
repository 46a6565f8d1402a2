package loader

import (
	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/loader/onnx"
	"github.com/octet-ml/octet/loader/tflite"
)

// format is a row of the table of model formats.
type format struct {
	name      string
	is        func(data []byte) bool
	decode    func(data []byte, o *options) (*graph.Graph, error)
	annotate  func(data []byte, key, value string) ([]byte, error)
	sentinels map[error]error // of the format's package to those of this one
}

// formats lists the formats in the order in which they are tried; ONNX, which has no magic number, is last.
var formats = []format{{
	name: "tflite", is: looksLikeTFLite, decode: decodeTFLite, annotate: tflite.SetMetadata,
	sentinels: map[error]error{
		tflite.ErrFormat: ErrFormat, tflite.ErrUnsupported: ErrUnsupported, tflite.ErrLimit: ErrLimit, tflite.ErrDynamic: ErrDynamic,
	},
}, {
	name: "onnx", is: looksLikeONNX, decode: decodeONNX, annotate: onnx.SetMetadata,
	sentinels: map[error]error{
		onnx.ErrFormat: ErrFormat, onnx.ErrUnsupported: ErrUnsupported, onnx.ErrLimit: ErrLimit, onnx.ErrDynamic: ErrDynamic,
		onnx.ErrExternal: ErrExternal,
	},
}}

// looksLikeTFLite reports whether data have the file identifier of a TensorFlow Lite flatbuffer.
func looksLikeTFLite(data []byte) bool {
	return len(data) >= 8 && string(data[4:8]) == "TFL3"
}

func decodeTFLite(data []byte, o *options) (*graph.Graph, error) {
	return tflite.Decode(data, tflite.Options{
		Limits:      tflite.Limits{FileBytes: o.limits.FileBytes, DecodedBytes: o.limits.DecodedBytes, Nodes: o.limits.Nodes},
		InputShapes: o.shapes,
	})
}

// looksLikeONNX reports whether data begin with a field of ModelProto: ir_version as a rule, which writers put first, or
// one of the strings or messages.
func looksLikeONNX(data []byte) bool {
	if len(data) < 2 || looksLikeTFLite(data) {
		return false
	}
	field, wire := data[0]>>3, data[0]&7
	switch {
	case wire == 0:
		return field == 1 || field == 5
	case wire == 2:
		return field >= 2 && field <= 15 && field != 5
	}
	return false
}

func decodeONNX(data []byte, o *options) (*graph.Graph, error) {
	return onnx.Decode(data, onnx.Options{
		Limits: onnx.Limits{
			FileBytes: o.limits.FileBytes, ExternalBytes: o.limits.ExternalBytes, DecodedBytes: o.limits.DecodedBytes, Nodes: o.limits.Nodes,
		},
		InputShapes: o.shapes,
		External:    o.folder,
	})
}
