package onnx

import (
	"math"

	"google.golang.org/protobuf/encoding/protowire"
)

// propertiesField is the number of ModelProto.metadata_props.
const propertiesField = 14

// SetMetadata returns a copy of an ONNX model whose metadata_props have the value under key, and no other under that
// key; an empty value removes the key. All other bytes stay as they are, tensors in other files included. Errors wrap
// ErrFormat or ErrLimit.
func SetMetadata(data []byte, key, value string) ([]byte, error) {
	var pair message
	pair.text(1, key)
	pair.text(2, value)
	out := make([]byte, 0, len(data)+pair.size+16)
	for rest := data; len(rest) > 0; {
		num, typ, n := protowire.ConsumeField(rest)
		if n < 0 {
			return nil, formatErrorf("model: offset %d: %w", len(data)-len(rest), protowire.ParseError(n))
		}
		entry := rest[:n]
		rest = rest[n:]
		if num == propertiesField && typ == protowire.BytesType {
			_, _, tag := protowire.ConsumeTag(entry)
			text, _ := protowire.ConsumeBytes(entry[tag:])
			name, _, err := stringPair("metadata", field{bytes: text})
			if err != nil {
				return nil, err
			}
			if name == key {
				continue
			}
		}
		out = append(out, entry...)
	}
	if value != "" {
		out = protowire.AppendTag(out, propertiesField, protowire.BytesType)
		out = protowire.AppendBytes(out, pair.bytes())
	}
	if len(out) > math.MaxInt32 {
		return nil, limitErrorf("model of %d bytes: protobuf allows %d", len(out), math.MaxInt32)
	}
	return out, nil
}
