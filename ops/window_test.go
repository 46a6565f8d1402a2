package ops

import (
	"errors"
	"testing"
)

func TestWindowOutput(t *testing.T) {
	for name, c := range map[string]struct {
		w        Window
		in, k    [2]int
		ceil     bool
		out      [2]int
		pads     [4]int
		mismatch bool
	}{
		"zero strides mean one":                  {in: [2]int{5, 7}, k: [2]int{3, 3}, out: [2]int{3, 5}},
		"stride 2 floors":                        {w: Window{Strides: [2]int{2, 2}}, in: [2]int{6, 5}, k: [2]int{3, 3}, out: [2]int{2, 2}},
		"stride 2 ceils":                         {w: Window{Strides: [2]int{2, 2}}, in: [2]int{6, 5}, k: [2]int{3, 3}, ceil: true, out: [2]int{3, 2}},
		"the last window may start on the input": {w: Window{Strides: [2]int{3, 3}, Pads: [4]int{1, 1, 1, 1}}, in: [2]int{4, 3}, k: [2]int{3, 3}, ceil: true, out: [2]int{2, 2}, pads: [4]int{1, 1, 1, 1}},
		"but not on the padding behind it":       {w: Window{Strides: [2]int{3, 3}, Pads: [4]int{1, 1, 1, 1}}, in: [2]int{2, 2}, k: [2]int{3, 3}, ceil: true, out: [2]int{1, 1}, pads: [4]int{1, 1, 1, 1}},
		"dilation":                               {w: Window{Dilations: [2]int{2, 3}}, in: [2]int{7, 7}, k: [2]int{3, 3}, out: [2]int{3, 1}},
		"same upper pads the end":                {w: Window{Strides: [2]int{2, 2}, AutoPad: SameUpper}, in: [2]int{224, 5}, k: [2]int{3, 2}, out: [2]int{112, 3}, pads: [4]int{0, 0, 1, 1}},
		"same lower pads the beginning":          {w: Window{Strides: [2]int{2, 2}, AutoPad: SameLower}, in: [2]int{224, 5}, k: [2]int{3, 2}, out: [2]int{112, 3}, pads: [4]int{1, 1, 0, 0}},
		"same needs no padding for big strides":  {w: Window{Strides: [2]int{4, 4}, AutoPad: SameUpper}, in: [2]int{8, 9}, k: [2]int{1, 1}, out: [2]int{2, 3}},
		"valid ignores pads":                     {w: Window{AutoPad: Valid, Pads: [4]int{9, 9, 9, 9}}, in: [2]int{3, 3}, k: [2]int{2, 2}, out: [2]int{2, 2}},
		"a window that does not fit":             {in: [2]int{2, 2}, k: [2]int{3, 3}, mismatch: true},
		"negative padding":                       {w: Window{Pads: [4]int{-1, 0, 0, 0}}, in: [2]int{9, 9}, k: [2]int{3, 3}, mismatch: true},
		"an unbound axis":                        {in: [2]int{-1, 9}, k: [2]int{3, 3}, mismatch: true},
		"no kernel":                              {in: [2]int{9, 9}, mismatch: true},
		"huge dilation":                          {w: Window{Dilations: [2]int{1 << 30, 1}}, in: [2]int{9, 9}, k: [2]int{1 << 20, 1}, mismatch: true},
	} {
		out, pads, err := c.w.Output(c.in, c.k, c.ceil)
		if c.mismatch {
			if !errors.Is(err, ErrShape) {
				t.Errorf("%s: got %v, %v", name, out, err)
			}
			continue
		}
		if err != nil || out != c.out || pads != c.pads {
			t.Errorf("%s: got %v with padding %v, %v; want %v with %v", name, out, pads, err, c.out, c.pads)
		}
	}
}
