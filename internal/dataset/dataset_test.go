package dataset

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"testing"
)

// records writes a CIFAR-10 file of pictures with labels 0 to 9 and returns its path.
func records(t *testing.T) string {
	t.Helper()
	var data []byte
	for label := range 10 {
		data = append(data, byte(label))
		data = append(data, make([]byte, 3072)...)
		data[len(data)-3072] = byte(100 + label) // the red of the first pixel
	}
	path := filepath.Join(t.TempDir(), "ten.bin")
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestPartsOfASet(t *testing.T) {
	path := records(t)
	for _, c := range []struct {
		part string
		want []int
	}{
		{"", []int{0, 1, 2, 3, 4, 5, 6, 7, 8, 9}},
		{"@0/5", []int{0, 5}},
		{"@3/4", []int{3, 7}},
		{"@-0/5", []int{1, 2, 3, 4, 6, 7, 8, 9}},
		{"@0/1", []int{0, 1, 2, 3, 4, 5, 6, 7, 8, 9}},
	} {
		s, err := Open(path + c.part)
		if err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(s.Labels, c.want) {
			t.Errorf("%q: labels %v, want %v", c.part, s.Labels, c.want)
		}
		for i := range s.Labels {
			m, err := s.Image(i)
			if err != nil {
				t.Fatal(err)
			}
			if int(m.Pix[0]) != 100+s.Labels[i] {
				t.Errorf("%q: picture %d is another one", c.part, i)
			}
		}
	}
	for _, part := range []string{"@5/5", "@-0/1", "@1/0", "@7/3"} {
		if _, err := Open(path + part); !errors.Is(err, ErrData) {
			t.Errorf("%q: got %v, want %v", part, err, ErrData)
		}
	}
}
