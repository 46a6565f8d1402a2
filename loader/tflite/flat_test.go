package tflite

import (
	"errors"
	"testing"
)

// open returns a file over bytes with room for a mebibyte of copies.
func open(data ...byte) *file { return &file{data: data, left: 1 << 20} }

// small is a table at 8 with its vtable at 0: field 0 is the int32 7, field 1 the string "hi".
var small = []byte{
	8, 0, 12, 0, 4, 0, 8, 0,
	8, 0, 0, 0, 7, 0, 0, 0, 4, 0, 0, 0, 2, 0, 0, 0, 'h', 'i',
}

func TestTableReadsFields(t *testing.T) {
	f := open(small...)
	x := f.tableAt(8)
	if a, b, c := x.int(0, 1), x.string(1), x.int(2, 6); a != 7 || b != "hi" || c != 6 || f.err != nil {
		t.Errorf("got %d, %q, %d, %v", a, b, c, f.err)
	}
}

func TestReaderRefuses(t *testing.T) {
	for name, c := range map[string]struct {
		change func(d []byte)
		use    func(f *file)
	}{
		"a root beyond the end":         {nil, func(f *file) { f.tableAt(1000) }},
		"a root before the start":       {nil, func(f *file) { f.tableAt(-1) }},
		"a vtable before the start":     {func(d []byte) { d[8] = 9 }, func(f *file) { f.tableAt(8) }},
		"a vtable beyond the end":       {func(d []byte) { d[8], d[9], d[10], d[11] = 0, 0, 0, 0x80 }, func(f *file) { f.tableAt(8) }},
		"a vtable of odd length":        {func(d []byte) { d[0] = 7 }, func(f *file) { f.tableAt(8) }},
		"a vtable too short":            {func(d []byte) { d[0] = 2 }, func(f *file) { f.tableAt(8) }},
		"a vtable too long":             {func(d []byte) { d[1] = 0xff }, func(f *file) { f.tableAt(8) }},
		"a table too long":              {func(d []byte) { d[3] = 0xff }, func(f *file) { f.tableAt(8) }},
		"a field outside its table":     {func(d []byte) { d[4] = 9 }, func(f *file) { f.tableAt(8).int(0, 0) }},
		"a field over the vtable":       {func(d []byte) { d[4] = 2 }, func(f *file) { f.tableAt(8).int(0, 0) }},
		"an offset beyond the end":      {func(d []byte) { d[16] = 200 }, func(f *file) { f.tableAt(8).bytes(1) }},
		"an offset of 0":                {func(d []byte) { d[16] = 0 }, func(f *file) { f.tableAt(8).table(1) }},
		"a vector longer than memory":   {func(d []byte) { copy(d[20:], "\xff\xff\xff\xff") }, func(f *file) { f.tableAt(8).longs(1) }},
		"a vector longer than the file": {func(d []byte) { d[20] = 3 }, func(f *file) { f.tableAt(8).bytes(1) }},
	} {
		data := append([]byte(nil), small...)
		if c.change != nil {
			c.change(data)
		}
		f := open(data...)
		if c.use(f); !errors.Is(f.err, ErrFormat) {
			t.Errorf("%s: got %v", name, f.err)
		}
	}
}

func TestCopiesAreCounted(t *testing.T) {
	f := open(small...)
	f.left = 3
	x := f.tableAt(8)
	if s := x.string(1); s != "hi" || f.err != nil {
		t.Fatalf("got %q, %v", s, f.err)
	}
	if s := x.string(1); s != "" || !errors.Is(f.err, ErrLimit) {
		t.Errorf("got %q, %v", s, f.err)
	}
}
