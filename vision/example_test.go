package vision_test

import (
	"bytes"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"log"

	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/vision"
)

// sunset is a PNG file of 400 x 300 pixels.
func sunset() []byte {
	m := image.NewNRGBA(image.Rect(0, 0, 400, 300))
	for y := range 300 {
		for x := range 400 {
			m.Set(x, y, color.NRGBA{uint8(255 - y/2), uint8(y / 2), 60, 255})
		}
	}
	var file bytes.Buffer
	if err := png.Encode(&file, m); err != nil {
		log.Fatal(err)
	}
	return file.Bytes()
}

// A picture becomes the input of a quantized model, and its scores become names.
func Example() {
	input := graph.NewValue("image", graph.Uint8, graph.Shape{1, 224, 224, 3})
	input.Quant = graph.PerTensor(1.0/128, 128)
	spec, err := vision.SpecOf(input)
	if err != nil {
		log.Fatal(err)
	}
	preprocess, err := vision.Preset(vision.GuessPreset(spec))
	if err != nil {
		log.Fatal(err)
	}
	pipeline, err := preprocess.Bind(spec)
	if err != nil {
		log.Fatal(err)
	}

	var trace vision.Trace
	picture, err := vision.Decode(bytes.NewReader(sunset()), vision.WithTrace(&trace))
	if err != nil {
		log.Fatal(err)
	}
	tensor := make([]byte, pipeline.Spec().Bytes())
	if err := pipeline.Apply(picture, tensor, &trace); err != nil {
		log.Fatal(err)
	}
	fmt.Print(trace.String())

	labels, err := vision.Labels{"sunrise", "sunset"}.Align(3)
	if err != nil {
		log.Fatal(err)
	}
	logits := []float32{-2, 1, 3}
	vision.Softmax(logits, logits)
	for _, class := range vision.TopK(logits, 2) {
		fmt.Printf("%.3f %s\n", class.Score, labels.Name(class.Index))
	}
	// Output:
	// decode    400x300x3     0..255           PNG
	// resize    341x256x3     9..246           bilinear
	// crop      224x224x3     9..246           at (58, 16)
	// normalize 224x224x3     9..246           pixels as they are
	// layout    224x224x3     9..246           nhwc u8 [224 224 3]
	// 0.876 sunset
	// 0.118 sunrise
}

// A description stored with a model may build on a preset.
func ExampleParsePreprocess() {
	p, err := vision.ParsePreprocess([]byte(`{"preset": "torchvision", "resize_to": 232, "filter": "bicubic"}`))
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(p.ResizeTo, p.Filter, p.Mean)

	_, err = vision.ParsePreprocess([]byte(`{"mean": [0.5, 0.5]}`))
	fmt.Println(err)
	// Output:
	// 232 bicubic [0.485 0.456 0.406]
	// bad preprocessing: mean has 2 numbers, std 0: want none, 1 or one for each channel
}

func ExamplePreprocess_Metadata() {
	text, err := vision.Preprocess{Size: [2]int{96, 96}, Channels: vision.Grey, Labels: vision.Labels{"nobody", "person"}}.Metadata()
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(vision.MetadataKey, text)
	// Output:
	// octet.vision {"size":[96,96],"filter":"bilinear","channels":"grey","labels":["nobody","person"]}
}

func ExampleResize() {
	src := &vision.Image{Width: 4, Height: 1, Channels: 1, Pix: []uint8{0, 100, 200, 40}}
	for _, f := range []vision.Filter{vision.Nearest, vision.Box, vision.Bilinear, vision.Bicubic} {
		half, err := vision.Resize(src, 2, 1, f)
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(f, half.Pix)
	}
	// Output:
	// nearest [100 40]
	// box [50 120]
	// bilinear [71 117]
	// bicubic [68 122]
}

func ExampleParseLabels() {
	labels, err := vision.ParseLabels([]byte("0: cat\n1: dog\n"))
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(labels.Name(1), labels.Name(2))
	// Output:
	// dog class 2
}
