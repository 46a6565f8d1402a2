package main

import (
	"encoding/binary"
	"encoding/json"
	"math/rand/v2"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/octet-ml/octet/quantize/cost"
)

// comparePair returns the paths of resnet8 in float and in int8, and of n random pictures as CIFAR-10 has them.
func comparePair(t *testing.T, n int) (a, b, data string) {
	t.Helper()
	dir := t.TempDir()
	a, b, data = filepath.Join(dir, "a's.onnx"), filepath.Join(dir, "b.onnx"), filepath.Join(dir, "few.bin")
	for path, precision := range map[string]string{a: "fp32", b: "int8"} {
		if status, _, errs := octet(nil, "bench", "export", "--arch", "resnet8", "--precision", precision, "-o", path); status != 0 {
			t.Fatal(errs)
		}
	}
	random := rand.New(rand.NewPCG(1, 1))
	var records []byte
	for range n {
		records = append(records, byte(random.IntN(10)))
		for range 3072 / 8 {
			records = binary.LittleEndian.AppendUint64(records, random.Uint64())
		}
	}
	if err := os.WriteFile(data, records, 0o600); err != nil {
		t.Fatal(err)
	}
	return a, b, data
}

// quick are flags for a comparison that takes no time worth mentioning.
var quick = []string{"--preset", "cifar10", "--values", "4", "--pictures", "1", "--masks", "5", "--runs", "3", "--threads", "2"}

func TestComparePrintsATable(t *testing.T) {
	a, b, data := comparePair(t, 6)
	status, out, errs := octet(nil, append([]string{"compare", a, b, "--data", data}, quick...)...)
	if status != 0 {
		t.Fatalf("status %d: %s", status, errs)
	}
	for _, want := range []string{"top-1 ", "macro-F1 ", "file bytes ", "MMAC, 8 bits ", "time in ms ", "same answer ", "logits ", "weights of layer ", "occlusion   rank", "saliency    rank", "6 pictures of "} {
		if !strings.Contains(out, want) {
			t.Errorf("no %q in\n%s", want, out)
		}
	}
}

// reportOf runs a command line that prints a comparison as JSON.
func reportOf(t *testing.T, args ...string) *cost.Report {
	t.Helper()
	status, out, errs := octet(nil, args...)
	if status != 0 {
		t.Fatalf("%q: status %d: %s", args, status, errs)
	}
	r := new(cost.Report)
	if err := json.Unmarshal([]byte(out), r); err != nil {
		t.Fatalf("%q: %v in %s", args, err, out)
	}
	return r
}

func TestCompareAndEvalCountAlike(t *testing.T) {
	a, b, data := comparePair(t, 8)
	r := reportOf(t, append([]string{"compare", a, b, "--data", data, "--limit", "7", "--json"}, quick...)...)
	for path, s := range map[string]cost.Side{a: r.A, b: r.B} {
		status, out, errs := octet(nil, "eval", path, "--data", data, "--preset", "cifar10", "--limit", "7", "--json")
		var e evaluation
		if err := json.Unmarshal([]byte(out), &e); status != 0 || err != nil {
			t.Fatalf("status %d, %v: %s", status, err, errs)
		}
		if e.Top1 != s.Score.Top1 || e.Top5 != s.Score.Top5 || e.MacroF1 != s.Score.MacroF1 || e.Pictures != 7 || s.Storage.File == 0 {
			t.Errorf("eval %+v, compare %+v", e, *s.Score)
		}
	}
	if r.Inputs != 7 || r.Sampled != 4 || r.Time.Runs != 3 || len(r.Maps.Pictures) != 1 || r.Maps.Masks != 5 {
		t.Errorf("%d inputs, %d sampled, %d runs", r.Inputs, r.Sampled, r.Time.Runs)
	}
}

// words splits a command line as a shell does, with single quotes.
func words(line string) []string {
	var list []string
	for _, w := range regexp.MustCompile(`(?:[^\s'\\]|'[^']*'|\\.)+`).FindAllString(line, -1) {
		list = append(list, regexp.MustCompile(`'([^']*)'|\\(.)`).ReplaceAllString(w, "$1$2"))
	}
	return list
}

// commandsOf returns the command lines on a page.
func commandsOf(page string) []string {
	var list []string
	for _, m := range regexp.MustCompile(`<pre>(.*?)</pre>`).FindAllStringSubmatch(page, -1) {
		line := strings.NewReplacer("&#39;", "'", "&#34;", `"`, "&#43;", "+", "&amp;", "&").Replace(m[1])
		if !slices.Contains(list, line) {
			list = append(list, line)
		}
	}
	return list
}

