package opstest

import (
	"encoding/binary"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	f32 "github.com/octet-ml/octet/fp32"
	"github.com/octet-ml/octet/graph"
	i8 "github.com/octet-ml/octet/int8"
	"github.com/octet-ml/octet/internal/cpu"
	"github.com/octet-ml/octet/loader/onnx"
	"github.com/octet-ml/octet/ops"
	"google.golang.org/protobuf/encoding/protowire"
)

var types = map[uint64]graph.DType{1: graph.Float32, 2: graph.Uint8, 3: graph.Int8, 4: graph.Uint16, 5: graph.Int16, 6: graph.Int32, 7: graph.Int64, 9: graph.Bool, 10: graph.Float16, 11: graph.Float64, 12: graph.Uint32, 13: graph.Uint64, 16: graph.BFloat16, 21: graph.Uint4, 22: graph.Int4}

func readTensor(path string) (*graph.Tensor, error) {
	b, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	var dims []int
	var raw []byte
	hasRaw := false
	var vals []uint64
	var dt uint64
	for len(b) > 0 {
		num, typ, n := protowire.ConsumeTag(b)
		b = b[n:]
		switch typ {
		case protowire.VarintType:
			v, n := protowire.ConsumeVarint(b)
			b = b[n:]
			switch num {
			case 1:
				dims = append(dims, int(v))
			case 2:
				dt = v
			default:
				vals = append(vals, v)
			}
		case protowire.BytesType:
			v, n := protowire.ConsumeBytes(b)
			b = b[n:]
			switch num {
			case 9:
				raw, hasRaw = v, true
			case 1:
				for len(v) > 0 {
					x, n := protowire.ConsumeVarint(v)
					v = v[n:]
					dims = append(dims, int(x))
				}
			case 4:
				for ; len(v) > 0; v = v[4:] {
					vals = append(vals, uint64(binary.LittleEndian.Uint32(v)))
				}
			case 10:
				for ; len(v) > 0; v = v[8:] {
					vals = append(vals, binary.LittleEndian.Uint64(v))
				}
			case 5, 7, 11:
				for len(v) > 0 {
					x, n := protowire.ConsumeVarint(v)
					v = v[n:]
					vals = append(vals, x)
				}
			}
		case protowire.Fixed32Type:
			v, n := protowire.ConsumeFixed32(b)
			b = b[n:]
			vals = append(vals, uint64(v))
		default:
			return nil, fmt.Errorf("type %v", typ)
		}
	}
	d, ok := types[dt]
	if !ok {
		return nil, fmt.Errorf("dtype %d", dt)
	}
	t := graph.NewTensor(d, dims...)
	if hasRaw {
		copy(t.Data, raw)
		return t, t.Check()
	}
	for i := range t.Len() {
		switch d {
		case graph.Float32:
			t.SetFloat(i, float64(math.Float32frombits(uint32(vals[i]))))
		case graph.Float64:
			t.SetFloat(i, math.Float64frombits(vals[i]))
		case graph.Float16, graph.BFloat16:
			binary.LittleEndian.PutUint16(t.Data[2*i:], uint16(vals[i]))
		case graph.Int4, graph.Uint4:
			if i%2 == 0 {
				t.Data[i/2] = byte(vals[i/2])
			}
		default:
			t.SetInt(i, int64(vals[i]))
		}
	}
	return t, nil
}

func same(a, b *graph.Tensor, rtol, atol float64) error {
	if a.DType != b.DType || !a.Shape.Equal(b.Shape) {
		return fmt.Errorf("got %v%v, want %v%v", a.DType, a.Shape, b.DType, b.Shape)
	}
	for i := range a.Len() {
		x, y := a.Float(i), b.Float(i)
		if x != y && !(math.IsNaN(x) && math.IsNaN(y)) && !(math.Abs(x-y) <= atol+rtol*math.Abs(y)) {
			return fmt.Errorf("element %d: got %v, want %v", i, x, y)
		}
	}
	return nil
}

func target(t testing.TB) *ops.Target {
	l, _ := cpu.Best()
	k, err := i8.Select(l)
	if err != nil {
		t.Fatal(err)
	}
	f, err := f32.Select(l)
	if err != nil {
		t.Fatal(err)
	}
	return &ops.Target{I8: k, F32: f, Packs: new(ops.Packs)}
}

