package vision

import (
	"errors"
	"fmt"
	"math"
	"reflect"
	"strings"
	"sync"
	"testing"

	"github.com/octet-ml/octet/graph"
)

// twoPixels is a picture of two pixels side by side.
func twoPixels() *Image {
	return &Image{Width: 2, Height: 1, Channels: 3, Pix: []uint8{0, 128, 255, 10, 20, 30}}
}

func TestApplyWritesElements(t *testing.T) {
	whole := func(p Preprocess) Preprocess { p.Resize = Stretch; return p }
	preset := func(name string) Preprocess {
		p, err := Preset(name)
		if err != nil {
			t.Fatal(err)
		}
		return whole(p)
	}
	in := func(d graph.DType, l Layout, scale float32, zero int32) InputSpec {
		return InputSpec{DType: d, Height: 1, Width: 2, Channels: 3, Layout: l, Scale: scale, ZeroPoint: zero}
	}
	grey := func(s InputSpec) InputSpec { s.Channels = 1; return s }
	u8, i8, f32, f16 := graph.Uint8, graph.Int8, graph.Float32, graph.Float16
	for name, c := range map[string]struct {
		p    Preprocess
		spec InputSpec
		want []float64
	}{
		"raw f32 nhwc":     {preset("raw"), in(f32, NHWC, 0, 0), []float64{0, 128, 255, 10, 20, 30}},
		"raw f32 nchw":     {preset("raw"), in(f32, NCHW, 0, 0), []float64{0, 10, 128, 20, 255, 30}},
		"raw f16":          {preset("raw"), in(f16, NCHW, 0, 0), []float64{0, 10, 128, 20, 255, 30}},
		"raw u8":           {preset("raw"), in(u8, NHWC, 0.0078125, 128), []float64{0, 128, 255, 10, 20, 30}},
		"raw i8":           {preset("raw"), in(i8, NHWC, 0, 0), []float64{-128, 0, 127, -118, -108, -98}},
		"values i8":        {whole(Preprocess{Quantize: QuantizeValues}), in(i8, NHWC, 2, -128), []float64{-128, -64, 0, -123, -118, -113}},
		"halves to even":   {whole(Preprocess{Scale: 0.25}), in(u8, NHWC, 1, 0), []float64{0, 32, 64, 2, 5, 8}},
		"clamped below":    {whole(Preprocess{Mean: []float64{20}}), in(u8, NHWC, 1, 0), []float64{0, 108, 235, 0, 0, 10}},
		"clamped above":    {whole(Preprocess{Scale: 2}), in(i8, NHWC, 1, -100), []float64{-100, 127, 127, -80, -60, -40}},
		"tf u8":            {preset("tf"), in(u8, NHWC, 0.0078125, 128), []float64{0, 129, 255, 10, 20, 30}},
		"tf f32":           {preset("tf"), in(f32, NHWC, 0, 0), []float64{-1, float64(float32(128/127.5 - 1)), 1, float64(float32(10/127.5 - 1)), float64(float32(20/127.5 - 1)), float64(float32(30/127.5 - 1))}},
		"caffe":            {preset("caffe"), in(f32, NCHW, 0, 0), []float64{float64(float32(255 - 103.939)), float64(float32(30 - 103.939)), float64(float32(128 - 116.779)), float64(float32(20 - 116.779)), float64(float32(0 - 123.68)), float64(float32(10 - 123.68))}},
		"torchvision":      {preset("torchvision"), in(f32, NHWC, 0, 0), []float64{float64(float32((0 - 0.485) / 0.229)), float64(float32((128/255. - 0.456) / 0.224)), float64(float32((1 - 0.406) / 0.225)), float64(float32((10/255. - 0.485) / 0.229)), float64(float32((20/255. - 0.456) / 0.224)), float64(float32((30/255. - 0.406) / 0.225))}},
		"grey":             {preset("mnist"), grey(in(f32, NCHW, 0, 0)), []float64{104, 18}},
		"layout from both": {whole(Preprocess{Layout: NHWC}), in(f32, AnyLayout, 0, 0), []float64{0, 128, 255, 10, 20, 30}},
	} {
		t.Run(name, func(t *testing.T) {
			dst := make([]byte, c.spec.Bytes())
			if err := c.p.Apply(twoPixels(), c.spec, dst, nil); err != nil {
				t.Fatal(err)
			}
			got := elements(c.spec.DType, dst)
			for i := range c.want {
				ulp := math.Abs(c.want[i]) / (1 << 22)
				if c.spec.DType != graph.Float32 {
					ulp = 0
				}
				if len(got) != len(c.want) || math.Abs(got[i]-c.want[i]) > ulp {
					t.Fatalf("got %v, want %v", got, c.want)
				}
			}
		})
	}
}

