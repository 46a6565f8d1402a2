package main

import (
	"encoding/json"
	"fmt"
	"os"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/octet-ml/octet/cmd/octet/internal/costpage"
	"github.com/octet-ml/octet/internal/dataset"
	"github.com/octet-ml/octet/quantize"
	"github.com/octet-ml/octet/quantize/cost"
	"github.com/octet-ml/octet/runtime"
	"github.com/octet-ml/octet/vision"
)

// comparer is the state of the compare sub-command.
type comparer struct {
	*app
	preprocessFlags
	data       string
	html       string
	decisions  string
	limit      int
	values     int
	pictures   int
	masks      int
	seed       uint64
	runs       int
	threads    int
	unlabelled bool
	json       bool
	quiet      bool
}

// newComparer returns the state with the defaults of the flags.
func (a *app) newComparer() *comparer {
	return &comparer{app: a, values: cost.DefaultValues, pictures: cost.DefaultPictures, masks: cost.DefaultMasks, runs: cost.DefaultRuns, seed: 1}
}

func (a *app) compareCommand() *cobra.Command {
	f := a.newComparer()
	c := &cobra.Command{
		Use:   "compare A B --data SPEC",
		Short: "Say what model B costs in comparison with A: accuracy, bytes, time, layers, where it looks",
		Long: `Compare runs two models, A as the baseline (mostly a float model) and B as another form of it (ours or somebody else's), on the
pictures of a data set and reports accuracy, agreement, changed confusions, storage, multiplications, time, how close activations and
weights of B come to those of A (matched by name), and which parts of pictures both models look at. SPEC is as for eval.`,
		Args: arguments(cobra.ExactArgs(2)),
		RunE: func(_ *cobra.Command, args []string) error { return f.run(args[0], args[1]) },
	}
	c.Flags().StringVar(&f.data, "data", "", "data set")
	c.Flags().StringVar(&f.preset, "preset", "", fmt.Sprintf("preprocessing: one of %v", vision.Presets()))
	c.Flags().StringVar(&f.labels, "labels", "", "file with the names of the classes")
	c.Flags().StringVar(&f.html, "html", "", "write a page with pictures to this file")
	c.Flags().StringVar(&f.decisions, "decisions", "", "file that `octet quantize --json` printed for B")
	c.Flags().IntVar(&f.limit, "limit", f.limit, "use only the first pictures (0: all)")
	c.Flags().IntVar(&f.values, "values", f.values, "pictures on which activations are compared, spread over all (0: none)")
	c.Flags().IntVar(&f.pictures, "pictures", f.pictures, "pictures for which maps are made, spread over all (0: none)")
	c.Flags().IntVar(&f.masks, "masks", f.masks, "random masks of a saliency map")
	c.Flags().Uint64Var(&f.seed, "seed", f.seed, "chooses the masks")
	c.Flags().IntVar(&f.runs, "runs", f.runs, "runs of each model that are timed, in turns (0: none)")
	c.Flags().IntVar(&f.threads, "threads", 0, "threads (0: all cores)")
	c.Flags().BoolVar(&f.unlabelled, "no-labels", false, "leave the data set's classes out: they are not the models'")
	c.Flags().BoolVar(&f.json, "json", false, "print JSON")
	c.Flags().BoolVar(&f.quiet, "quiet", false, "no progress bar")
	return c
}

// run compares two files.
func (f *comparer) run(a, b string) error {
	if f.data == "" {
		return usageError{fmt.Errorf("--data is missing")}
	}
	for name, n := range map[string]int{"limit": f.limit, "values": f.values, "pictures": f.pictures, "runs": f.runs, "threads": f.threads, "masks": f.masks - 1} {
		if n < 0 {
			return usageError{fmt.Errorf("--%s is too small", name)}
		}
	}
	decided, err := readDecisions(f.decisions)
	if err != nil {
		return err
	}
	p, err := f.compare(a, b, decided)
	if err != nil {
		return err
	}
	if f.html != "" {
		if err := f.writePage(f.html, p); err != nil {
			return err
		}
	}
	if f.json {
		return json.NewEncoder(f.stdout).Encode(p.Report)
	}
	return f.print(p)
}

// readDecisions returns what a file says that was decided, nil for no file.
func readDecisions(path string) (*quantize.Result, error) {
	if path == "" {
		return nil, nil
	}
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	r := new(quantize.Result)
	if err := json.Unmarshal(data, r); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	if len(r.Layers) == 0 {
		return nil, fmt.Errorf("%s: no layers: want what octet quantize --json printed", path)
	}
	return r, nil
}

// subject is one of the files with what is known of it.
type subject struct {
	model    cost.Model
	program  *runtime.Program
	pipeline *vision.Pipeline
	labels   vision.Labels
	source   string // of the preprocessing
}

// open reads one of the files.
func (f *comparer) open(path string, set *dataset.Set) (*subject, error) {
	g, err := f.load(path)
	if err != nil {
		return nil, err
	}
	s := &subject{model: cost.Model{Name: path, Graph: g}}
	if info, err := os.Stat(path); err == nil {
		s.model.File = int(info.Size())
	}
	if s.program, err = runtime.Compile(g, runtime.Threads(1), runtime.Float32()); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	if s.pipeline, s.source, s.labels, err = f.pipeline(s.program); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	s.model.Inputs = pictures{set: set, pipeline: s.pipeline}
	return s, nil
}

