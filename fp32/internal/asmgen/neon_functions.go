package main

import (
	"strings"

	"github.com/octet-ml/octet/internal/a64"
)

// Vectors of a function besides its sets and t: masks and what is to come of addScaled, and two vectors of elements.
const (
	neonTemporary = 1
	neonElements  = 30
)

// neonFunctions writes the functions for arm64. Constants stand twice in their table, as a vector.
func neonFunctions(e *emitter) {
	m := &neonMachine{neon: neon{e}}
	for i := range 4 {
		m.sets = append(m.sets, newSet(2+len(letters)*i))
	}
	functions(e, 16, m)
}

// neonMachine works on four vectors of float64, two of elements.
type neonMachine struct {
	neon
	sets []fset
}

// write writes a function: pairs of vectors of elements, then single ones, of which the last is stored in part.
func (m *neonMachine) write(row functionRow, f *function) {
	m.function(row.name, "UnaryArgs", 80, row.name+" is the kernel of kernel.UnaryArgs for that function.",
		"Contract and meaning: kernel.UnaryArgs and the function of that name in package f32, in float64.", "",
		"R1  Src, R2  Dst, R3  elements left, R4  constants; the frame holds a spilled vector of each set",
		"V0  constant, V1  mask; V2..V8, V9..V15, V16..V22 and V23..V29  the sets of an element and temporaries, V30 V31  elements",
	)
	m.arguments("unaryArgs", [][2]string{{"Src", "R1"}, {"Dst", "R2"}, {"N", "R3"}}...)
	m.op("MOVD $constants<>(SB), R4")
	m.label("pair")
	m.op("CMP $%d, R3", 2*m.lanes)
	m.op("BLT rest")
	m.values(row, f, 2)
	m.op("VST1.P %s, %d(R2)", vecs(neonElements, 2), m.bytes(2))
	m.op("SUB $%d, R3, R3", 2*m.lanes)
	m.op("B pair")
	all := m.sets
	m.sets = all[:2]
	m.label("rest")
	m.op("CBZ R3, done")
	m.values(row, f, 1)
	m.op("CMP $%d, R3", m.lanes)
	m.op("BLT partial")
	m.op("VST1.P %s, %d(R2)", vecs(neonElements, 1), m.bytes(1))
	m.op("SUB $%d, R3, R3", m.lanes)
	m.op("B rest")
	m.label("partial")
	m.storePart(neonElements, 1, "R2", "R3", "")
	m.label("done")
	m.op("RET")
	m.sets = all
}

// values replaces count vectors of elements from Src by the function's values.
func (m *neonMachine) values(row functionRow, f *function, count int) {
	m.op("VLD1.P %d(R1), %s", m.bytes(count), vecs(neonElements, count))
	for i, set := range m.sets {
		m.word([2]a64.Op{a64.FCVTL, a64.FCVTL2}[i%2], set["v"], neonElements+i/2)
	}
	row.body(f)
	for i, set := range m.sets {
		m.word([2]a64.Op{a64.FCVTN, a64.FCVTN2}[i%2], neonElements+i/2, set["v"])
	}
}

func (m *neonMachine) each(op double, x, n, d string) {
	for _, set := range m.sets {
		if op.op == "" {
			m.word(op.word, set[d], set[n], set[x])
			continue
		}
		m.op(op.op+strings.ReplaceAll(" V%d.T, V%d.T, V%d.T", "T", op.as), set[x], set[n], set[d])
	}
}

func (m *neonMachine) load(offset int) { m.op("FMOVQ %d(R4), F0", offset) }

func (m *neonMachine) move(to, from string) {
	for _, set := range m.sets {
		m.neon.move(set[from], set[to])
	}
}

func (m *neonMachine) shiftLeft(bits int, x string) {
	for _, set := range m.sets {
		m.op("VSHL $%d, V%d.D2, V%d.D2", bits, set[x], set[x])
	}
}

func (m *neonMachine) addScaled(x, y string, offset int) {
	m.load(offset)
	for _, set := range m.sets {
		m.word(a64.FMULD, neonTemporary, set[y], set["t"])
		m.word(a64.FADDD, set[x], set[x], neonTemporary)
	}
}

func (m *neonMachine) above(x string) {
	for _, set := range m.sets {
		m.word(a64.FCMGTD, neonTemporary, set["t"], set[x])
		m.insert(set["t"], neonTemporary, set[x])
	}
}

func (m *neonMachine) below(x string) {
	for _, set := range m.sets {
		m.word(a64.FCMGTD, neonTemporary, set[x], set["t"])
		m.insert(set["t"], neonTemporary, set[x])
	}
}

func (m *neonMachine) spill(x string) {
	for i, set := range m.sets {
		m.op("FMOVQ F%d, %d(RSP)", set[x], 16+16*i)
	}
}

func (m *neonMachine) reload(x string) {
	for i, set := range m.sets {
		m.op("FMOVQ %d(RSP), F%d", 16+16*i, set[x])
	}
}

func (m *neonMachine) mirror() {
	m.each(sub, "s", "t", "a")
	m.zero(0)
	for _, set := range m.sets {
		m.word(a64.FCMGTD, neonTemporary, set["v"], set["t"])
		m.insert(set["a"], neonTemporary, set["s"])
	}
}
