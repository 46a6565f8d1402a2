package arch

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/fstest"
)

func itoa(n int) string { return strconv.Itoa(n) }

// within reports whether path is prefix or lies below it.
func within(path, prefix string) bool {
	return path == prefix || strings.HasPrefix(path, prefix+"/")
}

// matches reports whether a folder fits a pattern of the policy.
func matches(pattern, dir string) bool {
	if base, ok := strings.CutSuffix(pattern, "/..."); ok {
		return within(dir, base)
	}
	if base, ok := strings.CutSuffix(pattern, "/*"); ok {
		rest, below := strings.CutPrefix(dir, base+"/")
		return below && !strings.Contains(rest, "/")
	}
	return pattern == dir
}

func anyMatch(patterns []string, dir string) bool {
	return slices.ContainsFunc(patterns, func(p string) bool { return matches(p, dir) })
}

// find returns the row that applies to a folder: the longest matching one.
func find(policy []row, dir string) (row, bool) {
	best, found := row{}, false
	for _, r := range policy {
		if matches(r.pkg, dir) && (!found || len(r.pkg) > len(best.pkg)) {
			best, found = r, true
		}
	}
	return best, found
}

// checkImports returns what in the files breaks the policy, one line each.
func checkImports(files []*goFile, policy []row) []string {
	var out []string
	for _, f := range files {
		r, ok := find(policy, f.pkg())
		if !ok {
			out = append(out, fmt.Sprintf("%s: package %s has no row in the import policy", f.path, f.pkg()))
			continue
		}
		for _, spec := range f.ast.Imports {
			imp, err := strconv.Unquote(spec.Path.Value)
			if err == nil && r.any {
				continue
			}
			if why := r.refuses(f, imp); why != "" {
				out = append(out, fmt.Sprintf("%s: import %q: %s", f.line(spec.Pos()), imp, why))
			}
		}
	}
	return out
}

// refuses returns why the row forbids the file an import, or "".
func (r row) refuses(f *goFile, imp string) string {
	if ours, ok := strings.CutPrefix(imp, module+"/"); ok {
		return r.refusesOurs(f, ours)
	}
	if imp == module {
		return "the root holds no package"
	}
	if first, _, _ := strings.Cut(imp, "/"); !strings.Contains(first, ".") {
		if f.kind == production && r.embedded() && slices.Contains(stdDenied, imp) {
			return "an embedder's program must not carry it"
		}
		return ""
	}
	allowed := r.external
	if f.kind != production {
		allowed = slices.Concat(r.external, testsExternal)
	}
	if !slices.ContainsFunc(allowed, func(p string) bool { return within(imp, p) }) {
		return fmt.Sprintf("%s may import %v from outside", r.pkg, allowed)
	}
	return ""
}

func (r row) refusesOurs(f *goFile, ours string) string {
	allowed := r.ours
	switch f.kind {
	case externalTest:
		return ""
	case inTest:
		allowed = slices.Concat(r.ours, suites)
	case tool:
		allowed = slices.Concat(r.ours, toolsOurs, []string{f.pkg()})
	}
	if !anyMatch(allowed, ours) {
		return fmt.Sprintf("%s may import %v of ours", r.pkg, allowed)
	}
	return ""
}

// embedded reports whether the row's package is linked into an embedder's program.
func (r row) embedded() bool {
	if r.any || slices.Contains(suites, r.pkg) {
		return false
	}
	top, _, _ := strings.Cut(r.pkg, "/")
	return slices.Contains(embedder, top)
}

