package generate

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/octet-ml/octet/vision"
)

// class is a class of the generated type.
type class struct {
	Index int
	Label string // as it is printed
	Const string // identifier of its constant, empty where the label makes none
}

// classesOf returns n classes with their labels. A constant is "Class" and the words of the label up to its first comma,
// each with a capital; labels that would have the same one have their index behind it, and those of other signs than
// letters and digits have none.
func classesOf(labels vision.Labels, n int) []class {
	out := make([]class, n)
	uses := make(map[string]int)
	for i := range out {
		out[i] = class{Index: i, Label: labels.Name(i)}
		if i < len(labels) {
			out[i].Const = constant(labels[i])
			uses[out[i].Const]++
		}
	}
	taken := make(map[string]bool)
	for name, n := range uses {
		if n == 1 {
			taken[name] = true
		}
	}
	for i := range out {
		c := &out[i]
		if c.Const == "" || uses[c.Const] == 1 {
			continue
		}
		c.Const = fmt.Sprintf("%s%d", c.Const, i)
		for taken[c.Const] {
			c.Const += "_"
		}
		taken[c.Const] = true
	}
	return out
}

// constant returns the identifier that a label makes, "" where it has no letters or digits.
func constant(label string) string {
	label, _, _ = strings.Cut(label, ",")
	words := strings.FieldsFunc(label, func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) })
	if len(words) == 0 {
		return ""
	}
	var b strings.Builder
	b.WriteString("Class")
	for _, w := range words {
		first, size := utf8.DecodeRuneInString(w)
		b.WriteRune(unicode.ToUpper(first))
		b.WriteString(w[size:])
	}
	return b.String()
}
