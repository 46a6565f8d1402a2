package main

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"errors"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/octet-ml/octet/internal/dataset"
)

// digitsFolder is where the pictures of digits lie that the command's tests read.
const digitsFolder = "../../internal/digits"

// digitsSet writes a data set of three digits and returns its folder.
func digitsSet(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	rows := "file,class\n"
	for _, d := range []string{"3", "7", "8"} {
		data, err := os.ReadFile(filepath.Join(digitsFolder, d+".png"))
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, d+".png"), data, 0o600); err != nil {
			t.Fatal(err)
		}
		rows += d + ".png," + d + "\n"
	}
	if err := os.WriteFile(filepath.Join(dir, "labels.csv"), []byte(rows), 0o600); err != nil {
		t.Fatal(err)
	}
	return dir
}

func TestEvalOptionsAreChecked(t *testing.T) {
	o, err := parseOptions([]string{"-eval", "-data", "set@0/5", "-preset", "tf", "-limit", "9", "a.onnx"}, new(bytes.Buffer))
	if err != nil || o.accuracy == nil || *o.accuracy != (accuracy{"set@0/5", "tf", 9}) || len(o.models) != 1 {
		t.Errorf("got %+v, %v", o, err)
	}
	for want, bad := range map[string][]string{
		"-data is missing": {"-eval", "a.onnx"},
		"no models":        {"-eval", "-data", "x"},
		"ONNX files only":  {"-eval", "-data", "x", "a.tflite"},
		"-markdown":        {"-eval", "-data", "x", "-markdown", "m", "a.onnx"},
		"-limit -1":        {"-eval", "-data", "x", "-limit", "-1", "a.onnx"},
	} {
		var stderr bytes.Buffer
		if status := run(bad, nil, new(bytes.Buffer), &stderr); status != statusUsage || !strings.Contains(stderr.String(), want) {
			t.Errorf("%v: status %d, %s", bad, status, stderr.String())
		}
	}
}

// parrot is an engine of two outputs that says what it is given, or fails.
type parrot struct {
	octet
	said, says []float32
	err        error
}

func (p *parrot) fill(data []byte) error { return p.err }
func (p *parrot) run() error             { p.said = p.says; return nil }
func (p *parrot) outputs() [][]byte {
	var out []byte
	for _, v := range p.said {
		out = binary.LittleEndian.AppendUint32(out, math.Float32bits(v))
	}
	return [][]byte{out}
}

func twoClasses(labels ...int) *verdict {
	return newVerdict("net.onnx", &dataset.Set{Name: "set", Labels: labels}, &tensorSpec{Name: "y", DType: "f32", Shape: []int{1, 2}})
}

func TestVerdictCountsAnswers(t *testing.T) {
	v := twoClasses(0, 1)
	ours := &parrot{says: []float32{1, 0}}
	same, other, broken := &parrot{says: []float32{0.75, 0}}, &parrot{says: []float32{0, 1}}, &parrot{err: errors.New("ouch")}
	theirs := []fed{same, other, broken}
	for _, label := range []int{0, 1} {
		if err := v.add(label, nil, ours, theirs); err != nil {
			t.Fatal(err)
		}
	}
	p := v.Peers
	if v.Pictures != 2 || v.Right != 1 || p[0].Right != 1 || p[0].Agree != 2 || p[0].MaxDiff != 0.25 || p[1].Right != 1 || p[1].Agree != 0 {
		t.Errorf("got %+v", v)
	}
	if theirs[2] != nil || p[2].Error != "picture 0: ouch" || !strings.Contains(v.fault(&p[2]), "ouch") {
		t.Errorf("an engine that fails: got %+v", p[2])
	}
	if err := v.add(0, nil, broken, theirs); err == nil {
		t.Error("an error of Octet's is lost")
	}
	var out bytes.Buffer
	if err := (verdicts{v}).text(&out); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"net", "100.00 %", "0.00 %", "0.25", "agrees on less than 99.8 %", "error: picture 0: ouch"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("%q is missing in\n%s", want, out.String())
		}
	}
}

func TestVerdictTakesClassesAsTheModelHasThem(t *testing.T) {
	if v := twoClasses(0, 2); v.Counted {
		t.Error("answers are counted by labels that the model does not have")
	}
	set := &dataset.Set{Labels: []int{999}}
	if v := newVerdict("x", set, &tensorSpec{Shape: []int{1, 1001}}); !v.Counted || v.offset != 1 {
		t.Errorf("a class for the background: got %+v", v)
	}
}

