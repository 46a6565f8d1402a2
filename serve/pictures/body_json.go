package pictures

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/octet-ml/octet/serve/oip"
)

// splitJSON returns the pictures of {"image": "..."} or {"images": ["...", ...]}, in base64 or as data: URLs. Other keys mean nothing.
func (h *handler) splitJSON(body []byte) ([]file, error) {
	c := &collector{handler: h}
	doc := struct {
		Image  one
		Images many
	}{one{c}, many{c}}
	err := json.Unmarshal(body, &doc)
	if err != nil && oip.CodeOf(err) == oip.Internal {
		err = fmt.Errorf("%w: JSON: %w", oip.ErrInvalid, err)
	}
	return c.files, err
}

// collector collects the pictures of a document while it is read.
type collector struct {
	handler *handler
	files   []file
}

// one is a picture in JSON.
type one struct{ to *collector }

// UnmarshalJSON collects a picture.
func (o *one) UnmarshalJSON(value []byte) error { return o.to.add(value) }

// many is a list of pictures in JSON.
type many struct{ to *collector }

// UnmarshalJSON collects pictures. Each is decoded from where it stands, and none is looked at once there are too many: a slice of
// strings would take several times as much memory as the document.
func (m *many) UnmarshalJSON(value []byte) error {
	if value[0] != '[' {
		return fmt.Errorf("%w: images: want a list", oip.ErrInvalid)
	}
	for rest := value[1:]; ; {
		rest = bytes.TrimLeft(rest, ", \t\r\n")
		if rest[0] == ']' {
			return nil
		}
		end := stringEnd(rest)
		if err := m.to.add(rest[:end]); err != nil {
			return err
		}
		rest = rest[end:]
	}
}

// stringEnd returns the length of the string, quotes included, that valid JSON begins with; of any other value it returns 1.
func stringEnd(value []byte) int {
	if value[0] != '"' {
		return 1
	}
	for i := 1; ; i++ {
		switch value[i] {
		case '\\':
			i++
		case '"':
			return i + 1
		}
	}
}

// add collects the picture in a JSON string.
func (c *collector) add(value []byte) error {
	i := len(c.files)
	if err := c.handler.check(i, 0); err != nil {
		return err
	}
	if value[0] != '"' {
		return fmt.Errorf("%w: picture %d: want a string with base64", oip.ErrInvalid, i)
	}
	if bytes.IndexByte(value, '\\') >= 0 { // such as \/, which some encoders write for every slash
		copies := 2 * int64(len(value))
		budget := c.handler.service.Budget()
		if err := budget.Take(copies); err != nil {
			return err
		}
		defer budget.Give(copies)
	}
	data, err := decodeString(value)
	if err != nil {
		return fmt.Errorf("%w: picture %d: %w", oip.ErrInvalid, i, err)
	}
	if err := c.handler.check(i, int64(len(data))); err != nil {
		return err
	}
	c.files = append(c.files, file{data: data})
	return nil
}

// decodeString returns the bytes of a JSON string that holds base64, with or without padding, or a data: URL (RFC 2397) of base64.
func decodeString(value []byte) ([]byte, error) {
	text := value[1 : len(value)-1]
	if bytes.IndexByte(text, '\\') >= 0 {
		var s string
		if err := json.Unmarshal(value, &s); err != nil {
			return nil, err
		}
		text = []byte(s)
	}
	if scheme := "data:"; len(text) >= len(scheme) && strings.EqualFold(string(text[:len(scheme)]), scheme) {
		kind, data, found := bytes.Cut(text, []byte(","))
		if !found || !bytes.HasSuffix(bytes.ToLower(kind), []byte(";base64")) {
			return nil, errors.New("data: URL: want data:...;base64,")
		}
		text = data
	}
	text = bytes.TrimRight(text, "=\r\n")
	data := make([]byte, base64.RawStdEncoding.DecodedLen(len(text)))
	n, err := base64.RawStdEncoding.Decode(data, text)
	return data[:n], err
}
