package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/signal"
	"strings"

	"github.com/spf13/cobra"

	"github.com/octet-ml/octet/cmd/octet/internal/loadpage"
	"github.com/octet-ml/octet/serve/load"
)

// loadRunner is the state of the load sub-command.
type loadRunner struct {
	*app
	loadInputs
	loadAccess
	options            load.Options
	protocol, arrivals string
	expect             []string
	json, quiet        bool
	html               string
}

func (a *app) loadCommand() *cobra.Command {
	f := &loadRunner{app: a}
	c := &cobra.Command{
		Use:   "load URL --model NAME [--rate R | --clients N]",
		Short: "Send requests to an inference server and measure its answers",
		Long: `Load sends requests to a server that speaks the Open Inference Protocol, at URL: http://, https://, grpc:// or grpcs:// with host
and port. With --rate, requests fall due by a clock, whether earlier ones have been answered or not, and latency counts from
when they were due: what a server that stalls does to its users. With --clients, each client sends the next request when the
last one is answered, which finds what the server can do at most.

Protocols: http (tensors in the binary form), http-json (tensors in JSON), http-bytes (pictures as a tensor of type BYTES),
classify (Octet's /v1/classify with pictures) and grpc (tensors or pictures). The server is asked for the model's inputs first.
No request is repeated. A request that is due while --max-in-flight others wait is not sent, and counted as "not sent".

Codes are HTTP's numbers or gRPC's names, and for requests without an answer: refused, reset, closed (the connection, before
an answer), cut off (the answer's body), timeout, cancelled, failed. Late is how long after they were due requests were sent:
it is part of their latency, and where it is long, the generator, not the server, had too much to do.

The exit status is 1 where --check finds another answer, or --expect a code that it does not list.`,
		Example: `  octet load http://localhost:8000 --model resnet50 --rate 200 --duration 1m --expect 200,429
  octet load http://localhost:8000 --model resnet50 --pictures photos --clients 8 --check
  octet load grpc://localhost:8001 --model resnet50 --tensors x.npy --batch 4`,
		Args: arguments(cobra.ExactArgs(1)),
		RunE: func(c *cobra.Command, args []string) error { return f.run(c.Context(), args[0]) },
	}
	o := &f.options
	c.Flags().StringVar(&o.Model, "model", "", "the model's name on the server")
	c.Flags().StringVar(&o.Version, "version", "", "its version (default: the server's choice)")
	c.Flags().StringVar(&f.protocol, "protocol", "", fmt.Sprintf("one of %v (default: by the URL and --pictures)", load.Protocols()))
	c.Flags().IntVar(&o.Batch, "batch", 0, "examples of a request (default 1, or the model's number)")
	c.Flags().Float64Var(&o.Rate, "rate", 0, "requests a second, of an open loop")
	c.Flags().StringVar(&f.arrivals, "arrivals", "", fmt.Sprintf("times between requests of an open loop: %s or %s (default %s)", load.Constant, load.Poisson, load.Constant))
	c.Flags().IntVar(&o.MaxInFlight, "max-in-flight", 0, fmt.Sprintf("requests of an open loop that may wait for an answer (default %d)", load.DefaultMaxInFlight))
	c.Flags().IntVar(&o.Clients, "clients", 0, "clients of a closed loop (default 1, without --rate)")
	c.Flags().DurationVar(&o.Warmup, "warmup", 0, "time before the measurement, whose requests do not count")
	c.Flags().DurationVar(&o.Duration, "duration", 0, fmt.Sprintf("time after that (default %v, without an end with --requests)", load.DefaultDuration))
	c.Flags().IntVar(&o.Requests, "requests", 0, "stop after so many requests (0: any number)")
	c.Flags().DurationVar(&o.Timeout, "timeout", load.DefaultTimeout, "time of a request, from when it is sent")
	c.Flags().Uint64Var(&o.Seed, "seed", 0, "of random tensors and arrivals")
	c.Flags().BoolVar(&o.Check, "check", false, "compare each answer with the first one to the same input")
	c.Flags().StringSliceVar(&f.expect, "expect", nil, "codes that may come, as 200,429 or 200,timeout,\"not sent\"; others fail the command")
	f.loadInputs.register(c)
	f.loadAccess.register(c)
	c.Flags().BoolVar(&f.json, "json", false, "print JSON; times are in nanoseconds")
	c.Flags().StringVar(&f.html, "html", "", "write a page with the table and pictures to a file, too")
	c.Flags().BoolVar(&f.quiet, "quiet", false, "no progress bar")
	return c
}

func (f *loadRunner) run(ctx context.Context, url string) error {
	o := &f.options
	o.URL, o.Protocol, o.Arrivals = url, load.Protocol(f.protocol), load.Arrivals(f.arrivals)
	if o.Model == "" {
		return usageError{errors.New("--model is missing")}
	}
	if err := f.loadInputs.read(o); err != nil {
		return err
	}
	if err := f.loadAccess.read(o); err != nil {
		return err
	}
	ctx, stop := signal.NotifyContext(ctx, os.Interrupt)
	defer stop()
	context.AfterFunc(ctx, stop) // a second interrupt ends the command at once
	bar := &stageBar{out: f.stderr, hidden: f.quiet || f.json || !terminal(f.stderr)}
	o.Progress = func(p load.Progress) {
		if p.Total > 0 {
			bar.show("seconds", int(p.Elapsed.Seconds()), int(p.Total.Seconds()))
		} else {
			bar.show("requests", int(min(p.Sent+p.Unsent, int64(o.Requests))), o.Requests)
		}
	}
	r, err := load.Run(ctx, *o)
	bar.finish()
	if errors.Is(err, load.ErrOption) {
		return usageError{err}
	}
	if r == nil {
		return err
	}
	if err := f.show(r); err != nil {
		return err
	}
	return f.verdict(r, err)
}

// show prints the report and writes the page.
func (f *loadRunner) show(r *load.Report) error {
	if f.html != "" {
		if err := writeFile(f.html, func(w io.Writer) error { return loadpage.Write(w, r) }); err != nil {
			return err
		}
	}
	if f.json {
		e := json.NewEncoder(f.stdout)
		e.SetIndent("", "  ")
		return e.Encode(r)
	}
	return printLoad(f.stdout, r)
}

// verdict returns what is wrong with a run that has ended with err.
func (f *loadRunner) verdict(r *load.Report, err error) error {
	if err != nil {
		return fmt.Errorf("interrupted: %w", err)
	}
	if r.Mismatches > 0 {
		return fmt.Errorf("%d of %d answers differ from the first to the same input: %s", r.Mismatches, r.Checked, r.Mismatch)
	}
	if f.expect == nil {
		return nil
	}
	if codes := r.Unexpected(f.expect); codes != nil {
		return fmt.Errorf("--expect %s: also got %s", strings.Join(f.expect, ","), strings.Join(codes, ", "))
	}
	return nil
}

// terminal reports whether what is written goes to a terminal.
func terminal(w io.Writer) bool {
	file, ok := w.(*os.File)
	if !ok {
		return false
	}
	info, err := file.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}

// addHeader adds a header in the form "Name: value".
func addHeader(h http.Header, line string) error {
	name, value, ok := strings.Cut(line, ":")
	if name = strings.TrimSpace(name); !ok || name == "" || strings.ContainsAny(name, " \t\r\n") || strings.ContainsAny(value, "\r\n") {
		return usageError{fmt.Errorf("--header %q: want 'Name: value'", line)}
	}
	h.Add(name, strings.TrimSpace(value))
	return nil
}
