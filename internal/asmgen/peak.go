package main

// peak generates the loop of independent products by which the most that a core can do is measured: registers only, and enough
// sums that none waits for itself.
type peak struct {
	notes string
	sums  int
	begin []string
	add   func(t *text, sum int)
}

const peakNotes = `
The register-only loop that measures what a core does at most; kernel.PeakArgs is the contract.`

var (
	peakAVX2 = peak{peakNotes, 8, []string{"VPXOR Y8, Y8, Y8", "VPXOR Y9, Y9, Y9"}, func(t *text, sum int) {
		t.op("VPMADDWD Y8, Y9, Y%d", 10+sum%4)
		t.op("VPADDD Y%d, Y%d, Y%d", 10+sum%4, sum, sum)
	}}
	peakAVXVNNI = peak{peakNotes, 12, []string{"VPXOR Y12, Y12, Y12", "VPXOR Y13, Y13, Y13"}, func(t *text, sum int) { dotVEX(t, 12, 13, sum) }}
	peakEVEX    = peak{peakNotes, 12, []string{"VPXOR Y12, Y12, Y12", "VPXOR Y13, Y13, Y13"}, func(t *text, sum int) { dotEVEX(t, 12, 13, sum) }}
	peakAVX512  = peak{peakNotes, 16, []string{"VPXORD Z16, Z16, Z16", "VPXORD Z17, Z17, Z17"}, func(t *text, sum int) {
		t.op("VPDPBUSD Z16, Z17, Z%d", sum)
	}}
)

func (p *peak) make() []byte {
	t := head("amd64 && !noasm", p.notes)
	t.function("peak", "kernel.PeakArgs", 0, "independent products, as many times as a.Turns says.")
	t.op("MOVQ a+0(FP), AX")
	t.op("MOVQ peakArgs_Turns(AX), CX")
	for _, op := range p.begin {
		t.op("%s", op)
	}
	t.op("PCALIGN $64")
	t.label("turn")
	for i := range p.sums {
		p.add(t, i)
	}
	t.op("DECQ CX")
	t.op("JNZ turn")
	t.op("VZEROUPPER")
	t.op("RET")
	return t.Bytes()
}