func TestImportCheckerSeesEveryKindOfFile(t *testing.T) {
	for _, c := range []struct{ name, file, src, want string }{
		{"allowed", "ops/conv.go", `import "github.com/octet-ml/octet/graph"`, ""},
		{"standard library", "graph/g.go", `import "fmt"`, ""},
		{"upwards", "graph/g.go", `import "github.com/octet-ml/octet/ops"`, "graph may import []"},
		{"upwards behind a build tag", "graph/g.go", "//go:build riscv64\n\n" + `import "github.com/octet-ml/octet/ops"`, "graph may import []"},
		{"upwards in an _arm64 file", "graph/g_arm64.go", `import "github.com/octet-ml/octet/ops"`, "graph may import []"},
		{"unlisted package", "util/u.go", ``, "no row"},
		{"unlisted package below a listed one", "ops/internal/x/u.go", ``, "no row"},
		{"gorgonia in the loader", "loader/l.go", `import "gorgonia.org/tensor"`, "from outside"},
		{"gorgonia in its adapter", "loader/gorgonia/l.go", `import "gorgonia.org/tensor"`, ""},
		{"gorgonia in the loader's external test", "loader/l_test.go", `import "gorgonia.org/tensor"`, "from outside"},
		{"prefix is a whole element", "loader/gorgonia/l.go", `import "gorgonia.org/tensorial"`, "from outside"},
		{"loader in the runtime", "runtime/r.go", `import "github.com/octet-ml/octet/loader"`, "of ours"},
		{"loader in the runtime's external test", "runtime/r_test.go", `import "github.com/octet-ml/octet/loader"`, ""},
		{"suite in production", "ops/o.go", `import "github.com/octet-ml/octet/internal/testkit"`, "of ours"},
		{"other ISA", "int8/internal/avx2/k.go", `import "github.com/octet-ml/octet/int8/internal/generic"`, "of ours"},
		{"cgo", "int8/k.go", `import "C"`, "must not carry"},
		{"testing in a suite", "int8/internal/kerneltest/k.go", `import "testing"`, ""},
		{"testing in production", "ops/o.go", `import "testing"`, "must not carry"},
		{"anything in a command", "cmd/octet/internal/x/c.go", `import "github.com/spf13/cobra"`, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			name := "p"
			if strings.HasSuffix(c.file, "_test.go") {
				name = "p_test"
			}
			tag, imports := "", c.src
			if strings.HasPrefix(c.src, "//go:build") {
				tag, imports, _ = strings.Cut(c.src, "\n\n")
			}
			src := tag + "\n\npackage " + name + "\n" + imports + "\n"
			files := goFiles(t, fstest.MapFS{c.file: {Data: []byte(src)}})
			wantOne(t, checkImports(files, policy), c.want)
		})
	}
}

// wantOne checks that problems is empty where want is, and is one line that contains want otherwise.
func wantOne(t *testing.T, problems []string, want string) {
	t.Helper()
	switch {
	case want == "" && len(problems) > 0:
		t.Errorf("refused: %v", problems)
	case want != "" && (len(problems) != 1 || !strings.Contains(problems[0], want)):
		t.Errorf("got %q, want one problem that contains %q", problems, want)
	}
}

func TestNestedModulesAndTestdataAreLeftOut(t *testing.T) {
	names, err := list(fstest.MapFS{
		"a/a.go": {}, "a/testdata/b.go": {}, "bench/peers/go.mod": {}, "bench/peers/p.go": {}, ".ci/c.go": {}, "_x/d.go": {},
	}, ".go")
	if err != nil || !slices.Equal(names, []string{"a/a.go"}) {
		t.Errorf("got %v, %v", names, err)
	}
}

func TestFilesAreSortedByKind(t *testing.T) {
	for _, c := range []struct {
		file, src string
		want      kind
	}{
		{"a.go", "package a", production},
		{"a_test.go", "package a", inTest},
		{"a_test.go", "package a_test", externalTest},
		{"gen.go", "//go:build ignore\n\npackage main", tool},
		{"gen.go", "//go:build !ignore\n\npackage main", production},
		{"k.go", "//go:build amd64 && !noasm\n\npackage k", production},
	} {
		if got := goFiles(t, fstest.MapFS{c.file: {Data: []byte(c.src)}})[0].kind; got != c.want {
			t.Errorf("%s %q: got %d, want %d", c.file, c.src, got, c.want)
		}
	}
}
