// Package e2e tests the page of examples/wasm in a headless Chromium. It is a module of its own, so that the driver of the
// browser is nothing that Octet's module requires.
//
//	go test .                      draws, drops, types, goes offline; skipped without chromium
//	go test -screens DIR .         writes pictures of the page, too
//	go test -run '^$' -bench .     compares MobileNetV2 with native generic kernels, in turns
package e2e
