package rest

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"unicode/utf8"

	"github.com/octet-ml/octet/serve/oip"
)

// scanner reads JSON (RFC 8259) from bytes that it neither copies nor changes. It exists for arrays of numbers that become tensors
// without a Go value for each of them; what is small goes through encoding/json. Errors wrap oip.ErrInvalid and name the byte.
type scanner struct {
	data []byte
	at   int
}

// fail returns an error at the next byte.
func (s *scanner) fail(format string, args ...any) error {
	return fmt.Errorf("%w: JSON: byte %d: %s", oip.ErrInvalid, s.at, fmt.Sprintf(format, args...))
}

// space skips what may stand between tokens.
func (s *scanner) space() {
	for s.at < len(s.data) {
		switch s.data[s.at] {
		case ' ', '\t', '\n', '\r':
			s.at++
		default:
			return
		}
	}
}

// peek returns the next byte after space, 0 at the end.
func (s *scanner) peek() byte {
	s.space()
	if s.at < len(s.data) {
		return s.data[s.at]
	}
	return 0
}

// expect reads a byte after space.
func (s *scanner) expect(c byte) error {
	if got := s.peek(); got != c {
		return s.unexpected("want %q", c)
	}
	s.at++
	return nil
}

// unexpected returns an error that says what is there, and what should be.
func (s *scanner) unexpected(format string, args ...any) error {
	want := fmt.Sprintf(format, args...)
	if s.at >= len(s.data) {
		return s.fail("ends too early: %s", want)
	}
	return s.fail("%q: %s", s.data[s.at], want)
}

// end reads to the end: only space may be left.
func (s *scanner) end() error {
	if s.space(); s.at < len(s.data) {
		return s.unexpected("want nothing more")
	}
	return nil
}

// object reads an object; f reads the value of each key. Key is valid during the call.
func (s *scanner) object(f func(key []byte) error) error {
	if err := s.expect('{'); err != nil {
		return err
	}
	if s.peek() == '}' {
		s.at++
		return nil
	}
	for {
		if s.peek() != '"' {
			return s.unexpected("want a key")
		}
		key, err := s.text()
		if err != nil {
			return err
		}
		if err := s.expect(':'); err != nil {
			return err
		}
		if err := f(key); err != nil {
			return err
		}
		more, err := s.more('}')
		if !more {
			return err
		}
	}
}

// array reads an array; f reads each element.
func (s *scanner) array(f func() error) error {
	if err := s.expect('['); err != nil {
		return err
	}
	if s.peek() == ']' {
		s.at++
		return nil
	}
	for {
		if err := f(); err != nil {
			return err
		}
		more, err := s.more(']')
		if !more {
			return err
		}
	}
}

// more reads a comma, or the end of an object or array.
func (s *scanner) more(end byte) (bool, error) {
	switch s.peek() {
	case ',':
		s.at++
		return true, nil
	case end:
		s.at++
		return false, nil
	}
	return false, s.unexpected("want ',' or %q", end)
}

// null reads a null, if one is there.
func (s *scanner) null() bool {
	if s.peek() == 'n' && bytes.HasPrefix(s.data[s.at:], []byte("null")) {
		s.at += 4
		return true
	}
	return false
}

// into reads any value by encoding/json.
func (s *scanner) into(v any) error {
	at := s.at
	span, err := s.span()
	if err != nil {
		return err
	}
	if err := json.Unmarshal(span, v); err != nil {
		s.at = at
		return s.fail("%v", err)
	}
	return nil
}

// skip reads a value that nobody wants. It must be valid.
func (s *scanner) skip() error {
	at := s.at
	span, err := s.span()
	if err == nil && !json.Valid(span) {
		s.at = at
		err = s.fail("%.40q: not a value", span)
	}
	return err
}

// span reads a value and returns its bytes, which may not be valid JSON: only strings and the depth of brackets have been looked at.
func (s *scanner) span() ([]byte, error) {
	s.space()
	start := s.at
	for depth := 0; s.at < len(s.data); {
		switch s.data[s.at] {
		case '"':
			if _, err := s.quoted(); err != nil {
				return nil, err
			}
			if depth == 0 {
				return s.data[start:s.at], nil
			}
			continue
		case '[', '{':
			depth++
		case ']', '}':
			if depth == 0 {
				return s.literal(start)
			}
			if depth--; depth == 0 {
				s.at++
				return s.data[start:s.at], nil
			}
		case ',', ' ', '\t', '\n', '\r', ':':
			if depth == 0 {
				return s.literal(start)
			}
		}
		s.at++
	}
	if s.at > start && s.data[start] != '[' && s.data[start] != '{' {
		return s.literal(start)
	}
	return nil, s.unexpected("want a value")
}

// literal returns the bytes since start, of a value that is neither string nor object nor array.
func (s *scanner) literal(start int) ([]byte, error) {
	if s.at == start {
		return nil, s.unexpected("want a value")
	}
	return s.data[start:s.at], nil
}

// quoted reads a string and returns its bytes between the quotes, with escapes as they are.
func (s *scanner) quoted() ([]byte, error) {
	start := s.at + 1
	for at := start; ; {
		n := bytes.IndexByte(s.data[at:], '"')
		if n < 0 {
			return nil, s.fail("a string does not end")
		}
		at += n
		escapes := 0
		for s.data[at-1-escapes] == '\\' { // stops at the opening quote
			escapes++
		}
		at++
		if escapes%2 == 0 {
			s.at = at
			return s.data[start : at-1], nil
		}
	}
}

// text reads a string, which must be UTF-8. The result shares the scanner's memory where the string has no escapes.
func (s *scanner) text() ([]byte, error) {
	if s.peek() != '"' {
		return nil, s.unexpected("want a string")
	}
	start := s.at
	raw, err := s.quoted()
	if err != nil || plain(raw) {
		return raw, err
	}
	var text string
	err = json.Unmarshal(s.data[start:s.at], &text)
	if err == nil && !utf8.Valid(raw) {
		err = errors.New("a string is not UTF-8")
	}
	if err != nil {
		s.at = start
		return nil, s.fail("%v", err)
	}
	return []byte(text), nil
}

// plain reports whether a string stands for itself: printable ASCII without escapes.
func plain(raw []byte) bool {
	for _, c := range raw {
		if c < ' ' || c > '~' || c == '\\' {
			return false
		}
	}
	return true
}