// compare returns the comparison of two files.
func (f *comparer) compare(a, b string, decided *quantize.Result) (*costpage.Page, error) {
	set, err := dataset.Open(f.data)
	if err != nil {
		return nil, err
	}
	set.Limit(f.limit)
	x, err := f.open(a, set)
	if err != nil {
		return nil, err
	}
	y, err := f.open(b, set)
	if err != nil {
		return nil, err
	}
	o := cost.Options{Values: orNone(f.values), Pictures: orNone(f.pictures), Runs: orNone(f.runs), Masks: f.masks, Seed: f.seed, Threads: f.threads, Decisions: decided}
	if !f.unlabelled {
		if err := labelsFit(x.program, set); err != nil {
			return nil, fmt.Errorf("%w (--no-labels compares answers only)", err)
		}
		o.Label = func(i int) int { return set.Labels[i] }
	}
	if x.source == y.source && x.pipeline.Spec() == y.pipeline.Spec() {
		y.model.Inputs = nil // the same as A's
	}
	bar := &stageBar{out: f.stderr, hidden: f.quiet || f.json}
	o.Progress = bar.show
	r, err := cost.Compare(x.model, y.model, o)
	bar.finish()
	if err != nil {
		return nil, err
	}
	labels := x.labels
	if labels == nil {
		labels = y.labels
	}
	if labels == nil && f.preset == "cifar10" && r.Classes == 10 {
		labels, _ = vision.NamedLabels(f.preset) // numbers do without it
	}
	return &costpage.Page{
		Report: r, Data: set.Name, Input: x.source, Commands: f.commands(a, b), Picture: pictures{set: set, pipeline: x.pipeline}.seen,
		Class: func(c int) string { return className(labels, r.Classes, c) },
	}, nil
}

// orNone returns n, or what package cost takes for none.
func orNone(n int) int {
	if n == 0 {
		return -1
	}
	return n
}

// className returns the name of class c of a data set; labels are those of the model's outputs, which may have a background class
// in front.
func className(labels vision.Labels, classes, c int) string {
	if at := c + len(labels) - classes; len(labels) > 0 && at >= 0 && at < len(labels) {
		return labels[at]
	}
	return "class " + strconv.Itoa(c)
}

// commands returns the command lines that give the parts of the report.
func (f *comparer) commands(a, b string) costpage.Commands {
	var input []string
	for _, flag := range []struct{ name, value string }{{"--data", f.data}, {"--preset", f.preset}} {
		if flag.value != "" {
			input = append(input, flag.name, flag.value)
		}
	}
	if f.limit > 0 {
		input = append(input, "--limit", strconv.Itoa(f.limit))
	}
	line := func(words ...string) string {
		for i, w := range words {
			words[i] = shellWord(w)
		}
		return strings.Join(words, " ")
	}
	compare := func(values, pictures, runs int) string {
		words := append([]string{"octet", "compare", a, b}, input...)
		if f.unlabelled {
			words = append(words, "--no-labels")
		}
		words = append(words, "--values", strconv.Itoa(values), "--pictures", strconv.Itoa(pictures), "--runs", strconv.Itoa(runs))
		if pictures > 0 {
			words = append(words, "--masks", strconv.Itoa(f.masks), "--seed", strconv.FormatUint(f.seed, 10))
		}
		if f.labels != "" {
			words = append(words, "--labels", f.labels)
		}
		if f.threads > 0 {
			words = append(words, "--threads", strconv.Itoa(f.threads))
		}
		if f.decisions != "" {
			words = append(words, "--decisions", f.decisions)
		}
		return line(append(words, "--json")...)
	}
	c := costpage.Commands{
		Accuracy: []string{compare(0, 0, 0)}, Storage: []string{line("octet", "inspect", a), line("octet", "inspect", b), compare(0, 0, 0)},
		Time: []string{compare(0, 0, f.runs)}, Layers: []string{compare(f.values, 0, 0)}, Maps: []string{compare(0, f.pictures, 0)},
	}
	if f.decisions != "" {
		c.Decisions = []string{compare(0, 0, 0)}
	}
	if !f.unlabelled {
		for _, m := range []string{b, a} {
			c.Accuracy = append([]string{line(append([]string{"octet", "eval", m}, input...)...)}, c.Accuracy...)
		}
	}
	return c
}

// shellWord returns a word as a shell wants it.
func shellWord(w string) string {
	plain := strings.IndexFunc(w, func(r rune) bool {
		return !(r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("_-./@:,+=%", r))
	}) < 0
	if plain && w != "" {
		return w
	}
	return "'" + strings.ReplaceAll(w, "'", `'\''`) + "'"
}

// writePage writes a page to a file.
func (f *comparer) writePage(path string, p *costpage.Page) error {
	out, err := os.Create(path)
	if err != nil {
		return err
	}
	if err := costpage.Write(out, p); err != nil {
		out.Close()
		return err
	}
	return out.Close()
}

// seen returns what a model sees of picture i.
func (p pictures) seen(i int) (*vision.Image, error) {
	m, err := p.set.Image(i)
	if err != nil {
		return nil, err
	}
	return p.pipeline.Fit(m)
}