func TestGreyPictureFillsThreeChannels(t *testing.T) {
	m := &Image{Width: 2, Height: 1, Channels: 1, Pix: []uint8{7, 9}}
	dst := make([]byte, 6)
	p := Preprocess{Resize: Stretch}
	if err := p.Apply(m, InputSpec{DType: graph.Uint8, Height: 1, Width: 2, Channels: 3, Layout: NCHW}, dst, nil); err != nil {
		t.Fatal(err)
	}
	if want := []byte{7, 9, 7, 9, 7, 9}; !reflect.DeepEqual(dst, want) {
		t.Errorf("got %v, want %v", dst, want)
	}
}

// TestResizeModes compares each mode with the exported functions that it is made of.
func TestResizeModes(t *testing.T) {
	const height, width = 20, 24
	must := func(m *Image, err error) *Image {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return m
	}
	for _, size := range [][2]int{{50, 40}, {40, 50}, {24, 20}, {10, 90}, {7, 5}, {30, 10}} {
		src := synthetic(t, "noise", 3, size[0], size[1])
		sw, sh := shorterSide(size[0], size[1], 27) // 24 / 0.875, rounded
		tw, th := shorterSide(size[0], size[1], 15)
		fw, fh := fitInside(size[0], size[1], width, height)
		for name, c := range map[string]struct {
			p    Preprocess
			want *Image
		}{
			"shorter":   {Preprocess{Filter: Bicubic}, must(CenterCrop(must(Resize(src, sw, sh, Bicubic)), width, height, 0))},
			"resize_to": {Preprocess{ResizeTo: 15, Fill: 3}, must(CenterCrop(must(Resize(src, tw, th, Bilinear)), width, height, 3))},
			"stretch":   {Preprocess{Resize: Stretch, Filter: Lanczos}, must(Resize(src, width, height, Lanczos))},
			"letterbox": {Preprocess{Resize: Letterbox, Fill: 114}, must(CenterCrop(must(Resize(src, fw, fh, Bilinear)), width, height, 114))},
			"none":      {Preprocess{Resize: NoResize, Fill: 1}, must(CenterCrop(src, width, height, 1))},
		} {
			dst := make([]byte, 3*height*width)
			spec := InputSpec{DType: graph.Uint8, Height: height, Width: width, Channels: 3, Layout: NHWC}
			if err := c.p.Apply(src, spec, dst, &Trace{}); err != nil {
				t.Fatal(err)
			}
			l, err := c.p.Bind(spec)
			if err != nil {
				t.Fatal(err)
			}
			if seen := must(l.Fit(src)); seen.Width != width || seen.Height != height || string(seen.Pix) != string(c.want.Pix) {
				t.Errorf("%s of %v: Fit gives other pixels", name, size)
			}
			if string(dst) != string(c.want.Pix) {
				t.Errorf("%s of %v: wrong pixels", name, size)
			}
		}
	}
}

func TestBindRefuses(t *testing.T) {
	good := InputSpec{DType: graph.Float32, Height: 8, Width: 8, Channels: 3, Layout: NCHW}
	change := func(f func(*InputSpec)) InputSpec { s := good; f(&s); return s }
	for name, c := range map[string]struct {
		p     Preprocess
		spec  InputSpec
		want  error
		where string
	}{
		"bad description":  {Preprocess{Fill: 300}, good, ErrPreprocess, "fill"},
		"bad type":         {Preprocess{}, change(func(s *InputSpec) { s.DType = graph.Int32 }), ErrInput, "i32"},
		"undefined type":   {Preprocess{}, change(func(s *InputSpec) { s.DType = 200 }), ErrInput, "dtype(200)"},
		"two channels":     {Preprocess{}, change(func(s *InputSpec) { s.Channels = 2 }), ErrInput, "2 channels"},
		"huge":             {Preprocess{}, change(func(s *InputSpec) { s.Width = 1 << 30 }), ErrInput, "width"},
		"negative":         {Preprocess{}, change(func(s *InputSpec) { s.Height = -1 }), ErrInput, "height"},
		"unknown layout":   {Preprocess{}, change(func(s *InputSpec) { s.Layout = "chwn" }), ErrInput, "chwn"},
		"NaN scale":        {Preprocess{}, change(func(s *InputSpec) { s.Scale = float32(math.NaN()) }), ErrInput, "scale"},
		"open size":        {Preprocess{}, change(func(s *InputSpec) { s.Width = 0 }), ErrInput, "width is open"},
		"other size":       {Preprocess{Size: [2]int{8, 9}}, good, ErrInput, "makes 9"},
		"other layout":     {Preprocess{Layout: NHWC}, good, ErrInput, "nhwc"},
		"grey for three":   {Preprocess{Channels: Grey}, good, ErrInput, "grey"},
		"rgb for one":      {Preprocess{Channels: RGB}, change(func(s *InputSpec) { s.Channels = 1 }), ErrInput, "rgb"},
		"three means":      {Preprocess{Mean: []float64{1, 2, 3}}, change(func(s *InputSpec) { s.Channels = 1 }), ErrInput, "mean"},
		"unknown scale":    {Preprocess{Scale: 0.5}, change(func(s *InputSpec) { s.DType = graph.Int8 }), ErrInput, "scale"},
		"values, no scale": {Preprocess{Quantize: QuantizeValues}, change(func(s *InputSpec) { s.DType = graph.Uint8 }), ErrInput, "scale"},
	} {
		_, err := c.p.Bind(c.spec)
		if !errors.Is(err, c.want) || !strings.Contains(fmt.Sprint(err), c.where) {
			t.Errorf("%s: want %v with %q, got %v", name, c.want, c.where, err)
		}
	}
	l, err := Preprocess{}.Bind(good)
	if err != nil {
		t.Fatal(err)
	}
	if err := l.Apply(twoPixels(), make([]byte, 7), nil); !errors.Is(err, ErrInput) {
		t.Errorf("short destination: got %v", err)
	}
	if err := l.Apply(&Image{}, make([]byte, good.Bytes()), nil); !errors.Is(err, ErrImage) {
		t.Errorf("empty picture: got %v", err)
	}
	if err := l.Apply(synthetic(t, "noise", 1, 1, 1<<17), make([]byte, good.Bytes()), nil); !errors.Is(err, ErrTooLarge) {
		t.Errorf("endless picture: got %v", err)
	}
}

