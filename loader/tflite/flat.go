package tflite

import (
	flatbuffers "github.com/google/flatbuffers/go"
)

// A file reads flatbuffers (https://flatbuffers.dev/internals) from untrusted bytes. Every offset is checked before it is
// followed, so that no access leaves the bytes; nothing recurses, so that offsets may form cycles. The first error is noted
// and absent or wrong fields read as their defaults, so that callers may check once. What is copied is counted.
type file struct {
	data []byte
	left int64 // bytes that may still be copied
	err  error
}

// fail notes an error.
func (f *file) fail(err error) {
	if f.err == nil {
		f.err = err
	}
}

// spend counts n bytes that are about to be allocated and reports whether they may be.
func (f *file) spend(n int) bool {
	if int64(n) > f.left {
		f.fail(limitErrorf("the model unpacks to more than DecodedBytes"))
		return false
	}
	f.left -= int64(n)
	return true
}

// has reports whether n bytes at pos are within the file, and notes an error if not.
func (f *file) has(pos, n int) bool {
	if pos < 0 || n < 0 || pos > len(f.data) || n > len(f.data)-pos {
		f.fail(formatErrorf("offset %d: %d bytes leave the file of %d", pos, n, len(f.data)))
		return false
	}
	return true
}

// follow returns the position that the unsigned offset at pos refers to, 0 on error.
func (f *file) follow(pos int) int {
	if !f.has(pos, flatbuffers.SizeUOffsetT) {
		return 0
	}
	// A position is at most 2³² and fits an int on 64-bit machines; on others the sum may wrap and is then negative.
	to := pos + int(flatbuffers.GetUOffsetT(f.data[pos:]))
	if to <= pos || !f.has(to, flatbuffers.SizeUOffsetT) {
		f.fail(formatErrorf("offset at %d refers to %d", pos, to))
		return 0
	}
	return to
}

// A table is a flatbuffer table. The zero table has no fields.
type table struct {
	f      *file
	pos    int
	size   int    // of the fields in line, with the offset of the vtable
	vtable []byte // offsets of the fields
}

// tableAt returns the table at pos.
func (f *file) tableAt(pos int) table {
	if !f.has(pos, flatbuffers.SizeSOffsetT) {
		return table{}
	}
	v := pos - int(flatbuffers.GetSOffsetT(f.data[pos:]))
	if !f.has(v, 2*flatbuffers.SizeVOffsetT) {
		return table{}
	}
	length, size := int(flatbuffers.GetVOffsetT(f.data[v:])), int(flatbuffers.GetVOffsetT(f.data[v+flatbuffers.SizeVOffsetT:]))
	if length < 2*flatbuffers.SizeVOffsetT || length%2 != 0 || size < flatbuffers.SizeSOffsetT {
		f.fail(formatErrorf("table at %d: vtable of %d bytes for a table of %d", pos, length, size))
		return table{}
	}
	if !f.has(v, length) || !f.has(pos, size) {
		return table{}
	}
	return table{f: f, pos: pos, size: size, vtable: f.data[v+2*flatbuffers.SizeVOffsetT : v+length]}
}

// field returns the position of a field of n bytes, 0 where it is absent.
func (t table) field(id, n int) int {
	at := id * flatbuffers.SizeVOffsetT
	if at+flatbuffers.SizeVOffsetT > len(t.vtable) {
		return 0
	}
	offset := int(flatbuffers.GetVOffsetT(t.vtable[at:]))
	if offset == 0 {
		return 0
	}
	if offset < flatbuffers.SizeSOffsetT || offset+n > t.size {
		t.f.fail(formatErrorf("table at %d: field %d at %d of %d bytes", t.pos, id, offset, t.size))
		return 0
	}
	return t.pos + offset
}

// byte returns an unsigned or enumeration field of one byte.
func (t table) byte(id int) byte {
	if p := t.field(id, 1); p != 0 {
		return t.f.data[p]
	}
	return 0
}

func (t table) bool(id int) bool { return t.byte(id) != 0 }