// The line is drawn at mostApart right answers and at leastAgreement of the pictures, for the variant that is judged.
func TestVerdictDrawsTheLine(t *testing.T) {
	const judged = 1
	for _, c := range []struct {
		variant, right, agree int
		error                 string
		fails                 bool
	}{
		{judged, 700, 1000, "", false},
		{judged, 703, 998, "", false},
		{judged, 697, 998, "", false},
		{judged, 704, 1000, "", true},
		{judged, 696, 1000, "", true},
		{judged, 700, 997, "", true},
		{0, 100, 100, "", false},
		{2, 700, 1000, "refused", true},
	} {
		v := twoClasses(0)
		v.Pictures, v.Right = 1000, 700
		for i := range v.Peers {
			v.Peers[i].Right, v.Peers[i].Agree = 700, 1000
		}
		p := &v.Peers[c.variant]
		p.Right, p.Agree, p.Error = c.right, c.agree, c.error
		if err := (verdicts{v}).verdict(); (err != nil) != c.fails {
			t.Errorf("%+v: got %v", c, err)
		}
	}
}

// Equal scores have no first class: which one an engine names depends on the last bit of its sums.
func TestTiesAgree(t *testing.T) {
	v := twoClasses(0)
	theirs := []fed{&parrot{says: []float32{0.5, 0.50001}}, nil, nil}
	for _, ours := range [][]float32{{0.5, 0.499999}, {0.5, 0.4999}} {
		if err := v.add(0, nil, &parrot{says: ours}, theirs); err != nil {
			t.Fatal(err)
		}
	}
	if p := v.Peers[0]; v.Right != 2 || p.Right != 0 || p.Agree != 1 || p.Tied != 1 {
		t.Errorf("got %+v", p)
	}
}

func TestDifferencesThatAreNoNumbersShow(t *testing.T) {
	v := twoClasses(0)
	theirs := []fed{&parrot{says: []float32{float32(math.NaN()), 0}}, nil, nil}
	if err := v.add(0, nil, &parrot{says: []float32{1, 0}}, theirs); err != nil {
		t.Fatal(err)
	}
	if v.Peers[0].MaxDiff != math.MaxFloat64 {
		t.Errorf("got %v", v.Peers[0].MaxDiff)
	}
}

func TestEvalSaysWhatItCannotDo(t *testing.T) {
	lib := filepath.Join(t.TempDir(), "lib.so")
	if err := os.WriteFile(lib, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for want, args := range map[string][]string{
		"no/such.so":   {"-lib", "/no/such.so", "-eval", "-data", digitsSet(t), digits},
		"no/such/data": {"-lib", lib, "-eval", "-data", "/no/such/data", digits},
		"sepia":        {"-lib", lib, "-eval", "-data", digitsSet(t), "-preset", "sepia", digits},
	} {
		var stderr bytes.Buffer
		if status := run(args, nil, new(bytes.Buffer), &stderr); status != statusFailed || !strings.Contains(stderr.String(), want) {
			t.Errorf("%v: status %d, %s", args, status, stderr.String())
		}
	}
}

// TestBothEnginesAnswerAlike needs ONNX Runtime's library.
func TestBothEnginesAnswerAlike(t *testing.T) {
	lib := defaultLibrary()
	if _, err := os.Stat(lib); err != nil {
		t.Skipf("no ONNX Runtime: %v; make peers installs it, OCTET_ORT_LIB names it", err)
	}
	var stdout, stderr bytes.Buffer
	file := filepath.Join(t.TempDir(), "r.json")
	if status := run([]string{"-lib", lib, "-eval", "-data", digitsSet(t), "-json", file, digits}, nil, &stdout, &stderr); status != 0 {
		t.Fatalf("status %d: %s%s", status, stdout.String(), stderr.String())
	}
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var r verdicts
	if err := json.Unmarshal(data, &r); err != nil {
		t.Fatal(err)
	}
	if len(r) != 1 || r[0].Pictures != 3 || r[0].Right != 3 || len(r[0].Peers) != len(variants) {
		t.Fatalf("got %s", data)
	}
	for _, p := range r[0].Peers {
		if p.Right != 3 || p.Agree != 3 {
			t.Errorf("got %+v", p)
		}
	}
}
