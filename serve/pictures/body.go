package pictures

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"net/http"

	"github.com/octet-ml/octet/serve/oip"
	"github.com/octet-ml/octet/serve/rest"
)

// file is a picture that a client sent.
type file struct {
	name string // may be empty
	data []byte
}

// Bounds of multipart/form-data besides those of options.
const (
	maxName  = 1 << 10 // bytes of a file's name
	maxParts = 1 << 10 // parts, those that are left out included
)

// read returns the pictures in the body of a request, at least one. Their data are valid until release is called.
func (h *handler) read(w http.ResponseWriter, r *http.Request) ([]file, func(), error) {
	split, err := h.form(r)
	if err != nil {
		return nil, nil, err
	}
	budget := h.service.Budget()
	limit := h.options.MaxBody
	if split == nil {
		limit = min(limit, h.options.MaxPicture)
	}
	body, release, err := rest.Body(w, r, limit, budget)
	if err != nil {
		return nil, nil, err
	}
	if split == nil {
		return []file{{data: body}}, release, nil
	}
	defer release()
	// What is split off is no longer than the body.
	copied := int64(len(body))
	if err := budget.Take(copied); err != nil {
		return nil, nil, err
	}
	files, err := split(body)
	if err == nil && len(files) == 0 {
		err = fmt.Errorf("%w: no picture", oip.ErrInvalid)
	}
	if err != nil {
		budget.Give(copied)
		return nil, nil, err
	}
	return files, func() { budget.Give(copied) }, nil
}

// form returns how the body of a request is split into pictures; nil: it is one.
func (h *handler) form(r *http.Request) (func(body []byte) ([]file, error), error) {
	kind, params, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	switch kind {
	case "application/json":
		return h.splitJSON, nil
	case "multipart/form-data":
		boundary := params["boundary"]
		if err != nil || boundary == "" {
			return nil, fmt.Errorf("%w: multipart/form-data without a boundary", oip.ErrInvalid)
		}
		return func(body []byte) ([]file, error) { return h.splitForm(body, boundary) }, nil
	}
	return nil, nil
}

// splitForm returns the files of multipart/form-data (RFC 7578), whatever the names of their fields. A field without name and content
// of a file is what browsers send where none was chosen; it is left out.
func (h *handler) splitForm(body []byte, boundary string) ([]file, error) {
	var files []file
	parts := multipart.NewReader(bytes.NewReader(body), boundary)
	content := bytes.NewBuffer(make([]byte, 0, len(body)+bytes.MinRead)) // of all parts; it need not grow
	for i := 0; ; i++ {
		part, err := parts.NextPart()
		if errors.Is(err, io.EOF) {
			return files, nil
		}
		var n int64
		if err == nil {
			n, err = content.ReadFrom(part)
		}
		if err != nil {
			return nil, fmt.Errorf("%w: multipart/form-data: part %d: %w", oip.ErrInvalid, i, err)
		}
		if i == maxParts {
			return nil, fmt.Errorf("%w: multipart/form-data of more than %d parts", oip.ErrTooLarge, maxParts)
		}
		name := part.FileName()
		if n == 0 && name == "" {
			continue
		}
		if len(name) > maxName {
			return nil, fmt.Errorf("%w: picture %d: the file's name has more than %d bytes", oip.ErrInvalid, len(files), maxName)
		}
		if err := h.check(len(files), n); err != nil {
			return nil, err
		}
		data := content.Bytes()
		files = append(files, file{name, data[len(data)-int(n):]})
	}
}

// check returns an error wrapping oip.ErrTooLarge for a picture too many or too long.
func (h *handler) check(i int, n int64) error {
	switch o := &h.options; {
	case i >= o.MaxPictures:
		return fmt.Errorf("%w: more than %d pictures", oip.ErrTooLarge, o.MaxPictures)
	case n > o.MaxPicture:
		return fmt.Errorf("%w: picture %d has more than %d bytes", oip.ErrTooLarge, i, o.MaxPicture)
	}
	return nil
}
