package quantize

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"slices"
	"testing"
)

// sealed returns a state whose checksum is right.
func sealed(body []byte) []byte {
	sum := sha256.Sum256(body)
	return slices.Concat([]byte(stateHead+stateVersion), sum[:], body)
}

// FuzzState reads states that anything may be wrong with, whether the checksum fits or not.
func FuzzState(f *testing.F) {
	k := &kept{store: discard{}, body: stateBody{Facts: []fact{{"weights", "int8"}}}}
	w := draw(12, 4)
	p := round(Int4, w, make([]float32, 3), 3, false)
	o := new(Observed)
	o.Add(w)
	values := make([]byte, len(p.values))
	for key, v := range map[string]any{
		"calibration": &calibration{Done: 16, Observed: []*Observed{o}}, "layer": fitted{Output: 3, Forms: []fittedForm{{p.scheme, values, p.scale, p.bias}}},
		"answers": answers{1, 2},
	} {
		if err := k.put(key, v); err != nil {
			f.Fatal(err)
		}
	}
	data, err := k.body.encode()
	if err != nil {
		f.Fatal(err)
	}
	body := data[len(stateHead)+len(stateVersion)+sha256.Size:]
	for i := 0; i < len(body); i += 1 + len(body)/16 {
		damaged := bytes.Clone(body)
		damaged[i] ^= 0x55
		f.Add(damaged)
		f.Add(body[:i])
	}
	f.Add(data)
	f.Add(body)
	f.Fuzz(func(t *testing.T, data []byte) {
		for _, s := range [][]byte{data, sealed(data)} {
			b, err := decodeState(s)
			if err != nil {
				if !errors.Is(err, ErrState) {
					t.Errorf("got %v", err)
				}
				continue
			}
			k := &kept{body: *b}
			for _, r := range b.Records {
				var c calibration
				var l fitted
				var a answers
				for _, v := range []any{&c, &l, &a} {
					if _, err := k.get(r.Key, v); err != nil && !errors.Is(err, ErrState) {
						t.Errorf("%q: %v", r.Key, err)
					}
				}
				for _, form := range l.Forms {
					p := round(Int4, w, make([]float32, 3), 3, false)
					if form.restore(p) == nil {
						p.encode([]int{12})
					}
				}
			}
		}
	})
}

// discard is a Store of nothing.
type discard struct{}

func (discard) Load() ([]byte, error) { return nil, nil }
func (discard) Save([]byte) error     { return nil }
