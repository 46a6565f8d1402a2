package vision

import (
	"bufio"
	"encoding/binary"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/internal/testkit"
)

// project sums the samples under the k-th sequence of signs of testdata/imagenet.py.
func project(pix []uint8, k int) int {
	state := uint32(k+1) * 2654435761
	sum := 0
	for _, v := range pix {
		state = state*1664525 + 1013904223
		if state>>31 != 0 {
			sum += int(v)
		} else {
			sum -= int(v)
		}
	}
	return sum
}

// TestPhotosAreNearPillow says that real JPEG files decode and crop to within half a step (root mean square) of what
// Pillow makes of them. Without interpolated chroma they are two steps away.
func TestPhotosAreNearPillow(t *testing.T) {
	const limit = 0.5
	images := filepath.Join(testkit.Data(t), "imagenet", "images")
	list, err := os.Open("testdata/imagenet.txt")
	if err != nil {
		t.Fatal(err)
	}
	defer list.Close()
	rows := 0
	for scan := bufio.NewScanner(list); scan.Scan(); {
		fields := strings.Fields(scan.Text())
		if fields[0] == "#" {
			continue
		}
		data, err := os.ReadFile(filepath.Join(images, fields[0]))
		if err != nil {
			t.Fatal(err)
		}
		m, err := DecodeBytes(data)
		if err != nil {
			t.Fatalf("%s: %v", fields[0], err)
		}
		if fields[1] == "crop" {
			w, h := shorterSide(m.Width, m.Height, 183)
			if m, err = Resize(m, w, h, Bilinear); err != nil {
				t.Fatal(err)
			}
			if m, err = CenterCrop(m, 160, 160, 0); err != nil {
				t.Fatal(err)
			}
		}
		square := 0.0
		for k, field := range fields[2:] {
			var want int
			if _, err := fmt.Sscan(field, &want); err != nil {
				t.Fatal(err)
			}
			d := float64(project(m.Pix, k) - want)
			square += d * d
		}
		rms := math.Sqrt(square / float64(len(fields)-2) / float64(len(m.Pix)))
		t.Logf("%s %s: %.3f", fields[0], fields[1], rms)
		if !(rms < limit) {
			t.Errorf("%s %s: root mean square difference %.3f, want less than %v", fields[0], fields[1], rms, limit)
		}
		rows++
	}
	if rows < 20 {
		t.Errorf("only %d rows in testdata/imagenet.txt", rows)
	}
}

// goldenPhotos are the files that the golden inputs of the ImageNet models were made from.
var goldenPhotos = []string{
	"n01665541_leatherback_turtle.jpg", "n02098105_soft-coated_wheaten_terrier.jpg", "n02699494_altar.jpg", "n04141975_scale.jpg",
}

// TestPresetsReachGoldenInputs says that the presets make the tensors which the reference outputs belong to, to within
// three steps of a pixel and a tenth of one on average. At other sizes than 224 only those photos compare whose longer
// side and offset come out the same: the golden inputs round the one to nearest and the other down.
func TestPresetsReachGoldenInputs(t *testing.T) {
	data := testkit.Data(t)
	for _, c := range []struct {
		model, preset string
		photos        []int
		spec          InputSpec
		step          float64 // greatest value of one pixel step in the tensor
	}{
		{"mobilenet_v1_0.25_128_uint8.tflite", "raw", []int{0, 1}, InputSpec{DType: graph.Uint8, Height: 128, Width: 128, Layout: NHWC}, 1},
		{"tf2_mobilenet_v2_1.0_224_int8.tflite", "raw", []int{0, 1, 2, 3}, InputSpec{DType: graph.Uint8, Height: 224, Width: 224, Layout: NHWC}, 1},
		{"mlperftiny_vww96_int8.tflite", "raw", []int{3}, InputSpec{DType: graph.Int8, Height: 96, Width: 96, Layout: NHWC}, 1},
		{"mobilenetv2-12-qdq.onnx", "torchvision", []int{0, 1, 2, 3}, InputSpec{DType: graph.Float32, Height: 224, Width: 224, Layout: NCHW}, 1 / 255. / 0.224},
		{"squeezenet_fp16.onnx", "caffe", []int{0, 1, 2, 3}, InputSpec{DType: graph.Float32, Height: 224, Width: 224, Layout: NCHW}, 1},
		{"mobilenet_v1_0.25_224_fp32.onnx", "tf", []int{0, 1, 2, 3}, InputSpec{DType: graph.Float32, Height: 224, Width: 224, Layout: NCHW}, 1 / 127.5},
	} {
		for _, k := range c.photos {
			t.Run(fmt.Sprintf("%s/%d", c.model, k), func(t *testing.T) {
				m := decodeFile(t, filepath.Join(data, "imagenet", "images", goldenPhotos[k]))
				p, err := Preset(c.preset)
				if err != nil {
					t.Fatal(err)
				}
				l, err := p.Bind(c.spec)
				if err != nil {
					t.Fatal(err)
				}
				got := make([]byte, l.Spec().Bytes())
				if err := l.Apply(m, got, nil); err != nil {
					t.Fatal(err)
				}
				want := npyData(t, filepath.Join(data, "golden", c.model, fmt.Sprintf("%d.input.npy", k)))
				compareTensors(t, elements(c.spec.DType, got), elements(c.spec.DType, want), c.step)
			})
		}
	}
}

func compareTensors(t *testing.T, got, want []float64, step float64) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("%d elements, want %d", len(got), len(want))
	}
	sum, most := 0.0, 0.0
	for i := range got {
		d := math.Abs(got[i]-want[i]) / step
		sum += d
		most = max(most, d)
	}
	mean := sum / float64(len(got))
	t.Logf("in pixel steps: mean difference %.4f, greatest %.2f", mean, most)
	if !(mean < 0.1) || most > jpegTolerance+1e-3 {
		t.Errorf("in pixel steps: mean difference %.4f, greatest %.2f", mean, most)
	}
}

func decodeFile(t testing.TB, path string) *Image {
	t.Helper()
	file, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	m, err := Decode(file)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// npyData returns the elements of a NumPy file, format version 1.
func npyData(t testing.TB, path string) []byte {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return data[10+int(binary.LittleEndian.Uint16(data[8:])):]
}

// elements widens the elements of a tensor.
func elements(d graph.DType, data []byte) []float64 {
	out := make([]float64, len(data)/d.Bytes(1))
	for i := range out {
		switch d {
		case graph.Float32:
			out[i] = float64(math.Float32frombits(binary.LittleEndian.Uint32(data[4*i:])))
		case graph.Float16:
			out[i] = float64(graph.Float16ToFloat32(binary.LittleEndian.Uint16(data[2*i:])))
		case graph.Int8:
			out[i] = float64(int8(data[i]))
		default:
			out[i] = float64(data[i])
		}
	}
	return out
}
