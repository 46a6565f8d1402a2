package arch

import (
	"fmt"
	"go/ast"
	"go/token"
	"strings"
	"testing"
	"testing/fstest"
)

func TestExportedIdentifiersAreDocumented(t *testing.T) {
	for _, f := range goFiles(t, tree(t)) {
		for _, p := range checkIdentifiers(f) {
			t.Error(p)
		}
	}
}

// checkIdentifiers returns the exported functions, methods, types, constants, variables and interface methods of a file
// that lack a doc comment starting with their name. In a group one comment may serve for all constants or variables.
func checkIdentifiers(f *goFile) []string {
	if f.kind != production || f.generated() {
		return nil
	}
	var out []string
	refuse := func(name *ast.Ident, why string) {
		out = append(out, fmt.Sprintf("%s: %s: %s", f.line(name.Pos()), name.Name, why))
	}
	for _, d := range f.ast.Decls {
		switch d := d.(type) {
		case *ast.FuncDecl:
			if d.Name.IsExported() && exportedReceiver(d) && !startsWith(d.Doc, d.Name.Name) {
				refuse(d.Name, "doc comment missing, or not starting with the name")
			}
		case *ast.GenDecl:
			checkDecl(d, refuse)
		}
	}
	return out
}

func checkDecl(d *ast.GenDecl, refuse func(*ast.Ident, string)) {
	for _, spec := range d.Specs {
		switch s := spec.(type) {
		case *ast.TypeSpec:
			if !s.Name.IsExported() {
				continue
			}
			doc := s.Doc
			if !d.Lparen.IsValid() {
				doc = d.Doc
			}
			if !startsWith(doc, s.Name.Name) {
				refuse(s.Name, "doc comment missing, or not starting with the name")
			}
			checkMethods(s, doc, refuse)
		case *ast.ValueSpec:
			if !s.Names[0].IsExported() {
				continue
			}
			if !d.Lparen.IsValid() {
				if !startsWith(d.Doc, s.Names[0].Name) {
					refuse(s.Names[0], "doc comment missing, or not starting with the name")
				}
			} else if empty(d.Doc) && empty(s.Doc) && empty(s.Comment) {
				refuse(s.Names[0], "neither it nor its group has a comment")
			}
		}
	}
}

// checkMethods wants a comment on each method of an interface, or its name in the interface's own comment.
func checkMethods(s *ast.TypeSpec, doc *ast.CommentGroup, refuse func(*ast.Ident, string)) {
	i, ok := s.Type.(*ast.InterfaceType)
	if !ok {
		return
	}
	for _, m := range i.Methods.List {
		if len(m.Names) > 0 && m.Names[0].IsExported() && empty(m.Doc) && empty(m.Comment) &&
			!strings.Contains(doc.Text(), m.Names[0].Name) {
			refuse(m.Names[0], "interface method without a comment")
		}
	}
}

// exportedReceiver reports whether a function has no receiver or one of an exported type.
func exportedReceiver(d *ast.FuncDecl) bool {
	if d.Recv == nil {
		return true
	}
	t := d.Recv.List[0].Type
	for {
		switch x := t.(type) {
		case *ast.StarExpr:
			t = x.X
		case *ast.IndexExpr:
			t = x.X
		case *ast.IndexListExpr:
			t = x.X
		case *ast.Ident:
			return x.IsExported()
		default:
			return false
		}
	}
}

func empty(g *ast.CommentGroup) bool { return g == nil || strings.TrimSpace(g.Text()) == "" }

// startsWith reports whether a doc comment's first word is the name, an article before it aside.
func startsWith(g *ast.CommentGroup, name string) bool {
	if empty(g) {
		return false
	}
	words := strings.Fields(g.Text())
	if len(words) > 1 && (words[0] == "A" || words[0] == "An" || words[0] == "The") {
		words = words[1:]
	}
	return strings.TrimRight(words[0], ",.:;") == name
}

// unsafeFolders lists where package unsafe may be imported: kernels, zero-copy readers, code generated from protobuf, and one view of
// raw bytes.
var unsafeFolders = []string{"int8/...", "fp32/...", "loader/onnx", "loader/tflite", "serve/inference", "internal/..."}

const unsafeFile = "graph/view.go"

func TestUnsafeStaysInItsPlaces(t *testing.T) {
	for _, f := range goFiles(t, tree(t)) {
		for _, p := range checkUnsafe(f) {
			t.Error(p)
		}
	}
}

func checkUnsafe(f *goFile) []string {
	for _, imp := range f.ast.Imports {
		if imp.Path.Value == `"unsafe"` && f.path != unsafeFile && !anyMatch(unsafeFolders, f.pkg()) {
			return []string{fmt.Sprintf("%s: unsafe belongs in %v and %s", f.line(imp.Pos()), unsafeFolders, unsafeFile)}
		}
	}
	return nil
}

func TestPanicsAreForOurOwnBugs(t *testing.T) {
	for _, f := range goFiles(t, tree(t)) {
		for _, p := range checkPanics(f) {
			t.Error(p)
		}
	}
}

