package main

import (
	"encoding/csv"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/octet-ml/octet/bulk"
	"github.com/octet-ml/octet/internal/digits"
)

// binary is the command, which the tests run in processes of its own.
var binary string

func TestMain(m *testing.M) {
	folder, err := os.MkdirTemp("", "octet-bulk")
	if err != nil {
		panic(err)
	}
	binary = filepath.Join(folder, "octet-bulk")
	code := 1
	if text, err := exec.Command("go", "build", "-o", binary, ".").CombinedOutput(); err != nil {
		os.Stderr.Write(text)
	} else {
		code = m.Run()
	}
	os.RemoveAll(folder)
	os.Exit(code)
}

func TestWithoutFlagsTheEmbeddedPicturesAreClassified(t *testing.T) {
	text, err := exec.Command(binary).CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %s", err, text)
	}
	for _, digit := range []string{"3", "7", "8"} {
		if !strings.Contains(string(text), "\nembedded://digits/"+digit+".png,4e165c7d671fbed2,"+digit+","+digit+",0.99") {
			t.Errorf("no row for %s in\n%s", digit, text)
		}
	}
	if !strings.HasPrefix(string(text), "pictures    3 in 1 shards, 0 of which were complete before\nresults     3\nunreadable  0\n") {
		t.Errorf("%s", text)
	}
}

func TestListsOfPaths(t *testing.T) {
	folder := t.TempDir()
	list := filepath.Join(folder, "list.txt")
	if err := os.WriteFile(list, []byte("embedded://digits/3.png\r\n\n  "+folder+"/none.png\n\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	text, err := exec.Command(binary, "--input-list", list, "--input", "embedded://digits/[78].png", "--output", folder+"/c", "--shards", "1",
		"--model", "embedded://digits/digits.onnx", "--format", "jsonl", "--top", "1").CombinedOutput()
	if err != nil || !strings.Contains(string(text), "results     3\nunreadable  1\n") {
		t.Errorf("%v: %s", err, text)
	}
	rows, err := os.ReadFile(folder + "/c-00000-of-00001.jsonl")
	if want := `{"path":"embedded://digits/7.png","model":"4e165c7d671fbed2","classes":[{"index":7,"label":"7","probability":0.9999`; err != nil || !strings.Contains(string(rows), want) {
		t.Errorf("%v: %s", err, rows)
	}
}

func TestWhatIsWrongIsSaid(t *testing.T) {
	out := filepath.Join(t.TempDir(), "c")
	model := []string{"--model", "embedded://digits/digits.onnx", "--output", out}
	for _, c := range []struct {
		args []string
		says string
	}{
		{[]string{"--input", "x"}, "want --input or --input-list, --output and --model"},
		{model, "want --input or --input-list, --output and --model"},
		{append([]string{"--input", out + "*.none"}, model...), "nothing matches " + out + "*.none"},
		{append([]string{"--input", "x", "--format", "xml"}, model...), `format "xml": want a prefix, up to 1000000 shards, one of [csv jsonl]`},
		{append([]string{"--input", "x", "--model", "nowhere.onnx"}, model[2:]...), "nowhere.onnx"},
		{append(model, "x.png"), `"x.png" is no flag`},
		{append([]string{"--input", "embedded://digits/*", "--runner", "none"}, model...), "none"},
	} {
		text, err := exec.Command(binary, c.args...).CombinedOutput()
		if err == nil || !strings.Contains(string(text), c.says) {
			t.Errorf("%v: %v, %s", c.args, err, text)
		}
	}
}

// Kill -9 in the middle, then the same command again.
func TestAWorkerThatIsKilled(t *testing.T) {
	in, out := t.TempDir(), t.TempDir()
	const copies, shards = 2000, 40
	want := make(map[string]string)
	for i := range copies {
		for name, data := range digits.Pictures() {
			path := filepath.Join(in, strconv.Itoa(i)+"-"+name)
			if i > 0 {
				if err := os.Link(filepath.Join(in, "0-"+name), path); err != nil {
					t.Fatal(err)
				}
			} else if err := os.WriteFile(path, data, 0o644); err != nil {
				t.Fatal(err)
			}
			want[path] = name[:1]
		}
	}
	args := []string{"--input", in + "/*.png", "--output", out + "/c", "--model", "embedded://digits/digits.onnx", "--shards", strconv.Itoa(shards), "--top", "1"}
	complete := func() []string {
		paths, err := filepath.Glob(out + "/c.done-*.json")
		if err != nil {
			t.Fatal(err)
		}
		return paths
	}
	first := exec.Command(binary, args...)
	if err := first.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- first.Wait() }()
	for len(complete()) < 3 {
		select {
		case err := <-ended:
			t.Fatalf("the job ended before it was killed: %v", err)
		case <-time.After(time.Millisecond):
		}
	}
	if err := first.Process.Signal(syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	<-ended
	before := make(map[string]time.Time)
	for _, path := range complete() {
		info, err := os.Stat(path)
		if err != nil {
			t.Fatal(err)
		}
		before[path] = info.ModTime()
	}
	if len(before) == shards {
		t.Fatalf("all %d shards were complete", shards)
	}
	text, err := exec.Command(binary, args...).CombinedOutput()
	if err != nil || !strings.HasPrefix(string(text), "pictures    6000 in 40 shards, "+strconv.Itoa(len(before))+" of which were complete before\nresults     6000\nunreadable  0\n") {
		t.Errorf("after %d shards: %v: %s", len(before), err, text)
	}
	for path, when := range before {
		if info, err := os.Stat(path); err != nil || !info.ModTime().Equal(when) {
			t.Errorf("%s was written again (%v)", path, err)
		}
	}
	for shard := range shards {
		f, err := os.Open(bulk.Files{Prefix: out + "/c", Shards: shards}.Results(shard))
		if err != nil {
			t.Fatal(err)
		}
		rows, err := csv.NewReader(f).ReadAll()
		f.Close()
		if err != nil {
			t.Fatal(err)
		}
		for _, row := range rows[1:] {
			if label, ok := want[row[0]]; !ok || row[3] != label {
				t.Errorf("%q: want %q, once", row, label)
			}
			delete(want, row[0])
		}
	}
	if len(want) != 0 {
		t.Errorf("%d pictures have no row", len(want))
	}
	if left, _ := filepath.Glob(out + "/*.part-*"); len(left) != 0 {
		t.Errorf("left: %v", left)
	}
}
