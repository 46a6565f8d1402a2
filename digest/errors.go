package digest

import "errors"

// ErrMismatch is returned when a program computes other bytes than its model file says; the message has both digests.
var ErrMismatch = errors.New("outputs differ from the model's digest")

// ErrMissing is returned when a model file carries no digest.
var ErrMissing = errors.New("the model carries no digest")

// ErrVersion is returned when the digest in a model file is malformed or of another version of the definition.
var ErrVersion = errors.New("unknown form of digest")

// ErrType is returned when a model has inputs or outputs that the definition leaves out.
var ErrType = errors.New("no digest for this type")
