package quantize

import (
	"bytes"
	"testing"

	"github.com/octet-ml/octet/graph"
)

// TestCodesAreMadeOnce compares the constants of all schemes with those of weights that never made any.
func TestCodesAreMadeOnce(t *testing.T) {
	const oc, depth = 5, 7
	shape := graph.Shape{oc, depth}
	w, bias := draw(oc*depth, 3), make([]float32, oc)
	for _, s := range []Scheme{Int8, Int4, Int4KMeans, Int4Log} {
		p := round(s, w, bias, oc, true)
		first := p.tensor("w", shape).Const
		if second := p.tensor("other", shape).Const; second != first {
			t.Errorf("%v: made twice", s)
		}
		fresh := round(s, w, bias, oc, true)
		if !bytes.Equal(fresh.tensor("w", shape).Const.Data, first.Data) {
			t.Errorf("%v: other bytes", s)
		}
		other := p.levels[0]
		if p.values[0] == other {
			other = p.levels[1]
		}
		p.values[0], fresh.values[0] = other, other
		p.codes = nil
		changed := p.tensor("w", shape).Const.Data
		if bytes.Equal(changed, first.Data) || !bytes.Equal(changed, fresh.encode(shape).Data) {
			t.Errorf("%v: a change is not seen", s)
		}
	}
}
