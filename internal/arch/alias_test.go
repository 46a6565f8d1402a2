package arch

import (
	"fmt"
	"path"
	"strconv"
	"strings"
	"testing"
	"testing/fstest"
)

// TestImportsKeepTheirNames holds that a standard package or one of ours goes by its own name. Exceptions: the standard
// runtime is goruntime beside ours, of two packages with one name in a file one may have another, and a test of package
// x_test may import x with a dot. Generated files name what they import as their generator does.
func TestImportsKeepTheirNames(t *testing.T) {
	for _, p := range checkAliases(goFiles(t, tree(t))) {
		t.Error(p)
	}
}

func checkAliases(files []*goFile) []string {
	names := map[string]string{} // of our packages that are not called as their folder
	for _, f := range files {
		if f.kind == production {
			names[module+"/"+f.pkg()] = f.ast.Name.Name
		}
	}
	var out []string
	for _, f := range files {
		if f.generated() {
			continue
		}
		count := map[string]int{}
		for _, spec := range f.ast.Imports {
			if imp, err := strconv.Unquote(spec.Path.Value); err == nil {
				count[path.Base(imp)]++
			}
		}
		for _, spec := range f.ast.Imports {
			imp, err := strconv.Unquote(spec.Path.Value)
			if err != nil || spec.Name == nil || spec.Name.Name == "_" || spec.Name.Name == names[imp] ||
				spec.Name.Name == "goruntime" && imp == "runtime" || spec.Name.Name != "." && count[path.Base(imp)] > 1 {
				continue
			}
			if spec.Name.Name == "." && f.kind == externalTest && imp == module+"/"+f.pkg() {
				continue
			}
			first, _, _ := strings.Cut(imp, "/")
			if !strings.Contains(first, ".") || within(imp, module) || spec.Name.Name == "." {
				out = append(out, fmt.Sprintf("%s: import %q goes by %s, not by its own name", f.line(spec.Pos()), imp, spec.Name.Name))
			}
		}
	}
	return out
}

func TestAliasCheckerAcceptsAndRefuses(t *testing.T) {
	own := &fstest.MapFile{Data: []byte("package a_test\nimport . \"" + module + "/a\"\n")}
	for _, c := range []struct{ name, imports, want string }{
		{"own name", `import "fmt"`, ""},
		{"declared name", `import i8 "github.com/octet-ml/octet/int8"`, ""},
		{"std runtime", `import goruntime "runtime"`, ""},
		{"two of one name", "import (\n\"image/draw\"\nxdraw \"golang.org/x/image/draw\"\n)", ""},
		{"outside", `import flatbuffers "github.com/google/flatbuffers/go"`, ""},
		{"std", `import str "strings"`, "goes by str"},
		{"ours", `import g "github.com/octet-ml/octet/graph"`, "goes by g"},
		{"dot", `import . "fmt"`, "goes by ."},
	} {
		t.Run(c.name, func(t *testing.T) {
			wantOne(t, checkAliases(goFiles(t, fstest.MapFS{
				"a/a_test.go": own,
				"int8/doc.go": {Data: []byte("package i8\n")},
				"a/a.go":      {Data: []byte("package a\n" + c.imports + "\n")},
			})), c.want)
		})
	}
}
