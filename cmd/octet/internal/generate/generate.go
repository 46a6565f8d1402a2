package generate

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"errors"
	"fmt"
	"go/format"
	"go/token"
	"strconv"
	"strings"
	"text/template"

	"github.com/octet-ml/octet/digest"
	"github.com/octet-ml/octet/runtime"
	"github.com/octet-ml/octet/vision"
)

// Model is what a package is made of.
type Model struct {
	Package    string            // name of the package
	File       string            // name of the model file, for the package's comment
	Data       []byte            // the model file, without data in others
	Format     string            // of the file: "onnx" or "tflite"
	Program    *runtime.Program  // made from Data
	Preprocess vision.Preprocess // with labels for all classes, or none
	Source     string            // where Preprocess is from
}

//go:embed templates
var templateFiles embed.FS

var templates = template.Must(template.New("").Funcs(template.FuncMap{"quote": strconv.Quote, "literal": literal}).ParseFS(templateFiles, "templates/*.tmpl"))

// CheckName returns an error wrapping ErrName unless a library package may have the name.
func CheckName(name string) error {
	if !token.IsIdentifier(name) || name == "_" || name == "main" || strings.HasSuffix(name, "_test") {
		return fmt.Errorf("%q: %w", name, ErrName)
	}
	return nil
}

// view is what the templates see.
type view struct {
	Model
	SHA256, Digest string // Digest is empty for a model with float layers
	Input          string // type and shape
	Classes        []class
	Named          bool // the classes have labels
	Golden         golden
}

// Files returns the files of a package by name. Errors wrap ErrName, or ErrModel for a model that gives no scores or does not
// take a picture.
func Files(m Model) (map[string][]byte, error) {
	if err := CheckName(m.Package); err != nil {
		return nil, err
	}
	v := view{Model: m}
	sum := sha256.Sum256(m.Data)
	v.SHA256 = hex.EncodeToString(sum[:])
	inputs, outputs := m.Program.Inputs(), m.Program.Outputs()
	if len(inputs) != 1 || len(outputs) == 0 {
		return nil, fmt.Errorf("%w: %d inputs and %d outputs: want one input", ErrModel, len(inputs), len(outputs))
	}
	v.Input = fmt.Sprintf("%v%v", inputs[0].DType, inputs[0].Shape)
	n := max(outputs[0].Shape.Bind(1).Size(), 0)
	if n == 0 || len(m.Preprocess.Labels) > 0 && len(m.Preprocess.Labels) != n {
		return nil, fmt.Errorf("%w: %d scores for %d labels", ErrModel, n, len(m.Preprocess.Labels))
	}
	v.Classes, v.Named = classesOf(m.Preprocess.Labels, n), len(m.Preprocess.Labels) > 0
	var err error
	if v.Digest, err = digest.Portable(m.Program); err != nil && !errors.Is(err, runtime.ErrFloat) {
		return nil, err
	}
	if v.Golden, err = answer(m, v.Classes); err != nil {
		return nil, err
	}
	files := map[string][]byte{"model." + m.Format: m.Data}
	for _, name := range []string{"doc.go", "classify.go", "classes.go", "classify_test.go"} {
		if files[name], err = execute(name, v); err != nil {
			return nil, err
		}
	}
	return files, nil
}

// execute returns the formatted result of a template.
func execute(name string, v view) ([]byte, error) {
	var b bytes.Buffer
	if err := templates.ExecuteTemplate(&b, name+".tmpl", v); err != nil {
		return nil, err
	}
	out, err := format.Source(b.Bytes())
	if err != nil {
		return nil, fmt.Errorf("bug: template %s: %w in\n%s", name, err, b.Bytes())
	}
	return out, nil
}
