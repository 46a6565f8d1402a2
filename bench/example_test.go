package bench_test

import (
	"fmt"

	"github.com/octet-ml/octet/bench"
	"github.com/octet-ml/octet/runtime"
)

// A published architecture at int8, ready to run.
func ExampleBuild() {
	g, err := bench.Build("resnet8", bench.Int8)
	if err != nil {
		fmt.Println(err)
		return
	}
	p, err := runtime.Compile(g)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(p.RequireInteger(), p.Inputs()[0].Shape, p.Outputs()[0].Shape)
	// Output: <nil> [N 3 32 32] [N 10]
}
