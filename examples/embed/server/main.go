// Command server answers POST requests with a picture, JPEG, PNG, GIF, WebP or BMP, by the handwritten digits that it may
// show, as JSON:
//
//	go run ./examples/embed/server &
//	curl --data-binary @examples/embed/7.png http://localhost:8080/
//
// It is one static binary that needs no file at run time: the Dockerfile beside it builds an image from scratch.
package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/octet-ml/octet/examples/embed/digits"
)

func main() {
	if err := run(cmp.Or(os.Getenv("ADDR"), ":8080")); err != nil {
		fmt.Fprintln(os.Stderr, "server:", err)
		os.Exit(1)
	}
}

// run serves at an address until a signal says to stop; requests under way are finished.
func run(address string) error {
	if err := digits.Load(); err != nil {
		return err
	}
	server := &http.Server{
		Addr: address, Handler: http.HandlerFunc(classify),
		ReadTimeout: 10 * time.Second, WriteTimeout: 20 * time.Second, IdleTimeout: time.Minute, MaxHeaderBytes: 16 << 10,
	}
	stop, cancel := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer cancel()
	done := make(chan error, 1)
	context.AfterFunc(stop, func() {
		grace, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		done <- server.Shutdown(grace)
	})
	fmt.Fprintln(os.Stderr, "server: listening at", address)
	if err := server.ListenAndServe(); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return <-done
}
