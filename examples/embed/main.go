// Command embed is a program with a classifier inside: one static binary that needs no file at run time.
//
// It names the handwritten digit in a picture: a file given as its argument, or an embedded one.
package main

import (
	_ "embed" // for the model and the picture
	"fmt"
	"os"

	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/loader"
	"github.com/octet-ml/octet/runtime"
	"github.com/octet-ml/octet/vision"
)

//go:embed digits.onnx
var model []byte

//go:embed 7.png
var picture []byte

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "embed:", err)
		os.Exit(1)
	}
}

func run(args []string) error {
	data := picture
	if len(args) > 0 {
		var err error
		if data, err = os.ReadFile(args[0]); err != nil {
			return err
		}
	}
	digit, probability, err := classify(data)
	if err != nil {
		return err
	}
	fmt.Printf("%s (%.1f %%)\n", digit, 100*probability)
	return nil
}

// classify returns the name of the digit in a picture file and its probability.
func classify(data []byte) (string, float32, error) {
	g, err := loader.Decode(model)
	if err != nil {
		return "", 0, err
	}
	program, err := runtime.Compile(g)
	if err != nil {
		return "", 0, err
	}
	preprocess, _, err := vision.FromMetadata(program.Metadata())
	if err != nil {
		return "", 0, err
	}
	spec, err := vision.SpecOf(g.Inputs[0])
	if err != nil {
		return "", 0, err
	}
	image, err := vision.DecodeBytes(data)
	if err != nil {
		return "", 0, err
	}
	session, err := program.NewSession()
	if err != nil {
		return "", 0, err
	}
	if err := preprocess.Apply(image, spec, session.Input(0).Data, nil); err != nil {
		return "", 0, err
	}
	session.Run()
	best := vision.TopK(graph.View[float32](session.Output(0).Data), 1)[0]
	return preprocess.Labels.Name(best.Index), best.Score, nil
}
