package graph

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"hash/crc32"
	"strconv"
	"strings"
)

// data writes the elements of t, or its bytes where they are many or where numbers do not give them back.
func (p *printer) data(t *Tensor) {
	if t.Check() == nil && t.Len() <= shortData {
		words := t.words()
		again := Tensor{DType: t.DType, Shape: t.Shape}
		if again.setWords(words) == nil && bytes.Equal(again.Data, t.Data) {
			fmt.Fprintf(p, "(%s)", strings.Join(words, " "))
			return
		}
	}
	if !p.full {
		p.WriteString(digest(t.Data))
		return
	}
	if err := t.Check(); err != nil {
		p.err = err
	}
	p.WriteString("base64:")
	e := base64.NewEncoder(base64.RawStdEncoding, p)
	_, _ = e.Write(t.Data) // an error sticks to p
	_ = e.Close()
}

// digest returns the CRC-32 (IEEE) of data, which stands for data that are elided. A cryptographic hash would tell more,
// but the standard library's add 160 kB to every program that imports this package.
func digest(data []byte) string { return fmt.Sprintf("crc32:%08x", crc32.ChecksumIEEE(data)) }

// data reads the elements of t.
func (p *parser) data(t *Tensor) {
	var err error
	switch {
	case p.accept('('):
		var words []string
		for !p.accept(')') && p.err == nil {
			words = append(words, p.word())
		}
		if p.err == nil {
			err = t.setWords(words)
		}
	case p.keyword("base64"):
		p.expect(':')
		if t.Data, err = base64.RawStdEncoding.DecodeString(p.word()); err == nil {
			err = t.Check()
		}
	case p.keyword("crc32"):
		p.fail("the data are elided")
	default:
		p.fail("want data before %s", p.next())
	}
	p.failOn(err)
}

// words returns the elements as texts.
func (t *Tensor) words() []string {
	out := make([]string, t.Len())
	for i := range out {
		switch {
		case t.DType == Float64:
			out[i] = fmt.Sprint(t.Float(i))
		case t.DType.IsFloat():
			out[i] = fmt.Sprint(float32(t.Float(i)))
		case t.DType == Uint64:
			out[i] = fmt.Sprint(uint64(t.Int(i)))
		default:
			out[i] = fmt.Sprint(t.Int(i))
		}
	}
	return out
}

// setWords sets the elements of t, of which the type and the shape are known, from texts.
func (t *Tensor) setWords(words []string) error {
	if !t.DType.Valid() || !t.Shape.Static() {
		return fmt.Errorf("data want a type and a shape without a batch, got %v%v", t.DType, t.Shape)
	}
	n, err := t.Shape.Elements()
	if err != nil {
		return err
	}
	if n != len(words) {
		return fmt.Errorf("%v%v wants %d elements, got %d", t.DType, t.Shape, n, len(words))
	}
	t.Data = make([]byte, t.DType.Bytes(n))
	for i, w := range words {
		if err := t.setWord(i, w); err != nil {
			return fmt.Errorf("element %q of type %v: want a number in its range", w, t.DType)
		}
	}
	return nil
}

func (t *Tensor) setWord(i int, word string) error {
	switch {
	case t.DType.IsFloat():
		f, err := strconv.ParseFloat(word, min(max(t.DType.Bits(), 32), 64))
		if err == nil {
			t.SetFloat(i, f)
		}
		return err
	case t.DType == Uint64:
		u, err := strconv.ParseUint(word, 10, 64)
		t.SetInt(i, int64(u))
		return err
	}
	x, err := strconv.ParseInt(word, 10, 64)
	if lo, hi := t.DType.IntRange(); x < lo || x > hi {
		return strconv.ErrRange
	}
	t.SetInt(i, x)
	return err
}
