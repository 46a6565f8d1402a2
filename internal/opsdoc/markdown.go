package opsdoc

import (
	"bytes"
	"fmt"
	"io/fs"
	"strconv"
	"strings"

	"github.com/octet-ml/octet/internal/cpu"
	"github.com/octet-ml/octet/loader/onnx"
	"github.com/octet-ml/octet/loader/tflite"
	"github.com/octet-ml/octet/ops"
)

// Markdown returns the text of docs/OPS.md; fsys is the module. It is the same on every machine.
func Markdown(fsys fs.FS) ([]byte, error) {
	names, err := SourceKernels(fsys)
	if err != nil {
		return nil, err
	}
	kernels, err := families(names)
	if err != nil {
		return nil, err
	}
	var b bytes.Buffer
	b.WriteString(`# Operators, formats and kernels

Written by ` + "`go generate ./internal/opsdoc`" + ` from the tables of ` + "`ops`, `loader/onnx`, `loader/tflite`, `int8` and `fp32`" + `.
Do not edit. ` + "`octet inspect --kernels`" + ` prints the same for the machine at hand.

## Operators

`)
	writeOperators(&b)
	b.WriteString("\n## ONNX\n\nOpsets 7 to 24; `com.microsoft` is ONNX Runtime's domain. Nodes that convert types or bring the form of another version\nto the newest one are left out. Scales and zero points that are no constants keep QuantizeLinear and DequantizeLinear as they are, and\nQLinear operators become float ones between these.\n\n")
	writeONNX(&b)
	b.WriteString("\n## TFLite\n\nA fused activation becomes a clamp of the operator or a node after it. Nodes that convert types are left out.\n\n")
	writeTFLite(&b)
	b.WriteString("\n## Kernels\n\n")
	writeKernels(&b, kernels)
	return b.Bytes(), nil
}

func writeOperators(b *bytes.Buffer) {
	b.WriteString("Names, attributes and meaning: package `ops`. A format's operator stands with every operator that does a part of its work;\nwhat stands alone is made while loading or by the passes of `runtime/optimize`, as Dense from Gemm. What an operator can do:\n\n")
	for _, c := range capabilities {
		fmt.Fprintf(b, "- **%s**: %s\n", c.Name, c.Means)
	}
	b.WriteString("\n")
	row(b, "operator", "attributes", "inputs", "outputs", "can", "ONNX", "TFLite")
	rule(b, 7)
	for _, o := range Operators() {
		row(b, code(o.Name), code(o.Attributes), arity(o.Inputs), arity(o.Outputs), strings.Join(o.Can, ", "),
			strings.Join(o.ONNX, ", "), strings.Join(o.TFLite, ", "))
	}
}

func writeONNX(b *bytes.Buffer) {
	row(b, "operator", "inputs", "becomes")
	rule(b, 3)
	for _, r := range onnx.Operators() {
		becomes := strings.Join(r.Becomes, ", ")
		if becomes == "" {
			becomes = "a constant"
		}
		row(b, qualified(r), arity(ops.Arity{Min: r.MinInputs, Max: r.MaxInputs}), becomes)
	}
}

func writeTFLite(b *bytes.Buffer) {
	row(b, "code", "operator", "inputs", "becomes")
	rule(b, 4)
	for _, r := range tflite.Operators() {
		row(b, strconv.Itoa(r.Code), r.Name, arity(ops.Arity{Min: r.MinInputs, Max: r.MaxInputs}), strings.Join(r.Becomes, ", "))
	}
}

func writeKernels(b *bytes.Buffer, list []family) {
	levels := []cpu.Level{}
	for l := cpu.Generic; l <= cpu.DotProd; l++ {
		for _, f := range list {
			if f.tiles[l] != nil {
				levels = append(levels, l)
				break
			}
		}
	}
	b.WriteString("The tiles that each level has of its own; for the others it takes those of the level below it\n([kernels.md](kernels.md)). A kernel is called `family_tile__level`; the float32 kernels of `avx512vnni` end in `avx512`.\n\n")
	cells := []string{"family"}
	for _, l := range levels {
		cells = append(cells, l.String())
	}
	row(b, cells...)
	rule(b, len(cells))
	for _, f := range list {
		cells = []string{code(f.name)}
		for _, l := range levels {
			cells = append(cells, strings.Join(f.tiles[l], ", "))
		}
		row(b, cells...)
	}
}

// row writes a line of a table.
func row(b *bytes.Buffer, cells ...string) {
	b.WriteString("|")
	for _, c := range cells {
		if c != "" {
			c += " "
		}
		b.WriteString(" " + c + "|")
	}
	b.WriteString("\n")
}

// rule writes the line under the head of a table.
func rule(b *bytes.Buffer, columns int) {
	b.WriteString("|" + strings.Repeat("---|", columns) + "\n")
}

// code marks a name as code.
func code(name string) string {
	if name == "" {
		return ""
	}
	return "`" + name + "`"
}

// arity writes a number of inputs or outputs.
func arity(a ops.Arity) string {
	switch {
	case a.Max < 0:
		return fmt.Sprintf("%d or more", a.Min)
	case a.Min == a.Max:
		return strconv.Itoa(a.Min)
	}
	return fmt.Sprintf("%d to %d", a.Min, a.Max)
}
