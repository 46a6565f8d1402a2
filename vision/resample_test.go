package vision

import (
	"bufio"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"
)

// synthetic draws the picture that testdata/pillow.py draws.
func synthetic(t testing.TB, kind string, channels, width, height int) *Image {
	t.Helper()
	m, err := NewImage(width, height, channels)
	if err != nil {
		t.Fatal(err)
	}
	state := uint32(width)*73856093 ^ uint32(height)*19349663 ^ uint32(channels)*83492791
	i := 0
	for y := range height {
		for x := range width {
			for c := range channels {
				switch kind {
				case "noise":
					state = state*1664525 + 1013904223
					m.Pix[i] = uint8(state >> 24)
				case "blocks":
					m.Pix[i] = uint8(255 * ((x/3 + y/5 + c) & 1))
				default:
					m.Pix[i] = uint8(3*x + 5*y + 80*c)
				}
				i++
			}
		}
	}
	return m
}

func digest(b []byte) string {
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])
}

// TestResizeEqualsPillow compares with the digests that testdata/pillow.py recorded.
func TestResizeEqualsPillow(t *testing.T) {
	file, err := os.Open("testdata/pillow.txt")
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	rows := map[Filter]int{}
	for scan := bufio.NewScanner(file); scan.Scan(); {
		if strings.HasPrefix(scan.Text(), "#") {
			continue
		}
		var name, kind, want string
		var channels, sw, sh, dw, dh int
		if _, err := fmt.Sscanf(scan.Text(), "%s %s %d %dx%d %dx%d %s", &name, &kind, &channels, &sw, &sh, &dw, &dh, &want); err != nil {
			t.Fatalf("%q: %v", scan.Text(), err)
		}
		f, err := ParseFilter(name)
		if err != nil {
			t.Fatal(err)
		}
		rows[f]++
		out, err := Resize(synthetic(t, kind, channels, sw, sh), dw, dh, f)
		if err != nil {
			t.Fatal(err)
		}
		if err := out.Check(); err != nil {
			t.Fatal(err)
		}
		if got := digest(out.Pix); got != want {
			t.Errorf("%s %s %d channels %dx%d -> %dx%d: got %s, Pillow %s", name, kind, channels, sw, sh, dw, dh, got[:12], want[:12])
		}
	}
	for f := range filters {
		if rows[Filter(f)] < 200 {
			t.Errorf("%v: only %d rows in testdata/pillow.txt", Filter(f), rows[Filter(f)])
		}
	}
}

// TestResizeRegionEqualsCrop says that computing a part gives the part of the whole.
func TestResizeRegionEqualsCrop(t *testing.T) {
	for f := range filters {
		for _, channels := range []int{1, 3} {
			for _, size := range [][2]int{{40, 30}, {53, 37}, {53, 90}, {120, 37}, {9, 11}} {
				src := synthetic(t, "noise", channels, 53, 37)
				r := rect{size[0] / 3, size[1] / 4, size[0] - 2, size[1] - 1}
				whole, err := Resize(src, size[0], size[1], Filter(f))
				if err != nil {
					t.Fatal(err)
				}
				part, err := resizeRegion(src, size[0], size[1], r, Filter(f))
				if err != nil {
					t.Fatal(err)
				}
				if want := cropped(whole, r); string(want.Pix) != string(part.Pix) || want.Width != part.Width {
					t.Errorf("%v, %d channels, %v: region differs from crop", Filter(f), channels, size)
				}
			}
		}
	}
}

func TestResizeLeavesSourceAndCopies(t *testing.T) {
	src := synthetic(t, "noise", 3, 8, 8)
	before := digest(src.Pix)
	for f := range filters {
		for _, n := range []int{8, 3, 20} {
			out, err := Resize(src, n, 8, Filter(f))
			if err != nil {
				t.Fatal(err)
			}
			out.Pix[0]++
		}
	}
	if digest(src.Pix) != before {
		t.Error("Resize changed its source")
	}
}

func TestResizeRefusesBadArguments(t *testing.T) {
	good := synthetic(t, "noise", 3, 4, 4)
	tall := &Image{Width: 1, Height: 1 << 19, Channels: 1, Pix: make([]uint8, 1<<19)}
	for name, c := range map[string]struct {
		src  *Image
		w, h int
		f    Filter
		want error
	}{
		"nil source":     {nil, 1, 1, Bilinear, ErrImage},
		"short pixels":   {&Image{Width: 2, Height: 2, Channels: 3, Pix: make([]uint8, 11)}, 1, 1, Bilinear, ErrImage},
		"two channels":   {&Image{Width: 1, Height: 1, Channels: 2, Pix: make([]uint8, 2)}, 1, 1, Bilinear, ErrImage},
		"zero width":     {good, 0, 1, Bilinear, ErrImage},
		"negative":       {good, 3, -1, Bilinear, ErrImage},
		"unknown filter": {good, 3, 3, Filter(len(filters)), ErrImage},
		"huge side":      {good, 1 << 21, 1, Bilinear, ErrTooLarge},
		"huge area":      {good, 1 << 20, 1 << 20, Nearest, ErrTooLarge},
		"huge scratch":   {tall, 1 << 12, 2, Bilinear, ErrTooLarge},
	} {
		if _, err := Resize(c.src, c.w, c.h, c.f); !errors.Is(err, c.want) {
			t.Errorf("%s: want %v, got %v", name, c.want, err)
		}
	}
}

func BenchmarkResize(b *testing.B) {
	src := synthetic(b, "noise", 3, 500, 375)
	for f := range filters {
		b.Run(Filter(f).String(), func(b *testing.B) {
			b.SetBytes(int64(len(src.Pix)))
			b.ReportAllocs()
			for b.Loop() {
				if _, err := Resize(src, 341, 256, Filter(f)); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
