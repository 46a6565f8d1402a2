// Command wasm is a web page that names pictures: one draws a digit or drops a picture, and sees labels, the time of an
// inference, the kernel set and the model's digest. Everything happens in the browser.
//
//	go run ./examples/wasm/build    gathers the page in examples/wasm/dist: any file server can serve it
//	go run ./examples/wasm          serves that folder at http://localhost:8080
//
// Compiled for js/wasm, this package is the module that the page loads; elsewhere it is that server. docs/wasm.md says more.
package main
