package check

import (
	"bytes"
	"errors"
	"testing"

	"github.com/octet-ml/octet/deploy/check/published"
)

// The committed schemas are what the generator makes of the published ones. It needs the modules in the module cache.
func TestSchemasAreGenerated(t *testing.T) {
	for _, source := range published.Sources() {
		t.Run(source.Output, func(t *testing.T) {
			want, err := source.Build("GOPROXY=off")
			if errors.Is(err, published.ErrSource) {
				t.Skipf("not in the module cache; `go generate` in deploy/check brings it: %v", err)
			}
			if err != nil {
				t.Fatal(err)
			}
			got, err := schemaFiles.ReadFile("schemas/" + source.Output)
			if err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(got, want) {
				t.Errorf("schemas/%s is stale: run go generate in deploy/check", source.Output)
			}
		})
	}
}
