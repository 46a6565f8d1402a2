package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	goruntime "runtime"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/octet-ml/octet/bench"
	"github.com/octet-ml/octet/bench/report"
	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/internal/cpu"
)

// defaultArch is measured where no model is named.
const defaultArch = "mobilenetv2"

// benchmark is the state of the bench sub-command.
type benchmark struct {
	*app
	arch, model, kernels string
	precisions, engines  []string
	variants             []variant // of the architecture
	threads, batches     []int
	sessions             int
	duration             time.Duration
	profile, json        bool
	csv, benchstat       bool
	html                 string
}

func (a *app) benchCommand() *cobra.Command {
	f := &benchmark{app: a}
	c := &cobra.Command{
		Use:   "bench [--arch NAME | --model FILE]",
		Short: "Measure how fast models run",
		Long: `Bench measures a published architecture with synthetic weights, or a model file, at each combination of precision, number of
threads and batch size. The combinations run in turns, so that a drift of the machine meets all of them alike.

Columns: quiet is the median latency of the best quarter of time blocks, which other work on the machine disturbs least;
± is how far it can be trusted: by so much another measurement on the machine as it was may differ, in 99 of 100 cases. Images/s, GMAC/s, peak and "vs fp32"
derive from quiet. p50, p90 and p99 are of all runs. GMAC/s counts multiplications of
convolutions and dense layers. Peak is its share of what the cores could do at most, as probed in the same run: threads
times the best of a few of our own convolutions on data in the caches of one core, int8 for int8 and int4, fp32 for fp32.
Weights are packed ones; arena is the memory of one session; load is the time from the graph (with --model: the file) to a
session that is ready. The programs of all combinations are in memory at once.

With --engine, other engines run the same float network in the same turns. What they compute is compared with Octet first;
where they disagree by more than a thousandth of the largest output, nothing is measured. An engine that lacks an operator
is left out, and says so on one line.

Architectures: ` + strings.Join(bench.Names(), ", ") + ".",
		Args: arguments(cobra.NoArgs),
		RunE: func(c *cobra.Command, _ []string) error { return f.run(c) },
	}
	all := []int{1}
	if n := goruntime.GOMAXPROCS(0); n > 1 {
		all = append(all, n)
	}
	c.Flags().StringVar(&f.arch, "arch", "", "architecture (default "+defaultArch+")")
	c.Flags().StringVar(&f.model, "model", "", "model file, - for standard input")
	c.Flags().StringSliceVar(&f.precisions, "precision", []string{"fp32", "int8"}, "precisions of the architecture: "+strings.Join(bench.Precisions(), ", ")+"; with --profile int8")
	c.Flags().StringSliceVar(&f.engines, "engine", nil, "in place of precisions: fp32, int8 and so on, with or without octet- before them, and other engines on the float network: gorgonia, in a command built with -tags gorgonia")
	c.Flags().IntSliceVar(&f.threads, "threads", all, "numbers of threads; with --profile 1")
	c.Flags().IntSliceVar(&f.batches, "batch", []int{1, 8}, "batch sizes; with --profile 1")
	c.Flags().DurationVar(&f.duration, "duration", 2*time.Second, "time for each combination")
	c.Flags().IntVar(&f.sessions, "concurrency", 1, "sessions that run at once, each on its threads, as in a server")
	c.Flags().StringVar(&f.kernels, "kernels", "", "instruction-set level (default: the best available; see octet cpu)")
	c.Flags().BoolVar(&f.profile, "profile", false, "show the time of each step and each operator instead")
	c.Flags().BoolVar(&f.json, "json", false, "print JSON")
	c.Flags().BoolVar(&f.csv, "csv", false, "print comma-separated values")
	c.Flags().BoolVar(&f.benchstat, "benchstat", false, "print every run's mean by round as Go benchmark lines, for benchstat")
	c.Flags().StringVar(&f.html, "html", "", "write a page with the table and pictures to a file, too")
	c.AddCommand(a.benchExportCommand())
	return c
}

func (f *benchmark) run(c *cobra.Command) error {
	if f.arch != "" && f.model != "" {
		return usageError{errors.New("--arch and --model exclude each other")}
	}
	if f.model != "" && c.Flags().Changed("precision") {
		return usageError{errors.New("--precision belongs to --arch: a model file has its own")}
	}
	forms := 0
	for _, set := range []bool{f.json, f.csv, f.benchstat} {
		if set {
			forms++
		}
	}
	if forms > 1 || f.profile && (f.csv || f.benchstat || f.html != "") {
		return usageError{errors.New("--json, --csv and --benchstat exclude each other; --profile excludes the last two and --html")}
	}
	if f.profile {
		f.narrow(c)
	}
	if err := f.nameVariants(c); err != nil {
		return err
	}
	if err := f.check(); err != nil {
		return err
	}
	cells, opened, err := f.cells()
	if err != nil {
		return err
	}
	options := bench.Options{Duration: f.duration, Level: f.kernels}
	if f.profile {
		err = f.showProfile(cells, options)
	} else {
		err = f.showReport(cells, opened, options)
	}
	if errors.Is(err, bench.ErrOption) {
		return usageError{err}
	}
	return err
}

