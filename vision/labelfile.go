package vision

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
)

// ParseLabels reads a list of labels. The form is seen from the text:
//
//   - a JSON array of names;
//   - a JSON object from index to name, or to [synset, name] (Keras' imagenet_class_index.json);
//   - lines "index,name" (CSV, with or without quotes, other columns ignored), "index: name" or "index name", if every
//     line begins with a number and the numbers are 0, 1, 2 … in any order; a CSV header before them is skipped;
//   - any other lines: one name each.
//
// Blank lines at the end are ignored; one between names is an error, since it would shift all that follow. Errors wrap
// ErrLabels, or ErrTooLarge for more than MaxLabels, and name the line.
func ParseLabels(data []byte) (Labels, error) {
	data = bytes.TrimSpace(bytes.TrimPrefix(data, []byte("\ufeff")))
	switch {
	case len(data) == 0:
		return nil, fmt.Errorf("%w: empty list", ErrLabels)
	case data[0] == '[':
		var l Labels
		if err := json.Unmarshal(data, &l); err != nil {
			return nil, fmt.Errorf("%w: %w", ErrLabels, err)
		}
		return l.checked()
	case data[0] == '{':
		return labelObject(data)
	}
	lines := strings.Split(strings.ReplaceAll(string(data), "\r\n", "\n"), "\n")
	if len(lines) > MaxLabels+1 {
		return nil, fmt.Errorf("labels: more than %d: %w", MaxLabels, ErrTooLarge)
	}
	if l, ok := numberedLabels(lines); ok {
		return l.checked()
	}
	if l, ok := csvLabels(data); ok {
		return l.checked()
	}
	l := make(Labels, len(lines))
	for i, line := range lines {
		if l[i] = strings.TrimSpace(line); l[i] == "" {
			return nil, fmt.Errorf("%w: line %d is blank", ErrLabels, i+1)
		}
	}
	return l.checked()
}

// checked returns l, or an error where it is empty or too long.
func (l Labels) checked() (Labels, error) {
	if len(l) == 0 {
		return nil, fmt.Errorf("%w: empty list", ErrLabels)
	}
	if len(l) > MaxLabels {
		return nil, fmt.Errorf("labels: more than %d: %w", MaxLabels, ErrTooLarge)
	}
	return l, nil
}

// labelObject reads a JSON object from index to name.
func labelObject(data []byte) (Labels, error) {
	var object map[string]json.RawMessage
	if err := json.Unmarshal(data, &object); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrLabels, err)
	}
	pairs := make([]indexed, 0, len(object))
	for key, value := range object {
		i, err := strconv.Atoi(key)
		if err != nil {
			return nil, fmt.Errorf("%w: key %q is no index", ErrLabels, key)
		}
		var name string
		if err := json.Unmarshal(value, &name); err != nil {
			var columns []string
			if json.Unmarshal(value, &columns) != nil || len(columns) == 0 {
				return nil, fmt.Errorf("%w: key %q: want a name or a list of names", ErrLabels, key)
			}
			name = columns[len(columns)-1]
		}
		pairs = append(pairs, indexed{i, name})
	}
	l, ok := dense(pairs)
	if !ok {
		return nil, fmt.Errorf("%w: the keys are not 0 to %d", ErrLabels, len(pairs)-1)
	}
	return l.checked()
}

// indexed is a label with its index.
type indexed struct {
	index int
	name  string
}

// dense returns the labels by index; it reports false unless the indices are 0 to len-1.
func dense(pairs []indexed) (Labels, bool) {
	l := make(Labels, len(pairs))
	seen := make([]bool, len(pairs))
	for _, p := range pairs {
		if p.index < 0 || p.index >= len(l) || seen[p.index] {
			return nil, false
		}
		l[p.index], seen[p.index] = p.name, true
	}
	return l, len(l) > 0
}

// numberedLabels reads lines of an index, a colon or white space, and a name.
func numberedLabels(lines []string) (Labels, bool) {
	pairs := make([]indexed, 0, len(lines))
	for _, line := range lines {
		line = strings.TrimSpace(line)
		end := strings.IndexAny(line, ": \t")
		if end < 0 {
			return nil, false
		}
		i, err := strconv.Atoi(line[:end])
		name := strings.Trim(line[end:], ": \t")
		if err != nil || name == "" {
			return nil, false
		}
		pairs = append(pairs, indexed{i, name})
	}
	return dense(pairs)
}

// csvLabels reads records of an index and a name, after at most one header.
func csvLabels(data []byte) (Labels, bool) {
	r := csv.NewReader(bytes.NewReader(data))
	r.FieldsPerRecord = -1
	var pairs []indexed
	for n := 0; ; n++ {
		record, err := r.Read()
		if errors.Is(err, io.EOF) {
			return dense(pairs)
		}
		if err != nil || len(record) < 2 {
			return nil, false
		}
		i, err := strconv.Atoi(strings.TrimSpace(record[0]))
		if err != nil && n == 0 {
			continue
		}
		name := strings.TrimSpace(record[1])
		if err != nil || name == "" {
			return nil, false
		}
		pairs = append(pairs, indexed{i, name})
	}
}
