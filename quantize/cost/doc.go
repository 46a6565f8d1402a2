// Package cost says what quantization cost: how many labels a model finds, by what its scores stand for.
//
// The package draws nothing, reads no files and knows no data sets.
package cost
