// Command build gathers the page of examples/wasm in a folder that any file server can serve: the module for js/wasm, Go's
// wasm_exec.js, the files of web, and the model and pictures that octet classify embeds. It runs go, in the module's root.
package main

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "build:", err)
		os.Exit(1)
	}
}

func run(args []string) error {
	flags := flag.NewFlagSet("build", flag.ContinueOnError)
	out := flags.String("o", filepath.Join("examples", "wasm", "dist"), "folder to write")
	switch err := flags.Parse(args); {
	case errors.Is(err, flag.ErrHelp):
		return nil
	case err != nil:
		return err
	}
	if err := os.MkdirAll(*out, 0o755); err != nil {
		return err
	}
	if err := module(filepath.Join(*out, "octet.wasm")); err != nil {
		return err
	}
	files, err := sources()
	if err != nil {
		return err
	}
	for _, path := range files {
		data, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		if err := os.WriteFile(filepath.Join(*out, filepath.Base(path)), data, 0o644); err != nil {
			return err
		}
	}
	fmt.Println(*out)
	return nil
}

// module compiles examples/wasm for js/wasm.
func module(path string) error {
	path, err := filepath.Abs(path)
	if err != nil {
		return err
	}
	c := exec.Command("go", "build", "-trimpath", "-ldflags", "-s -w", "-o", path, "./examples/wasm")
	c.Env = append(os.Environ(), "GOOS=js", "GOARCH=wasm", "CGO_ENABLED=0")
	if text, err := c.CombinedOutput(); err != nil {
		return fmt.Errorf("module for js/wasm: %w\n%s", err, text)
	}
	return nil
}

// sources returns the paths of the files that are copied.
func sources() ([]string, error) {
	root, err := exec.Command("go", "env", "GOROOT").Output()
	if err != nil {
		return nil, fmt.Errorf("go env GOROOT: %w", err)
	}
	files := []string{filepath.Join(strings.TrimSpace(string(root)), "lib", "wasm", "wasm_exec.js")}
	for _, name := range []string{"digits.onnx", "3.png", "7.png", "8.png"} {
		files = append(files, filepath.Join("internal", "digits", name))
	}
	web, err := filepath.Glob(filepath.Join("examples", "wasm", "web", "*"))
	return append(files, web...), err
}
