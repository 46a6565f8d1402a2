// Command generate writes the reduced schemas in deploy/check/schemas from the modules that package published pins. The
// go command brings the modules (about 60 MB) where they are not in the module cache.
package main

import (
	"log"
	"os"
	"path/filepath"

	"github.com/octet-ml/octet/deploy/check/published"
)

func main() {
	for _, source := range published.Sources() {
		data, err := source.Build()
		if err != nil {
			log.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join("schemas", source.Output), data, 0o644); err != nil {
			log.Fatal(err)
		}
	}
}
