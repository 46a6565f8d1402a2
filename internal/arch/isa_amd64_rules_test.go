package arch

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"sync"
)

// feature is a group of instructions that a level declares as a whole.
type feature string

const (
	base    feature = "base"    // what every processor of the architecture has
	avx2    feature = "AVX2"    // AVX, AVX2, FMA, BMI
	avxvnni feature = "AVXVNNI" // VEX-encoded VPDPBUSD
	avx512  feature = "AVX512"  // F, BW, DQ, VL
	vnni    feature = "VNNI"    // EVEX-encoded VPDPBUSD
	vbmi    feature = "VBMI"
	neon    feature = "NEON"
	dotprod feature = "DOTPROD"
)

// folders maps an ISA folder to the features that its level declares; internal/cpu has the lists they stand for.
var folders = map[string][]feature{
	"avx2":       {base, avx2},
	"avxvnni":    {base, avx2, avxvnni},
	"evexvnni":   {base, avx2, avx512, vnni},
	"avx512":     {base, avx2, avx512},
	"avx512vnni": {base, avx2, avx512, vnni},
	"avx512vbmi": {base, avx2, avx512, vnni, vbmi},
	"neon":       {base, neon},
	"dotprod":    {base, neon, dotprod},
}

// beyond lists mnemonic prefixes that belong to features no level declares, and to VNNI.
var beyond = []struct {
	prefix string
	feature
}{
	{"VPDPBUSD", vnni}, {"VPDPWSSD", vnni},
	{"VPERMB", vbmi}, {"VPERMI2B", vbmi}, {"VPERMT2B", vbmi}, {"VPMULTISHIFTQB", vbmi},
	{"VPCOMPRESSB", "VBMI2"}, {"VPCOMPRESSW", "VBMI2"}, {"VPEXPANDB", "VBMI2"}, {"VPEXPANDW", "VBMI2"},
	{"VPSHLD", "VBMI2"}, {"VPSHRD", "VBMI2"},
	{"VGF2P8", "GFNI"}, {"GF2P8", "GFNI"},
	{"VPOPCNTB", "BITALG"}, {"VPOPCNTW", "BITALG"}, {"VPSHUFBITQMB", "BITALG"},
	{"VPOPCNT", "VPOPCNTDQ"}, {"VPMADD52", "IFMA"}, {"VCVTNE", "BF16"}, {"VDPBF16", "BF16"},
	{"VPCONFLICT", "AVX512CD"}, {"VPLZCNT", "AVX512CD"}, {"VPBROADCASTM", "AVX512CD"},
	{"VEXP2", "AVX512ER"}, {"VRCP28", "AVX512ER"}, {"VRSQRT28", "AVX512ER"},
	{"VGATHERPF", "AVX512PF"}, {"VSCATTERPF", "AVX512PF"},
	{"V4F", "AVX5124FMAPS"}, {"VP4DP", "AVX5124VNNIW"},
	{"VAES", "VAES"}, {"AES", "AES"}, {"VPCLMUL", "VPCLMULQDQ"}, {"PCLMUL", "PCLMULQDQ"}, {"SHA", "SHA"},
	{"VCVTPH2PS", "F16C"}, {"VCVTPS2PH", "F16C"}, {"ADCX", "ADX"}, {"ADOX", "ADX"}, {"LZCNT", "LZCNT"},
}

var (
	evexReg  = regexp.MustCompile(`\bZ\d+\b|\bK[0-7]\b|\b[XY](?:1[6-9]|2\d|3[01])\b`)
	ymmReg   = regexp.MustCompile(`\bY\d+\b`)
	wideReg  = regexp.MustCompile(`\b[YZ]\d+\b`)
	maskOp   = regexp.MustCompile(`^K(MOV|AND|OR|XOR|XNOR|NOT|TEST|SHIFT|ADD|UNPCK)`)
	rawBytes = map[string]int{"BYTE": 1, "WORD": 2, "LONG": 4, "QUAD": 8}
)

// encodings says which prefixes the Go assembler has for each AVX mnemonic.
type encodings struct{ vex, evex bool }

// avxTable reads the Go assembler's own instruction table, so that "EVEX only" means what the toolchain does: it picks
// EVEX for VPDPBUSD even with YMM registers, and a processor without AVX-512 dies on it.
var avxTable = sync.OnceValues(func() (map[string]encodings, error) {
	name := filepath.Join(runtime.GOROOT(), "src/cmd/internal/obj/x86/avx_optabs.go")
	src, err := os.ReadFile(name)
	if err != nil {
		return nil, fmt.Errorf("the assembler's table: %w", err)
	}
	head := regexp.MustCompile(`\{as: A(\w+),`)
	out := map[string]encodings{}
	var op string
	for line := range strings.SplitSeq(string(src), "\n") {
		if m := head.FindStringSubmatch(line); m != nil {
			op = m[1]
		}
		if rest, ok := strings.CutPrefix(strings.TrimSpace(line), "avxEscape | "); ok {
			e := out[op]
			e.vex = e.vex || strings.HasPrefix(rest, "vex")
			e.evex = e.evex || strings.HasPrefix(rest, "evex")
			out[op] = e
		}
	}
	if !out["VPADDD"].vex || !out["VPADDD"].evex || out["VPDPBUSD"].vex || !out["VPDPBUSD"].evex {
		return nil, fmt.Errorf("%s: the table is not in the form that this test reads", name)
	}
	return out, nil
})

// needs returns the features that an amd64 instruction takes.
func needs(in instr, table map[string]encodings) ([]feature, error) {
	if strings.HasPrefix(in.op, "J") || in.op == "label:" || in.op == "CALL" {
		return nil, nil
	}
	op, suffix, _ := strings.Cut(in.op, ".")
	regs := strings.Join(in.args, " ")
	var out []feature
	if suffix != "" || evexReg.MatchString(regs) || maskOp.MatchString(op) {
		out = append(out, avx512)
	}
	if ymmReg.MatchString(regs) {
		out = append(out, avx2)
	}
	for _, b := range beyond {
		if strings.HasPrefix(op, b.prefix) {
			return append(out, b.feature), nil
		}
	}
	if !strings.HasPrefix(op, "V") {
		return out, nil
	}
	e, known := table[op]
	switch {
	case !known:
		return out, fmt.Errorf("%s is no instruction of the Go assembler", op)
	case e.vex:
		out = append(out, avx2)
	default:
		out = append(out, avx512)
	}
	return out, nil
}
