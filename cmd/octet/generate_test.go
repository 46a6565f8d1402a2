package main

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/octet-ml/octet/internal/digits"
	"github.com/octet-ml/octet/internal/testkit"
)

// userModule makes a module that requires this one, as a user's does, and returns its folder.
func userModule(t *testing.T) string {
	t.Helper()
	dir, root := t.TempDir(), testkit.Root()
	mod, err := os.ReadFile(filepath.Join(root, "go.mod"))
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(mod), "\n")
	text := "module example.com/user\n" + rest + "\nrequire github.com/octet-ml/octet v0.0.0\n\nreplace github.com/octet-ml/octet => " + root + "\n"
	sum, err := os.ReadFile(filepath.Join(root, "go.sum"))
	if err != nil {
		t.Fatal(err)
	}
	for name, data := range map[string][]byte{"go.mod": []byte(text), "go.sum": sum} {
		if err := os.WriteFile(filepath.Join(dir, name), data, 0o666); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// goTool runs the go command in a folder without network and returns its output.
func goTool(dir string, args ...string) (string, error) {
	c := exec.Command("go", args...)
	c.Dir = dir
	c.Env = append(os.Environ(), "GOFLAGS=-mod=mod", "GOPROXY=off", "GOWORK=off")
	out, err := c.CombinedOutput()
	return string(out), err
}

// userTest is what a user may do with a generated package named digits.
const userTest = `package digits_test

import (
	"bytes"
	"fmt"
	"image/png"
	"os"
	"sync"
	"testing"

	"example.com/user/digits"
)

func TestUse(t *testing.T) {
	data, err := os.ReadFile("../7.png")
	if err != nil {
		t.Fatal(err)
	}
	picture, err := png.Decode(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			if class, err := digits.Classify(picture); err != nil || class != digits.Class7 || fmt.Sprint(class) != "7" {
				t.Errorf("got %v, %v", class, err)
			}
			scores, err := digits.TopKFile(bytes.NewReader(data), 3)
			if err != nil || len(scores) != 3 || scores[0].Class != digits.Class7 || scores[0].Probability < 0.9 {
				t.Errorf("got %v, %v", scores, err)
			}
		})
	}
	all.Wait()
	if _, err := digits.Classify(nil); err == nil {
		t.Error("no picture: no error")
	}
	if got := fmt.Sprint(digits.Class(-1), digits.Class(digits.NumClasses)); got != "class -1 class 10" {
		t.Error(got)
	}
}
`

// Packages made of an integer ONNX model, a float one and a TensorFlow Lite model without labels are formatted, pass vet and
// their own tests in a module of a user, and come out the same the second time.
func TestGeneratedPackagesPassTheirTests(t *testing.T) {
	if testing.Short() {
		t.Skip("builds packages: not with -short")
	}
	model, _ := files(t)
	dir := userModule(t)
	models := [][]string{{"digits", model}}
	data := filepath.Join(testkit.Root(), "..", "shared", "data")
	if d := os.Getenv("OCTET_DATA"); d != "" {
		data = d
	}
	labels := filepath.Join(dir, "labels.txt")
	for path, text := range map[string][]byte{labels: []byte("tench, Tinca tinca\ncat\ncat\nno \"letters\"?\n`\n5\n6\n7\n8\n9\n"), filepath.Join(dir, "7.png"): digits.Picture()} {
		if err := os.WriteFile(path, text, 0o666); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := os.Stat(data); err == nil {
		models = append(models,
			[]string{"mnist", filepath.Join(data, "models", "mnist_fp32.onnx")},
			[]string{"visualwake", filepath.Join(data, "models", "mlperftiny_vww96_int8.tflite")},
			[]string{"squeeze", filepath.Join(data, "models", "cifar10_squeezenet_qdq_u8s8.onnx"), "--preset", "cifar10", "--labels", labels})
	}
	for _, m := range models {
		out := filepath.Join(dir, m[0])
		args := append([]string{"generate", m[1], "--package", m[0], "--out", out}, m[2:]...)
		var first map[string][]byte
		for range 2 {
			if status, _, errs := octet(nil, args...); status != 0 {
				t.Fatalf("%v: status %d: %s", m, status, errs)
			}
			written := map[string][]byte{}
			entries, err := os.ReadDir(out)
			if err != nil {
				t.Fatal(err)
			}
			for _, e := range entries {
				if written[e.Name()], err = os.ReadFile(filepath.Join(out, e.Name())); err != nil {
					t.Fatal(err)
				}
				if first != nil && !bytes.Equal(written[e.Name()], first[e.Name()]) {
					t.Errorf("%s: %s differs the second time", m[0], e.Name())
				}
			}
			first = written
		}
		if pinned := bytes.Contains(first["classify_test.go"], []byte("TestDigest")); pinned != (m[0] != "mnist") {
			t.Errorf("%s: a digest is pinned: %v", m[0], pinned)
		}
	}
	if err := os.WriteFile(filepath.Join(dir, "digits", "use_test.go"), []byte(userTest), 0o666); err != nil {
		t.Fatal(err)
	}
	gofmt := exec.Command("gofmt", "-l", ".")
	gofmt.Dir = dir
	if out, err := gofmt.CombinedOutput(); err != nil || len(out) > 0 {
		t.Errorf("gofmt: %v: %s", err, out)
	}
	if out, err := goTool(dir, "vet", "./..."); err != nil {
		t.Errorf("go vet: %v: %s", err, out)
	}
	if out, err := goTool(dir, "test", "./..."); err != nil {
		t.Errorf("go test: %v: %s", err, out)
	}
	breakModel(t, filepath.Join(dir, "digits", "model.onnx"))
	if out, err := goTool(dir, "test", "./digits"); err == nil || !strings.Contains(out, "computes other bytes") {
		t.Errorf("a changed model passes: %v: %s", err, out)
	}
}

// breakModel changes one weight of the embedded model.
func breakModel(t *testing.T, path string) {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	want := len(digits.Model())
	if len(data) != want {
		t.Fatalf("model of %d bytes, want %d", len(data), want)
	}
	data[len(data)/2] ^= 0x40 // within the weights of the second layer
	if err := os.WriteFile(path, data, 0o666); err != nil {
		t.Fatal(err)
	}
}

func TestGenerateRefuses(t *testing.T) {
	model, picture := files(t)
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "doc.go"), []byte("package digits\n"), 0o666); err != nil {
		t.Fatal(err)
	}
	short := filepath.Join(dir, "labels.txt")
	if err := os.WriteFile(short, []byte("one\ntwo\nthree\n"), 0o666); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		args []string
		want int
		says string
	}{
		{[]string{model}, 2, "--package"},
		{[]string{model, "--package", "my-digits"}, 2, "my-digits"},
		{[]string{model, "--package", "main"}, 2, "not a package name"},
		{[]string{picture, "--package", "digits"}, 1, "no known format"},
		{[]string{"absent.onnx", "--package", "digits"}, 1, "absent.onnx"},
		{[]string{model, "--package", "digits", "--out", dir}, 1, "doc.go"},
		{[]string{model, "--package", "digits", "--labels", short, "--out", filepath.Join(dir, "new")}, 1, "3 labels for 10 scores"},
		{[]string{twoInputs(t), "--package", "digits", "--out", filepath.Join(dir, "new")}, 1, "2 inputs"},
	} {
		status, _, errs := octet(nil, append([]string{"generate"}, c.args...)...)
		if status != c.want || !strings.Contains(errs, c.says) {
			t.Errorf("%v: status %d, want %d; stderr %q", c.args, status, c.want, errs)
		}
	}
	if _, err := os.Stat(filepath.Join(dir, "new")); err == nil {
		t.Error("a folder was made for a package that was refused")
	}
}
