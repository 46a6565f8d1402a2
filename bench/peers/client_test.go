package main

import (
	"bytes"
	"encoding/json"
	"os"
	"slices"
	"strings"
	"testing"
	"time"
)

// asChild makes the test binary behave as the command does, so that it can be its own child process.
const asChild = "OCTET_PEERS_TEST_CHILD"

func TestMain(m *testing.M) {
	if os.Getenv(asChild) != "" {
		main()
	}
	os.Exit(m.Run())
}

func testLauncher(t *testing.T, lib string) *launcher {
	t.Helper()
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	return &launcher{program: program, lib: lib, env: []string{asChild + "=1"}, stderr: os.Stderr}
}

func digitsJob(t *testing.T, threads, batch int) *job {
	t.Helper()
	e, err := readEdge(digits)
	if err != nil {
		t.Fatal(err)
	}
	j, err := e.job(digits, threads, batch)
	if err != nil {
		t.Fatal(err)
	}
	return j
}

func TestChildRunsWhatThisProcessRuns(t *testing.T) {
	j := digitsJob(t, 2, 3)
	c, err := testLauncher(t, "").start(t.Context(), "octet")
	if err != nil {
		t.Fatal(err)
	}
	ask := func(r request) *reply {
		t.Helper()
		a, err := c.ask(r)
		if err != nil {
			t.Fatal(err)
		}
		return a
	}
	before := ask(request{Op: "peak"}).Peak
	opened := ask(request{Op: "open", Job: j})
	if opened.Load <= 0 || opened.Facts.MACs <= 0 || !strings.HasPrefix(opened.Facts.Engine, "Octet ") {
		t.Errorf("open: got %+v, %+v", opened, opened.Facts)
	}
	if times := ask(request{Op: "block", MinRuns: 5}).Times; len(times) != 5 || slices.Min(times) <= 0 {
		t.Errorf("block: got %v", times)
	}
	if load := ask(request{Op: "load"}).Load; load <= 0 {
		t.Errorf("load: took %v", load)
	}
	if after := ask(request{Op: "peak"}).Peak; before <= 0 || after < before {
		t.Errorf("peak memory: %d, then %d", before, after)
	}
	local := new(octet)
	if _, _, err := local.open(j); err != nil {
		t.Fatal(err)
	}
	if err := local.run(); err != nil {
		t.Fatal(err)
	}
	got, err := compare(j, ask(request{Op: "outputs"}).Outputs, local.outputs())
	if err != nil || got.Equal != got.Values || got.Values == 0 || got.Rows != 3 {
		t.Errorf("outputs: %+v, %v", got, err)
	}
	if err := c.close(); err != nil {
		t.Error(err)
	}
}

func TestChildReportsWhatFails(t *testing.T) {
	l := testLauncher(t, "/no/such/library.so")
	for _, c := range []struct {
		engine string
		r      request
		want   string
	}{
		{"octet", request{Op: "open", Job: &job{Model: "/no/such.onnx", Threads: 1, Batch: 1}}, "/no/such.onnx"},
		{"octet", request{Op: "open"}, "no job"},
		{"octet", request{Op: "block"}, "no model is open"},
		{"octet", request{Op: "dance"}, `"dance"`},
		{"peer", request{Op: "open", Job: digitsJob(t, 1, 1)}, "onnx runtime"},
	} {
		t.Run(c.engine+" "+c.r.Op, func(t *testing.T) {
			p, err := l.start(t.Context(), c.engine)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := p.ask(c.r); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want %q", err, c.want)
			}
			if _, err := p.ask(request{Op: "peak"}); err != nil {
				t.Errorf("after an error: %v", err)
			}
			if err := p.close(); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestDeadChildIsNoticed(t *testing.T) {
	l := testLauncher(t, "")
	l.stderr = new(bytes.Buffer)
	c, err := l.start(t.Context(), "abacus")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.ask(request{Op: "peak"}); err == nil {
		t.Error("an unknown engine answers")
	}
	if err := c.close(); err == nil || !strings.Contains(err.Error(), "abacus") {
		t.Errorf("got %v", err)
	}
}

func TestConversationEndsWithItsInput(t *testing.T) {
	var out bytes.Buffer
	if err := serve(new(octet), strings.NewReader(`{"op":"nothing"} `), &out); err != nil {
		t.Error(err)
	}
	var a reply
	if err := json.Unmarshal(out.Bytes(), &a); err != nil || a.Error == "" {
		t.Errorf("got %q, %v", out.String(), err)
	}
	if err := serve(new(octet), strings.NewReader(`{"op":`), &out); err == nil {
		t.Error("half a request is accepted")
	}
}

// counting is an engine whose runs take no time.
type counting struct {
	octet
	runs int
}

func (c *counting) run() error {
	c.runs++
	return nil
}

func TestBlockWarmsUpAndThenCounts(t *testing.T) {
	e := new(counting)
	times, err := block(e, 0, 0, 4)
	if err != nil || len(times) != 4 || e.runs != 5 {
		t.Errorf("%d times, %d runs, %v", len(times), e.runs, err)
	}
	begin := time.Now()
	if times, err = block(e, 5*time.Millisecond, 5*time.Millisecond, 1); err != nil || time.Since(begin) < 10*time.Millisecond {
		t.Errorf("%d runs in %v, %v", len(times), time.Since(begin), err)
	}
}
