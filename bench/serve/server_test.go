package main

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// A server that ends before it is ready is an error, and one that is never ready ends with the context.
func TestServersThatAreNeverReady(t *testing.T) {
	script := func(text string) string {
		path := filepath.Join(t.TempDir(), "octet")
		if err := os.WriteFile(path, []byte("#!/bin/sh\n"+text+"\n"), 0o700); err != nil {
			t.Fatal(err)
		}
		return path
	}
	if _, err := start(context.Background(), script("exit 3"), t.TempDir()); err == nil || !strings.Contains(err.Error(), "before it was ready") {
		t.Errorf("got %v", err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	s, err := start(ctx, script("exec sleep 60"), t.TempDir())
	if !errors.Is(err, context.Canceled) || s.process.ProcessState == nil {
		t.Errorf("got %v, and the process is %v", err, s.process.ProcessState)
	}
}
