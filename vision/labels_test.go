package vision

import (
	"errors"
	"reflect"
	"strings"
	"testing"
)

func TestParseLabels(t *testing.T) {
	want := Labels{"tench", "great white shark", "crane, bird"}
	for name, text := range map[string]string{
		"lines":           "tench\ngreat white shark\ncrane, bird\n",
		"other lines":     "\ufefftench\r\n great white shark \r\ncrane, bird\r\n\r\n",
		"JSON array":      `["tench", "great white shark", "crane, bird"]`,
		"JSON object":     `{"1": "great white shark", "0": "tench", "2": "crane, bird"}`,
		"Keras":           `{"0": ["n01440764", "tench"], "1": ["n01484850", "great white shark"], "2": ["n02012849", "crane, bird"]}`,
		"CSV":             "0,tench\n1,great white shark\n2,\"crane, bird\"\n",
		"CSV with header": "index,name,synset\n2,\"crane, bird\",n02012849\n0,tench,n01440764\n1,great white shark,n01484850\n",
		"colons":          "0: tench\n1: great white shark\n2: crane, bird",
		"spaces":          "2  crane, bird\n0  tench\n1  great white shark",
	} {
		if got, err := ParseLabels([]byte(text)); err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%s: got %q (%v), want %q", name, got, err, want)
		}
		if got, err := ReadLabels(strings.NewReader(text)); err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%s from a reader: got %q (%v)", name, got, err)
		}
	}
	for text, want := range map[string]Labels{
		"0\n1\n2":                 {"0", "1", "2"},
		"3 of hearts\n2 of clubs": {"3 of hearts", "2 of clubs"},
		"zebra":                   {"zebra"},
		"a,b\nc,d":                {"a,b", "c,d"},
	} {
		if got, err := ParseLabels([]byte(text)); err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%q: got %q (%v), want %q", text, got, err, want)
		}
	}
}

func TestParseLabelsRefuses(t *testing.T) {
	for text, where := range map[string]string{
		"":                     "empty",
		" \n\n":                "empty",
		"[]":                   "empty",
		"{}":                   "keys",
		"[1, 2]":               "number",
		`["a"`:                 "JSON",
		`{"0": "a", "2": "b"}`: "0 to 1",
		`{"zero": "a"}`:        `"zero"`,
		`{"0": []}`:            `"0"`,
		`{"0": 7}`:             `"0"`,
		"cat\n\ndog":           "line 2",
	} {
		if _, err := ParseLabels([]byte(text)); !errors.Is(err, ErrLabels) || !strings.Contains(err.Error(), where) {
			t.Errorf("%q: want an error with %q, got %v", text, where, err)
		}
	}
	for name, text := range map[string]string{
		"lines":      strings.Repeat("a\n", MaxLabels+2),
		"JSON array": "[" + strings.Repeat(`"",`, MaxLabels) + `""]`,
	} {
		if _, err := ParseLabels([]byte(text)); !errors.Is(err, ErrTooLarge) {
			t.Errorf("too many %s: got %v", name, err)
		}
	}
}

func TestAlign(t *testing.T) {
	three := Labels{"a", "b", "c"}
	four := Labels{"Background", "a", "b", "c"}
	for _, c := range []struct {
		labels  Labels
		outputs int
		want    Labels
	}{
		{three, 3, three}, {three, 4, Labels{Background, "a", "b", "c"}}, {four, 3, three}, {four, 4, four}, {nil, 7, nil},
	} {
		if got, err := c.labels.Align(c.outputs); err != nil || !reflect.DeepEqual(got, c.want) {
			t.Errorf("%q for %d outputs: got %q (%v), want %q", c.labels, c.outputs, got, err, c.want)
		}
	}
	for _, outputs := range []int{0, 2, 5} {
		if _, err := three.Align(outputs); !errors.Is(err, ErrLabels) {
			t.Errorf("%d outputs: got %v", outputs, err)
		}
	}
	if three[0] != "a" || len(three) != 3 {
		t.Errorf("Align changed its list: %q", three)
	}
}

func TestNames(t *testing.T) {
	l, err := NamedLabels("cifar10")
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range map[int]string{0: "airplane", 9: "truck", 10: "class 10", -1: "class -1"} {
		if got := l.Name(i); got != want {
			t.Errorf("class %d: got %q, want %q", i, got, want)
		}
	}
	if digits, err := NamedLabels("digits"); err != nil || len(digits) != 10 || digits[7] != "7" {
		t.Errorf("digits: got %q (%v)", digits, err)
	}
	if _, err := NamedLabels("none"); !errors.Is(err, ErrLabels) {
		t.Errorf("unknown list: got %v", err)
	}
}

func TestClassOffset(t *testing.T) {
	for outputs, want := range map[int]int{1000: 0, 1001: 1} {
		if got, err := ClassOffset(outputs, 1000); err != nil || got != want {
			t.Errorf("%d outputs: got %d (%v), want %d", outputs, got, err, want)
		}
	}
	for _, outputs := range []int{10, 999, 1002} {
		if _, err := ClassOffset(outputs, 1000); !errors.Is(err, ErrLabels) {
			t.Errorf("%d outputs: got %v", outputs, err)
		}
	}
}
