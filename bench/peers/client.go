package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"time"
)

// peerNames are the engines by the name that -child takes: ours first.
var peerNames = [2]string{"octet", "peer"}

// launcher starts child processes.
type launcher struct {
	program string // this executable
	lib     string // ONNX Runtime's shared library
	env     []string
	stderr  io.Writer
}

// child is an engine in a process of its own. It is not safe for concurrent use.
type child struct {
	name     string
	process  *exec.Cmd
	requests io.WriteCloser
	encoder  *json.Encoder
	replies  *json.Decoder
}

// start starts the engine of that name. The process ends with ctx or by close.
func (l *launcher) start(ctx context.Context, name string) (*child, error) {
	process := exec.CommandContext(ctx, l.program, "-child", name, "-lib", l.lib)
	process.Env = append(os.Environ(), l.env...)
	process.Stderr = l.stderr
	in, err := process.StdinPipe()
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	out, err := process.StdoutPipe()
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	if err := process.Start(); err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return &child{name: name, process: process, requests: in, encoder: json.NewEncoder(in), replies: json.NewDecoder(out)}, nil
}

// ask sends a request and waits for its reply; a reply that states an error is returned as one.
func (c *child) ask(r request) (*reply, error) {
	if err := c.encoder.Encode(&r); err != nil {
		return nil, fmt.Errorf("%s: %s: the process does not listen: %w", c.name, r.Op, err)
	}
	var a reply
	if err := c.replies.Decode(&a); err != nil {
		return nil, fmt.Errorf("%s: %s: the process does not answer: %w", c.name, r.Op, err)
	}
	if a.Error != "" {
		return nil, fmt.Errorf("%s: %s", c.name, a.Error)
	}
	return &a, nil
}

// closeTimeout is how long a child may take to end when its input does.
const closeTimeout = 5 * time.Second

// close ends the process and returns how it failed, if it did.
func (c *child) close() error {
	timer := time.AfterFunc(closeTimeout, func() { _ = c.process.Process.Kill() })
	defer timer.Stop()
	closed := c.requests.Close()
	if err := c.process.Wait(); err != nil {
		return fmt.Errorf("%s: %w", c.name, err)
	}
	return closed
}

// pair is both engines with the same job, ours first.
type pair [2]*child

// startPair starts both engines; ops are asked of each in turn before the next starts.
func (l *launcher) startPair(ctx context.Context) (p pair, err error) {
	for i, name := range peerNames {
		if p[i], err = l.start(ctx, name); err != nil {
			return pair{}, errors.Join(err, p.close())
		}
	}
	return p, nil
}

// close ends both processes.
func (p pair) close() error {
	var errs []error
	for _, c := range p {
		if c != nil {
			errs = append(errs, c.close())
		}
	}
	return errors.Join(errs...)
}

// ask asks both, one after the other: ours first in even rounds, theirs first in odd ones.
func (p pair) ask(round int, r request) (out [2]*reply, err error) {
	for turn := range p {
		i := (turn + round) % len(p)
		if out[i], err = p[i].ask(r); err != nil {
			return out, err
		}
	}
	return out, nil
}
