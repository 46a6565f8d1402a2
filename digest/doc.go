// Package digest computes a hash of a model's outputs on inputs that are the same everywhere, and checks it against the
// one that the model file carries. Two machines, instruction-set levels, thread counts or batch sizes with the same
// digest computed the same bytes.
//
// The digest is defined in docs/digest.md, well enough to be computed by another program. A model whose convolutions and
// dense layers are all integer has one digest everywhere. Sums of float products differ between levels in their last
// bits, so that a float model's digest compares runs at one level only: it is neither written to a file nor checked.
//
// The package reads no files: package loader does, and loader.SetMetadata stores a digest under Key.
package digest
