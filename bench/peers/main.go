package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	goruntime "runtime"
	"slices"
	"strconv"
	"strings"
	"time"
)

func main() { os.Exit(run(os.Args[1:], os.Stdin, os.Stdout, os.Stderr)) }

// Statuses of the command besides 0.
const (
	statusFailed = 1 // something did not run, or outputs disagree
	statusUsage  = 2
)

// options are the command line.
type options struct {
	settings
	child    string
	lib      string
	models   []string
	json     string
	markdown string
	accuracy *accuracy // -eval
}

// run executes the command line and returns the exit status.
func run(args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	o, err := parseOptions(args, stderr)
	if errors.Is(err, flag.ErrHelp) {
		return 0
	}
	status := statusUsage
	if err == nil {
		status = statusFailed
		switch {
		case o.child != "":
			err = serveChild(o, stdin, stdout)
		case o.accuracy != nil:
			err = o.accuracy.check(o, stdout, stderr)
		default:
			err = measureAll(o, stdout, stderr)
		}
	}
	if err != nil {
		fmt.Fprintf(stderr, "peers: %v\n", err)
		return status
	}
	return 0
}

func parseOptions(args []string, stderr io.Writer) (*options, error) {
	o := new(options)
	threads, batches := intList{1, 2}, intList{1, 8}
	f := flag.NewFlagSet("peers", flag.ContinueOnError)
	f.SetOutput(stderr)
	f.Usage = func() {
		fmt.Fprintln(stderr, "usage: peers [flags] [MODEL...]\n       peers -eval -data SPEC [flags] MODEL...\n\nRuns Octet in turns with ONNX Runtime on the same ONNX files, or with TensorFlow Lite on the same .tflite files, and compares them.")
		f.PrintDefaults()
	}
	f.StringVar(&o.lib, "lib", defaultLibrary(), "ONNX Runtime's shared `library`, default from OCTET_ORT_LIB or the cache that make peers fills")
	f.Var(&threads, "threads", "numbers of threads, separated by commas")
	f.Var(&batches, "batch", "batch sizes, separated by commas; a model of another fixed size skips")
	f.IntVar(&o.Rounds, "rounds", 7, "how often the engines take turns")
	f.DurationVar(&o.Turn, "turn", 200*time.Millisecond, "how long a turn counts")
	models := f.String("models", "", "files, folders, or names in OCTET_DATA/models (default ../shared/data/models), separated by commas; default: "+defaultModels)
	f.StringVar(&o.json, "json", "", "also write everything measured to this `file` as JSON")
	f.StringVar(&o.markdown, "markdown", "", "also write the ratios to this `file` as a Markdown table")
	acc := new(accuracy)
	eval := f.Bool("eval", false, "measure no times: classify the pictures of -data by Octet and by ONNX Runtime, and compare their answers")
	f.StringVar(&acc.data, "data", "", "with -eval: data set, as octet eval takes it")
	f.StringVar(&acc.preset, "preset", "", "with -eval: preprocessing, as octet eval takes it")
	f.IntVar(&acc.limit, "limit", 0, "with -eval: use only the first pictures (0: all)")
	f.StringVar(&o.child, "child", "", "serve one engine over standard input and output; what this program starts itself with")
	if err := f.Parse(args); err != nil {
		return nil, err
	}
	if o.Rounds < 1 || o.Turn <= 0 {
		return nil, fmt.Errorf("-rounds %d -turn %v: want more than 0", o.Rounds, o.Turn)
	}
	o.Threads, o.Batches = threads, batches
	o.models = f.Args()
	if *models != "" {
		o.models = append(strings.Split(*models, ","), o.models...)
	}
	if *eval {
		o.accuracy = acc
		return o, acc.checkOptions(o)
	}
	if len(o.models) == 0 {
		o.models = strings.Split(defaultModels, ",")
	}
	return o, nil
}

