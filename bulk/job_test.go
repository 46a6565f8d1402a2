package bulk

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"errors"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/octet-ml/octet/bulk/internal/embedded"
	"github.com/octet-ml/octet/internal/digits"
)

// readRows returns the rows of all files that match, without the names of their columns.
func readRows(t testing.TB, pattern string) (rows [][]string) {
	t.Helper()
	paths, err := filepath.Glob(pattern)
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range paths {
		data, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		all, err := csv.NewReader(bytes.NewReader(data)).ReadAll()
		if err != nil || len(all) == 0 || all[0][0] != "path" {
			t.Fatalf("%s: %v, %q", path, err, data)
		}
		rows = append(rows, all[1:]...)
	}
	return rows
}

// checkDigits compares rows of results with what is on the pictures: every one once.
func checkDigits(t testing.TB, rows [][]string, want map[string]int) {
	t.Helper()
	left := maps.Clone(want)
	for _, r := range rows {
		digit, ok := left[r[0]]
		if !ok || r[2] != strconv.Itoa(digit) || len(r) != 8 {
			t.Errorf("%q: want %d, once", r, digit)
		}
		delete(left, r[0])
	}
	if len(left) > 0 {
		t.Errorf("no rows for %v", left)
	}
}

func TestAJobThatRunsAgainDoesWhatIsLeft(t *testing.T) {
	in, out := t.TempDir(), t.TempDir()
	want := picturesIn(t, in, 20)
	write(t, in, "broken.png", []byte("?"))
	pattern := filepath.Join(in, "*.png")
	f := Files{Prefix: filepath.Join(out, "c"), Shards: 5}
	if got := classifyAll(t, digitOptions(), f, pattern, filepath.Join(in, "a*")); got != (Summary{Pictures: 61, Results: 60, Unreadable: 1, Shards: 5}) {
		t.Errorf("%+v", got)
	}
	checkDigits(t, readRows(t, filepath.Join(out, "c-0*.csv")), want)
	if bad := readRows(t, filepath.Join(out, "c.unreadable-*.csv")); len(bad) != 1 || filepath.Base(bad[0][0]) != "broken.png" || bad[0][1] != KindFormat || bad[0][2] == "" {
		t.Errorf("unreadable %q", bad)
	}

	// Of five shards, three are complete: one was being written, and of one the file with the results is there alone.
	before, err := os.ReadFile(f.Results(2))
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{f.done(1), f.Results(1), f.done(2), f.Unreadable(2)} {
		if err := os.Remove(path); err != nil {
			t.Fatal(err)
		}
	}
	write(t, out, filepath.Base(f.Results(1))+partial+"X", []byte("half a ro"))
	write(t, out, filepath.Base(f.Results(2)), []byte("stale"))
	write(t, out, filepath.Base(f.Results(3)), []byte("not looked at"))
	if got := classifyAll(t, digitOptions(), f, pattern); got != (Summary{Pictures: 61, Results: 60, Unreadable: 1, Shards: 5, Skipped: 3}) {
		t.Errorf("%+v", got)
	}
	if now, err := os.ReadFile(f.Results(2)); err != nil || !bytes.Equal(now, before) {
		t.Errorf("the second time: %v, %q", err, now)
	}
	if now, _ := os.ReadFile(f.Results(3)); string(now) != "not looked at" {
		t.Errorf("a complete shard was written again: %q", now)
	}
	if left, _ := filepath.Glob(filepath.Join(out, "*"+partial+"*")); len(left) > 0 {
		t.Errorf("left: %v", left)
	}

	// A shard that has another picture now is not complete.
	if err := os.Remove(f.done(3)); err != nil {
		t.Fatal(err)
	}
	for path := range picturesIn(t, in, 21) {
		want[path] = int(filepath.Base(path)[1] - '0')
	}
	got := classifyAll(t, digitOptions(), f, pattern)
	if got.Pictures != 64 || got.Results != 63 || got.Skipped < 1 || got.Skipped > 4 {
		t.Errorf("%+v", got)
	}
	checkDigits(t, readRows(t, filepath.Join(out, "c-0*.csv")), want)
}

// A store that was away for an hour must not leave a job complete without the pictures of that hour.
func TestPicturesThatCouldNotBeReadAreTriedTheNextTime(t *testing.T) {
	in, out := t.TempDir(), t.TempDir()
	want := picturesIn(t, in, 10)
	late := filepath.Join(in, "late.png")
	if err := os.Symlink(filepath.Join(in, "later"), late); err != nil {
		t.Fatal(err)
	}
	f := Files{Prefix: filepath.Join(out, "c"), Shards: 3}
	pattern := filepath.Join(in, "*.png")
	for range 2 {
		if got := classifyAll(t, digitOptions(), f, pattern); got.Unreadable != 1 || got.Results != 30 {
			t.Errorf("%+v", got)
		}
	}
	want[late] = 7
	write(t, in, "later", digits.Pictures()["7.png"])
	if got := classifyAll(t, digitOptions(), f, pattern); got != (Summary{Pictures: 31, Results: 31, Shards: 3, Skipped: 2}) {
		t.Errorf("%+v", got)
	}
	checkDigits(t, readRows(t, filepath.Join(out, "c-0*.csv")), want)
	if bad := readRows(t, filepath.Join(out, "c.unreadable-*.csv")); len(bad) != 0 {
		t.Errorf("unreadable %q", bad)
	}
}

