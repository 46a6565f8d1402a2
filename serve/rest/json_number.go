package rest

import (
	"encoding/binary"
	"math"
	"strconv"

	"github.com/octet-ml/octet/serve/oip"
)

// element reads one element of a tensor and writes it to dst in little-endian order.
type element func(s *scanner, dst []byte) error

// elements are the datatypes whose elements have a form in JSON and a fixed size.
var elements = map[oip.Datatype]element{
	oip.Bool:   readBool,
	oip.Uint8:  unsigned(oip.Uint8),
	oip.Uint16: unsigned(oip.Uint16),
	oip.Uint32: unsigned(oip.Uint32),
	oip.Uint64: unsigned(oip.Uint64),
	oip.Int8:   signed(oip.Int8),
	oip.Int16:  signed(oip.Int16),
	oip.Int32:  signed(oip.Int32),
	oip.Int64:  signed(oip.Int64),
	oip.FP32:   readFP32,
	oip.FP64:   readFP64,
}

// readBool reads true or false.
func readBool(s *scanner, dst []byte) error {
	rest := s.data[s.at:]
	switch {
	case len(rest) >= 4 && string(rest[:4]) == "true":
		dst[0] = 1
		s.at += 4
	case len(rest) >= 5 && string(rest[:5]) == "false":
		dst[0] = 0
		s.at += 5
	default:
		return s.unexpected("want true or false for datatype BOOL")
	}
	return nil
}

// unsigned returns the reader of an unsigned integer type.
func unsigned(t oip.Datatype) element {
	size := t.Size()
	most := uint64(math.MaxUint64) >> (64 - 8*size)
	return func(s *scanner, dst []byte) error {
		n, err := s.integer(t)
		if err != nil {
			return err
		}
		if n.magnitude > most || n.negative && n.magnitude != 0 {
			return n.outOfRange(s, t)
		}
		putInteger(dst[:size], n.magnitude)
		return nil
	}
}

// signed returns the reader of a signed integer type.
func signed(t oip.Datatype) element {
	size := t.Size()
	most := uint64(math.MaxInt64) >> (64 - 8*size)
	return func(s *scanner, dst []byte) error {
		n, err := s.integer(t)
		if err != nil {
			return err
		}
		if n.negative && n.magnitude > most+1 || !n.negative && n.magnitude > most {
			return n.outOfRange(s, t)
		}
		bits := n.magnitude
		if n.negative {
			bits = -bits
		}
		putInteger(dst[:size], bits)
		return nil
	}
}

// putInteger writes the low bytes of an integer.
func putInteger(dst []byte, bits uint64) {
	for i := range dst {
		dst[i] = byte(bits >> (8 * i))
	}
}

// integer reads a whole number; one with a fraction or an exponent is an error, whatever its value.
func (s *scanner) integer(t oip.Datatype) (number, error) {
	n, err := s.number(t)
	if err != nil {
		return n, err
	}
	if !n.whole {
		s.at = n.start
		return n, s.fail("%.40q: want a whole number for datatype %s", n.text(s), t)
	}
	if n.more {
		digits := n.text(s)
		if n.negative {
			digits = digits[1:]
		}
		if n.magnitude, err = strconv.ParseUint(string(digits), 10, 64); err != nil {
			return n, n.outOfRange(s, t)
		}
	}
	return n, nil
}

// readFP32 reads a number, rounded to the nearest float32, to even between two.
func readFP32(s *scanner, dst []byte) error {
	n, err := s.number(oip.FP32)
	if err != nil {
		return err
	}
	v, ok := n.short()
	bits := math.Float64bits(v)
	// v is rounded to float64 already. Rounding it again gives what rounding once would, unless v is the middle between two
	// float32: the low 29 bits of its mantissa are those that float32 lacks. Subnormal float32 lack more.
	const half, low = 1 << 28, 1<<29 - 1
	if !ok || bits&low == half || v > math.MaxFloat32 || v != 0 && v < 0x1p-126 {
		wide, err := strconv.ParseFloat(string(n.text(s)), 32)
		if err != nil {
			return n.outOfRange(s, oip.FP32)
		}
		binary.LittleEndian.PutUint32(dst, math.Float32bits(float32(wide)))
		return nil
	}
	if n.negative {
		v = -v
	}
	binary.LittleEndian.PutUint32(dst, math.Float32bits(float32(v)))
	return nil
}

