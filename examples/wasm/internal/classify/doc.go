// Package classify is what the page of examples/wasm runs: one model that names pictures and drawings. It knows nothing of
// the browser, so that its tests run anywhere.
package classify
