package generate

import "errors"

// ErrName is returned for a name that no package can have.
var ErrName = errors.New("not a package name")

// ErrForeign is returned for a folder with files that would be in the way of generated ones and are not generated.
var ErrForeign = errors.New("a file that octet generate did not write")

// ErrModel is returned for a model that is no classifier of single pictures.
var ErrModel = errors.New("not a classifier of pictures")
