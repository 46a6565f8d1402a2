package main

import (
	"encoding/json"
	"fmt"
	goruntime "runtime"
	"slices"
	"sync/atomic"
	"time"

	"github.com/schollz/progressbar/v3"
	"github.com/spf13/cobra"
	"golang.org/x/sync/errgroup"

	"github.com/octet-ml/octet/internal/dataset"
	"github.com/octet-ml/octet/quantize/cost"
	"github.com/octet-ml/octet/runtime"
	"github.com/octet-ml/octet/vision"
)

// evaluator is the state of the eval sub-command.
type evaluator struct {
	*app
	modelFlags
	preprocessFlags
	data     string
	limit    int
	parallel int
	json     bool
	quiet    bool
}

func (a *app) evalCommand() *cobra.Command {
	f := &evaluator{app: a}
	c := &cobra.Command{
		Use:   "eval MODEL --data SPEC",
		Short: "Measure a model's accuracy on labelled pictures",
		Long: `Eval classifies every picture of a data set and prints top-1 and top-5 accuracy, macro-F1 and images per second.
SPEC is a folder with labels.csv (columns file and class), a CIFAR-10 binary file, or IDX images with labels beside them.
A model with one output more than ImageNet's 1000 classes is taken to have a background class at index 0.`,
		Args: arguments(cobra.ExactArgs(1)),
		RunE: func(_ *cobra.Command, args []string) error { return f.run(args[0]) },
	}
	f.register(c)
	c.Flags().Lookup("threads").Usage = "threads of one run (default 1; pictures run in parallel)"
	c.Flags().StringVar(&f.data, "data", "", "data set")
	c.Flags().StringVar(&f.preset, "preset", "", fmt.Sprintf("preprocessing: one of %v", vision.Presets()))
	c.Flags().IntVar(&f.limit, "limit", 0, "use only the first pictures (0: all)")
	c.Flags().IntVar(&f.parallel, "parallel", 0, "pictures at once (0: one for each core)")
	c.Flags().BoolVar(&f.json, "json", false, "print JSON")
	c.Flags().BoolVar(&f.quiet, "quiet", false, "no progress bar")
	return c
}

// evaluation is the result of an eval.
type evaluation struct {
	Data            string  `json:"data"`
	Pictures        int     `json:"pictures"`
	Top1            int     `json:"top1"`
	Top5            int     `json:"top5"`
	MacroF1         float64 `json:"macro_f1"`
	ImagesPerSecond float64 `json:"images_per_second"`
	Precision       string  `json:"precision"`
	Level           string  `json:"level"`
	Preprocessing   string  `json:"preprocessing"`
}

func (f *evaluator) run(model string) error {
	if f.data == "" {
		return usageError{fmt.Errorf("--data is missing")}
	}
	set, err := dataset.Open(f.data)
	if err != nil {
		return err
	}
	set.Limit(f.limit)
	g, err := f.load(model)
	if err != nil {
		return err
	}
	f.threads = max(f.threads, 1)
	p, err := f.compile(g)
	if err != nil {
		return err
	}
	pipeline, source, _, err := f.pipeline(p)
	if err != nil {
		return err
	}
	start := time.Now()
	ranks, err := f.classify(p, pipeline, set)
	if err != nil {
		return err
	}
	var tally cost.Tally
	for i, label := range set.Labels {
		tally.Add(ranks[i], label)
	}
	score := tally.Score()
	e := evaluation{
		Data: set.Name, Pictures: score.Inputs, Top1: score.Top1, Top5: score.Top5, MacroF1: score.MacroF1,
		Precision: precision(p), Level: p.Level(), Preprocessing: source,
	}
	e.ImagesPerSecond = float64(e.Pictures) / time.Since(start).Seconds()
	if f.json {
		return json.NewEncoder(f.stdout).Encode(e)
	}
	fmt.Fprintf(f.stdout, "pictures    %d of %s\n", e.Pictures, e.Data)
	fmt.Fprintf(f.stdout, "top-1       %d (%.2f %%)\n", e.Top1, 100*float64(e.Top1)/float64(e.Pictures))
	fmt.Fprintf(f.stdout, "top-5       %d (%.2f %%)\n", e.Top5, 100*float64(e.Top5)/float64(e.Pictures))
	fmt.Fprintf(f.stdout, "macro-F1    %.4f\n", e.MacroF1)
	fmt.Fprintf(f.stdout, "throughput  %.1f images/s with decoding; %s, kernels %s\n", e.ImagesPerSecond, e.Precision, e.Level)
	fmt.Fprintf(f.stdout, "input       from %s\n", e.Preprocessing)
	return nil
}

// classify returns the five best classes of every picture, the best first.
func (f *evaluator) classify(p *runtime.Program, pipeline *vision.Pipeline, set *dataset.Set) ([][]int, error) {
	if err := labelsFit(p, set); err != nil {
		return nil, err
	}
	bar := progressbar.NewOptions(set.Len(), progressbar.OptionSetWriter(f.stderr), progressbar.OptionSetVisibility(!f.quiet && !f.json),
		progressbar.OptionThrottle(100*time.Millisecond), progressbar.OptionShowCount(), progressbar.OptionClearOnFinish())
	ranks := make([][]int, set.Len())
	var next atomic.Int64
	var group errgroup.Group
	workers := f.parallel
	if workers < 1 {
		workers = max(1, goruntime.GOMAXPROCS(0)/f.threads)
	}
	for range workers {
		group.Go(func() error {
			s, err := p.NewSession()
			if err != nil {
				return err
			}
			for {
				i := int(next.Add(1)) - 1
				if i >= set.Len() {
					return nil
				}
				m, err := set.Image(i)
				if err != nil {
					return err
				}
				if err := pipeline.Apply(m, s.Input(0).Data, nil); err != nil {
					return fmt.Errorf("picture %d: %w", i, err)
				}
				s.Run()
				ranks[i] = cost.Rank(s.Output(0).Reals(p.Outputs()[0].Quant, nil))
				_ = bar.Add(1) // a bar that cannot be drawn is no reason to stop
			}
		})
	}
	err := group.Wait()
	_ = bar.Finish()
	return ranks, err
}

// labelsFit returns an error where a data set has a class that a program has not.
func labelsFit(p *runtime.Program, set *dataset.Set) error {
	outputs := classes(p)
	most := slices.Max(set.Labels)
	if most >= outputs-cost.Background(outputs) {
		return fmt.Errorf("the data set has class %d, the model %d classes", most, outputs)
	}
	return nil
}
