package bench

import (
	"fmt"
	"strings"

	"github.com/octet-ml/octet/graph"
)

// Architecture is a published image classifier.
type Architecture struct {
	Name    string
	Title   string // for people
	Source  string // the paper that defines it, and the variant where there are several
	Size    int    // height and width of the input, which has 3 channels
	Classes int
	MACs    int64 // multiplications of convolutions and dense layers for one picture
	Params  int   // weights and biases, batch normalization folded

	layers []*layer
}

// family is a row of the table of architectures.
type family struct {
	name, title, source string
	size                int
	describe            func(n *net, x *layer) *layer
}

// families lists the architectures. All have 1000 classes but the one for CIFAR-10.
var families = []family{
	{"resnet8", "ResNet-8", "MLPerf Tiny 1.0, image classification (CIFAR-10)", 32, resnet8},
	{"resnet18", "ResNet-18", "He et al. 2015, arXiv:1512.03385", 224, resnet18},
	{"resnet50", "ResNet-50 v1", "He et al. 2015, arXiv:1512.03385: stride in the first 1x1 of a block", 224, resnet50v1},
	{"resnet50v15", "ResNet-50 v1.5", "He et al. 2015 with the stride in the 3x3 of a block, as in torchvision", 224, resnet50v15},
	{"vgg16", "VGG-16", "Simonyan, Zisserman 2014, arXiv:1409.1556, configuration D", 224, vgg16},
	{"mobilenetv1", "MobileNetV1 1.0", "Howard et al. 2017, arXiv:1704.04861", 224, mobilenetv1},
	{"mobilenetv2", "MobileNetV2 1.0", "Sandler et al. 2018, arXiv:1801.04381", 224, mobilenetv2},
	{"mobilenetv3s", "MobileNetV3-Small 1.0", "Howard et al. 2019, arXiv:1905.02244, table 2", 224, mobilenetv3s},
	{"squeezenet11", "SqueezeNet 1.1", "Iandola et al. 2016, arXiv:1602.07360, in the authors' version 1.1", 224, squeezenet11},
	{"efficientnet-lite0", "EfficientNet-Lite0", "Tan, Le 2019, arXiv:1905.11946, without squeeze-and-excite and with ReLU6", 224, efficientnetLite0},
}

// Names returns the names of the architectures.
func Names() []string {
	var out []string
	for _, f := range families {
		out = append(out, f.name)
	}
	return out
}

// Lookup returns the architecture with the given name, or an error that wraps ErrUnknown.
func Lookup(name string) (*Architecture, error) {
	for _, f := range families {
		if f.name == name {
			return f.architecture(), nil
		}
	}
	return nil, fmt.Errorf("architecture %q: %w: want one of %s", name, ErrUnknown, strings.Join(Names(), ", "))
}

func (f *family) architecture() *Architecture {
	n := new(net)
	last := f.describe(n, n.input(f.size))
	a := &Architecture{Name: f.name, Title: f.title, Source: f.source, Size: f.size, Classes: last.c, layers: n.layers}
	for _, l := range n.layers {
		a.MACs += l.macs()
		if l.weighted() {
			a.Params += l.c * (l.fan() + 1)
		}
	}
	return a
}

// Build returns the architecture with the given name as a graph with synthetic weights, as a loader returns it: NCHW, one
// float32 input "input" of shape [N 3 Size Size] and one float32 output "logits" of shape [N Classes]. Where the precision is
// an integer one, operators stand between Dequantize and Quantize nodes. It returns an error that wraps ErrUnknown for a name
// or precision that there is not. The same arguments give the same bytes on every machine.
func Build(name string, p Precision) (*graph.Graph, error) {
	a, err := Lookup(name)
	if err != nil {
		return nil, err
	}
	return a.Build(p)
}
