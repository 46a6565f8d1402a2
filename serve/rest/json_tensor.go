package rest

import (
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"math"

	"github.com/octet-ml/octet/serve/oip"
)

// maxRank is how many dimensions a shape may have.
const maxRank = 32

// sink takes the elements of a tensor.
type sink interface {
	// put reads one element, which starts at the next byte.
	put(s *scanner) error
}

// fixed is a sink of elements of a fixed size.
type fixed struct {
	read element
	size int
	dst  []byte // what is left to fill
}

func (f *fixed) put(s *scanner) error {
	err := f.read(s, f.dst)
	f.dst = f.dst[f.size:]
	return err
}

// variable is a sink of BYTES elements, which are strings, in base64 (RFC 4648, section 4) where that is set.
type variable struct {
	base64 bool
	dst    []byte
}

func (v *variable) put(s *scanner) error {
	at := s.at
	text, err := s.text()
	if err != nil {
		return err
	}
	length := len(v.dst)
	v.dst = append(v.dst, 0, 0, 0, 0)
	if v.base64 {
		if v.dst, err = base64.StdEncoding.AppendDecode(v.dst, text); err != nil {
			s.at = at
			return s.fail("base64: %v", err)
		}
	} else {
		v.dst = append(v.dst, text...)
	}
	binary.LittleEndian.PutUint32(v.dst[length:], uint32(len(v.dst)-length-4))
	return nil
}

// tensor reads the data of a tensor: an array of all elements in row-major order, or arrays in arrays as its shape has them. The result
// is in memory of m.
func (s *scanner) tensor(t *oip.Tensor, base64 bool, m *scratch) ([]byte, error) {
	n, err := elementCount(t.Shape)
	if err != nil {
		return nil, err
	}
	// An element takes at least one byte and its comma, or the bracket at the end. What is left is then more than half of any tensor.
	left := int64(len(s.data) - s.at)
	if n > left/2 {
		return nil, fmt.Errorf("%w: data: %d bytes of JSON, too few for the %d elements of shape %v", oip.ErrInvalid, left, n, t.Shape)
	}
	dims := t.Shape
	if depth := s.depth(); depth == 1 || len(dims) == 0 {
		dims = []int64{n}
	} else if depth != len(dims) {
		return nil, s.fail("data: %d arrays in one another, want 1, or %d for shape %v", depth, len(dims), t.Shape)
	}
	if t.Datatype == oip.Bytes {
		memory, err := m.take(4*n + left)
		if err != nil {
			return nil, err
		}
		v := &variable{base64: base64, dst: memory[:0]}
		err = s.fill(dims, v)
		return v.dst, err
	}
	read, ok := elements[t.Datatype]
	if !ok {
		if t.Datatype.Size() > 0 {
			return nil, noForm(t.Datatype)
		}
		return nil, fmt.Errorf("%w: %.20q is no datatype", oip.ErrInvalid, t.Datatype)
	}
	size := t.Datatype.Size()
	data, err := m.take(n * int64(size))
	if err != nil {
		return nil, err
	}
	return data, s.fill(dims, &fixed{read: read, size: size, dst: data})
}

// noForm is the error for a datatype that has no form in JSON.
func noForm(t oip.Datatype) error {
	return fmt.Errorf("%w: datatype %s has no form in JSON: use binary data", oip.ErrInvalid, t)
}

// elementCount returns how many elements a shape has.
func elementCount(shape []int64) (int64, error) {
	n := int64(1)
	for _, d := range shape {
		if d > 0 && n > math.MaxInt32/d {
			return 0, fmt.Errorf("%w: shape %v is too large", oip.ErrInvalid, shape)
		}
		n *= d
	}
	return n, nil
}

// depth returns how many arrays open at the next byte, at most maxRank+1.
func (s *scanner) depth() int {
	ahead := *s
	n := 0
	for n <= maxRank && ahead.peek() == '[' {
		ahead.at++
		n++
	}
	return n
}

// fill reads arrays of the given dimensions.
func (s *scanner) fill(dims []int64, to sink) error {
	if err := s.expect('['); err != nil {
		return err
	}
	for i := range dims[0] {
		if i > 0 {
			if s.peek() == ']' {
				return s.fail("data: an array of %d, want %d", i, dims[0])
			}
			if err := s.expect(','); err != nil {
				return err
			}
		}
		var err error
		if len(dims) > 1 {
			err = s.fill(dims[1:], to)
		} else {
			s.space()
			err = to.put(s)
		}
		if err != nil {
			return err
		}
	}
	if s.peek() == ',' {
		return s.fail("data: an array of more than %d", dims[0])
	}
	return s.expect(']')
}

// scratch is memory for the tensors of a request.
type scratch struct {
	budget *oip.Budget
	taken  int64
	memory []*[]byte
}

// take returns n bytes of any content.
func (m *scratch) take(n int64) ([]byte, error) {
	if n == 0 {
		return nil, nil
	}
	if err := m.budget.Take(n); err != nil {
		return nil, err
	}
	memory := getMemory(n)
	m.taken += n
	m.memory = append(m.memory, memory)
	return (*memory)[:n:n], nil
}

// release gives everything back.
func (m *scratch) release() {
	for _, memory := range m.memory {
		putMemory(memory)
	}
	m.budget.Give(m.taken)
	m.memory, m.taken = nil, 0
}
