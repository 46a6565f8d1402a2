package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"text/tabwriter"

	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/loader/onnx"
	"github.com/octet-ml/octet/quantize/qat"
	"github.com/octet-ml/octet/runtime"
)

func main() { os.Exit(run(os.Args[1:], os.Stdout, os.Stderr)) }

// options is the command line.
type options struct {
	data        string
	out         string
	float       string
	draw        string
	calibration int
	seed        uint64
	first       training // of the network of real numbers
	second      training // of the quantized ones
}

// run does what args ask and returns the exit status: 0, 1 after an error, 2 after a wrong command line.
func run(args []string, stdout, stderr io.Writer) int {
	var o options
	flags := flag.NewFlagSet("gorgonia", flag.ContinueOnError)
	flags.SetOutput(stderr)
	flags.StringVar(&o.data, "data", "../shared/data/mnist", "folder of train10k-* and t10k-* in gzipped IDX form")
	flags.StringVar(&o.out, "o", ".", "folder to write the models into")
	flags.StringVar(&o.float, "float", "", "start from this float model instead of training one")
	flags.StringVar(&o.draw, "draw", "", "draw the sample pictures into this folder instead of training")
	flags.IntVar(&o.calibration, "calibration", 2000, "training digits whose activations set the ranges")
	flags.Uint64Var(&o.seed, "seed", 1, "seed of initialization, order and augmentation")
	flags.IntVar(&o.first.epochs, "epochs", 40, "passes over the training digits")
	flags.IntVar(&o.second.epochs, "qat-epochs", 5, "passes of each quantized network")
	flags.IntVar(&o.first.batch, "batch", 50, "digits per step")
	flags.Float64Var(&o.first.rate, "rate", 0.003, "first learning rate")
	flags.Float64Var(&o.second.rate, "qat-rate", 0.001, "first learning rate of the quantized networks")
	if err := flags.Parse(args); errors.Is(err, flag.ErrHelp) {
		return 0
	} else if err != nil {
		return 2
	}
	o.second.batch = o.first.batch
	if flags.NArg() > 0 || min(o.first.epochs, o.second.epochs, o.first.batch, o.calibration) < 1 {
		fmt.Fprintln(stderr, "gorgonia: no arguments, and -epochs, -qat-epochs, -batch and -calibration of at least 1 are expected")
		return 2
	}
	var err error
	if o.draw != "" {
		err = drawInto(o.draw)
	} else {
		err = build(&o, stdout)
	}
	if err != nil {
		fmt.Fprintln(stderr, "gorgonia:", err)
		return 1
	}
	return 0
}

// build trains the classifier, quantizes, evaluates and writes every form of it, and prints the table.
func build(o *options, log io.Writer) error {
	digits, err := openDataset(o.data, "train10k")
	if err != nil {
		return err
	}
	unseen, err := openDataset(o.data, "t10k")
	if err != nil {
		return err
	}
	if digits.len() < o.first.batch {
		return fmt.Errorf("%d training digits are less than a batch of %d", digits.len(), o.first.batch)
	}
	params, err := float(o, digits, log)
	if err != nil {
		return err
	}
	m, err := newMaker(params, digits, o.calibration)
	if err != nil {
		return err
	}
	m.how, m.seed, m.log = o.second, o.seed, log
	table := newTable(unseen, o.out)
	g, err := m.real()
	if err != nil {
		return err
	}
	if err := table.add("float32", "float", g); err != nil {
		return err
	}
	for _, v := range variants {
		fmt.Fprintf(log, "%s\n", v.name)
		if g, err = m.make(v); err != nil {
			return fmt.Errorf("%s: %w", v.name, err)
		}
		if err := table.add(v.name, v.file, g); err != nil {
			return fmt.Errorf("%s: %w", v.name, err)
		}
	}
	return table.print(log)
}

// float returns the parameters of the classifier in real numbers, trained or read from a file.
func float(o *options, digits *dataset, log io.Writer) (*qat.Params, error) {
	rng := rand.New(rand.NewPCG(o.seed, 0))
	p := qat.NewParams(rng)
	if o.float != "" {
		data, err := os.ReadFile(o.float)
		if err != nil {
			return nil, err
		}
		g, err := onnx.Decode(data, onnx.Options{})
		if err == nil {
			err = restore(p, g)
		}
		if err != nil {
			return nil, fmt.Errorf("%s: %w", o.float, err)
		}
		return p, nil
	}
	fmt.Fprintf(log, "seed %d (repeat with -seed %d)\n", o.seed, o.seed)
	if err := train(p, floatConfig, digits, o.first, rng, log); err != nil {
		return nil, fmt.Errorf("train: %w", err)
	}
	return p, nil
}

// table collects what the forms of the classifier do.
type table struct {
	unseen   *dataset
	dir      string
	rows     []row
	sessions []*runtime.Session // of the rows
}

// row is one form in the table.
type row struct {
	name  string
	right int
	bytes int // of the file
}

func newTable(unseen *dataset, dir string) *table { return &table{unseen: unseen, dir: dir} }

// add evaluates a form, the first one being that of real numbers, and writes it to file.onnx.
func (t *table) add(name, file string, g *graph.Graph) error {
	s, err := open(g)
	if err != nil {
		return err
	}
	r := row{name: name, right: t.unseen.right(s)}
	a := accuracy{Data: "MNIST t10k", Digits: t.unseen.len(), Float32: r.right, Right: r.right}
	if len(t.rows) > 0 {
		a.Float32 = t.rows[0].right
	}
	data, err := encode(g, a)
	if err != nil {
		return err
	}
	r.bytes = len(data)
	t.rows, t.sessions = append(t.rows, r), append(t.sessions, s)
	return os.WriteFile(filepath.Join(t.dir, file+".onnx"), data, 0o644)
}

// print writes the table; speeds are multiples of the first row's.
func (t *table) print(w io.Writer) error {
	out := tabwriter.NewWriter(w, 0, 8, 2, ' ', 0)
	fmt.Fprintln(out, "model\tright\tpoints from float\tbytes\tspeed")
	times := t.unseen.times(t.sessions)
	for i, r := range t.rows {
		points := 100 * float64(r.right-t.rows[0].right) / float64(t.unseen.len())
		fmt.Fprintf(out, "%s\t%d\t%+.2f\t%d\t%.1f\n", r.name, r.right, points, r.bytes, float64(times[0])/float64(times[i]))
	}
	return out.Flush()
}