func TestRowsAreSortedAndEmptyFilesHaveColumns(t *testing.T) {
	in, out := t.TempDir(), t.TempDir()
	picturesIn(t, in, 10)
	f := Files{Prefix: filepath.Join(out, "c"), Shards: 1}
	classifyAll(t, digitOptions(), f, filepath.Join(in, "*.png"))
	rows := readRows(t, f.Results(0))
	if len(rows) != 30 || !slices.IsSortedFunc(rows, func(a, b []string) int { return strings.Compare(a[0], b[0]) }) {
		t.Errorf("%q", rows)
	}
	if text, err := os.ReadFile(f.Unreadable(0)); err != nil || string(text) != "path,kind,reason\n" {
		t.Errorf("%v, %q", err, text)
	}
}

func TestJSONLinesSayWhatCSVSays(t *testing.T) {
	in, out := t.TempDir(), t.TempDir()
	picturesIn(t, in, 3)
	write(t, in, "br\"o,k\nen.png", []byte("<?>"))
	table, lines := Files{Prefix: filepath.Join(out, "t"), Shards: 1}, Files{Prefix: filepath.Join(out, "l"), Shards: 1, Format: JSON}
	for _, f := range []Files{table, lines} {
		classifyAll(t, digitOptions(), f, filepath.Join(in, "*.png"))
	}
	text, err := os.ReadFile(lines.Results(0))
	if err != nil {
		t.Fatal(err)
	}
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	rows := readRows(t, table.Results(0))
	for i, row := range rows {
		var r Result
		if err := d.Decode(&r); err != nil || len(r.Classes) != 2 {
			t.Fatalf("row %d: %v, %+v", i, err, r)
		}
		got := []string{r.Path, r.Model}
		for _, c := range r.Classes {
			got = append(got, strconv.Itoa(c.Index), c.Label, strconv.FormatFloat(float64(c.Probability), 'g', -1, 32))
		}
		if !slices.Equal(got, row) {
			t.Errorf("%q: %q", got, row)
		}
	}
	if err := d.Decode(new(Result)); err != io.EOF {
		t.Errorf("after %d rows: %v", len(rows), err)
	}
	var u Unreadable
	if text, err = os.ReadFile(lines.Unreadable(0)); err == nil {
		err = json.Unmarshal(text, &u)
	}
	if row := readRows(t, table.Unreadable(0)); err != nil || len(row) != 1 || !slices.Equal(row[0], []string{u.Path, u.Kind, u.Reason}) || filepath.Dir(u.Path) != in {
		t.Errorf("%v, %+v, %q", err, u, row)
	}
}

func TestPrepareRefuses(t *testing.T) {
	folder := t.TempDir()
	f := Files{Prefix: filepath.Join(folder, "c")}
	if _, _, err := Prepare(t.Context(), digitOptions(), f); err != nil {
		t.Fatal(err)
	}
	if _, _, err := Prepare(t.Context(), digitOptions(), f); err != nil {
		t.Errorf("the second time: %v", err)
	}
	names := write(t, folder, "names.txt", []byte("a\nb\nc\nd\ne\nf\ng\nh\ni\nj\n"))
	for name, c := range map[string]struct {
		options func(*Options)
		files   func(*Files)
		want    error
		says    string
	}{
		"another top":        {options: func(o *Options) { o.Top = 3 }, want: ErrOtherJob, says: `"top": 2`},
		"another model":      {options: func(o *Options) { o.Model = "embedded://cifar10/cifar10.onnx" }, want: ErrOtherJob, says: "model_sha256"},
		"other names":        {options: func(o *Options) { o.Labels = names }, want: ErrOtherJob, says: "labels"},
		"other shards":       {files: func(f *Files) { f.Shards = 7 }, want: ErrOtherJob, says: `"shards": 64`},
		"no model there":     {options: func(o *Options) { o.Model = "nowhere.onnx" }, want: ErrModel, says: "nowhere.onnx"},
		"a model like this":  {options: func(o *Options) { o.Model = names }, want: ErrModel, says: "names.txt"},
		"a digest":           {options: func(o *Options) { o.Digest = "12" }, want: ErrModel, says: "want 12"},
		"a preset":           {options: func(o *Options) { o.Preset = "none" }, want: ErrOption, says: "none"},
		"names of too few":   {options: func(o *Options) { o.Labels = write(t, folder, "few.txt", []byte("a\nb\n")) }, want: ErrOption, says: "2"},
		"too many shards":    {files: func(f *Files) { f.Shards = 1e7 }, want: ErrOption, says: "10000000"},
		"fewer than none":    {options: func(o *Options) { o.Top = -1 }, want: ErrOption, says: "-1"},
		"a read-only prefix": {files: func(f *Files) { f.Prefix = "embedded://x" }, want: embedded.ErrReadOnly, says: "embedded://x"},
	} {
		o, f := digitOptions(), f
		if c.options != nil {
			c.options(&o)
		}
		if c.files != nil {
			c.files(&f)
		}
		if _, _, err := Prepare(t.Context(), o, f); !errors.Is(err, c.want) || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %v", name, err)
		}
	}
	write(t, folder, "c.summary.json", []byte("{}"))
	if _, _, err := Prepare(t.Context(), digitOptions(), f); err != nil {
		t.Error(err)
	}
	if _, err := ReadSummary(t.Context(), f); !errors.Is(err, errNoSummary) {
		t.Errorf("after another beginning: %v", err)
	}
}
