package classify

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/octet-ml/octet/internal/testkit"
	"github.com/octet-ml/octet/vision"
)

const digits = "../../../../internal/digits/"

func read(t *testing.T, path string) []byte {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func open(t *testing.T) *Model {
	t.Helper()
	m, err := Open(read(t, digits+"digits.onnx"))
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// checkBest fails unless the first class is want, at 0.9 or more.
func checkBest(t *testing.T, what, want string, r Result, err error) {
	t.Helper()
	if err != nil || len(r.Classes) != 3 || r.Classes[0].Label != want || r.Classes[0].Probability < 0.9 || r.Runs < 1 || r.Milliseconds <= 0 {
		t.Errorf("%s: %+v, %v, want %s", what, r, err, want)
	}
}

func TestPictures(t *testing.T) {
	m := open(t)
	for _, name := range []string{"3", "7", "8"} {
		r, err := m.Picture(read(t, digits+name+".png"), 3)
		checkBest(t, name, name, r, err)
	}
	if _, err := m.Picture([]byte("no picture"), 3); err == nil {
		t.Error("no error for what is no picture")
	}
}

func TestADrawingCountsWhereverItStands(t *testing.T) {
	m := open(t)
	for _, name := range []string{"3", "7", "8"} {
		picture, err := vision.DecodeBytes(read(t, digits+name+".png"))
		if err != nil {
			t.Fatal(err)
		}
		for _, size := range []int{40, 140, 200} {
			small, err := vision.Resize(picture, size, size, vision.Bilinear)
			if err != nil {
				t.Fatal(err)
			}
			for _, corner := range [][2]int{{0, 0}, {280 - size, 280 - size}, {3, 280 - size}} {
				sheet := make([]byte, 280*280)
				for y := range size {
					copy(sheet[(corner[1]+y)*280+corner[0]:], small.Grey().Pix[y*size:(y+1)*size])
				}
				r, err := m.Drawing(sheet, 280, 280, 3)
				checkBest(t, name, name, r, err)
			}
		}
	}
}

func TestDrawingsThatAreNone(t *testing.T) {
	m := open(t)
	if _, err := m.Drawing(make([]byte, 100), 10, 10, 3); !errors.Is(err, ErrEmpty) {
		t.Errorf("got %v, want ErrEmpty", err)
	}
	if _, err := m.Drawing(make([]byte, 99), 10, 10, 3); !errors.Is(err, vision.ErrImage) {
		t.Errorf("got %v, want vision.ErrImage", err)
	}
}

func TestFrameKeepsExtremesInside(t *testing.T) {
	for name, at := range map[string][]int{"dot": {55}, "line": {50, 51, 52, 53, 54, 55, 56, 57, 58, 59}, "corners": {0, 99}, "heavy end": {0, 80, 81, 82, 90, 91, 92}} {
		m, err := vision.NewImage(10, 10, 1)
		if err != nil {
			t.Fatal(err)
		}
		for _, i := range at {
			m.Pix[i] = 255
		}
		framed, err := Frame(m)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		n := 0
		for _, v := range framed.Pix {
			n += int(v / 255)
		}
		if n != len(at) || framed.Width != framed.Height {
			t.Errorf("%s: %d of %d pixels in %dx%d", name, n, len(at), framed.Width, framed.Height)
		}
	}
}

func TestInfoAndDigest(t *testing.T) {
	m := open(t)
	i := m.Info()
	if i.Classes != 10 || !i.Integer || i.Preprocess != "the model's metadata" || i.Kernels == "" || !strings.Contains(i.Input, "28") {
		t.Errorf("got %+v", i)
	}
	sum, err := m.Digest()
	if err != nil || !strings.HasPrefix(sum, "v1:") {
		t.Errorf("digest %q, %v", sum, err)
	}
}

func TestBadModelsAreErrors(t *testing.T) {
	if m, err := Open([]byte("no model")); err == nil {
		t.Errorf("got %+v", m.Info())
	}
}

func TestAModelOfPicturesInColour(t *testing.T) {
	path := filepath.Join(testkit.Data(t), "models", "mlperftiny_resnet8_cifar10_int8.tflite")
	m, err := Open(read(t, path))
	if err != nil {
		t.Fatal(err)
	}
	r, err := m.Picture(read(t, digits+"7.png"), 3)
	if err != nil || len(r.Classes) != 3 || m.Info().Classes != 10 {
		t.Errorf("%+v, %v, %+v", r, err, m.Info())
	}
}
