package vision

import "errors"

// ErrFormat is returned when a file is no picture of a known format, is damaged or uses an unsupported feature.
var ErrFormat = errors.New("bad or unsupported picture")

// ErrTooLarge is returned when a picture, a list or a requested size exceeds its limit.
var ErrTooLarge = errors.New("too large")

// ErrImage is returned when an Image is inconsistent, or a requested size or rectangle makes no sense.
var ErrImage = errors.New("bad image")

// ErrPreprocess is returned when a description of preprocessing is malformed or contradicts itself.
var ErrPreprocess = errors.New("bad preprocessing")

// ErrInput is returned when a model's input cannot take a picture, or not with the given preprocessing.
var ErrInput = errors.New("bad model input")

// ErrLabels is returned when a list of labels is malformed or does not fit the number of scores.
var ErrLabels = errors.New("bad labels")
