package vision

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
)

// MetadataKey is the key under which a model file carries its Preprocess as JSON (ONNX metadata_props).
const MetadataKey = "octet.vision"

// maxMetadata bounds the size of a description in bytes; labels are most of it.
const maxMetadata = 16 << 20

// ParsePreprocess reads the JSON form. Its keys are those of Preprocess and "preset": the name of a preset that the
// other keys change. Unknown keys, wrong types, impossible values and anything after the object give an error that wraps
// ErrPreprocess and names the place; more than 16 MiB give ErrTooLarge.
func ParsePreprocess(data []byte) (Preprocess, error) {
	if len(data) > maxMetadata {
		return Preprocess{}, fmt.Errorf("%w: more than %d bytes: %w", ErrPreprocess, maxMetadata, ErrTooLarge)
	}
	var base struct {
		Preset *string `json:"preset"`
	}
	if err := json.Unmarshal(data, &base); err != nil {
		return Preprocess{}, jsonError(data, err)
	}
	if t := bytes.TrimSpace(data); len(t) == 0 || t[0] != '{' {
		return Preprocess{}, fmt.Errorf("%w: want a JSON object", ErrPreprocess)
	}
	var form struct {
		Preset *string `json:"preset"`
		Preprocess
	}
	if base.Preset != nil {
		p, err := Preset(*base.Preset)
		if err != nil {
			return Preprocess{}, err
		}
		form.Preprocess = p
	}
	d := json.NewDecoder(bytes.NewReader(data))
	d.DisallowUnknownFields()
	if err := d.Decode(&form); err != nil {
		return Preprocess{}, jsonError(data, err)
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return Preprocess{}, fmt.Errorf("%w: more follows the object", ErrPreprocess)
	}
	if err := form.Preprocess.Check(); err != nil {
		return Preprocess{}, err
	}
	return form.Preprocess, nil
}

// jsonError adds the line of a JSON error.
func jsonError(data []byte, err error) error {
	at := int64(-1)
	var syntax *json.SyntaxError
	var kind *json.UnmarshalTypeError
	switch {
	case errors.Is(err, ErrPreprocess):
		return err
	case errors.As(err, &syntax):
		at = syntax.Offset
	case errors.As(err, &kind):
		at = kind.Offset
	}
	if at >= 0 {
		line := 1 + bytes.Count(data[:min(at, int64(len(data)))], []byte("\n"))
		return fmt.Errorf("%w: line %d: %w", ErrPreprocess, line, err)
	}
	return fmt.Errorf("%w: %w", ErrPreprocess, err)
}

// FromMetadata returns the description in a model's metadata: the JSON under MetadataKey or, without it, what a TensorFlow
// Lite file says of normalization and labels. It reports false where the metadata say nothing of how pixels become
// numbers; Labels may be known all the same. What is malformed gives an error that wraps ErrPreprocess or ErrTooLarge and
// names the key.
func FromMetadata(metadata map[string]string) (Preprocess, bool, error) {
	text, ok := metadata[MetadataKey]
	if !ok {
		return tflitePreprocess(metadata)
	}
	p, err := ParsePreprocess([]byte(text))
	if err != nil {
		return Preprocess{}, false, fmt.Errorf("metadata %q: %w", MetadataKey, err)
	}
	return p, true, nil
}

// Metadata returns the JSON form to store under MetadataKey; ParsePreprocess reads it back unchanged. A description
// that Check refuses gives its error.
func (p Preprocess) Metadata() (string, error) {
	if err := p.Check(); err != nil {
		return "", err
	}
	text, err := json.Marshal(p)
	if err != nil {
		return "", fmt.Errorf("%w: %w", ErrPreprocess, err)
	}
	return string(text), nil
}