// checkPanics returns the panics outside of tests whose message does not start with "bug:". A handler may end a response that has begun
// the one way that net/http has for it.
func checkPanics(f *goFile) []string {
	if f.kind != production {
		return nil
	}
	var out []string
	ast.Inspect(f.ast, func(n ast.Node) bool {
		call, ok := n.(*ast.CallExpr)
		if !ok {
			return true
		}
		if id, ok := call.Fun.(*ast.Ident); ok && id.Name == "panic" && !strings.HasPrefix(firstString(call), `bug:`) && !aborts(call) {
			out = append(out, f.line(call.Pos())+`: panic is for our own bugs, its message starts with "bug:"`)
		}
		return true
	})
	return out
}

// aborts reports whether a call of panic is panic(http.ErrAbortHandler).
func aborts(call *ast.CallExpr) bool {
	s, ok := call.Args[0].(*ast.SelectorExpr)
	if !ok || s.Sel.Name != "ErrAbortHandler" {
		return false
	}
	id, ok := s.X.(*ast.Ident)
	return ok && id.Name == "http"
}

// firstString returns the first string literal in a call, without its opening quote.
func firstString(call *ast.CallExpr) string {
	found := ""
	ast.Inspect(call, func(n ast.Node) bool {
		if lit, ok := n.(*ast.BasicLit); ok && lit.Kind == token.STRING && found == "" {
			found = lit.Value[1:]
		}
		return found == ""
	})
	return found
}

func TestSourceCheckersAcceptAndRefuse(t *testing.T) {
	for _, c := range []struct {
		name, file, src, want string
		check                 func(*goFile) []string
	}{
		{"documented", "a/a.go", "// F does.\nfunc F() {}\n// T is.\ntype T int\n// A T method\nfunc (t T) m() {}\n// M does.\nfunc (t *T) M() {}", "", checkIdentifiers},
		{"article", "a/a.go", "// A T is.\ntype T int", "", checkIdentifiers},
		{"function without", "a/a.go", "func F() {}", "F: doc comment", checkIdentifiers},
		{"other name", "a/a.go", "// Does.\nfunc F() {}", "F: doc comment", checkIdentifiers},
		{"type without", "a/a.go", "type T int", "T: doc comment", checkIdentifiers},
		{"method without", "a/a.go", "// T is.\ntype T[E any] int\nfunc (t *T[E]) M() {}", "M: doc comment", checkIdentifiers},
		{"method of an unexported type", "a/a.go", "type t int\nfunc (t) M() {}", "", checkIdentifiers},
		{"constant without", "a/a.go", "const C = 1", "C: doc comment", checkIdentifiers},
		{"group with one comment", "a/a.go", "// The modes.\nconst (\nC = 1\nD = 2\n)", "", checkIdentifiers},
		{"group without", "a/a.go", "var (\nC = 1 // see\nD = 2\n)", "D: neither", checkIdentifiers},
		{"interface method without", "a/a.go", "// I is.\ntype I interface {\nM()\n}", "M: interface method", checkIdentifiers},
		{"interface method named above", "a/a.go", "// I is what M does.\ntype I interface {\nM()\n}", "", checkIdentifiers},
		{"tests are free", "a/a_test.go", "func F() {}", "", checkIdentifiers},
		{"unsafe in a kernel", "int8/k.go", `import "unsafe"`, "", checkUnsafe},
		{"unsafe in an ISA folder", "int8/internal/avx2/k.go", `import "unsafe"`, "", checkUnsafe},
		{"unsafe in the view", "graph/view.go", `import "unsafe"`, "", checkUnsafe},
		{"unsafe beside the view", "graph/tensor.go", `import "unsafe"`, "unsafe belongs", checkUnsafe},
		{"unsafe in an operator", "ops/conv.go", `import "unsafe"`, "unsafe belongs", checkUnsafe},
		{"bug panic", "a/a.go", `func f() { panic("bug: x") }`, "", checkPanics},
		{"formatted bug panic", "a/a.go", `func f() { panic(fmt.Sprintf("bug: %d", 1)) }`, "", checkPanics},
		{"other panic", "a/a.go", `func f() { panic("no weights") }`, "our own bugs", checkPanics},
		{"panic with an error", "a/a.go", `func f(err error) { panic(err) }`, "our own bugs", checkPanics},
		{"end of a response", "a/a.go", `func f() { panic(http.ErrAbortHandler) }`, "", checkPanics},
		{"panic with another's error", "a/a.go", `func f() { panic(http.ErrHandlerTimeout) }`, "our own bugs", checkPanics},
		{"panic in a test", "a/a_test.go", `func f(err error) { panic(err) }`, "", checkPanics},
	} {
		t.Run(c.name, func(t *testing.T) {
			f := goFiles(t, fstest.MapFS{c.file: {Data: []byte("package p\n" + c.src)}})[0]
			wantOne(t, c.check(f), c.want)
		})
	}
}
