package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"time"
)

func main() { os.Exit(run(os.Args[1:], os.Stdout, os.Stderr)) }

// options is the command line.
type options struct {
	data        string
	out         string
	draw        string
	calibration int
	how         training
}

// run does what args ask and returns the exit status: 0, 1 after an error, 2 after a wrong command line.
func run(args []string, stdout, stderr io.Writer) int {
	var o options
	flags := flag.NewFlagSet("gorgonia", flag.ContinueOnError)
	flags.SetOutput(stderr)
	flags.StringVar(&o.data, "data", "../shared/data/mnist", "folder of train10k-* and t10k-* in gzipped IDX form")
	flags.StringVar(&o.out, "o", "digits.onnx", "model to write")
	flags.StringVar(&o.draw, "draw", "", "draw the sample pictures into this folder instead of training")
	flags.IntVar(&o.calibration, "calibration", 2000, "training digits whose activations set the ranges")
	flags.IntVar(&o.how.epochs, "epochs", 40, "passes over the training digits")
	flags.IntVar(&o.how.batch, "batch", 50, "digits per step")
	flags.Float64Var(&o.how.rate, "rate", 0.003, "first learning rate")
	flags.Uint64Var(&o.how.seed, "seed", 1, "seed of initialization, order and augmentation")
	if err := flags.Parse(args); errors.Is(err, flag.ErrHelp) {
		return 0
	} else if err != nil {
		return 2
	}
	if flags.NArg() > 0 || o.how.epochs < 1 || o.how.batch < 1 || o.calibration < 1 {
		fmt.Fprintln(stderr, "gorgonia: no arguments, and -epochs, -batch and -calibration of at least 1 are expected")
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

// build trains, quantizes, evaluates and writes the model.
func build(o *options, log io.Writer) error {
	digits, err := openDataset(o.data, "train10k")
	if err != nil {
		return err
	}
	unseen, err := openDataset(o.data, "t10k")
	if err != nil {
		return err
	}
	if digits.len() < o.how.batch {
		return fmt.Errorf("%d training digits are less than a batch of %d", digits.len(), o.how.batch)
	}
	fmt.Fprintf(log, "seed %d (repeat with -seed %d)\n", o.how.seed, o.how.seed)
	start := time.Now()
	trained, err := train(digits, o.how, log)
	if err != nil {
		return fmt.Errorf("train: %w", err)
	}
	fmt.Fprintf(log, "trained in %s\n", time.Since(start).Round(time.Second))
	seen, err := evaluate(trained, digits.head(o.calibration))
	if err != nil {
		return fmt.Errorf("calibrate: %w", err)
	}
	quantized, err := quantize(trained, seen)
	if err != nil {
		return fmt.Errorf("quantize: %w", err)
	}
	tested, err := evaluate(trained, unseen)
	if err != nil {
		return fmt.Errorf("evaluate: %w", err)
	}
	a := accuracy{Data: "MNIST t10k", Digits: unseen.len(), Float32: tested.correct, Int8: quantized.correct(unseen)}
	fmt.Fprintf(log, "right of %d unseen digits: float32 %d, int8 %d\n", a.Digits, a.Float32, a.Int8)
	for _, d := range drawable {
		digit, err := shrink(render(d.path))
		if err != nil {
			return fmt.Errorf("drawn %d: %w", d.digit, err)
		}
		p := quantized.probabilities(quantized.logits(digit))
		best := argmax(p)
		fmt.Fprintf(log, "drawn %d: taken for %d, probability %.4f\n", d.digit, best, p[best])
	}
	properties, err := metadata(a)
	if err != nil {
		return fmt.Errorf("metadata: %w", err)
	}
	model, err := quantized.encodeONNX(properties)
	if err != nil {
		return fmt.Errorf("encode: %w", err)
	}
	if err := os.WriteFile(o.out, model, 0o644); err != nil {
		return err
	}
	fmt.Fprintf(log, "%s: %d bytes\n", o.out, len(model))
	return nil
}
