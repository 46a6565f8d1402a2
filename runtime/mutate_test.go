package runtime

import (
	"flag"
	"math/rand/v2"
	"regexp"
	"runtime/debug"
	"strings"
	"testing"
	"time"

	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/internal/testkit"
	"github.com/octet-ml/octet/ops"
)

var mutants = flag.Int("mutants", 3000, "number of damaged graphs that TestDamagedGraphsGiveErrors compiles")

// token is a word, a number or a sign of the text form.
var token = regexp.MustCompile(`[A-Za-z_][A-Za-z0-9_./]*|-?[0-9][0-9.eN+-]*|.|\n`)

var strangeNumbers = []string{"0", "1", "2", "3", "-1", "5", "7", "128", "255", "-128", "N", "2N", "2147483647", "-2147483648", "9223372036854775807", "0.5", "1e-38", "3e38", "1e-45"}

var typeNames = []string{"f32", "f16", "bf16", "f64", "i8", "u8", "i16", "u16", "i32", "u32", "i64", "u64", "bool", "i4", "u4", "?"}

// mutate returns the text of a graph with a few tokens replaced by others of their kind, or by others of the text.
func mutate(r *rand.Rand, text string) string {
	lines := strings.Split(text, "\n")
	for range 1 + r.IntN(3) {
		i := r.IntN(len(lines))
		tokens := token.FindAllString(lines[i], -1)
		var words []int
		for k, w := range tokens {
			if isWord(w) && !strings.HasPrefix(lines[i], "const") || w == "N" || len(w) < 4 && isWord(w) {
				words = append(words, k)
			}
		}
		if len(words) == 0 {
			continue
		}
		k := words[r.IntN(len(words))]
		old := tokens[k]
		switch _, err := ops.Lookup(old); {
		case err == nil:
			all := ops.All()
			tokens[k] = all[r.IntN(len(all))].Name
		case strings.Contains("-0123456789N", old[:1]):
			tokens[k] = strangeNumbers[r.IntN(len(strangeNumbers))]
		case strings.Contains(" "+strings.Join(typeNames, " ")+" ", " "+old+" "):
			tokens[k] = typeNames[r.IntN(len(typeNames))]
		case old == "true":
			tokens[k] = "false"
		case r.IntN(4) == 0:
			tokens[k] = "_"
		default: // another word of the text, most often the name of a value
			other := token.FindAllString(lines[r.IntN(i+1)], -1)
			if len(other) > 0 {
				if w := other[r.IntN(len(other))]; isWord(w) {
					tokens[k] = w
				}
			}
		}
		lines[i] = strings.Join(tokens, "")
	}
	return strings.Join(lines, "\n")
}

func isWord(s string) bool { return !strings.ContainsAny(s[:1], " \t()[]{}:,=@#\"\\") }

// TestDamagedGraphsGiveErrors compiles valid graphs with a few words of their text changed: whatever they have become, they
// run or give an error.
func TestDamagedGraphsGiveErrors(t *testing.T) {
	seed := uint64(testkit.Seed(t))
	r := rand.New(rand.NewPCG(seed, 5))
	texts := append([]string(nil), fuzzSeeds...)
	for i := range uint64(60) {
		g, _ := randomGraph(seed*1000 + i)
		var text strings.Builder
		if err := graph.PrintFull(&text, g); err != nil {
			t.Fatal(err)
		}
		if text.Len() < fuzzText {
			texts = append(texts, text.String())
		}
	}
	pool := NewPool(2)
	defer pool.Close()
	compiled := 0
	for range *mutants {
		text := mutate(r, texts[r.IntN(len(texts))])
		start := time.Now()
		if tryText(t, text, pool) {
			compiled++
		}
		if d := time.Since(start); d > 5*time.Second {
			t.Errorf("%v for\n%s", d, text)
		}
	}
	if compiled < *mutants/20 {
		t.Errorf("only %d of %d damaged graphs compile: the test has lost its bite", compiled, *mutants)
	}
}

// tryText compiles and runs the graph of a text and reports whether it could; a panic is a failure.
func tryText(t *testing.T, text string, pool *Pool) (compiled bool) {
	defer func() {
		if p := recover(); p != nil {
			t.Errorf("panic: %v\n%s\n%s", p, text, debug.Stack())
		}
	}()
	return compileText(t, text, pool)
}
