package tflite

import (
	"encoding/binary"
	"math"
	"slices"
	"strings"
)

// knownFields is the number of fields of Model in schema.fbs: all take 4 bytes.
const knownFields = 8

// operatorLargeOffset is the field of Operator that counts bytes from the start of the file.
const operatorLargeOffset = 9

// dataAlign is the alignment of Buffer.data, the largest in a model.
const dataAlign = 16

// SetMetadata returns a copy of a model whose Model.metadata have an entry with the given name, which must begin with
// OwnPrefix, and the text, and no other entry of that name; an empty text removes the entry.
//
// The new root table, its vectors of buffers and metadata, and the entry stand in front of the old file, whose bytes stay
// as they are: offsets in a flatbuffer are relative and point forward. A model that counts bytes from the start of the
// file, as those above 2 GiB do, gives an error that wraps ErrUnsupported; malformed ones wrap ErrFormat.
func SetMetadata(data []byte, name, text string) ([]byte, error) {
	if !strings.HasPrefix(name, OwnPrefix) {
		return nil, unsupportedf("metadata %q: want a name that begins with %q", name, OwnPrefix)
	}
	m, err := parseModel(data, Limits{}.withDefaults(len(data)))
	if err != nil {
		return nil, err
	}
	if err := m.relocatable(); err != nil {
		return nil, err
	}
	entries, err := m.entriesBut(name)
	if err != nil {
		return nil, err
	}
	w := new(front)
	if err := w.model(m, entries, name, text); err != nil {
		return nil, err
	}
	if len(w.bytes)+len(data) > math.MaxInt32 {
		return nil, limitErrorf("model of %d bytes: a flatbuffer has at most %d", len(w.bytes)+len(data), math.MaxInt32)
	}
	return w.before(data), nil
}

// relocatable returns an error where the file cannot be moved, or its root table has fields of unknown size.
func (m *model) relocatable() error {
	if n := len(m.root.vtable) / 2; n > knownFields {
		return unsupportedf("the model's table has %d fields: want at most %d", n, knownFields)
	}
	for i := range m.buffers.n {
		if m.buffers.table(i).ulong(bufferOffset) > 1 {
			return unsupportedf("buffer %d counts from the start of the file", i)
		}
	}
	graphs := m.root.tables(modelSubgraphs)
	for g := range graphs.n {
		operators := graphs.table(g).tables(subgraphOperators)
		for i := range operators.n {
			if operators.table(i).ulong(operatorLargeOffset) > 1 {
				return unsupportedf("operator %d counts from the start of the file", i)
			}
		}
	}
	return m.err
}

// entriesBut returns the positions of the entries of metadata that have another name.
func (m *model) entriesBut(name string) ([]int, error) {
	var out []int
	v := m.root.tables(modelMetadata)
	for i := range v.n {
		if t := v.table(i); t.string(metadataName) != name {
			out = append(out, t.pos)
		}
	}
	return out, m.err
}

// front is the part of a flatbuffer in front of an old one.
type front struct {
	bytes []byte
	old   map[int]int // positions in the old file, by the offset that refers to them
}

// model writes the root table and what it needs.
func (w *front) model(m *model, entries []int, name, text string) error {
	w.old = make(map[int]int)
	root := w.offset()
	w.bytes = append(w.bytes, identifier...)
	present := []int{}
	for id := range knownFields {
		if id == modelVersion || id == modelBuffers || id == modelMetadata || m.root.has(id) {
			present = append(present, id)
		}
	}
	fields := make([]uint16, knownFields)
	for i, id := range present {
		fields[id] = uint16(4 + 4*i)
	}
	w.here(root, w.vtable(4+4*len(present), fields...))
	holes := make(map[int]int)
	for _, id := range present {
		switch id {
		case modelVersion:
			w.uint32(schemaVersion)
		case modelBuffers, modelMetadata:
			holes[id] = w.offset()
		default:
			w.follow(m.file, m.root.field(id, 4))
		}
	}
	added := 0
	if text != "" {
		added = 1
	}
	w.here(holes[modelBuffers], len(w.bytes))
	w.uint32(uint32(m.buffers.n + added))
	for i := range m.buffers.n {
		w.refer(m.buffers.table(i).pos)
	}
	var buffer int
	if added > 0 {
		buffer = w.offset()
	}
	w.here(holes[modelMetadata], len(w.bytes))
	w.uint32(uint32(len(entries) + added))
	for _, pos := range entries {
		w.refer(pos)
	}
	if added > 0 {
		entry := w.offset()
		w.entry(entry, buffer, name, text, m.buffers.n)
	}
	return m.err
}

// entry writes a Metadata table, which the offset at entry refers to, and its Buffer, which the one at buffer does.
func (w *front) entry(entry, buffer int, name, text string, index int) {
	w.here(entry, w.vtable(12, 4, 8))
	nameAt := w.offset()
	w.uint32(uint32(index))
	w.here(buffer, w.vtable(8, 4))
	textAt := w.offset()
	w.here(nameAt, len(w.bytes))
	w.vector(name + "\x00")
	binary.LittleEndian.PutUint32(w.bytes[len(w.bytes)-len(name)-5:], uint32(len(name))) // a string's NUL is not counted
	w.align(dataAlign, 4)
	w.here(textAt, len(w.bytes))
	w.vector(text)
}

// vtable writes the vtable of a table of the given size and the start of that table, whose position it returns.
func (w *front) vtable(size int, fields ...uint16) int {
	length := 4 + 2*len(fields)
	w.align(4, length)
	for _, v := range append([]uint16{uint16(length), uint16(size)}, fields...) {
		w.bytes = binary.LittleEndian.AppendUint16(w.bytes, v)
	}
	pos := len(w.bytes)
	w.uint32(uint32(length))
	return pos
}

// vector writes a vector of bytes.
func (w *front) vector(b string) {
	w.uint32(uint32(len(b)))
	w.bytes = append(w.bytes, b...)
}

// align pads so that what comes after the next n bytes is aligned.
func (w *front) align(to, n int) {
	for (len(w.bytes)+n)%to != 0 {
		w.bytes = append(w.bytes, 0)
	}
}

func (w *front) uint32(v uint32) { w.bytes = binary.LittleEndian.AppendUint32(w.bytes, v) }

// offset leaves room for an offset and returns where.
func (w *front) offset() int {
	w.uint32(0)
	return len(w.bytes) - 4
}

// here makes the offset at a position refer to another.
func (w *front) here(at, to int) { binary.LittleEndian.PutUint32(w.bytes[at:], uint32(to-at)) }

// refer writes an offset that refers to a position in the old file.
func (w *front) refer(pos int) { w.old[w.offset()] = pos }

// follow writes an offset that refers to what the one at pos in the old file does.
func (w *front) follow(f *file, pos int) { w.refer(f.follow(pos)) }

// before returns the front and the old file behind it.
func (w *front) before(data []byte) []byte {
	w.align(dataAlign, 0)
	for at, pos := range w.old {
		w.here(at, len(w.bytes)+pos)
	}
	return slices.Concat(w.bytes, data)
}