// serveChild is a child process: it serves one engine until stdin ends.
func serveChild(o *options, stdin io.Reader, stdout io.Writer) error {
	var e engine = new(octet)
	switch o.child {
	case peerNames[0]:
	case peerNames[1]:
		e = &lazyEngine{create: func(j *job) (engine, error) {
			if isTFLite(j.Model) {
				return newTFLite(tfLiteLibrary())
			}
			return newONNXRuntime(o.lib)
		}}
	default:
		return fmt.Errorf("-child %s: no such engine; engines: %v", o.child, peerNames)
	}
	return serve(e, stdin, stdout)
}

// measureAll is the parent.
func measureAll(o *options, stdout, stderr io.Writer) error {
	paths, err := resolveModels(o.models, dataFolder())
	if err != nil {
		return err
	}
	lite := slices.ContainsFunc(paths, isTFLite)
	onnx := slices.ContainsFunc(paths, func(p string) bool { return !isTFLite(p) })
	if _, err := os.Stat(o.lib); onnx && err != nil {
		return fmt.Errorf("onnx runtime: %w; make peers installs it, -lib or OCTET_ORT_LIB name it", err)
	}
	if _, err := os.Stat(tfLiteLibrary()); lite && err != nil {
		return fmt.Errorf("tensorflow lite: %w; make peers installs it, OCTET_TFLITE_LIB names it", err)
	}
	program, err := os.Executable()
	if err != nil {
		return err
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	r := newReport(o.settings)
	b := &bench{settings: o.settings, launcher: &launcher{program: program, lib: o.lib, stderr: stderr}, log: stderr}
	if r.Cells, r.Starts, err = b.models(ctx, paths); err != nil {
		return err
	}
	r.Load[1] = loadAverage()
	return errors.Join(r.text(stdout), writeFile(o.json, r.json), writeFile(o.markdown, r.markdown), r.verdict())
}

// verdict returns an error where a comparison did not come about or showed different outputs.
func (r *report) verdict() error {
	if s := r.summary(); s.count == 0 || s.failures > 0 || s.disagreements > 0 {
		return fmt.Errorf("%d cells measured, %d errors, %d with different outputs", s.count, s.failures, s.disagreements)
	}
	return nil
}

// writeFile lets write fill the file of that name; no name means no file.
func writeFile(name string, write func(io.Writer) error) error {
	if name == "" {
		return nil
	}
	f, err := os.Create(name)
	if err != nil {
		return err
	}
	return errors.Join(write(f), f.Close())
}

// defaultLibrary returns where ONNX Runtime's library is expected.
func defaultLibrary() string {
	if lib := os.Getenv("OCTET_ORT_LIB"); lib != "" {
		return lib
	}
	cache, err := os.UserCacheDir()
	if err != nil {
		return ""
	}
	arch := goruntime.GOARCH
	if arch == "amd64" {
		arch = "x64"
	}
	return filepath.Join(cache, "octet-peers", "node_modules", "onnxruntime-node", "bin", "napi-v6", goruntime.GOOS, arch, "libonnxruntime.so.1")
}

// tfLiteLibrary returns where TensorFlow Lite's library is expected: what OCTET_TFLITE_LIB names, or in the cache that make peers
// fills.
func tfLiteLibrary() string {
	if lib := os.Getenv("OCTET_TFLITE_LIB"); lib != "" {
		return lib
	}
	cache, err := os.UserCacheDir()
	if err != nil {
		return ""
	}
	return filepath.Join(cache, "octet-peers", "node_modules", "tfjs-tflite-node", "cc_deps", goruntime.GOOS+"_"+goruntime.GOARCH, "libtensorflowlite_c.so")
}

// intList is a flag of positive numbers.
type intList []int

func (l *intList) String() string {
	return strings.Trim(strings.ReplaceAll(fmt.Sprint([]int(*l)), " ", ","), "[]")
}

// Set parses the flag's value.
func (l *intList) Set(value string) error {
	*l = nil
	for field := range strings.SplitSeq(value, ",") {
		n, err := strconv.Atoi(field)
		if err != nil || n < 1 {
			return fmt.Errorf("%q is not a positive number", field)
		}
		*l = append(*l, n)
	}
	return nil
}
