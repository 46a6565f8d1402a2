package arch

import (
	"fmt"
	"io/fs"
	"path"
	"regexp"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
)

// maxLines is the length above which a file is probably more than one idea. Generated files may be longer.
const maxLines = 500

// longFiles lists the files that may be longer, each with its reason.
var longFiles = map[string]string{}

func TestPackagesSayWhatTheyAre(t *testing.T) {
	for _, p := range checkPackageDocs(goFiles(t, tree(t))) {
		t.Error(p)
	}
}

func checkPackageDocs(files []*goFile) []string {
	documented, undocumented := map[string]bool{}, []string{}
	for _, f := range files {
		if f.kind == tool {
			continue
		}
		if _, seen := documented[f.pkg()]; !seen {
			documented[f.pkg()] = false
		}
		if f.kind == production && f.ast.Doc != nil {
			documented[f.pkg()] = true
		}
	}
	for dir, ok := range documented {
		if !ok {
			undocumented = append(undocumented, fmt.Sprintf("%s: no package comment: write doc.go (what it is, what it is not, the invariants)", dir))
		}
	}
	slices.Sort(undocumented)
	return undocumented
}

func TestFilesAreOneIdeaLong(t *testing.T) {
	files := goFiles(t, tree(t))
	for _, p := range checkLengths(files) {
		t.Error(p)
	}
	slices.SortFunc(files, func(a, b *goFile) int { return lines(b) - lines(a) })
	for _, f := range files {
		if n := lines(f); n > 300 && !f.generated() {
			t.Logf("%4d lines: %s", n, f.path)
		}
	}
}

func lines(f *goFile) int { return strings.Count(f.src, "\n") }

func checkLengths(files []*goFile) []string {
	var out []string
	long := map[string]bool{}
	for _, f := range files {
		if lines(f) <= maxLines || f.generated() {
			continue
		}
		long[f.path] = true
		if longFiles[f.path] == "" {
			out = append(out, fmt.Sprintf("%s: %d lines: split it, or give a reason in longFiles", f.path, lines(f)))
		}
	}
	for name := range longFiles {
		if !long[name] {
			out = append(out, fmt.Sprintf("%s: is on longFiles and is not long", name))
		}
	}
	return out
}

func TestProseIsFinished(t *testing.T) {
	fsys := tree(t)
	names, err := list(fsys, ".go", ".s")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		src, err := fs.ReadFile(fsys, name)
		if err != nil {
			t.Fatal(err)
		}
		for _, p := range checkUnfinished(name, string(src)) {
			t.Error(p)
		}
	}
}

var unfinished = regexp.MustCompile(`\b(TODO|FIXME|XXX|HACK)\b|"not implemented"`)

func checkUnfinished(name, src string) []string {
	if strings.HasSuffix(name, "_test.go") {
		return nil
	}
	var out []string
	for i, line := range strings.Split(src, "\n") {
		if m := unfinished.FindString(line); m != "" {
			out = append(out, fmt.Sprintf("%s:%d: holds %s: finish it or open an issue", name, i+1, m))
		}
	}
	return out
}

func TestLinksInDocumentsResolve(t *testing.T) {
	fsys := tree(t)
	names, err := list(fsys, ".md")
	if err != nil {
		t.Fatal(err)
	}
	if len(names) == 0 {
		t.Fatal("no documents found")
	}
	for _, name := range append(names, ".github/pull_request_template.md") {
		for _, p := range checkLinks(fsys, name) {
			t.Error(p)
		}
	}
}

var (
	mdLink    = regexp.MustCompile(`\]\(([^)\s]+)\)`)
	mdFence   = regexp.MustCompile("(?ms)^```.*?^```")
	mdCode    = regexp.MustCompile("`[^`\n]*`")
	mdHeading = regexp.MustCompile(`(?m)^#+ +(.*)$`)
	slugDrop  = regexp.MustCompile(`[^\p{L}\p{N} _-]`)
)

// checkLinks returns the relative links of a Markdown file that lead nowhere, anchors included.
func checkLinks(fsys fs.FS, name string) []string {
	src, err := fs.ReadFile(fsys, name)
	if err != nil {
		return []string{err.Error()}
	}
	prose := mdCode.ReplaceAllString(mdFence.ReplaceAllString(string(src), ""), "")
	var out []string
	for _, m := range mdLink.FindAllStringSubmatch(prose, -1) {
		target, anchor, _ := strings.Cut(m[1], "#")
		if strings.Contains(target, ":") {
			continue
		}
		file := name
		if target != "" {
			file = path.Join(path.Dir(name), target)
		}
		if _, err := fs.Stat(fsys, file); err != nil {
			out = append(out, fmt.Sprintf("%s: link to %s: no such file", name, m[1]))
			continue
		}
		if anchor == "" || !strings.HasSuffix(file, ".md") {
			continue
		}
		if body, err := fs.ReadFile(fsys, file); err != nil || !slices.Contains(anchors(string(body)), anchor) {
			out = append(out, fmt.Sprintf("%s: link to %s: no such heading", name, m[1]))
		}
	}
	return out
}

// anchors returns the names by which the headings of a Markdown file are linked to.
func anchors(src string) []string {
	var out []string
	for _, m := range mdHeading.FindAllStringSubmatch(mdFence.ReplaceAllString(src, ""), -1) {
		s := slugDrop.ReplaceAllString(strings.ToLower(strings.TrimSpace(m[1])), "")
		out = append(out, strings.ReplaceAll(s, " ", "-"))
	}
	return out
}

func TestDocumentCheckersAcceptAndRefuse(t *testing.T) {
	long := "package a\n" + strings.Repeat("// line\n", maxLines)
	for _, c := range []struct {
		name, file, src, want string
		check                 func(f *goFile) []string
	}{
		{"package comment", "a/a.go", "// Package a is.\npackage a", "", one(checkPackageDocs)},
		{"no package comment", "a/a.go", "package a", "no package comment", one(checkPackageDocs)},
		{"comment in a test only", "a/a_test.go", "// Package a is.\npackage a", "no package comment", one(checkPackageDocs)},
		{"short file", "a/a.go", "package a", "", one(checkLengths)},
		{"long file", "a/a.go", long, "lines: split it", one(checkLengths)},
		{"long generated file", "a/a.go", "// Code generated by x. DO NOT EDIT.\n\n" + long, "", one(checkLengths)},
		{"finished", "a/a.go", "package a // todos are lower case words", "", func(f *goFile) []string { return checkUnfinished(f.path, f.src) }},
		{"unfinished", "a/a.go", "package a // TODO: more", "holds TODO", func(f *goFile) []string { return checkUnfinished(f.path, f.src) }},
	} {
		t.Run(c.name, func(t *testing.T) {
			wantOne(t, c.check(goFiles(t, fstest.MapFS{c.file: {Data: []byte(c.src)}})[0]), c.want)
		})
	}
	docs := fstest.MapFS{"README.md": {}, "docs/a.md": {Data: []byte("# Why x?\n[up](../README.md) [web](https://x.y) [here](#why-x) `[code](no)`\n")}}
	wantOne(t, checkLinks(docs, "docs/a.md"), "")
	for link, want := range map[string]string{"b.md": "no such file", "#why-y": "no such heading", "../docs/a.md#x": "no such heading"} {
		docs["docs/a.md"] = &fstest.MapFile{Data: []byte("# Why x?\n[l](" + link + ")\n")}
		wantOne(t, checkLinks(docs, "docs/a.md"), want)
	}
}

func one(check func([]*goFile) []string) func(*goFile) []string {
	return func(f *goFile) []string { return check([]*goFile{f}) }
}