func TestBindTakesOpenDimensions(t *testing.T) {
	l, err := Preprocess{Size: [2]int{20, 30}, Channels: Grey}.Bind(InputSpec{DType: graph.Float32})
	if err != nil {
		t.Fatal(err)
	}
	if got, want := l.Spec(), (InputSpec{DType: graph.Float32, Height: 20, Width: 30, Channels: 1, Layout: NCHW}); got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
	if got := l.Spec().Bytes(); got != 2400 {
		t.Errorf("%d bytes, want 2400", got)
	}
}

func TestPipelineIsShared(t *testing.T) {
	p, err := Preset("torchvision")
	if err != nil {
		t.Fatal(err)
	}
	l, err := p.Bind(InputSpec{DType: graph.Float32, Height: 32, Width: 32, Channels: 3, Layout: NCHW})
	if err != nil {
		t.Fatal(err)
	}
	p.Mean[0] = 1000
	m := synthetic(t, "noise", 3, 90, 70)
	var wait sync.WaitGroup
	outs := make([][]byte, 4)
	for i := range outs {
		wait.Go(func() {
			outs[i] = make([]byte, l.Spec().Bytes())
			if err := l.Apply(m, outs[i], nil); err != nil {
				t.Error(err)
			}
		})
	}
	wait.Wait()
	for i, out := range outs {
		if string(out) != string(outs[0]) {
			t.Errorf("goroutine %d got another tensor", i)
		}
	}
	if first := elements(graph.Float32, outs[0])[0]; first < -3 || first > 3 {
		t.Errorf("first element %v: the pipeline follows a change of its description", first)
	}
}

func TestTraceRecordsEveryStep(t *testing.T) {
	var trace Trace
	m, err := DecodeBytes(fixture(t, "jexif6_23x14.jpg"), WithTrace(&trace))
	if err != nil {
		t.Fatal(err)
	}
	p := Preprocess{Channels: Grey, Scale: 1.0 / 255, ResizeTo: 28, Fill: 5}
	spec := InputSpec{DType: graph.Float32, Height: 20, Width: 40, Channels: 1, Layout: NHWC}
	if err := p.Apply(m, spec, make([]byte, spec.Bytes()), &trace); err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, s := range trace.Steps {
		got = append(got, fmt.Sprintf("%s %dx%dx%d", s.Name, s.Width, s.Height, s.Channels))
		if s.Min > s.Max || s.Name != "normalize" && s.Name != "layout" && s.Max > 255 {
			t.Errorf("%s: values %v to %v", s.Name, s.Min, s.Max)
		}
	}
	want := []string{
		"decode 23x14x3", "orient 14x23x3", "grey 14x23x1", "resize 28x46x1", "crop 28x20x1", "pad 40x20x1",
		"normalize 40x20x1", "layout 40x20x1",
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	if last := trace.Steps[len(trace.Steps)-1]; last.Max > 1 || last.Min < 0 {
		t.Errorf("tensor values %v to %v, want 0 to 1", last.Min, last.Max)
	}
	if (*Trace)(nil).String() != "" {
		t.Error("a nil trace is not empty")
	}
}

func BenchmarkApply(b *testing.B) {
	m := synthetic(b, "gradient", 3, 500, 375)
	for _, d := range []graph.DType{graph.Float32, graph.Uint8} {
		for _, layout := range []Layout{NCHW, NHWC} {
			b.Run(fmt.Sprintf("%v/%s", d, layout), func(b *testing.B) {
				l, err := Preprocess{}.Bind(InputSpec{DType: d, Height: 224, Width: 224, Channels: 3, Layout: layout})
				if err != nil {
					b.Fatal(err)
				}
				dst := make([]byte, l.Spec().Bytes())
				for b.Loop() {
					if err := l.Apply(m, dst, nil); err != nil {
						b.Fatal(err)
					}
				}
			})
		}
	}
}
