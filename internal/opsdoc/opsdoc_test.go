package opsdoc

import (
	"bytes"
	"flag"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/octet-ml/octet/internal/cpu"
	"github.com/octet-ml/octet/internal/testkit"
)

var update = flag.Bool("update", false, "rewrite docs/OPS.md")

func module() fs.FS { return os.DirFS(testkit.Root()) }

func TestTheDocumentIsCurrent(t *testing.T) {
	want, err := Markdown(module())
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(testkit.Root(), "docs", "OPS.md")
	if *update {
		if err := os.WriteFile(path, want, 0o666); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Error("docs/OPS.md is stale: go generate ./internal/opsdoc")
	}
}

// TestSourcesNameTheKernelsOfThisMachine holds that reading the sources finds exactly the kernels of the tables, for the
// levels at hand.
func TestSourcesNameTheKernelsOfThisMachine(t *testing.T) {
	levels, err := Levels()
	if err != nil {
		t.Fatal(err)
	}
	var live []string
	for _, l := range levels {
		live = append(live, slices.Concat(l.Int8, l.Float32)...)
	}
	names, err := SourceKernels(module())
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range live {
		if !slices.Contains(names, name) {
			t.Errorf("%s is in a table, but no literal in the folder of its instruction set", name)
		}
	}
	have := cpu.Available()
	for _, name := range names {
		level, err := levelNamed(kernelName.FindStringSubmatch(name)[3])
		if err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if slices.Contains(have, level) && !slices.Contains(live, name) {
			t.Errorf("%s is named in the sources, but no level has it", name)
		}
	}
}

func TestOperatorsJoinTheTables(t *testing.T) {
	byName := map[string]Operator{}
	for _, o := range Operators() {
		byName[o.Name] = o
	}
	conv := byName["Conv"]
	for _, c := range []struct {
		name      string
		got, want []string
	}{
		{"Conv from ONNX", conv.ONNX, []string{"Conv", "ConvInteger", "QLinearConv", "com.microsoft.FusedConv", "com.microsoft.QLinearConv"}},
		{"Conv from TFLite", conv.TFLite, []string{"CONV_2D", "DEPTHWISE_CONV_2D"}},
		{"what Conv can do", conv.Can, []string{"kernels", "layout", "clamp", "function"}},
		{"what Reshape can do", byName["Reshape"].Can, []string{"kernels", "view"}},
		{"Max from TFLite", byName["Max"].TFLite, []string{"L2_NORMALIZATION", "MAXIMUM"}},
	} {
		if !slices.Equal(c.got, c.want) {
			t.Errorf("%s: got %v, want %v", c.name, c.got, c.want)
		}
	}
	if conv.Attributes != "Conv" || byName["MaxPool"].Attributes != "Pool" || byName["Relu"].Attributes != "" {
		t.Errorf("attributes: %q, %q, %q", conv.Attributes, byName["MaxPool"].Attributes, byName["Relu"].Attributes)
	}
}

func TestKernelsAreReadWhateverTheBuildTags(t *testing.T) {
	src := "//go:build riscv64\n\npackage neon\n\n// x_doc_1__neon is not a literal.\nvar names = []string{\"u8s8_gemm_4x16c2__neon\", `f32_add__neon`, \"no kernel\", \"a__neon\"}\n"
	fsys := fstest.MapFS{
		"int8/internal/neon/set.go":        {Data: []byte(src)},
		"int8/internal/neon/set_test.go":   {Data: []byte("package neon\n\nvar other = \"u8_other__neon\"\n")},
		"fp32/internal/avx512/set.go":      {Data: []byte("package avx512\n\nvar name = \"f32_gemm_12x32__avx512\"\n")},
		"int8/internal/generic/unread.go":  {Data: []byte("package generic\n\nvar name = \"u8_unread__generic\"\n")},
		"int8/internal/neon/deep/unread.s": {},
	}
	got, err := SourceKernels(fsys)
	if err != nil {
		t.Fatal(err)
	}
	got = slices.DeleteFunc(got, func(name string) bool { return strings.HasSuffix(name, "__generic") && name != "u8_unread__generic" })
	if want := []string{"f32_add__neon", "f32_gemm_12x32__avx512", "u8s8_gemm_4x16c2__neon"}; !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	list, err := families(got)
	if err != nil || len(list) != 3 || !slices.Equal(list[1].tiles[cpu.AVX512VNNI], []string{"12x32"}) || !slices.Equal(list[0].tiles[cpu.NEON], []string{"yes"}) {
		t.Errorf("families %v, %v", list, err)
	}
	for _, name := range []string{"u8_gemm__sse9", "gemm"} {
		if _, err := families([]string{name}); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("%s: got %v", name, err)
		}
	}
}

func TestArityIsWritten(t *testing.T) {
	o := Operators()
	for _, c := range []struct{ name, want string }{{"Concat", "1 or more"}, {"Clip", "1 to 3"}, {"Relu", "1"}} {
		i := slices.IndexFunc(o, func(o Operator) bool { return o.Name == c.name })
		if got := arity(o[i].Inputs); got != c.want {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
	}
}
