package bulk

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
)

// Format is that of the outputs' rows.
type Format string

// Formats. CSV has a line of names first: path, model, then index_1, label_1, probability_1 and so on for each of the best classes.
// JSON has one object a line, as of Result. Probabilities have as many digits as tell one float32 from the next.
const (
	CSV  Format = "csv"
	JSON Format = "jsonl"
)

// Formats returns all formats.
func Formats() []Format { return []Format{CSV, JSON} }

// Files say where a job writes. They travel to the workers.
type Files struct {
	Prefix string // of the paths of all outputs
	Shards int    // default DefaultShards; a worker that is killed loses those that it is at
	Format Format // default CSV
}

// DefaultShards is for a few thousand pictures up to a million. A shard should have some hundred pictures at least, since cores idle at
// its end.
const DefaultShards = 64

// maxShards bounds Files.Shards.
const maxShards = 1_000_000

// defaults returns the files with their defaults.
func (f Files) defaults() Files {
	if f.Shards == 0 {
		f.Shards = DefaultShards
	}
	if f.Format == "" {
		f.Format = CSV
	}
	return f
}

// check returns the files with their defaults.
func (f Files) check() (Files, error) {
	f = f.defaults()
	if f.Prefix == "" || f.Shards < 0 || f.Shards > maxShards || !slices.Contains(Formats(), f.Format) {
		return f, fmt.Errorf("%w: prefix %q, %d shards, format %q: want a prefix, up to %d shards, one of %v", ErrOption, f.Prefix, f.Shards, f.Format, maxShards, Formats())
	}
	return f, nil
}

// shard returns the path of a file of a shard's.
func (f Files) shard(index int, kind, extension string) string {
	return fmt.Sprintf("%s%s-%05d-of-%05d.%s", f.Prefix, kind, index, f.defaults().Shards, extension)
}

// Results returns the path of a shard's results.
func (f Files) Results(shard int) string { return f.shard(shard, "", string(f.defaults().Format)) }

// Unreadable returns the path of the rows of a shard's pictures that could not be read.
func (f Files) Unreadable(shard int) string {
	return f.shard(shard, ".unreadable", string(f.defaults().Format))
}

// done returns the path of what says that a shard is complete.
func (f Files) done(shard int) string { return f.shard(shard, ".done", "json") }

// Job returns the path of the description of the job.
func (f Files) Job() string { return f.Prefix + ".job.json" }

// Summary returns the path of the summary, which is there when the job is through.
func (f Files) Summary() string { return f.Prefix + ".summary.json" }

// job is what decides the contents of the outputs, but for the pictures.
type job struct {
	Digest        string `json:"model_sha256"`
	Preprocessing string `json:"preprocessing"`
	Labels        string `json:"labels_sha256"`
	Top           int    `json:"top"`
	MaxBytes      int64  `json:"max_bytes"`
	MaxPixels     int64  `json:"max_pixels"`
	Shards        int    `json:"shards"`
	Format        Format `json:"format"`
}

// Prepare loads the model where the job is started, so that what is wrong with it or with the options is known before workers start,
// and returns the options with the model's digest, and the files with their defaults. It writes the description of the job, so that a
// job that runs again goes on only with the same model and options, and removes the summary of a job before. Errors wrap ErrOption,
// ErrModel, ErrOtherJob or are the storage's.
func Prepare(ctx context.Context, o Options, f Files) (Options, Files, error) {
	f, err := f.check()
	if err != nil {
		return o, f, err
	}
	checked, err := o.check()
	if err != nil {
		return o, f, err
	}
	files := new(storage)
	defer files.close()
	m, err := loadModel(ctx, files, checked)
	if err != nil {
		return o, f, err
	}
	o.Digest = m.digest
	now := job{
		Digest: m.digest, Preprocessing: m.source, Labels: m.labelsDigest(), Top: min(checked.Top, m.classes),
		MaxBytes: checked.MaxBytes, MaxPixels: checked.MaxPixels, Shards: f.Shards, Format: f.Format,
	}
	text, err := json.MarshalIndent(now, "", "  ")
	if err != nil {
		return o, f, err
	}
	text = append(text, '\n')
	before, found, err := files.readIfThere(ctx, f.Job())
	if err != nil {
		return o, f, err
	}
	if found && !bytes.Equal(before, text) {
		return o, f, fmt.Errorf("%w: %s: %s; take another prefix, or remove its outputs", ErrOtherJob, f.Job(), difference(before, text))
	}
	if err := files.remove(ctx, f.Summary()); err != nil {
		return o, f, err
	}
	return o, f, files.write(ctx, f.Job(), func(w io.Writer) error { _, err := w.Write(text); return err })
}

// difference returns the first line that differs, of two descriptions.
func difference(before, now []byte) string {
	old, lines := strings.Split(string(before), "\n"), strings.Split(string(now), "\n")
	for i, line := range lines {
		if i >= len(old) || old[i] != line {
			was := "nothing"
			if i < len(old) {
				was = strings.TrimSpace(old[i])
			}
			return fmt.Sprintf("it says %.200s, now %.200s", was, strings.TrimSpace(line))
		}
	}
	return "it says more"
}

// readIfThere returns the contents of a small file, or that there is none.
func (s *storage) readIfThere(ctx context.Context, path string) (data []byte, found bool, err error) {
	if found, err = s.exists(ctx, path); err != nil || !found {
		return nil, false, err
	}
	data, err = s.read(ctx, path, maxDescription)
	return data, true, err
}

// maxDescription bounds the bytes of a file that is the job's own.
const maxDescription = 1 << 20

// Summary is what became of a job's pictures.
type Summary struct {
	Pictures   int64 `json:"pictures"`
	Results    int64 `json:"results"`
	Unreadable int64 `json:"unreadable"`
	Shards     int64 `json:"shards"`  // that have pictures
	Skipped    int64 `json:"skipped"` // of them, those that were complete before
}

// ReadSummary returns the summary of a job that is through.
func ReadSummary(ctx context.Context, f Files) (out Summary, err error) {
	files := new(storage)
	defer files.close()
	data, found, err := files.readIfThere(ctx, f.Summary())
	if err == nil && !found {
		err = errNoSummary
	}
	if err == nil {
		err = json.Unmarshal(data, &out)
	}
	if err != nil {
		return out, fmt.Errorf("%s: %w", f.Summary(), err)
	}
	return out, nil
}

var errNoSummary = errors.New("the job is not through")
