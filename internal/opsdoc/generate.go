//go:build ignore

// Command generate writes docs/OPS.md. It runs in the package's folder.
package main

import (
	"log"
	"os"

	"github.com/octet-ml/octet/internal/opsdoc"
)

func main() {
	text, err := opsdoc.Markdown(os.DirFS("../.."))
	if err != nil {
		log.Fatal(err)
	}
	if err := os.WriteFile("../../docs/OPS.md", text, 0o666); err != nil {
		log.Fatal(err)
	}
}
