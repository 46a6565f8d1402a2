package i8

import (
	"bufio"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/octet-ml/octet/internal/cpu"
)

// layers reads testdata/layers/NAME.txt.
func layers(tb testing.TB, name string) (cases []convCase) {
	tb.Helper()
	f, err := os.Open(filepath.Join("testdata", "layers", name+".txt"))
	if err != nil {
		tb.Fatal(err)
	}
	defer f.Close()
	for s := bufio.NewScanner(f); s.Scan(); {
		if strings.HasPrefix(s.Text(), "#") {
			continue
		}
		var c convCase
		var ic, h, oc, oh, k, stride, pad, groups int
		if _, err := fmt.Sscan(s.Text(), &ic, &h, &oc, &oh, &k, &stride, &pad, &groups, &c.count); err != nil {
			tb.Fatalf("%s: %q: %v", name, s.Text(), err)
		}
		g := padded(h, h, stride, pad)
		g.OH, g.OW = oh, oh
		c.w, c.g = Weights{KH: k, KW: k, IC: ic / groups, OC: oc, Groups: groups}, g
		cases = append(cases, c)
	}
	return cases
}

func (c *convCase) macs() float64 {
	w, g := &c.w, &c.g
	return float64(w.KH*w.KW*w.IC) * float64(g.N*g.OH*g.OW) * float64(w.OC)
}

// bound returns the case as a step, filled with random operands, and its kernel's name.
func (c *convCase) bound(tb testing.TB, k *Kernels) (Step, []byte, string) {
	tb.Helper()
	c.fill(newRand(1))
	w, err := k.PackConv(c.w)
	if err != nil {
		tb.Fatal(err)
	}
	p, err := w.Plan(c.g, c.e)
	if err != nil {
		tb.Fatal(err)
	}
	a := ConvArgs{Src: append(c.src, make([]byte, Slack)...)[:len(c.src)], Dst: alignedBytes(c.g.N * c.g.OH * c.g.OW * c.w.OC * p.elem()), InZero: c.inZero}
	if c.e.Add != nil {
		a.Residual = append(c.residual, make([]byte, Slack)...)[:len(c.residual)]
	}
	s, err := p.Bind(a)
	if err != nil {
		tb.Fatal(err)
	}
	return s, make([]byte, p.Scratch()), p.Kernel()
}

// BenchmarkConv times the layers of real networks one by one at the best level (OCTET_MAX_ISA caps it), hot, on one thread.
func BenchmarkConv(b *testing.B) {
	k := best(b)
	for _, net := range []string{"resnet50", "mobilenetv2"} {
		for _, c := range layers(b, net) {
			s, scratch, name := c.bound(b, k)
			kind := fmt.Sprintf("%dx%d_s%d_%d-%d_%d", c.w.KH, c.w.KW, c.g.Strides[0], c.w.IC*c.w.Groups, c.w.OC, c.g.OH)
			b.Run(net+"/"+kind+"/"+name, func(b *testing.B) {
				for b.Loop() {
					s.Run(scratch, 0, s.Tiles())
				}
				b.ReportMetric(c.macs()*float64(b.N)/b.Elapsed().Seconds()/1e9, "GMAC/s")
			})
		}
	}
}

// BenchmarkNetwork times all convolutions of a network in turn, each with weights of its own, so that they are streamed.
func BenchmarkNetwork(b *testing.B) {
	k := best(b)
	for _, net := range []string{"resnet50", "mobilenetv2"} {
		b.Run(net, func(b *testing.B) { benchmarkNetwork(b, k, net) })
	}
}

func benchmarkNetwork(b *testing.B, k *Kernels, net string) {
	var steps []Step
	var scratch []byte
	macs := 0.0
	for _, c := range layers(b, net) {
		for range c.count {
			s, buf, _ := c.bound(b, k)
			steps, macs = append(steps, s), macs+c.macs()
			if len(buf) > len(scratch) {
				scratch = buf
			}
		}
	}
	for b.Loop() {
		for _, s := range steps {
			s.Run(scratch, 0, s.Tiles())
		}
	}
	b.ReportMetric(macs*float64(b.N)/b.Elapsed().Seconds()/1e9, "GMAC/s")
}

// BenchmarkConvFinish times a layer with nothing after it, with a fused residual addition, and with a table.
func BenchmarkConvFinish(b *testing.B) {
	k := best(b)
	for name, e := range map[string]Epilogue{"none": {}, "residual": {OutZero: someAdd.AZero, Add: someAdd}, "table": {LUT: reluLUT}} {
		c := convCase{w: layer(1, 1, 64, 256), g: image(56, 56), e: e}
		s, scratch, kernel := c.bound(b, k)
		b.Run(name+"/"+kernel, func(b *testing.B) {
			for b.Loop() {
				s.Run(scratch, 0, s.Tiles())
			}
			b.ReportMetric(c.macs()*float64(b.N)/b.Elapsed().Seconds()/1e9, "GMAC/s")
		})
	}
}

// BenchmarkConvBits4 times a dense and a convolution layer with 8-bit and with 4-bit weights.
func BenchmarkConvBits4(b *testing.B) {
	k := best(b)
	for _, bits := range []int{8, 4} {
		for _, c := range []convCase{
			{w: Weights{Bits: bits, Table: uniform, KH: 1, KW: 1, IC: 9216, OC: 4096, Groups: 1}, g: image(1, 1)},
			{w: Weights{Bits: bits, Table: uniform, KH: 3, KW: 3, IC: 128, OC: 128, Groups: 1}, g: padded(28, 28, 1, 1)},
		} {
			s, scratch, name := c.bound(b, k)
			b.Run(fmt.Sprintf("%dbit/%dx%d_%d-%d/%s", bits, c.w.KH, c.w.KW, c.w.IC, c.w.OC, name), func(b *testing.B) {
				for b.Loop() {
					s.Run(scratch, 0, s.Tiles())
				}
				b.ReportMetric(c.macs()*float64(b.N)/b.Elapsed().Seconds()/1e9, "GMAC/s")
			})
		}
	}
}

func best(tb testing.TB) *Kernels {
	tb.Helper()
	l, err := cpu.Best()
	if err != nil {
		tb.Fatal(err)
	}
	k, err := Select(l)
	if err != nil {
		tb.Fatal(err)
	}
	return k
}
