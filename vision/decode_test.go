package vision

import (
	"bufio"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// jpegTolerance is how far a decoded JPEG sample may be from libjpeg's: both inverse cosine transforms round to within
// one step of the exact value, which the conversion to RGB multiplies by up to 1.772 and adds to luma's.
const jpegTolerance = 3

// difference returns the mean and the greatest absolute difference of two pictures of the same size.
func difference(t testing.TB, a, b *Image) (mean float64, most int) {
	t.Helper()
	a, b = a.RGB(), b.RGB()
	if a.Width != b.Width || a.Height != b.Height {
		t.Fatalf("sizes %dx%d and %dx%d", a.Width, a.Height, b.Width, b.Height)
	}
	sum := 0
	for i := range a.Pix {
		d := int(a.Pix[i]) - int(b.Pix[i])
		d = max(d, -d)
		sum += d
		most = max(most, d)
	}
	return float64(sum) / float64(len(a.Pix)), most
}

func fixture(t testing.TB, name string) []byte {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("testdata", "decode", name))
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// TestDecodeEqualsPillow decodes the pictures of testdata/decode.py: all but JPEG to the same bytes as Pillow.
func TestDecodeEqualsPillow(t *testing.T) {
	list, err := os.Open("testdata/decode.txt")
	if err != nil {
		t.Fatal(err)
	}
	defer list.Close()
	files := map[string]int{}
	for scan := bufio.NewScanner(list); scan.Scan(); {
		var name, want string
		var width, height int
		if strings.HasPrefix(scan.Text(), "#") {
			continue
		}
		if _, err := fmt.Sscanf(scan.Text(), "%s %d %d %s", &name, &width, &height, &want); err != nil {
			t.Fatalf("%q: %v", scan.Text(), err)
		}
		files[filepath.Ext(name)]++
		t.Run(name, func(t *testing.T) {
			m, err := DecodeBytes(fixture(t, name))
			if err != nil {
				t.Fatal(err)
			}
			if err := m.Check(); err != nil {
				t.Fatal(err)
			}
			if m.Width != width || m.Height != height {
				t.Fatalf("size %dx%d, Pillow %dx%d", m.Width, m.Height, width, height)
			}
			if filepath.Ext(name) != ".jpg" {
				if got := digest(m.RGB().Pix); got != want {
					t.Errorf("pixels %s, Pillow %s", got[:12], want[:12])
				}
				return
			}
			reference, err := DecodeBytes(fixture(t, name+".want.png"))
			if err != nil {
				t.Fatal(err)
			}
			mean, most := difference(t, m, reference)
			t.Logf("mean difference %.4f, greatest %d", mean, most)
			if most > jpegTolerance || mean > 0.2 {
				t.Errorf("mean difference %.4f, greatest %d: want at most 0.2 and %d", mean, most, jpegTolerance)
			}
		})
	}
	for ext, least := range map[string]int{".jpg": 35, ".png": 12, ".gif": 6, ".webp": 9, ".bmp": 5} {
		if files[ext] < least {
			t.Errorf("%d files %s, want at least %d", files[ext], ext, least)
		}
	}
}
