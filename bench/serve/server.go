package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// modelName is the name that the model is served by.
const modelName = "model"

// server is octet serve as a process.
type server struct {
	octet, folder string
	address       string // of HTTP
	process       *exec.Cmd
	exited        chan error // gets what the process ends with, once
}

// start starts a server and waits until it is ready.
func start(ctx context.Context, octet, folder string) (*server, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	s := &server{octet: octet, folder: folder, address: l.Addr().String()}
	if err := l.Close(); err != nil {
		return nil, err
	}
	return s, s.again(ctx)
}

// again starts the process, anew where there was one, and waits until it is ready.
func (s *server) again(ctx context.Context) error {
	s.process = exec.Command(s.octet, "serve", "--repository", s.folder, "--http", s.address, "--grpc", "off", "--metrics", "off", "--log-level", "warn")
	s.process.Stderr = os.Stderr
	if err := s.process.Start(); err != nil {
		return err
	}
	s.exited = make(chan error, 1)
	go func(c *exec.Cmd, exited chan<- error) { exited <- c.Wait() }(s.process, s.exited)
	for ctx.Err() == nil {
		r, err := http.Get("http://" + s.address + "/v2/health/ready")
		if err == nil {
			r.Body.Close()
			if r.StatusCode == http.StatusOK {
				return nil
			}
		}
		select {
		case err := <-s.exited:
			s.exited <- err // for stop
			return errors.Join(errors.New("octet serve ended before it was ready"), err)
		case <-time.After(2 * time.Millisecond):
		}
	}
	return errors.Join(ctx.Err(), s.kill())
}

// kill kills the process as kill -9 does.
func (s *server) kill() error {
	if err := s.process.Process.Kill(); err != nil {
		return err
	}
	<-s.exited // says that it was killed
	return nil
}

// stop ends the process as an operator does.
func (s *server) stop() error {
	if err := s.process.Process.Signal(syscall.SIGTERM); err != nil {
		return err
	}
	return <-s.exited
}

// resident returns the bytes of memory that the process holds.
func (s *server) resident() (int64, error) {
	data, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", s.process.Process.Pid))
	if err != nil {
		return 0, err
	}
	for line := range strings.Lines(string(data)) {
		if f := strings.Fields(line); len(f) == 3 && f[0] == "VmRSS:" {
			n, err := strconv.ParseInt(f[1], 10, 64)
			return n << 10, err
		}
	}
	return 0, fmt.Errorf("/proc/%d/status has no VmRSS", s.process.Process.Pid)
}

// ticks returns the processor time that the process has used, in hundredths of a second.
func (s *server) ticks() (int64, error) {
	data, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", s.process.Process.Pid))
	if err != nil {
		return 0, err
	}
	_, rest, _ := strings.Cut(string(data), ") ") // the command's name may hold anything
	f := strings.Fields(rest)
	if len(f) < 13 {
		return 0, fmt.Errorf("/proc/%d/stat is short", s.process.Process.Pid)
	}
	user, err := strconv.ParseInt(f[11], 10, 64)
	if err != nil {
		return 0, err
	}
	system, err := strconv.ParseInt(f[12], 10, 64)
	return user + system, err
}
