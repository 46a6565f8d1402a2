// Command embed is the smallest program with a model inside: its size is measured.
package main

import (
	_ "embed" // for the model
	"fmt"
	"os"

	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/loader"
	"github.com/octet-ml/octet/runtime"
)

//go:embed digits.onnx
var model []byte

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "embed:", err)
		os.Exit(1)
	}
}

// run prints the scores of an empty picture.
func run() error {
	g, err := loader.Decode(model)
	if err != nil {
		return err
	}
	program, err := runtime.Compile(g)
	if err != nil {
		return err
	}
	session, err := program.NewSession()
	if err != nil {
		return err
	}
	session.Run()
	fmt.Println(graph.View[float32](session.Output(0).Data))
	return nil
}
