package bulk

import (
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"strconv"
)

// rows writes the rows of a file.
type rows interface {
	result(Result) error
	unreadable(Unreadable) error
	flush() error
}

// newRows returns what writes rows in a format. CSV begins with the names of the columns.
func newRows(w io.Writer, f Format, columns []string) (rows, error) {
	if f == JSON {
		e := json.NewEncoder(w)
		e.SetEscapeHTML(false)
		return lines{e}, nil
	}
	t := &table{to: csv.NewWriter(w)}
	return t, t.to.Write(columns)
}

// resultColumns returns the names of the columns of results with so many classes.
func resultColumns(classes int) []string {
	names := []string{"path", "model"}
	for i := range classes {
		for _, name := range []string{"index", "label", "probability"} {
			names = append(names, fmt.Sprintf("%s_%d", name, i+1))
		}
	}
	return names
}

// unreadableColumns are the names of the columns of pictures without a result.
var unreadableColumns = []string{"path", "kind", "reason"}

// lines writes JSON.
type lines struct{ to *json.Encoder }

func (l lines) result(r Result) error         { return l.to.Encode(r) }
func (l lines) unreadable(u Unreadable) error { return l.to.Encode(u) }
func (l lines) flush() error                  { return nil }

// table writes CSV (RFC 4180).
type table struct {
	to  *csv.Writer
	row []string
}

func (t *table) result(r Result) error {
	t.row = append(t.row[:0], r.Path, r.Model)
	for _, c := range r.Classes {
		t.row = append(t.row, strconv.Itoa(c.Index), c.Label, strconv.FormatFloat(float64(c.Probability), 'g', -1, 32))
	}
	return t.to.Write(t.row)
}

func (t *table) unreadable(u Unreadable) error { return t.to.Write([]string{u.Path, u.Kind, u.Reason}) }

func (t *table) flush() error {
	t.to.Flush()
	return t.to.Error()
}
