package arch

import (
	"go/ast"
	"go/build/constraint"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"strings"
	"testing"

	"github.com/octet-ml/octet/internal/testkit"
)

// module is the path that go.mod declares.
const module = "github.com/octet-ml/octet"

// kind says which rules of the policy a Go file follows.
type kind int

const (
	production   kind = iota // compiled into the package
	inTest                   // _test.go of the package itself
	externalTest             // _test.go of package x_test
	tool                     // a program behind "//go:build ignore"
)

// goFile is one parsed Go file of the module.
type goFile struct {
	path string // slash-separated, relative to the module root
	src  string
	kind kind
	fset *token.FileSet
	ast  *ast.File
}

// pkg returns the folder of the file, "." for the root.
func (f *goFile) pkg() string { return path.Dir(f.path) }

// generated reports whether the file carries the generated-code marker.
func (f *goFile) generated() bool { return ast.IsGenerated(f.ast) }

// line returns path:line of a position.
func (f *goFile) line(p token.Pos) string {
	return f.path + ":" + itoa(f.fset.Position(p).Line)
}

// tree returns the module as a file system.
func tree(t testing.TB) fs.FS {
	t.Helper()
	root := testkit.Root()
	mod, err := os.ReadFile(root + "/go.mod")
	if err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(string(mod), "module "+module+"\n") {
		t.Fatalf("%s/go.mod does not declare %s", root, module)
	}
	return os.DirFS(root)
}

// list returns the files of the module whose names end in one of the suffixes. It leaves out testdata, vendor,
// hidden folders, folders starting with "_" and nested modules.
func list(fsys fs.FS, suffixes ...string) ([]string, error) {
	var out []string
	err := fs.WalkDir(fsys, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() {
			base := d.Name()
			if base == "testdata" || base == "vendor" || name != "." && (base[0] == '.' || base[0] == '_') {
				return fs.SkipDir
			}
			if _, err := fs.Stat(fsys, path.Join(name, "go.mod")); err == nil && name != "." {
				return fs.SkipDir
			}
			return nil
		}
		for _, s := range suffixes {
			if strings.HasSuffix(name, s) {
				out = append(out, name)
				break
			}
		}
		return nil
	})
	return out, err
}

// goFiles parses every Go file of the module, whatever its build tags.
func goFiles(t testing.TB, fsys fs.FS) []*goFile {
	t.Helper()
	names, err := list(fsys, ".go")
	if err != nil {
		t.Fatal(err)
	}
	var out []*goFile
	for _, name := range names {
		src, err := fs.ReadFile(fsys, name)
		if err != nil {
			t.Fatal(err)
		}
		fset := token.NewFileSet()
		f, err := parser.ParseFile(fset, name, src, parser.ParseComments|parser.SkipObjectResolution)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		out = append(out, &goFile{path: name, src: string(src), kind: kindOf(name, f), fset: fset, ast: f})
	}
	return out
}

func kindOf(name string, f *ast.File) kind {
	switch {
	case strings.HasSuffix(name, "_test.go") && strings.HasSuffix(f.Name.Name, "_test"):
		return externalTest
	case strings.HasSuffix(name, "_test.go"):
		return inTest
	case hasIgnoreTag(f):
		return tool
	}
	return production
}

// hasIgnoreTag reports whether the file's build constraint can hold only with the tag "ignore".
func hasIgnoreTag(f *ast.File) bool {
	for _, g := range f.Comments {
		if g.Pos() > f.Package {
			break
		}
		for _, c := range g.List {
			expr, err := constraint.Parse(c.Text)
			if err != nil {
				continue
			}
			if !expr.Eval(func(tag string) bool { return tag != "ignore" }) && expr.Eval(func(string) bool { return true }) {
				return true
			}
		}
	}
	return false
}
