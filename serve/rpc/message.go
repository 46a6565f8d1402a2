package rpc

import (
	"fmt"

	"google.golang.org/grpc/encoding"
	encodingproto "google.golang.org/grpc/encoding/proto"
	"google.golang.org/grpc/mem"
	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/octet-ml/octet/serve/inference"
	"github.com/octet-ml/octet/serve/oip"
)

// Bounds of messages other than ModelInferRequest, in bytes. A decoded message may take many times the room that it takes encoded.
const (
	maxLoad  = 17 << 20 // of RepositoryModelLoadRequest, which brings a config.json
	maxOther = 64 << 10
)

// codec is gRPC's protobuf codec with bounds. It hands a *message over as it is.
type codec struct{ encoding.CodecV2 }

func newCodec() codec { return codec{encoding.GetCodecV2(encodingproto.Name)} }

// Unmarshal decodes a message.
func (c codec) Unmarshal(data mem.BufferSlice, v any) error {
	limit := maxOther
	switch v := v.(type) {
	case *message:
		v.free()
		v.buffer = data.MaterializeToBuffer(mem.DefaultBufferPool())
		return nil
	case *inference.RepositoryModelLoadRequest:
		limit = maxLoad
	}
	if n := data.Len(); n > limit {
		return fmt.Errorf("%d bytes: the limit is %d", n, limit)
	}
	return c.CodecV2.Unmarshal(data, v)
}

// message is a ModelInferRequest as it came. It is not safe for concurrent use.
type message struct{ buffer mem.Buffer }

// free gives the memory back.
func (m *message) free() {
	if m.buffer != nil {
		m.buffer.Free()
		m.buffer = nil
	}
}

// bytes returns the encoded request.
func (m *message) bytes() []byte {
	if m.buffer == nil {
		return nil
	}
	return m.buffer.ReadOnlyData()
}

// decode decodes a request, which shares no memory with data, after its weight has been taken from the budget; the caller calls give
// when the request is not used any more. Errors wrap oip.ErrInvalid, oip.ErrTooLarge or oip.ErrBusy. limit bounds the weight.
func decode(data []byte, limit int64, budget *oip.Budget) (req *inference.ModelInferRequest, give func(), err error) {
	req = new(inference.ModelInferRequest)
	n, err := weigh(data, req.ProtoReflect().Descriptor())
	if err != nil {
		return nil, nil, err
	}
	if n > limit {
		return nil, nil, fmt.Errorf("%w: it takes %d bytes decoded, the limit is %d", oip.ErrTooLarge, n, limit)
	}
	if err := budget.Take(n); err != nil {
		return nil, nil, err
	}
	if err := proto.Unmarshal(data, req); err != nil {
		budget.Give(n)
		return nil, nil, fmt.Errorf("%w: message: %w", oip.ErrInvalid, err)
	}
	return req, func() { budget.Give(n) }, nil
}

// addressee is which model and version a request is for, and its id.
type addressee struct{ model, version, id string }

// target returns whom an encoded request is for, as far as it can be read. Errors wrap oip.ErrInvalid.
func target(data []byte) (addressee, error) {
	var at addressee
	for len(data) > 0 {
		number, kind, n := protowire.ConsumeTag(data)
		if n < 0 {
			return at, malformed(n)
		}
		data = data[n:]
		if n = protowire.ConsumeFieldValue(number, kind, data); n < 0 {
			return at, malformed(n)
		}
		if kind == protowire.BytesType {
			value, _ := protowire.ConsumeBytes(data)
			switch number {
			case 1:
				at.model = string(value)
			case 2:
				at.version = string(value)
			case 3:
				at.id = string(value)
			}
		}
		data = data[n:]
	}
	return at, nil
}

// What parts of a decoded message take besides their bytes: Go's structs, pointers and the room that slices grow by.
const (
	weightMessage = 256
	weightBytes   = 64
	weightScalar  = 32
)

// weigh returns about how many bytes of memory an encoded message takes once it is decoded and its typed contents are tensors. It
// allocates nothing. Errors wrap oip.ErrInvalid.
func weigh(data []byte, desc protoreflect.MessageDescriptor) (int64, error) {
	fields := desc.Fields()
	total := int64(weightMessage)
	for len(data) > 0 {
		number, kind, n := protowire.ConsumeTag(data)
		if n < 0 {
			return 0, malformed(n)
		}
		data = data[n:]
		if kind != protowire.BytesType {
			if n = protowire.ConsumeFieldValue(number, kind, data); n < 0 {
				return 0, malformed(n)
			}
			data = data[n:]
			total += weightScalar + int64(n)
			continue
		}
		value, n := protowire.ConsumeBytes(data)
		if n < 0 {
			return 0, malformed(n)
		}
		data = data[n:]
		total += weightBytes
		switch field := fields.ByNumber(number); {
		case field != nil && field.Message() != nil:
			part, err := weigh(value, field.Message())
			if err != nil {
				return 0, err
			}
			total += part
		case field != nil && field.IsPacked():
			total += packed(value, field.Kind())
		default: // bytes, strings, and what is kept as unknown
			total += int64(len(value))
		}
	}
	return total, nil
}

// packed returns how many bytes a packed list takes in memory, twice: as a list and as a tensor.
func packed(value []byte, kind protoreflect.Kind) int64 {
	size := int64(1)
	switch kind {
	case protoreflect.Int32Kind, protoreflect.Uint32Kind:
		size = 4
	case protoreflect.Int64Kind, protoreflect.Uint64Kind:
		size = 8
	case protoreflect.BoolKind:
	default:
		return 2 * int64(len(value)) // of fixed size
	}
	count := int64(0)
	for _, b := range value {
		if b < 0x80 { // the last byte of a number
			count++
		}
	}
	return 2 * size * count
}

// malformed returns the error for what package protowire found.
func malformed(n int) error {
	return fmt.Errorf("%w: message: %w", oip.ErrInvalid, protowire.ParseError(n))
}
