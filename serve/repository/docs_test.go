package repository_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/octet-ml/octet/internal/testkit"
	"github.com/octet-ml/octet/serve/repository"
)

// The example of a config.json in docs/serving.md is valid, and it and the table have every key.
func TestTheDocumentedConfig(t *testing.T) {
	page, err := os.ReadFile(filepath.Join(testkit.Root(), "docs", "serving.md"))
	if err != nil {
		t.Fatal(err)
	}
	_, section, _ := strings.Cut(string(page), "## The model repository\n")
	_, example, _ := strings.Cut(section, "```json\n")
	example, table, found := strings.Cut(example, "```\n")
	if !found {
		t.Fatal("no example")
	}
	c, err := repository.ParseConfig([]byte(example))
	if err != nil {
		t.Fatal(err)
	}
	if c.MaxBatch != 16 || c.Versions.Latest != 2 || len(c.InputShapes) != 1 {
		t.Errorf("got %+v", c)
	}
	var keys map[string]json.RawMessage
	if err := json.Unmarshal([]byte(example), &keys); err != nil {
		t.Fatal(err)
	}
	for f := range reflect.TypeFor[repository.Config]().Fields() {
		key, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		if key == "" {
			continue
		}
		if keys[key] == nil {
			t.Errorf("the example lacks %q", key)
		}
		if !strings.Contains(table, "\n| `"+key+"` |") {
			t.Errorf("the table lacks %q", key)
		}
	}
}
