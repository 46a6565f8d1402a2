// Octet-bulk classifies stored pictures on Apache Beam: the local runner, Flink, Spark or Dataflow.
//
//	octet-bulk --input 'pictures/*.jpg' --output out/classes --model model.onnx
//
// Without flags it classifies three embedded pictures on the local runner and prints the rows. docs/bulk.md has the rest.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"syscall"

	"github.com/apache/beam/sdks/v2/go/pkg/beam"
	_ "github.com/apache/beam/sdks/v2/go/pkg/beam/io/filesystem/s3" // beamx brings gs:// and local files
	"github.com/apache/beam/sdks/v2/go/pkg/beam/options/jobopts"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/runners"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/x/beamx"

	"github.com/octet-ml/octet/bulk"
	"github.com/octet-ml/octet/bulk/internal/embedded"
	"github.com/octet-ml/octet/vision"
)

// command is what the flags say.
type command struct {
	inputs  patterns
	lists   patterns
	files   bulk.Files
	options bulk.Options
	verbose bool
	stdout  io.Writer
}

// patterns is a flag that may be repeated.
type patterns []string

func (p *patterns) String() string { return strings.Join(*p, " ") }

func (p *patterns) Set(text string) error {
	*p = append(*p, text)
	return nil
}

// register adds the flags, beside those of Beam's.
func (c *command) register(f *flag.FlagSet) {
	f.Var(&c.inputs, "input", "`pattern` of the pictures' paths, as 'dir/*.jpg' or 'gs://bucket/dir/*.jpg'; may be repeated")
	f.Var(&c.lists, "input-list", "`pattern` of text files with a path on each line; may be repeated")
	f.StringVar(&c.files.Prefix, "output", "", "`prefix` of the outputs' paths")
	f.IntVar(&c.files.Shards, "shards", 0, fmt.Sprintf("files of results; a job that runs again goes on by whole shards (default %d)", bulk.DefaultShards))
	f.Func("format", fmt.Sprintf("of the rows: one of %v (default %s)", bulk.Formats(), bulk.CSV), func(text string) error {
		c.files.Format = bulk.Format(text)
		return nil
	})
	f.StringVar(&c.options.Model, "model", "", "ONNX or TFLite `file`, which all workers reach")
	f.StringVar(&c.options.Preset, "preset", "", fmt.Sprintf("preprocessing: one of %v (default: by the model)", vision.Presets()))
	f.StringVar(&c.options.Labels, "class-names", "", "`file` with the names of the classes, which all workers reach (default: the model's)")
	f.IntVar(&c.options.Top, "top", 0, fmt.Sprintf("classes of each picture (default %d)", bulk.DefaultTop))
	f.IntVar(&c.options.Threads, "threads", 0, "cores of a worker process that compute (default: all)")
	f.IntVar(&c.options.Batch, "batch", 0, fmt.Sprintf("pictures of a run at most (default %d)", bulk.DefaultBatch))
	f.IntVar(&c.options.ReadAhead, "read-ahead", 0, "pictures of a worker process that are being read, or read and not decoded (default: 4 for each thread)")
	f.Int64Var(&c.options.MaxBytes, "max-bytes", 0, fmt.Sprintf("of a picture's file (default %d)", int64(vision.DefaultMaxBytes)))
	f.Int64Var(&c.options.MaxPixels, "max-pixels", 0, fmt.Sprintf("of a picture (default %d)", int64(vision.DefaultMaxPixels)))
	f.BoolVar(&c.verbose, "verbose", false, "print what Beam and the local runner log, as is done with others")
}

func main() {
	c := &command{stdout: os.Stdout}
	c.register(flag.CommandLine)
	flag.Parse()
	beam.Init() // a worker stays here
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := c.run(ctx); err != nil {
		fmt.Fprintln(os.Stderr, "octet-bulk:", err)
		stop()
		os.Exit(1)
	}
}

// runnerNames are the runners of Beam's flag; the first is the default, and local.
var runnerNames = []string{"prism", "flink", "spark", "dataflow", "universal"}

