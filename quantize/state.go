package quantize

import (
	"bytes"
	"crypto/sha256"
	"encoding/gob"
	"fmt"
	"strings"
)

// Store keeps the state of an unfinished Quantize: what calibration has seen, the layers that are finished, what a search has
// measured. With the same graph, data and options as before, Quantize goes on from there and returns what it would have returned
// without the interruption, to the bit. StateFile is a Store.
type Store interface {
	// Load returns what was saved last, nil where nothing was.
	Load() ([]byte, error)
	// Save replaces what was saved before. Whatever happens meanwhile, the old or the new state is there afterwards, whole.
	Save(state []byte) error
}

// stateHead begins a state, stateVersion with its end of line. After it come the SHA-256 of the rest and the rest, which is a
// stateBody by encoding/gob. The version changes with the form and with whatever makes Quantize compute other numbers.
const (
	stateHead    = "octet quantize state "
	stateVersion = "1\n"
)

// stateBody is what a state holds.
type stateBody struct {
	Facts   []fact // what it belongs to
	Records []record
}

// fact is one thing that a state depends on.
type fact struct{ Name, Value string }

// record is a piece of work that is done; Value is by encoding/gob.
type record struct {
	Key   string
	Value []byte
}

// kept is the work that is done, where Options.State is set; the methods of nil, which keeps nothing, do nothing.
type kept struct {
	store Store
	body  stateBody
}

// openState returns the work that was done for what the facts say.
func openState(store Store, facts []fact) (*kept, error) {
	k := &kept{store: store, body: stateBody{Facts: facts}}
	data, err := store.Load()
	if err != nil {
		return nil, fmt.Errorf("state: %w", err)
	}
	if data == nil {
		return k, k.save()
	}
	body, err := decodeState(data)
	if err != nil {
		return nil, err
	}
	if diff := differences(body.Facts, facts); diff != nil {
		return nil, fmt.Errorf("%w: it belongs to another run: %s", ErrState, strings.Join(diff, "; "))
	}
	k.body.Records = body.Records
	return k, nil
}

// decodeState returns what a state holds.
func decodeState(data []byte) (*stateBody, error) {
	rest, ok := bytes.CutPrefix(data, []byte(stateHead))
	if !ok {
		return nil, fmt.Errorf("%w: %d bytes that do not begin with %q", ErrState, len(data), stateHead)
	}
	if rest, ok = bytes.CutPrefix(rest, []byte(stateVersion)); !ok {
		version, _, _ := bytes.Cut(rest[:min(len(rest), 20)], []byte("\n"))
		return nil, fmt.Errorf("%w: version %q, want %q", ErrState, version, strings.TrimSpace(stateVersion))
	}
	if len(rest) < sha256.Size {
		return nil, fmt.Errorf("%w: cut off after %d bytes", ErrState, len(data))
	}
	sum, rest := rest[:sha256.Size], rest[sha256.Size:]
	if s := sha256.Sum256(rest); !bytes.Equal(s[:], sum) {
		return nil, fmt.Errorf("%w: damaged: the checksum of %d bytes differs", ErrState, len(rest))
	}
	body := new(stateBody)
	if err := gob.NewDecoder(bytes.NewReader(rest)).Decode(body); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrState, err)
	}
	return body, nil
}

// encode returns a state that holds the body.
func (b *stateBody) encode() ([]byte, error) {
	var rest bytes.Buffer
	if err := gob.NewEncoder(&rest).Encode(b); err != nil {
		return nil, fmt.Errorf("state: %w", err)
	}
	sum := sha256.Sum256(rest.Bytes())
	return bytes.Join([][]byte{[]byte(stateHead + stateVersion), sum[:], rest.Bytes()}, nil), nil
}

// differences says in which facts a state differs from what is wanted.
func differences(got, want []fact) []string {
	values := make(map[string]string)
	for _, f := range got {
		values[f.Name] = f.Value
	}
	var diff []string
	for _, f := range want {
		v, ok := values[f.Name]
		switch {
		case !ok:
			diff = append(diff, fmt.Sprintf("%s is %s, not said there", f.Name, f.Value))
		case v != f.Value:
			diff = append(diff, fmt.Sprintf("%s is %s, was %s", f.Name, f.Value, v))
		}
		delete(values, f.Name)
	}
	for _, f := range got {
		if v, ok := values[f.Name]; ok {
			diff = append(diff, fmt.Sprintf("%s was %s", f.Name, v))
		}
	}
	return diff
}

// on reports whether work is kept.
func (k *kept) on() bool { return k != nil }

// get reads the piece of work with a key into v, a pointer, and reports whether it is there.
func (k *kept) get(key string, v any) (bool, error) {
	if !k.on() {
		return false, nil
	}
	for _, r := range k.body.Records {
		if r.Key == key {
			if err := gob.NewDecoder(bytes.NewReader(r.Value)).Decode(v); err != nil {
				return false, fmt.Errorf("%w: %s: %w", ErrState, key, err)
			}
			return true, nil
		}
	}
	return false, nil
}

// put keeps v as the piece of work with a key, in the place of what was there.
func (k *kept) put(key string, v any) error {
	if !k.on() {
		return nil
	}
	var b bytes.Buffer
	if err := gob.NewEncoder(&b).Encode(v); err != nil {
		return fmt.Errorf("state: %s: %w", key, err)
	}
	k.set(record{key, b.Bytes()})
	return k.save()
}

func (k *kept) save() error {
	data, err := k.body.encode()
	if err != nil {
		return err
	}
	if err := k.store.Save(data); err != nil {
		return fmt.Errorf("state: %w", err)
	}
	return nil
}

func (k *kept) set(r record) {
	for i := range k.body.Records {
		if k.body.Records[i].Key == r.Key {
			k.body.Records[i] = r
			return
		}
	}
	k.body.Records = append(k.body.Records, r)
}
