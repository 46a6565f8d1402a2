package main

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"path/filepath"
	"testing"

	"github.com/octet-ml/octet/internal/testkit"
)

// idx builds an IDX stream.
func idx(magic uint32, dims []uint32, data int) []byte {
	b := binary.BigEndian.AppendUint32(nil, magic)
	for _, d := range dims {
		b = binary.BigEndian.AppendUint32(b, d)
	}
	for i := range data {
		b = append(b, byte(i))
	}
	return b
}

func TestReadIDXReturnsTheBytes(t *testing.T) {
	got, err := readIDX(bytes.NewReader(idx(0x803, []uint32{3, 2, 2}, 12)), 2, 2)
	if err != nil {
		t.Fatal(err)
	}
	if want := []byte{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11}; !bytes.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

func TestReadIDXRefuses(t *testing.T) {
	tests := []struct {
		name string
		data []byte
		want error
	}{
		{"labels for images", idx(0x801, []uint32{3, 2, 2}, 12), errFormat},
		{"another type", idx(0xd03, []uint32{3, 2, 2}, 12), errFormat},
		{"another size", idx(0x803, []uint32{3, 2, 3}, 18), errFormat},
		{"a count beyond reason", idx(0x803, []uint32{1 << 31, 2, 2}, 12), errFormat},
		{"missing data", idx(0x803, []uint32{3, 2, 2}, 11), errFormat},
		{"data left over", idx(0x803, []uint32{3, 2, 2}, 13), errFormat},
		{"half a header", idx(0x803, []uint32{3}, 0), io.ErrUnexpectedEOF},
		{"nothing", nil, io.EOF},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if _, err := readIDX(bytes.NewReader(test.data), 2, 2); !errors.Is(err, test.want) {
				t.Errorf("got error %v, want %v", err, test.want)
			}
		})
	}
}

func TestMNISTFilesRead(t *testing.T) {
	dir := filepath.Join(testkit.Data(t), "mnist")
	for _, name := range []string{"train10k", "t10k"} {
		d, err := openDataset(dir, name)
		if err != nil {
			t.Fatal(err)
		}
		if d.len() != 10000 || len(d.images) != 10000*pixels {
			t.Errorf("%s: %d labels, %d bytes of images", name, d.len(), len(d.images))
		}
	}
}
