package vision

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"hash/crc32"
	"image"
	"image/color"
	"image/png"
	"os"
	"path/filepath"
	"runtime"
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

func encodePNG(t testing.TB, m image.Image) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := png.Encode(&b, m); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// pngClaiming returns a small PNG file whose header claims another size.
func pngClaiming(t testing.TB, width, height uint32) []byte {
	data := encodePNG(t, image.NewGray(image.Rect(0, 0, 4, 4)))
	for i, v := range []uint32{width, height} {
		data[16+4*i], data[17+4*i], data[18+4*i], data[19+4*i] = byte(v>>24), byte(v>>16), byte(v>>8), byte(v)
	}
	sum := crc32.ChecksumIEEE(data[12:29])
	data[29], data[30], data[31], data[32] = byte(sum>>24), byte(sum>>16), byte(sum>>8), byte(sum)
	return data
}

func TestDecodeRefuses(t *testing.T) {
	photo := fixture(t, "j420_37x29.jpg")
	webp := fixture(t, "lossy_37x29.webp")
	animated := fixture(t, "exif8.webp")
	animated[20] |= 2
	for name, c := range map[string]struct {
		data []byte
		opts []DecodeOption
		want error
		text string
	}{
		"nothing":         {nil, nil, ErrFormat, "none of"},
		"text":            {[]byte("hello, world"), nil, ErrFormat, "none of"},
		"cut JPEG header": {photo[:30], nil, ErrFormat, "decode JPEG"},
		"cut JPEG data":   {photo[:len(photo)/2], nil, ErrFormat, "decode JPEG"},
		"cut PNG":         {fixture(t, "rgb.png")[:200], nil, ErrFormat, "decode PNG"},
		"cut GIF":         {fixture(t, "p.gif")[:100], nil, ErrFormat, "decode GIF"},
		"cut WebP":        {webp[:60], nil, ErrFormat, "decode WebP"},
		"cut BMP":         {fixture(t, "rgb.bmp")[:500], nil, ErrFormat, "decode BMP"},
		"too many bytes":  {photo, []DecodeOption{WithMaxBytes(100)}, ErrTooLarge, "100 bytes"},
		"too many pixels": {photo, []DecodeOption{WithMaxPixels(37*29 - 1)}, ErrTooLarge, "37x29"},
		"too many by far": {pngClaiming(t, 60000, 60000), nil, ErrTooLarge, "60000x60000"},
		"animation":       {animated, nil, ErrFormat, "animation"},
		"no size":         {pngClaiming(t, 0, 4), nil, ErrFormat, "decode PNG"},
		"more than fit":   {pngClaiming(t, 8000, 8000), nil, ErrFormat, "cannot be in"},
	} {
		_, err := DecodeBytes(c.data, c.opts...)
		if !errors.Is(err, c.want) || !strings.Contains(err.Error(), c.text) {
			t.Errorf("%s: want %v with %q, got %v", name, c.want, c.text, err)
		}
		if _, streamed := Decode(bytes.NewReader(c.data), c.opts...); !errors.Is(streamed, c.want) {
			t.Errorf("%s: from a reader: want %v, got %v", name, c.want, streamed)
		}
	}
	for name, opt := range map[string]DecodeOption{"bytes": WithMaxBytes(0), "pixels": WithMaxPixels(-1)} {
		if _, err := DecodeBytes(photo, opt); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("limit of %s: want an error, got %v", name, err)
		}
	}
}

// TestHeaderIsCheckedBeforeDecoding says that a small file which claims to be huge costs little memory.
func TestHeaderIsCheckedBeforeDecoding(t *testing.T) {
	const limit = 1 << 20
	for _, data := range [][]byte{pngClaiming(t, 60000, 60000), pngClaiming(t, 8000, 8000)} {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		_, err := DecodeBytes(data)
		runtime.ReadMemStats(&after)
		if err == nil {
			t.Error("no error")
		}
		if used := after.TotalAlloc - before.TotalAlloc; used > limit {
			t.Errorf("%v: allocated %d bytes, want at most %d", err, used, limit)
		}
	}
}