func TestEveryCommandOnThePageWorks(t *testing.T) {
	a, b, data := comparePair(t, 6)
	path := filepath.Join(t.TempDir(), "page.html")
	whole := reportOf(t, append([]string{"compare", a, b, "--data", data, "--html", path, "--json"}, quick...)...)
	page, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	list := commandsOf(string(page))
	if len(list) != 8 {
		t.Fatalf("%d commands: %q", len(list), list)
	}
	values, maps := false, false
	for _, line := range list {
		args := words(line)
		if args[0] != "octet" {
			t.Fatalf("%q", line)
		}
		if args[1] != "compare" {
			if status, _, errs := octet(nil, args[1:]...); status != 0 {
				t.Errorf("%s: status %d: %s", line, status, errs)
			}
			continue
		}
		r := reportOf(t, args[1:]...)
		if r.Answers.Same != whole.Answers.Same || r.Answers.Mean != whole.Answers.Mean {
			t.Errorf("%s: other answers", line)
		}
		if len(r.Values) > 0 {
			values = len(r.Values) == len(whole.Values) && r.Values[3].SQNR == whole.Values[3].SQNR
		}
		if r.Maps != nil {
			maps = r.Maps.Saliency == whole.Maps.Saliency && r.Maps.Occlusion == whole.Maps.Occlusion
		}
	}
	if !values || !maps {
		t.Errorf("the commands reproduce activations: %v, maps: %v", values, maps)
	}
}

func TestWrongCompareArguments(t *testing.T) {
	a, b, data := comparePair(t, 2)
	model, _ := files(t)
	dir := t.TempDir()
	bad := filepath.Join(dir, "bad.json")
	if err := os.WriteFile(bad, []byte(`{"layers":[]}`), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "labels.csv"), []byte("file,class\nno.png,1\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "no.png"), []byte("no picture"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		status int
		want   string
		args   []string
	}{
		{2, "arg", []string{"compare", a}},
		{2, "--data is missing", []string{"compare", a, b}},
		{2, "--masks is too small", []string{"compare", a, b, "--data", data, "--masks", "0"}},
		{2, "--limit is too small", []string{"compare", a, b, "--data", data, "--limit", "-1"}},
		{2, "unknown preset", []string{"compare", a, b, "--data", data, "--preset", "x"}},
		{1, "absent.onnx", []string{"compare", a, "absent.onnx", "--data", data}},
		{1, "absent.bin", []string{"compare", a, b, "--data", "absent.bin"}},
		{1, "input 0 of", []string{"compare", a, model, "--data", data}},
		{1, "no.png", []string{"compare", a, b, "--data", dir, "--preset", "cifar10"}},
		{1, "no layers", []string{"compare", a, b, "--data", data, "--decisions", bad}},
		{1, "page.html", append([]string{"compare", a, b, "--data", data, "--html", filepath.Join(dir, "no", "page.html")}, quick...)},
	} {
		status, _, errs := octet(nil, c.args...)
		if status != c.status || !strings.Contains(errs, c.want) {
			t.Errorf("%v: status %d: %s", c.args, status, errs)
		}
	}
}

func TestLabelsOfOtherClassesAreLeftOut(t *testing.T) {
	a, b, _ := comparePair(t, 2)
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "labels.csv"), []byte("file,class\n7.png,70\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	_, picture := files(t)
	data, err := os.ReadFile(picture)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "7.png"), data, 0o600); err != nil {
		t.Fatal(err)
	}
	args := append([]string{"compare", a, b, "--data", dir, "--json"}, quick...)
	if status, _, errs := octet(nil, args...); status != 1 || !strings.Contains(errs, "class 70") || !strings.Contains(errs, "--no-labels") {
		t.Errorf("status %d: %s", status, errs)
	}
	if r := reportOf(t, append(args, "--no-labels")...); r.A.Score != nil || r.Inputs != 1 {
		t.Errorf("%+v", r)
	}
}

func TestLongNamesAreElided(t *testing.T) {
	long := strings.Repeat("é", 50) + "middle" + strings.Repeat("z", 50)
	if got := elided(long); len([]rune(got)) != 59 || strings.Contains(got, "middle") || !strings.HasPrefix(got, "éé") || !strings.HasSuffix(got, "zz") {
		t.Errorf("%q", got)
	}
	if got := elided("conv1"); got != "conv1" {
		t.Errorf("%q", got)
	}
}
