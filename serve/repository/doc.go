// Package repository keeps the models that a server answers with: a folder of versions of models, loaded, checked and warmed up, and
// replaced while requests run.
//
//	DIR/
//	  mobilenet/
//	    config.json      optional: Config
//	    labels.txt       optional: one class a line, or any form of vision.ParseLabels
//	    1/model.onnx
//	    2/model.tflite
//
// A version is served once it has been loaded, its digest, where the file carries one, has been found to hold, and it has run once.
// Then it takes the place of its predecessor in one step; the predecessor is closed after its last request. A version that fails
// any of this is reported by Index and takes nothing else down: what served before goes on.
//
// A Repository is safe for concurrent use. Whoever gets a Version from Acquire calls its Release when through.
package repository