// int returns an int32 field.
func (t table) int(id, missing int) int {
	if p := t.field(id, 4); p != 0 {
		return int(flatbuffers.GetInt32(t.f.data[p:]))
	}
	return missing
}

// uint returns a uint32 field.
func (t table) uint(id int) uint32 {
	if p := t.field(id, 4); p != 0 {
		return flatbuffers.GetUint32(t.f.data[p:])
	}
	return 0
}

// ulong returns a uint64 field.
func (t table) ulong(id int) uint64 {
	if p := t.field(id, 8); p != 0 {
		return flatbuffers.GetUint64(t.f.data[p:])
	}
	return 0
}

func (t table) float(id int) float32 {
	if p := t.field(id, 4); p != 0 {
		return flatbuffers.GetFloat32(t.f.data[p:])
	}
	return 0
}

// has reports whether a field that is an offset is present.
func (t table) has(id int) bool { return t.field(id, flatbuffers.SizeUOffsetT) != 0 }

// table returns a field that is a table, the zero table where it is absent.
func (t table) table(id int) table {
	p := t.field(id, flatbuffers.SizeUOffsetT)
	if p == 0 {
		return table{}
	}
	if p = t.f.follow(p); p == 0 {
		return table{}
	}
	return t.f.tableAt(p)
}

// A vector is a flatbuffer vector of n elements. The zero vector is empty.
type vector struct {
	f      *file
	pos, n int
}

// vector returns a field that is a vector of elements of the given size.
func (t table) vector(id, size int) vector {
	p := t.field(id, flatbuffers.SizeUOffsetT)
	if p == 0 {
		return vector{}
	}
	if p = t.f.follow(p); p == 0 {
		return vector{}
	}
	n, start := uint64(flatbuffers.GetUint32(t.f.data[p:])), p+flatbuffers.SizeUOffsetT
	if n*uint64(size) > uint64(len(t.f.data)-start) {
		t.f.fail(formatErrorf("vector at %d: %d elements of %d bytes leave the file", p, n, size))
		return vector{}
	}
	return vector{f: t.f, pos: start, n: int(n)}
}

// table returns element i of a vector of tables.
func (v vector) table(i int) table {
	p := v.f.follow(v.pos + i*flatbuffers.SizeUOffsetT)
	if p == 0 {
		return table{}
	}
	return v.f.tableAt(p)
}

// tables returns a vector of tables.
func (t table) tables(id int) vector { return t.vector(id, flatbuffers.SizeUOffsetT) }

// bytes returns a vector of bytes, which aliases the file.
func (t table) bytes(id int) []byte {
	v := t.vector(id, 1)
	if v.n == 0 {
		return nil
	}
	return v.f.data[v.pos : v.pos+v.n : v.pos+v.n]
}

// string returns a copy of a string field.
func (t table) string(id int) string {
	b := t.bytes(id)
	if len(b) == 0 || !t.f.spend(len(b)) {
		return ""
	}
	return string(b)
}

// ints returns a copy of a vector of int32.
func (t table) ints(id int) []int {
	v := t.vector(id, 4)
	if v.n == 0 || !v.f.spend(8*v.n) {
		return nil
	}
	out := make([]int, v.n)
	for i := range out {
		out[i] = int(flatbuffers.GetInt32(v.f.data[v.pos+4*i:]))
	}
	return out
}

// longs returns a copy of a vector of int64.
func (t table) longs(id int) []int64 {
	v := t.vector(id, 8)
	if v.n == 0 || !v.f.spend(8*v.n) {
		return nil
	}
	out := make([]int64, v.n)
	for i := range out {
		out[i] = flatbuffers.GetInt64(v.f.data[v.pos+8*i:])
	}
	return out
}

// floats returns a copy of a vector of float32.
func (t table) floats(id int) []float32 {
	v := t.vector(id, 4)
	if v.n == 0 || !v.f.spend(4*v.n) {
		return nil
	}
	out := make([]float32, v.n)
	for i := range out {
		out[i] = flatbuffers.GetFloat32(v.f.data[v.pos+4*i:])
	}
	return out
}