func TestStoredOrientationIsKept(t *testing.T) {
	data := fixture(t, "exif6.png")
	stored, err := DecodeBytes(data, WithStoredOrientation())
	if err != nil {
		t.Fatal(err)
	}
	turned, err := DecodeBytes(data)
	if err != nil {
		t.Fatal(err)
	}
	if stored.Width != 37 || turned.Width != 29 {
		t.Errorf("widths %d and %d, want 37 stored and 29 turned", stored.Width, turned.Width)
	}
}

// TestFromImageAgreesWithColorModel compares each special case with the generic conversion.
func TestFromImageAgreesWithColorModel(t *testing.T) {
	r := image.Rect(3, 5, 12, 16)
	draw := map[string]interface {
		image.Image
		Set(x, y int, c color.Color)
	}{
		"Gray": image.NewGray(r), "Gray16": image.NewGray16(r), "RGBA": image.NewRGBA(r), "NRGBA": image.NewNRGBA(r),
		"RGBA64": image.NewRGBA64(r), "NRGBA64": image.NewNRGBA64(r), "Alpha": image.NewAlpha(r),
		"Paletted": image.NewPaletted(r, color.Palette{color.Black, color.White, color.RGBA{200, 10, 30, 255}, color.NRGBA{9, 99, 250, 255}}),
	}
	for name, src := range draw {
		for y := r.Min.Y; y < r.Max.Y; y++ {
			for x := r.Min.X; x < r.Max.X; x++ {
				src.Set(x, y, color.NRGBA{uint8(20 * x), uint8(13 * y), uint8(7 * x * y), 255 - 3*uint8(x)})
			}
		}
		m, err := FromImage(src)
		if err != nil {
			t.Fatal(err)
		}
		if err := m.Check(); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		m = m.RGB()
		for y := range m.Height {
			for x := range m.Width {
				c := color.NRGBAModel.Convert(src.At(r.Min.X+x, r.Min.Y+y)).(color.NRGBA)
				if got, want := [3]uint8(m.Pix[3*(y*m.Width+x):]), [3]uint8{c.R, c.G, c.B}; got != want {
					t.Fatalf("%s at (%d, %d): got %v, want %v", name, x, y, got, want)
				}
			}
		}
	}
}

// TestFromImagePartOfYCbCr says that any part of a subsampled picture converts, within the reach of interpolation.
func TestFromImagePartOfYCbCr(t *testing.T) {
	for ratio := range subsampling {
		whole := image.NewYCbCr(image.Rect(0, 0, 16, 12), ratio)
		for i := range whole.Y {
			whole.Y[i] = uint8(i)
		}
		for i := range whole.Cb {
			whole.Cb[i], whole.Cr[i] = 90, 200
		}
		for _, r := range []image.Rectangle{{image.Pt(0, 0), image.Pt(16, 12)}, {image.Pt(4, 2), image.Pt(9, 11)}, {image.Pt(3, 1), image.Pt(4, 12)}} {
			m, err := FromImage(whole.SubImage(r))
			if err != nil {
				t.Fatal(err)
			}
			for y := range m.Height {
				for x := range m.Width {
					want := make([]uint8, 3)
					fullRange(want, []uint8{whole.YCbCrAt(r.Min.X+x, r.Min.Y+y).Y}, []uint8{90}, []uint8{200})
					if got := m.Pix[3*(y*m.Width+x):][:3]; !bytes.Equal(got, want) {
						t.Fatalf("%v %v at (%d, %d): got %v, want %v", ratio, r, x, y, got, want)
					}
				}
			}
		}
	}
	if _, err := FromImage(nil); !errors.Is(err, ErrImage) {
		t.Errorf("nil: got %v", err)
	}
	if _, err := FromImage(image.NewNRGBA(image.Rectangle{})); !errors.Is(err, ErrImage) {
		t.Errorf("empty: got %v", err)
	}
}

func BenchmarkDecode(b *testing.B) {
	for _, name := range []string{"j444_48x32.jpg", "j420_48x32.jpg", "lossy_48x32.webp", "rgb.png"} {
		data := fixture(b, name)
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				if _, err := DecodeBytes(data); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
