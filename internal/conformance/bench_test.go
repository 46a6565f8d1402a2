package conformance

import (
	"path/filepath"
	"testing"

	"github.com/octet-ml/octet/internal/testkit"
	"github.com/octet-ml/octet/loader"
	"github.com/octet-ml/octet/runtime"
)

// BenchmarkModels times one inference of whole models on one thread.
func BenchmarkModels(b *testing.B) {
	for _, name := range []string{"cifar10_resnet20_qdq_int8.onnx", "mobilenet_v2_1.0_224_qoperator.onnx", "mobilenetv2-12-qdq.onnx", "squeezenet1.1_qdq_u8s8.onnx", "mobilenet_v1_0.25_224_fp32.onnx"} {
		b.Run(name, func(b *testing.B) {
			p := benchProgram(b, name)
			s, err := p.NewSession()
			if err != nil {
				b.Fatal(err)
			}
			macs := 0
			for _, st := range p.Steps() {
				macs += st.MACs
			}
			for b.Loop() {
				s.Run()
			}
			b.ReportMetric(float64(macs)*float64(b.N)/b.Elapsed().Seconds()/1e9, "GMAC/s")
		})
	}
}

// BenchmarkLoad times loading a model file to a ready session.
func BenchmarkLoad(b *testing.B) {
	for b.Loop() {
		if _, err := benchProgram(b, "mobilenet_v2_1.0_224_qoperator.onnx").NewSession(); err != nil {
			b.Fatal(err)
		}
	}
}

func benchProgram(b *testing.B, name string) *runtime.Program {
	g, err := loader.Open(filepath.Join(testkit.Data(b), "models", name))
	if err != nil {
		b.Fatal(err)
	}
	p, err := runtime.Compile(g, runtime.Threads(1))
	if err != nil {
		b.Fatal(err)
	}
	return p
}
