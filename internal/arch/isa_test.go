package arch

import (
	"fmt"
	"go/build/constraint"
	"io/fs"
	"path"
	"regexp"
	"slices"
	"strings"
	"testing"
)

func TestAssemblyFitsItsFolder(t *testing.T) {
	fsys := tree(t)
	names, err := list(fsys, ".s")
	if err != nil {
		t.Fatal(err)
	}
	if len(names) == 0 {
		t.Skip("no assembly in the tree yet")
	}
	for _, name := range names {
		src, err := fs.ReadFile(fsys, name)
		if err != nil {
			t.Fatal(err)
		}
		for _, p := range checkAsm(name, string(src)) {
			t.Error(p)
		}
	}
}

// isaFolder is where assembly may live.
var isaFolder = regexp.MustCompile(`^(?:int8|fp32)/internal/(\w+)/\w+_(amd64|arm64)\.s$`)

// checkAsm returns what in an assembly file breaks the rules, one line each.
func checkAsm(name, src string) []string {
	m := isaFolder.FindStringSubmatch(name)
	if m == nil {
		return []string{name + ": assembly lives in {int8,fp32}/internal/ISA/*_{amd64,arm64}.s only"}
	}
	level, known := folders[m[1]]
	if !known {
		return []string{fmt.Sprintf("%s: folder %s declares no instruction-set level", name, m[1])}
	}
	f := parseAsm(name, src)
	var out []string
	report := func(line int, format string, args ...any) {
		out = append(out, fmt.Sprintf("%s:%d: %s", name, line, fmt.Sprintf(format, args...)))
	}
	if !offWithNoasm(f.build) {
		report(1, "no build line that turns the file off with -tags noasm")
	}
	for _, b := range f.blocks() {
		if _, macro := f.macros[b.name]; !macro {
			checkHeader(b, report)
			checkArgs(f, b, report)
		}
		if m[2] == "amd64" {
			checkAmd64(f, b, level, report)
			checkUpper(f, b, report)
		} else {
			checkARM64(b, level, report)
		}
	}
	return out
}

type reporter func(line int, format string, args ...any)

func offWithNoasm(build string) bool {
	expr, err := constraint.Parse(build)
	return err == nil && !expr.Eval(func(tag string) bool { return true }) &&
		expr.Eval(func(tag string) bool { return tag != "noasm" })
}

func checkHeader(b asmFunc, report reporter) {
	if !strings.Contains(b.header, "func "+b.name+"(") {
		report(b.line, "%s: the comment above does not hold its Go signature, func %s(...)", b.name, b.name)
	}
}

func checkAmd64(f *asmFile, b asmFunc, level []feature, report reporter) {
	table, err := avxTable()
	if err != nil {
		report(b.line, "%v", err)
		return
	}
	for i := 0; i < len(b.body); i++ {
		in := b.body[i]
		if _, raw := rawBytes[in.op]; raw {
			first := i
			for i+1 < len(b.body) && b.body[i+1].line == in.line {
				i++
			}
			if err := checkRawAmd64(b.body[first : i+1]); err != nil {
				report(in.line, "%v", err)
			} else if !slices.Contains(level, avxvnni) {
				report(in.line, "VEX-encoded %s needs AVXVNNI, the folder declares %v", in.comment, level)
			}
			continue
		}
		if _, use := f.macros[in.op]; use {
			in.op = "" // the body is checked where it is defined, the registers here
		}
		features, err := needs(in, table)
		if err != nil {
			report(in.line, "%v", err)
		}
		for _, need := range features {
			if !slices.Contains(level, need) {
				report(in.line, "%s %s needs %s, the folder declares %v", in.op, strings.Join(in.args, ", "), need, level)
				break
			}
		}
	}
}

// checkUpper wants VZEROUPPER before every way out of a function that touches Y or Z registers.
func checkUpper(f *asmFile, b asmFunc, report reporter) {
	if !f.wide(b, 0) {
		return
	}
	clean := false
	for _, in := range b.body {
		leaves := in.op == "RET" || in.op == "JMP" && len(in.args) == 1 && strings.HasSuffix(in.args[0], "(SB)")
		m, macro := f.macros[in.op]
		switch {
		case leaves && !clean:
			report(in.line, "%s: leaves without VZEROUPPER", b.name)
		case in.op == "VZEROUPPER":
			clean = true
		case in.op == "label:", macro && f.wide(m, 0), wideReg.MatchString(strings.Join(in.args, " ")), leaves:
			clean = false
		}
	}
}

// wide reports whether a block touches Y or Z registers, in its own lines or in a macro it uses.
func (f *asmFile) wide(b asmFunc, depth int) bool {
	for _, in := range b.body {
		if m, ok := f.macros[in.op]; ok && depth < 8 && f.wide(m, depth+1) {
			return true
		}
		if wideReg.MatchString(strings.Join(in.args, " ")) || rawBytes[in.op] > 0 {
			return true
		}
	}
	return false
}

var (
	armReserved = regexp.MustCompile(`\bR(18|27|28|29|30)\b`)
	argLoad     = regexp.MustCompile(`^\w+\+0\(FP\)$`)
	numericRef  = regexp.MustCompile(`^(?:[-+]?(?:0x)?[0-9a-fA-F]+)?(?:[-+*]\d+)*\((\w+)\)`)
)

func checkARM64(b asmFunc, level []feature, report reporter) {
	for _, in := range b.body {
		if armReserved.MatchString(strings.Join(in.args, " ")) {
			report(in.line, "%s %s: R18 and R27 to R30 belong to the platform and to Go", in.op, strings.Join(in.args, ", "))
		}
		if in.op != "WORD" {
			continue
		}
		feat, err := checkRawARM64(in)
		if err != nil {
			report(in.line, "%v", err)
		} else if !slices.Contains(level, feat) {
			report(in.line, "%s needs %s, the folder declares %v", in.comment, feat, level)
		}
	}
}

// checkArgs wants the fields of an argument struct read by the names of go_asm.h. A function whose arguments are 8 bytes
// takes one pointer to its argument struct (the kernel contract); as long as a register holds that pointer, a numeric
// offset from it is an error.
func checkArgs(f *asmFile, b asmFunc, report reporter) {
	if b.argSize != "8" {
		return
	}
	holders := map[string]bool{}
	read := false
	for _, in := range b.body {
		if len(in.args) == 0 || in.op == "label:" {
			continue
		}
		for _, a := range in.args {
			if m := numericRef.FindStringSubmatch(a); m != nil && holders[m[1]] {
				report(in.line, "%s: argument read as %s, not by its name in go_asm.h", b.name, a)
			}
		}
		dst := in.args[len(in.args)-1]
		if (in.op == "MOVQ" || in.op == "MOVD") && argLoad.MatchString(in.args[0]) {
			holders[dst], read = true, true
		} else {
			delete(holders, dst)
		}
	}
	if read && !slices.Contains(f.includes, "go_asm.h") {
		report(b.line, "%s: %s does not include go_asm.h", b.name, path.Base(f.path))
	}
}
