package graph

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// scanner reads a line of text. The first failure sticks, and nothing more is read after it.
type scanner struct {
	rest string
	err  error
}

func (s *scanner) fail(format string, args ...any) {
	if s.err == nil {
		s.err = fmt.Errorf(format, args...)
	}
	s.rest = ""
}

func (s *scanner) failOn(err error) {
	if err != nil {
		s.fail("%w", err)
	}
}

// peek skips space and returns the next byte, a line feed at the end of the line.
func (s *scanner) peek() byte {
	s.rest = strings.TrimLeft(s.rest, " \t\r")
	if s.rest == "" || s.rest[0] == '#' {
		return '\n'
	}
	return s.rest[0]
}

func (s *scanner) end() bool { return s.peek() == '\n' }

// next quotes what follows, for messages.
func (s *scanner) next() string {
	if s.end() {
		return "the end of the line"
	}
	return strconv.Quote(s.rest[:min(len(s.rest), 24)])
}

func (s *scanner) accept(c byte) bool {
	if s.peek() != c {
		return false
	}
	s.rest = s.rest[1:]
	return true
}

func (s *scanner) expect(c byte) {
	if !s.accept(c) {
		s.fail("want %q before %s", c, s.next())
	}
}

// keyword reads the given word, or nothing where another follows.
func (s *scanner) keyword(word string) bool {
	s.peek()
	if s.rest[:wordLength(s.rest)] != word {
		return false
	}
	s.rest = s.rest[len(word):]
	return true
}

// word reads a name without quotes or a number.
func (s *scanner) word() string {
	s.peek()
	n := wordLength(s.rest)
	if n == 0 {
		s.fail("want a word before %s", s.next())
	}
	word := s.rest[:n]
	s.rest = s.rest[n:]
	return word
}

func (s *scanner) quoted() string {
	if s.peek() != '"' {
		s.fail("want a quoted text before %s", s.next())
		return ""
	}
	q, err := strconv.QuotedPrefix(s.rest)
	if err != nil {
		s.fail("quoted text: %w", err)
		return ""
	}
	s.rest = s.rest[len(q):]
	text, _ := strconv.Unquote(q) // q has the right form
	return text
}

func (s *scanner) name() string {
	if s.peek() == '"' {
		return s.quoted()
	}
	return s.word()
}

func quoteName(s string) string {
	if s == "" || s == "_" || wordLength(s) < len(s) || slices.Contains(keywords, s) {
		return strconv.Quote(s)
	}
	return s
}

// wordLength returns the number of bytes that s begins with and that may stand unquoted in a name or number.
func wordLength(s string) int {
	for i := range len(s) {
		if c := s[i]; !('a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || strings.IndexByte("_./+-", c) >= 0) {
			return i
		}
	}
	return len(s)
}
