package i8_test

import (
	"fmt"
	"log"

	i8 "github.com/octet-ml/octet/int8"
	"github.com/octet-ml/octet/internal/cpu"
)

// A table of 256 bytes is any activation function of one quantized value: here ReLU at zero point 128.
func ExampleKernels_Lookup() {
	level, err := cpu.Best()
	if err != nil {
		log.Fatal(err)
	}
	kernels, err := i8.Select(level)
	if err != nil {
		log.Fatal(err)
	}
	var relu [256]uint8
	for q := range relu {
		relu[q] = uint8(max(q, 128))
	}
	values := make([]byte, 4, 4+i8.Slack)
	copy(values, []byte{100, 127, 128, 200})
	step, err := kernels.Lookup(&relu).Bind(values, values)
	if err != nil {
		log.Fatal(err)
	}
	step.Run(nil, 0, step.Tiles())
	fmt.Println(values)
	// Output: [128 128 128 200]
}
