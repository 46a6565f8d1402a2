// Package dataset reads labelled pictures from the places that `octet eval` knows: a folder with labels.csv, CIFAR-10 binary
// files, and IDX files as MNIST is published in. bench/peers counts on the same sets.
package dataset