func TestNodes(t *testing.T) {
	dirs, _ := filepath.Glob("/work/shared/data/onnx-node-tests/*")
	bad, kernels := 0, map[string]int{}
	for _, dir := range dirs {
		name := filepath.Base(dir)
		if strings.Contains(name, "dropout") && strings.Contains(name, "mask") {
			continue
		}
		if err := runDir(t, dir, kernels); err != nil {
			bad++
			t.Errorf("%s: %v", name, err)
		}
	}
	t.Log(len(dirs), "tests,", bad, "bad", kernels)
}

func runDir(t *testing.T, dir string, kernels map[string]int) (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("panic %v", r)
			if os.Getenv("TRACE") != "" {
				panic(r)
			}
		}
	}()
	data, err := os.ReadFile(dir + "/model.onnx")
	if err != nil {
		return err
	}
	g, err := onnx.Decode(data, onnx.Options{})
	if err != nil {
		return err
	}
	vals := map[*graph.Value]*graph.Tensor{}
	for i, v := range g.Inputs {
		x, err := readTensor(fmt.Sprintf("%s/test_data_set_0/input_%d.pb", dir, i))
		if err != nil {
			return err
		}
		if v.DType != x.DType {
			return fmt.Errorf("input %s %v but %v", v.Name, v.DType, x.DType)
		}
		if len(v.Shape) == len(x.Shape) || v.Shape == nil {
			v.Shape = x.Shape
		} else {
			return fmt.Errorf("input %v but %v", v.Shape, x.Shape)
		}
		vals[v] = x
		if i > 0 && (x.DType == graph.Int64 || x.DType == graph.Int32) || strings.Contains(dir, "_resize_") && i > 0 {
			v.Const = x
		}
		if strings.Contains(dir, "constantofshape") || strings.Contains(dir, "upsample_nearest") && i > 0{
			v.Const = x
		}
	}
	tg := target(t)
	for _, n := range g.Nodes {
		if err := ops.Infer(n); err != nil {
			return err
		}
		allconst := true
		in := make([]*graph.Tensor, len(n.Inputs))
		for i, v := range n.Inputs {
			if v == nil {
				continue
			}
			in[i] = vals[v]
			if v.Const != nil {
				in[i] = v.Const
			} else {
				allconst = false
			}
		}
		out, err := ops.Evaluate(n, in)
		if err != nil {
			return err
		}
		for i, v := range n.Outputs {
			if v == nil {
				continue
			}
			if err := out[i].Check(); err != nil {
				return err
			}
			vals[v] = out[i]
			if allconst {
				v.Const = out[i]
			}
		}
		l, err := ops.Lower(tg, n)
		if err != nil {
			return fmt.Errorf("lower: %w", err)
		}
		kernels[l.Kernel]++
		var b ops.Buffers
		for i := range n.Inputs {
			var d []byte
			if in[i] != nil {
				d = append(make([]byte, 0, len(in[i].Data)+64), in[i].Data...)
			}
			b.In = append(b.In, d)
		}
		for i := range n.Outputs {
			var d []byte
			if out[i] != nil {
				d = make([]byte, len(out[i].Data), len(out[i].Data)+64)
			}
			b.Out = append(b.Out, d)
		}
		s, err := l.Bind(b)
		if err != nil {
			return fmt.Errorf("bind %s: %w", l.Kernel, err)
		}
		scratch := make([]byte, l.Scratch)
		s.Run(scratch, 0, s.Tiles())
		for i, o := range out {
			if o != nil {
				tol := 0.0
				if o.DType.IsFloat() {
					tol = 2e-6
				}
				if err := same(&graph.Tensor{DType: o.DType, Shape: o.Shape, Data: b.Out[i]}, o, tol, tol); err != nil {
					return fmt.Errorf("lowered %s: %w", l.Kernel, err)
				}
			}
		}
		if a := testing.AllocsPerRun(3, func() { s.Run(scratch, 0, s.Tiles()) }); a != 0 {
			t.Logf("%s: %s: %v allocs", filepath.Base(dir), l.Kernel, a)
		}
	}
	for i, v := range g.Outputs {
		want, err := readTensor(fmt.Sprintf("%s/test_data_set_0/output_%d.pb", dir, i))
		if err != nil {
			return err
		}
		got := vals[v]
		if got == nil {
			got = v.Const
		}
		if got == nil {
			return fmt.Errorf("no output %s", v.Name)
		}
		if err := same(got, want, 1e-3, 1e-6); err != nil {
			return fmt.Errorf("output %d: %w", i, err)
		}
		if err := same(got, want, 1e-5, 1e-6); err != nil {
			t.Logf("%s: loose: output %d: %v", filepath.Base(dir), i, err)
		}
	}
	return nil
}
