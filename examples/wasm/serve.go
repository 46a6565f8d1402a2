//go:build !js

package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"time"
)

// headers are sent with every answer: the policy that the page names itself too, and isolation from other origins, which
// gives the page a finer clock.
var headers = map[string]string{
	"Content-Security-Policy":      "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self'; img-src 'self' blob:; connect-src 'self'; worker-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
	"Cross-Origin-Opener-Policy":   "same-origin",
	"Cross-Origin-Embedder-Policy": "require-corp",
	"X-Content-Type-Options":       "nosniff",
	"Referrer-Policy":              "no-referrer",
	"Cache-Control":                "no-cache",
}

// errNoPage is returned for a folder without the page.
var errNoPage = errors.New("the page is not there: go run ./examples/wasm/build gathers it")

func main() {
	if err := run(os.Args[1:], os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "wasm:", err)
		os.Exit(1)
	}
}

func run(args []string, stdout io.Writer) error {
	flags := flag.NewFlagSet("wasm", flag.ContinueOnError)
	addr := flags.String("addr", "localhost:8080", "address to listen at")
	dir := flags.String("dir", filepath.Join("examples", "wasm", "dist"), "folder of the page")
	switch err := flags.Parse(args); {
	case errors.Is(err, flag.ErrHelp):
		return nil
	case err != nil:
		return err
	}
	if _, err := os.Stat(filepath.Join(*dir, "index.html")); err != nil {
		return fmt.Errorf("%s: %w", *dir, errNoPage)
	}
	l, err := net.Listen("tcp", *addr)
	if err != nil {
		return err
	}
	fmt.Fprintf(stdout, "http://%s\n", l.Addr())
	s := &http.Server{Handler: handler(*dir), ReadHeaderTimeout: 10 * time.Second}
	return s.Serve(l)
}

// handler serves the files of a folder with the headers.
func handler(dir string) http.Handler {
	files := http.FileServer(http.Dir(dir))
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		for key, value := range headers {
			w.Header().Set(key, value)
		}
		files.ServeHTTP(w, r)
	})
}