// readFP64 reads a number, rounded to the nearest float64, to even between two.
func readFP64(s *scanner, dst []byte) error {
	n, err := s.number(oip.FP64)
	if err != nil {
		return err
	}
	v, ok := n.short()
	if n.negative {
		v = -v
	}
	if !ok {
		if v, err = strconv.ParseFloat(string(n.text(s)), 64); err != nil {
			return n.outOfRange(s, oip.FP64)
		}
	}
	binary.LittleEndian.PutUint64(dst, math.Float64bits(v))
	return nil
}

// number is a number of JSON: magnitude * 10^exponent.
type number struct {
	start, end int // of its text
	magnitude  uint64
	exponent   int
	negative   bool
	whole      bool // neither fraction nor exponent
	more       bool // there are more digits than magnitude holds
}

// text returns the number's text.
func (n number) text(s *scanner) []byte { return s.data[n.start:n.end] }

// outOfRange returns the error for a number that a datatype has not.
func (n number) outOfRange(s *scanner, t oip.Datatype) error {
	s.at = n.start
	return s.fail("%.40q is out of the range of datatype %s", n.text(s), t)
}

// powers are the powers of ten that are exact in float64.
var powers = [23]float64{1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22}

// short returns the absolute value in float64 where one rounded operation on exact operands gives it (Clinger, How to Read
// Floating Point Numbers Accurately, 1990), and whether it does.
func (n number) short() (float64, bool) {
	switch {
	case n.more || n.magnitude > 1<<53:
		return 0, false
	case n.exponent < 0 && -n.exponent < len(powers):
		return float64(n.magnitude) / powers[-n.exponent], true
	case n.exponent >= 0 && n.exponent < len(powers):
		return float64(n.magnitude) * powers[n.exponent], true
	}
	return 0, false
}

// number reads a number, for an element of a datatype.
func (s *scanner) number(t oip.Datatype) (number, error) {
	n := number{start: s.at, whole: true}
	data, at := s.data, s.at
	if at < len(data) && data[at] == '-' {
		n.negative = true
		at++
	}
	first := at
	at = n.digits(data, at)
	if digits := at - first; digits == 0 || digits > 1 && data[first] == '0' {
		return n, s.unexpected("want a number for datatype %s", t)
	}
	if at < len(data) && data[at] == '.' {
		n.whole = false
		from := at + 1
		if at = n.digits(data, from); at == from {
			s.at = at
			return n, s.unexpected("want a digit")
		}
		n.exponent = from - at
	}
	if at < len(data) && data[at]|0x20 == 'e' {
		n.whole = false
		at++
		negative := at < len(data) && data[at] == '-'
		if at < len(data) && (data[at] == '-' || data[at] == '+') {
			at++
		}
		from, exponent := at, 0
		for ; at < len(data) && data[at]-'0' <= 9; at++ {
			if exponent < 1<<20 { // far out of any range
				exponent = 10*exponent + int(data[at]-'0')
			}
		}
		if at == from {
			s.at = at
			return n, s.unexpected("want a digit")
		}
		if negative {
			exponent = -exponent
		}
		n.exponent += exponent
	}
	n.end, s.at = at, at
	return n, nil
}

// digits adds digits to the magnitude and returns where they end.
func (n *number) digits(data []byte, at int) int {
	magnitude := n.magnitude
	for ; at < len(data); at++ {
		c := data[at] - '0'
		if c > 9 {
			break
		}
		if magnitude >= (math.MaxUint64-9)/10 {
			n.more = true
			continue
		}
		magnitude = 10*magnitude + uint64(c)
	}
	n.magnitude = magnitude
	return at
}
