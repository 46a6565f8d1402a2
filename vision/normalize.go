package vision

import (
	"encoding/binary"
	"fmt"
	"math"
	"strings"

	"github.com/octet-ml/octet/graph"
)

// normalization is what one channel of the tensor holds: (pixel*scale - mean) / std.
type normalization struct{ scale, mean, std float64 }

// of returns the value of a pixel, rounded once to single precision.
func (n normalization) of(pixel int) float32 {
	return float32((float64(float64(pixel)*n.scale) - n.mean) / n.std)
}

// normalization returns that of tensor channel c.
func (p Preprocess) normalization(c int) normalization {
	n := normalization{scale: p.Scale, std: 1}
	if n.scale == 0 {
		n.scale = 1
	}
	if len(p.Mean) > 0 {
		n.mean = p.Mean[min(c, len(p.Mean)-1)]
	}
	if len(p.Std) > 0 {
		n.std = p.Std[min(c, len(p.Std)-1)]
	}
	return n
}

// formula writes the normalization for people.
func (p Preprocess) formula() string {
	var b strings.Builder
	b.WriteString(string(p.Channels) + " pixels")
	if p.Scale != 0 && p.Scale != 1 {
		if whole := 1 / p.Scale; math.Abs(whole-math.Round(10*whole)/10) < 1e-9 {
			fmt.Fprintf(&b, " / %g", math.Round(10*whole)/10)
		} else {
			fmt.Fprintf(&b, " * %g", p.Scale)
		}
	}
	if len(p.Mean) > 0 {
		fmt.Fprintf(&b, " - %v", p.Mean)
	}
	if len(p.Std) > 0 {
		fmt.Fprintf(&b, ", / %v", p.Std)
	}
	return b.String()
}

// table gives for each pixel value the tensor's element: its real value and its bits, in the low bytes.
type table struct {
	value [256]float32
	bits  [256]uint32
}

// floatTable is the table of a Float32 or Float16 tensor.
func floatTable(n normalization, d graph.DType) table {
	var t table
	for i := range t.bits {
		t.value[i] = n.of(i)
		t.bits[i] = math.Float32bits(t.value[i])
		if d == graph.Float16 {
			t.bits[i] = uint32(graph.Float32ToFloat16(t.value[i]))
		}
	}
	return t
}

// pixelTable is the table of a Uint8 tensor that holds pixels, or an Int8 one that holds them less 128.
func pixelTable(d graph.DType) table {
	var t table
	for i := range t.bits {
		v := i
		if d == graph.Int8 {
			v -= 128
		}
		t.value[i], t.bits[i] = float32(v), uint32(uint8(v))
	}
	return t
}

// quantizedTable is the table of an integer tensor that holds normalized values, as ONNX QuantizeLinear makes them:
// clamp(RoundHalfEven(value / scale) + zero point). Its value is the integer.
func quantizedTable(n normalization, s InputSpec) table {
	lo, hi := s.DType.IntRange()
	var t table
	for i := range t.bits {
		q := math.RoundToEven(float64(n.of(i)/s.Scale)) + float64(s.ZeroPoint)
		q = min(max(q, float64(lo)), float64(hi))
		t.value[i], t.bits[i] = float32(q), uint32(uint8(int64(q)))
	}
	return t
}

// write puts the elements of m in the tensor's layout.
func (l *Pipeline) write(dst []byte, m *Image) {
	pixels := m.Width * m.Height
	size := l.spec.elementSize()
	for c := range l.spec.Channels {
		first, step := c*pixels*size, size
		if l.spec.Layout == NHWC {
			first, step = c*size, l.spec.Channels*size
		}
		from := 0
		if m.Channels == 3 {
			from = l.order[c]
		}
		writeChannel(dst[first:], step, size, m.Pix[from:], m.Channels, &l.tables[c].bits)
	}
}

// writeChannel looks up each src[i*srcStep] and writes size bytes to dst at i*step.
func writeChannel(dst []byte, step, size int, src []uint8, srcStep int, bits *[256]uint32) {
	at := 0
	switch size {
	case 1:
		for i := 0; i < len(src); i += srcStep {
			dst[at] = uint8(bits[src[i]])
			at += step
		}
	case 2:
		for i := 0; i < len(src); i += srcStep {
			binary.LittleEndian.PutUint16(dst[at:], uint16(bits[src[i]]))
			at += step
		}
	case 4:
		for i := 0; i < len(src); i += srcStep {
			binary.LittleEndian.PutUint32(dst[at:], bits[src[i]])
			at += step
		}
	}
}

// traceTensor records the normalization and the layout.
func (l *Pipeline) traceTensor(m *Image, t *Trace) {
	if t == nil {
		return
	}
	lo, hi := math.Inf(1), math.Inf(-1)
	for c := range l.spec.Channels {
		from := 0
		if m.Channels == 3 {
			from = l.order[c]
		}
		for i := from; i < len(m.Pix); i += m.Channels {
			v := float64(l.tables[c].value[m.Pix[i]])
			lo, hi = min(lo, v), max(hi, v)
		}
	}
	s := l.spec
	t.Steps = append(t.Steps, Step{"normalize", s.Width, s.Height, s.Channels, lo, hi, l.detail})
	shape := fmt.Sprintf("%v [%d %d %d]", s.DType, s.Channels, s.Height, s.Width)
	if s.Layout == NHWC {
		shape = fmt.Sprintf("%v [%d %d %d]", s.DType, s.Height, s.Width, s.Channels)
	}
	t.Steps = append(t.Steps, Step{"layout", s.Width, s.Height, s.Channels, lo, hi, string(s.Layout) + " " + shape})
}