// runner returns the runner that is asked for.
func runner() string {
	if *runners.Runner == "" {
		return runnerNames[0]
	}
	return *runners.Runner
}

// run runs a job.
func (c *command) run(ctx context.Context) error {
	if flag.NArg() > 0 {
		return fmt.Errorf("%w: %q is no flag", bulk.ErrOption, flag.Arg(0))
	}
	switch {
	case !slices.Contains(runnerNames, runner()):
		return fmt.Errorf("%w: runner %q: want one of %v", bulk.ErrOption, runner(), runnerNames)
	case runner() != runnerNames[0] && *jobopts.WorkerBinary == "" && runtime.GOOS == "linux":
		// Beam's own way is to compile the sources again, which are not where the command is.
		self, err := os.Executable()
		if err != nil {
			return err
		}
		*jobopts.WorkerBinary = self
	case runner() == runnerNames[0] && !c.verbose: // what fails the job is in its error, too
		slog.SetDefault(slog.New(slog.DiscardHandler))
	}
	if len(c.inputs) == 0 && len(c.lists) == 0 && c.files.Prefix == "" && c.options.Model == "" {
		return c.demonstrate(ctx)
	}
	if len(c.inputs) == 0 && len(c.lists) == 0 || c.files.Prefix == "" || c.options.Model == "" {
		return fmt.Errorf("%w: want --input or --input-list, --output and --model", bulk.ErrOption)
	}
	return c.classify(ctx)
}

// demonstrate classifies what is embedded, and prints the rows.
func (c *command) demonstrate(ctx context.Context) error {
	folder, err := os.MkdirTemp("", "octet-bulk")
	if err != nil {
		return err
	}
	defer os.RemoveAll(folder)
	c.inputs, c.options.Model, c.files.Prefix = patterns{embedded.Pictures}, embedded.Digits, filepath.Join(folder, "classes")
	if c.files.Shards == 0 {
		c.files.Shards = 1
	}
	if err := c.classify(ctx); err != nil {
		return err
	}
	for shard := range c.files.Shards {
		rows, err := os.ReadFile(c.files.Results(shard))
		if errors.Is(err, os.ErrNotExist) {
			continue // no picture is in the shard
		}
		if err != nil {
			return err
		}
		if _, err := c.stdout.Write(rows); err != nil {
			return err
		}
	}
	return nil
}

// classify runs the job and prints its summary.
func (c *command) classify(ctx context.Context) (err error) {
	if c.options, c.files, err = bulk.Prepare(ctx, c.options, c.files); err != nil {
		return err
	}
	p, s := beam.NewPipelineWithRoot()
	var sources []beam.PCollection
	if len(c.inputs) > 0 {
		sources = append(sources, bulk.Pictures(s, c.inputs...))
	}
	if len(c.lists) > 0 {
		sources = append(sources, bulk.ListedPictures(s, c.lists...))
	}
	bulk.ClassifyToFiles(s, beam.Flatten(s, sources...), c.options, c.files)
	result, err := beamx.RunWithMetrics(ctx, p)
	if err != nil {
		return err
	}
	if *jobopts.Async {
		_, err := fmt.Fprintf(c.stdout, "submitted; %s is there when the job is through\n", c.files.Summary())
		return err
	}
	summary, err := bulk.ReadSummary(ctx, c.files)
	if err != nil {
		return err
	}
	fmt.Fprintf(c.stdout, "pictures    %d in %d shards, %d of which were complete before\n", summary.Pictures, summary.Shards, summary.Skipped)
	fmt.Fprintf(c.stdout, "results     %d\n", summary.Results)
	fmt.Fprintf(c.stdout, "unreadable  %d\n", summary.Unreadable)
	for _, t := range bulk.Timings(result) {
		fmt.Fprintf(c.stdout, "%-11s %v on average, %v to %v, %d times\n", strings.TrimSuffix(t.Name, "_us"), t.Mean, t.Least, t.Most, t.Count)
	}
	return nil
}