// narrow sets the defaults of a profile: one combination.
func (f *benchmark) narrow(c *cobra.Command) {
	if !c.Flags().Changed("precision") {
		f.precisions = []string{bench.Int8.String()}
	}
	if !c.Flags().Changed("threads") {
		f.threads = []int{1}
	}
	if !c.Flags().Changed("batch") {
		f.batches = []int{1}
	}
}

// check finds what is wrong before anything is built.
func (f *benchmark) check() error {
	for _, list := range []struct {
		flag   string
		values []int
		most   int
	}{{"threads", f.threads, goruntime.GOMAXPROCS(0)}, {"batch", f.batches, 1 << 10}} {
		for _, v := range list.values {
			if v < 1 || v > list.most {
				return usageError{fmt.Errorf("--%s %d: want 1 to %d", list.flag, v, list.most)}
			}
		}
	}
	if len(f.precisions) == 0 || len(f.threads) == 0 || len(f.batches) == 0 {
		return usageError{errors.New("--precision, --threads and --batch need at least one value")}
	}
	if f.sessions < 1 || f.sessions > 1<<10 {
		return usageError{fmt.Errorf("--concurrency %d: want 1 to %d", f.sessions, 1<<10)}
	}
	if f.kernels != "" {
		if _, err := cpu.ParseLevel(f.kernels); err != nil {
			return usageError{fmt.Errorf("--kernels: %w", err)}
		}
	}
	return nil
}

// cells returns what to measure and how long reading the model file took.
func (f *benchmark) cells() (cells []bench.Cell, opened time.Duration, err error) {
	var models []bench.Cell
	if f.model != "" {
		start := time.Now()
		g, err := f.load(f.model)
		if err != nil {
			return nil, 0, err
		}
		opened = time.Since(start)
		p, err := (&modelFlags{threads: 1, kernels: f.kernels}).compile(g)
		if err != nil {
			return nil, 0, err
		}
		models = []bench.Cell{{Model: f.model, Precision: bench.PrecisionOf(p), Graph: g}}
	} else {
		if f.arch == "" {
			f.arch = defaultArch
		}
		graphs := make(map[string]*graph.Graph)
		for _, v := range f.variants {
			if graphs[v.precision] == nil {
				if graphs[v.precision], err = buildArch(f.arch, v.precision); err != nil {
					return nil, 0, err
				}
			}
			p, _ := bench.ParsePrecision(v.precision)
			models = append(models, bench.Cell{Model: f.arch, Precision: p, Graph: graphs[v.precision], Engine: v.engine})
		}
	}
	for _, c := range models {
		c.Sessions = f.sessions
		for _, c.Threads = range f.threads {
			for _, c.Batch = range f.batches {
				cells = append(cells, c)
			}
		}
	}
	return cells, opened, nil
}

func (f *benchmark) showReport(cells []bench.Cell, opened time.Duration, o bench.Options) error {
	r, err := bench.Measure(cells, o)
	if err != nil {
		return err
	}
	if err := f.reportRefusals(r); err != nil {
		return err
	}
	for i := range r.Results {
		r.Results[i].Load += float64(opened) / float64(time.Millisecond)
	}
	if f.html != "" {
		if err := f.writePage(cells, r, o); err != nil {
			return err
		}
	}
	switch {
	case f.json:
		return f.encode(r)
	case f.csv:
		return printCSV(f.stdout, r)
	case f.benchstat:
		return printBenchstat(f.stdout, r)
	}
	return printReport(f.stdout, r)
}

// writePage writes the results as a page, with profiles of each model in Octet on one thread at batch 1.
func (f *benchmark) writePage(cells []bench.Cell, r *bench.Report, o bench.Options) error {
	d := report.Data{Report: r, Bandwidth: bench.ProbeBandwidth()}
	seen := make(map[*graph.Graph]bool)
	for _, c := range cells {
		if seen[c.Graph] || c.Engine != nil {
			continue
		}
		seen[c.Graph] = true
		c.Threads, c.Batch, c.Sessions = 1, 1, 1
		p, err := bench.Profile(c, r.Peak, o)
		if err != nil {
			return err
		}
		d.Profiles = append(d.Profiles, p)
	}
	return writeFile(f.html, func(w io.Writer) error { return report.Write(w, d) })
}

// profileReport is the JSON form of a profile.
type profileReport struct {
	Machine  bench.Machine        `json:"machine"`
	Peak     bench.Peak           `json:"peak"`
	Profiles []*bench.CellProfile `json:"profiles"`
}

func (f *benchmark) showProfile(cells []bench.Cell, o bench.Options) error {
	level, err := cpu.Best()
	if f.kernels != "" {
		level, err = cpu.ParseLevel(f.kernels)
	}
	if err != nil {
		return err
	}
	r := &profileReport{Machine: bench.DescribeMachine(level)}
	if r.Peak, err = bench.ProbePeak(level); err != nil {
		return err
	}
	for _, c := range cells {
		p, err := bench.Profile(c, r.Peak, o)
		if err != nil {
			return err
		}
		r.Profiles = append(r.Profiles, p)
	}
	if f.json {
		return f.encode(r)
	}
	return printProfiles(f.stdout, r)
}

func (f *benchmark) encode(v any) error {
	e := json.NewEncoder(f.stdout)
	e.SetIndent("", "  ")
	return e.Encode(v)
}
