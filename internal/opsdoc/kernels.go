package opsdoc

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/octet-ml/octet/fp32"
	i8 "github.com/octet-ml/octet/int8"
	"github.com/octet-ml/octet/internal/cpu"
)

// Level is the kernels of an instruction-set level, sorted by name: those that it has of its own and those that it takes
// from the levels below.
type Level struct {
	Name    string   `json:"level"`
	Int8    []string `json:"int8"`
	Float32 []string `json:"fp32"`
}

// Levels returns the levels that this machine and this build have, poorest first.
func Levels() ([]Level, error) {
	var out []Level
	for _, l := range cpu.Available() {
		level, err := levelOf(l)
		if err != nil {
			return nil, err
		}
		out = append(out, level)
	}
	return out, nil
}

func levelOf(l cpu.Level) (Level, error) {
	integer, err := i8.Select(l)
	if err != nil {
		return Level{}, err
	}
	float, err := f32.Select(l)
	if err != nil {
		return Level{}, err
	}
	return Level{Name: l.String(), Int8: unique(integer.Names()), Float32: unique(float.Names())}, nil
}

// kernelName is the form of kernel names: types, family and, where there are tiles, tile; then the instruction set.
var kernelName = regexp.MustCompile(`^([a-z0-9]+_[a-z0-9]+?)(?:_([a-z0-9]+))?__([a-z0-9]+)$`)

// SourceKernels returns the names of the kernels of all levels, sorted. fsys is the module: names are the string literals
// of that form in the folders of the instruction sets, whatever their build tags. The portable kernels, which every machine
// has, come from their tables.
func SourceKernels(fsys fs.FS) ([]string, error) {
	generic, err := levelOf(cpu.Generic)
	if err != nil {
		return nil, err
	}
	names := slices.Concat(generic.Int8, generic.Float32)
	for _, pattern := range []string{"int8/internal/*/*.go", "fp32/internal/*/*.go"} {
		files, err := fs.Glob(fsys, pattern)
		if err != nil {
			return nil, err
		}
		if len(files) == 0 {
			return nil, fmt.Errorf("no files %s", pattern)
		}
		for _, file := range files {
			switch folder := path.Base(path.Dir(file)); {
			case strings.HasSuffix(file, "_test.go"), folder == "generic", folder == "evexvnni": // the last serves tests only
				continue
			}
			found, err := literals(fsys, file)
			if err != nil {
				return nil, err
			}
			names = append(names, found...)
		}
	}
	return unique(names), nil
}

// literals returns the string literals of a Go file that are names of kernels.
func literals(fsys fs.FS, file string) ([]string, error) {
	src, err := fs.ReadFile(fsys, file)
	if err != nil {
		return nil, err
	}
	f, err := parser.ParseFile(token.NewFileSet(), file, src, parser.SkipObjectResolution)
	if err != nil {
		return nil, err
	}
	var out []string
	ast.Inspect(f, func(n ast.Node) bool {
		if l, ok := n.(*ast.BasicLit); ok && l.Kind == token.STRING {
			if s, err := strconv.Unquote(l.Value); err == nil && kernelName.MatchString(s) {
				out = append(out, s)
			}
		}
		return true
	})
	return out, nil
}

// family is the kernels of one family, tiles by level.
type family struct {
	name  string
	tiles map[cpu.Level][]string
}

// families sorts kernels into families, by name. A kernel whose instruction set is no level is an error.
func families(names []string) ([]family, error) {
	var out []family
	for _, name := range unique(names) {
		m := kernelName.FindStringSubmatch(name)
		if m == nil {
			return nil, fmt.Errorf("kernel %q: want types_family_tile__isa", name)
		}
		level, err := levelNamed(m[3])
		if err != nil {
			return nil, fmt.Errorf("kernel %q: %w", name, err)
		}
		i := slices.IndexFunc(out, func(f family) bool { return f.name == m[1] })
		if i < 0 {
			i = len(out)
			out = append(out, family{m[1], map[cpu.Level][]string{}})
		}
		tile := m[2]
		if tile == "" {
			tile = "yes"
		}
		out[i].tiles[level] = append(out[i].tiles[level], tile)
	}
	slices.SortFunc(out, func(a, b family) int { return strings.Compare(a.name, b.name) })
	return out, nil
}

// levelNamed returns the level at whose selection kernels of an instruction set come in. The float kernels need no VNNI, but
// are selected with it.
func levelNamed(isa string) (cpu.Level, error) {
	if isa == "avx512" {
		return cpu.AVX512VNNI, nil
	}
	return cpu.ParseLevel(isa)
}
