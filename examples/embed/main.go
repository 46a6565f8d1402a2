// Command embed is a program with a classifier inside: one static binary that needs no file at run time.
//
// It names the handwritten digit in a picture: a file given as its argument, or an embedded one. Package digits beside it,
// with the model, was written by octet generate; server is the same over HTTP.
package main

import (
	"bytes"
	_ "embed" // for the picture
	"fmt"
	"os"

	"github.com/octet-ml/octet/examples/embed/digits"
)

//go:generate go run ../../cmd/octet generate ../../internal/digits/digits.onnx --package digits

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
	scores, err := digits.TopKFile(bytes.NewReader(data), 1)
	if err != nil {
		return err
	}
	fmt.Printf("%v (%.1f %%)\n", scores[0].Class, 100*scores[0].Probability)
	return nil
}
