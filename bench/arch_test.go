package bench_test

import (
	"errors"
	"flag"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/octet-ml/octet/bench"
	"github.com/octet-ml/octet/graph"
)

var update = flag.Bool("update", false, "rewrite testdata")

// small are the architectures that tests run.
var small = []string{"resnet8", "mobilenetv3s", "squeezenet11"}

var precisions = []bench.Precision{bench.FP32, bench.Int8, bench.Int4, bench.Int4KMeans, bench.Int4Log, bench.Mixed}

// published are millions of multiplications (../shared/KERNELS.md; EfficientNet-Lite0's is not there) and the numbers of
// parameters: those of torchvision, Keras, TensorFlow's EfficientNet and MLPerf Tiny, less one for each channel of a
// BatchNormalization, whose scale and shift become one bias.
var published = map[string]struct {
	mmac   float64
	params int
}{
	"resnet8":            {12.5, 77706},
	"resnet18":           {1814, 11689512 - 4800},
	"resnet50":           {3858, 25557032 - 26560},
	"resnet50v15":        {4089, 25557032 - 26560},
	"vgg16":              {15470, 138357544},
	"mobilenetv1":        {568.7, 4231976 - 10944},
	"mobilenetv2":        {300.8, 3504872 - 17056},
	"mobilenetv3s":       {56.5, 2542856 - 6056},
	"squeezenet11":       {349.2, 1235496},
	"efficientnet-lite0": {385.2, 4652008 - 21008},
}

func TestArchitecturesAreThePublishedOnes(t *testing.T) {
	if got := bench.Names(); len(got) != len(published) {
		t.Errorf("architectures %v, want %d", got, len(published))
	}
	for _, name := range bench.Names() {
		a, err := bench.Lookup(name)
		if err != nil {
			t.Fatal(err)
		}
		want := published[name]
		if got := float64(a.MACs) / 1e6; math.Abs(got-want.mmac) > want.mmac*0.0005 {
			t.Errorf("%s: %.2f million multiplications, want %v", name, got, want.mmac)
		}
		if a.Params != want.params {
			t.Errorf("%s: %d parameters, want %d", name, a.Params, want.params)
		}
	}
}

func TestUnknownNamesAreErrors(t *testing.T) {
	if _, err := bench.Build("resnet9", bench.Int8); !errors.Is(err, bench.ErrUnknown) || !strings.Contains(err.Error(), "squeezenet11") {
		t.Errorf("resnet9: %v", err)
	}
	if _, err := bench.Build("resnet8", 7); !errors.Is(err, bench.ErrUnknown) {
		t.Errorf("precision 7: %v", err)
	}
	if _, err := bench.ParsePrecision("int3"); !errors.Is(err, bench.ErrUnknown) {
		t.Errorf("int3: %v", err)
	}
	for _, p := range precisions {
		if got, err := bench.ParsePrecision(p.String()); err != nil || got != p {
			t.Errorf("%v is parsed as %v, %v", p, got, err)
		}
	}
}

// The golden text holds the checksum of every weight tensor: machines must agree on them.
func TestGraphsAreTheSameEverywhere(t *testing.T) {
	for _, p := range precisions {
		var text strings.Builder
		if err := graph.Print(&text, build(t, "resnet8", p)); err != nil {
			t.Fatal(err)
		}
		path := filepath.Join("testdata", "resnet8-"+p.String()+".txt")
		if *update {
			if err := os.WriteFile(path, []byte(text.String()), 0o666); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if text.String() != string(want) {
			t.Errorf("%s differs (-update rewrites it):\n%s", path, text.String())
		}
	}
}

func build(t *testing.T, name string, p bench.Precision) *graph.Graph {
	t.Helper()
	g, err := bench.Build(name, p)
	if err != nil {
		t.Fatal(err)
	}
	return g
}

func TestFirstConvolutionsKeepEightBits(t *testing.T) {
	for _, name := range small {
		g := build(t, name, bench.Int4)
		var types []graph.DType
		for _, n := range g.Nodes {
			if n.Op == "Conv" || n.Op == "Gemm" {
				types = append(types, n.Inputs[1].Producer.Inputs[0].DType)
			}
		}
		if types[0] != graph.Int8 || slices.Contains(types[1:], graph.Int8) {
			t.Errorf("%s: weights of types %v", name, types)
		}
	}
}

func TestCodebooksAreOfSixteenValues(t *testing.T) {
	for p, want := range map[bench.Precision]int8{bench.Int4KMeans: 127, bench.Int4Log: 64} {
		seen := map[int8]bool{}
		for _, n := range build(t, "resnet8", p).Nodes {
			for _, v := range n.Inputs {
				if v.Const == nil || v.DType != graph.Uint4 {
					continue
				}
				for i := range v.Const.Len() {
					seen[v.Quant.Table[v.Const.Int(i)]] = true
				}
			}
		}
		if len(seen) < 14 || len(seen) > 16 || !seen[want] || !seen[-want] {
			t.Errorf("%v: weights %v", p, seen)
		}
	}
}

func TestMixedModelsAreHalfInteger(t *testing.T) {
	for _, name := range small {
		var integers, all int64
		for _, n := range build(t, name, bench.Mixed).Nodes {
			if n.Op != "Conv" && n.Op != "Gemm" {
				continue
			}
			w := n.Inputs[1]
			macs := int64(n.Outputs[0].Shape.Bind(1).Size()) * int64(w.Shape.Size()/w.Shape[0])
			if all += macs; w.Const == nil { // dequantized
				integers += macs
			}
		}
		if 2*integers < all || 4*integers > 3*all {
			t.Errorf("%s: %d of %d multiplications are of integers", name, integers, all)
		}
	}
}
