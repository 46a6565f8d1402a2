package pictures

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"html/template"
	"mime"
	"net/http"
	"path"
	"slices"
	"strings"
	"time"
)

// page holds the files of the page.
//
//go:embed page
var page embed.FS

// pageFile is a file that the page consists of.
type pageFile struct {
	kind    string // Content-Type
	tag     string // ETag
	content []byte
}

// pageFiles returns the files of the page by the pattern that they are served under. The sample may be nil.
func pageFiles(sample []byte) map[string]pageFile {
	entries, err := page.ReadDir("page")
	if err != nil {
		panic("bug: " + err.Error())
	}
	files := make(map[string]pageFile)
	for _, e := range entries {
		content, err := page.ReadFile("page/" + e.Name())
		if err != nil {
			panic("bug: " + err.Error())
		}
		if e.Name() == "index.html" {
			files["/{$}"] = newPageFile("text/html; charset=utf-8", index(content, sample != nil))
			continue
		}
		files["/"+e.Name()] = newPageFile(mime.TypeByExtension(path.Ext(e.Name())), content)
	}
	if sample != nil {
		files["/sample"] = newPageFile(http.DetectContentType(sample), sample)
	}
	return files
}

// index returns the page from its template, which is told whether there is a sample.
func index(text []byte, sample bool) []byte {
	var b bytes.Buffer
	if err := template.Must(template.New("page").Parse(string(text))).Execute(&b, struct{ Sample bool }{sample}); err != nil {
		panic("bug: " + err.Error())
	}
	return b.Bytes()
}

// newPageFile returns a file of the page.
func newPageFile(kind string, content []byte) pageFile {
	sum := sha256.Sum256(content)
	return pageFile{kind, `"` + hex.EncodeToString(sum[:16]) + `"`, content}
}

// serve answers with the file, or with 304 where the client has it.
func (f pageFile) serve(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Set("Content-Type", f.kind)
	h.Set("ETag", f.tag)
	h.Set("Cache-Control", "no-cache")
	http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(f.content))
}

// PagePaths returns the paths of the files that the page consists of, which tell nothing of the models.
func PagePaths() []string {
	var out []string
	for pattern := range pageFiles(nil) {
		out = append(out, strings.TrimSuffix(pattern, "{$}"))
	}
	slices.Sort(out)
	return out
}
