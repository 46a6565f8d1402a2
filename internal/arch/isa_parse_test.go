package arch

import (
	"regexp"
	"slices"
	"strings"
)

// instr is one instruction, macro use or data directive of an assembly file.
type instr struct {
	line    int
	op      string
	args    []string
	comment string // text after "//" on its line
}

// asmFunc is one TEXT block, or one macro.
type asmFunc struct {
	name    string
	line    int
	argSize string   // bytes of arguments as the TEXT line says, "" for a macro
	header  string   // the comment block above
	body    []instr  // labels appear as instructions with op "label:"
	params  []string // of a macro
}

// asmFile is one parsed .s file.
type asmFile struct {
	path     string
	raw      []string
	funcs    []asmFunc
	macros   map[string]asmFunc
	includes []string
	build    string // text of the //go:build line
}

var (
	textLine  = regexp.MustCompile(`^TEXT\s+(?:<>)?[·\w]*·(\w+)(?:<>)?\(SB\)(.*)$`)
	argBytes  = regexp.MustCompile(`\$-?\d+-(\d+)`)
	labelLine = regexp.MustCompile(`^([A-Za-z_]\w*):\s*(.*)$`)
	defLine   = regexp.MustCompile(`^#define\s+(\w+)(?:\(([^)]*)\))?[\s;]*(.*)$`)
	useOfName = regexp.MustCompile(`^(\w+)\s*\((.*)\)$`)
)

// parseAsm splits Plan 9 assembly into functions and macros. It knows what the checks need: comments, labels,
// semicolons, #define with continuation lines.
func parseAsm(path, src string) *asmFile {
	f := &asmFile{path: path, raw: strings.Split(src, "\n"), macros: map[string]asmFunc{}}
	var header []string
	var cur *asmFunc
	inBlock := false
	for i := 0; i < len(f.raw); i++ {
		num := i + 1
		code, comment := splitComment(f.raw[i], &inBlock)
		if strings.HasPrefix(code, "#define") {
			for strings.HasSuffix(code, `\`) && i+1 < len(f.raw) {
				i++
				more, c := splitComment(f.raw[i], &inBlock)
				code, comment = strings.TrimSuffix(code, `\`)+";"+more, comment+c
			}
		}
		switch {
		case code == "" && strings.HasPrefix(comment, "go:build"):
			f.build = "//" + comment
		case code == "" && strings.Contains(f.raw[i], "//"):
			header = append(header, strings.TrimSpace(comment))
			continue
		case strings.HasPrefix(code, "#include"):
			f.includes = append(f.includes, strings.Trim(strings.TrimSpace(code[len("#include"):]), `"`))
		case strings.HasPrefix(code, "#define"):
			m := defLine.FindStringSubmatch(code)
			if m != nil {
				f.macros[m[1]] = asmFunc{name: m[1], line: num, params: splitArgs(m[2]), body: parseInstrs(m[3], comment, num)}
			}
		case strings.HasPrefix(code, "TEXT"):
			fn := asmFunc{line: num, header: strings.Join(header, "\n")}
			if m := textLine.FindStringSubmatch(code); m != nil {
				fn.name = m[1]
				if a := argBytes.FindStringSubmatch(m[2]); a != nil {
					fn.argSize = a[1]
				}
			}
			f.funcs = append(f.funcs, fn)
			cur = &f.funcs[len(f.funcs)-1]
		case strings.HasPrefix(code, "#"), strings.HasPrefix(code, "DATA"), strings.HasPrefix(code, "GLOBL"):
		case code != "" && cur != nil:
			cur.body = append(cur.body, parseInstrs(code, comment, num)...)
		}
		header = header[:0]
	}
	return f
}

// splitComment returns the code of a line and its comment, both trimmed.
func splitComment(line string, inBlock *bool) (code, comment string) {
	if *inBlock {
		_, rest, ended := strings.Cut(line, "*/")
		if !ended {
			return "", strings.TrimSpace(line)
		}
		*inBlock, line = false, rest
	}
	if at := strings.Index(line, "//"); at >= 0 {
		line, comment = line[:at], line[at+2:]
	}
	for {
		before, rest, found := strings.Cut(line, "/*")
		if !found {
			break
		}
		inside, after, ended := strings.Cut(rest, "*/")
		comment += inside
		if !ended {
			*inBlock, after = true, ""
		}
		line = before + after
	}
	return strings.TrimSpace(line), strings.TrimSpace(comment)
}

func parseInstrs(code, comment string, line int) []instr {
	var out []instr
	for part := range strings.SplitSeq(code, ";") {
		part = strings.TrimSpace(part)
		if m := labelLine.FindStringSubmatch(part); m != nil {
			out = append(out, instr{line: line, op: "label:", args: m[1:2]})
			part = m[2]
		}
		if part == "" {
			continue
		}
		in := instr{line: line, comment: comment}
		if m := useOfName.FindStringSubmatch(part); m != nil && !strings.ContainsAny(m[1], ".") && !isSpaced(part) {
			in.op, in.args = m[1], splitArgs(m[2])
		} else {
			op, rest, _ := strings.Cut(strings.ReplaceAll(part, "\t", " "), " ")
			in.op, in.args = op, splitArgs(rest)
		}
		out = append(out, in)
	}
	return out
}

// isSpaced reports whether a space stands before the first parenthesis, as in "JMP (AX)".
func isSpaced(part string) bool {
	at := strings.IndexByte(part, '(')
	return at > 0 && (part[at-1] == ' ' || part[at-1] == '\t')
}

// splitArgs splits at the commas that stand outside of brackets.
func splitArgs(s string) []string {
	var out []string
	depth, start := 0, 0
	for i, r := range s {
		switch r {
		case '(', '[':
			depth++
		case ')', ']':
			depth--
		case ',':
			if depth == 0 {
				out = append(out, strings.TrimSpace(s[start:i]))
				start = i + 1
			}
		}
	}
	if last := strings.TrimSpace(s[start:]); last != "" {
		out = append(out, last)
	}
	return out
}

// blocks returns the functions and the macros of the file, in the order of their lines.
func (f *asmFile) blocks() []asmFunc {
	out := slices.Clone(f.funcs)
	for _, m := range f.macros {
		out = append(out, m)
	}
	slices.SortFunc(out, func(a, b asmFunc) int { return a.line - b.line })
	return out
}
