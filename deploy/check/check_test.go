package check

import (
	"os"
	"testing"
)

func schemas(t *testing.T) *Schemas {
	t.Helper()
	s, err := LoadSchemas()
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestManifests(t *testing.T) {
	for _, err := range Tree(os.DirFS(".."), schemas(t)) {
		t.Error(err)
	}
}
