package main

import (
	"strings"

	"github.com/octet-ml/octet/internal/cifar10"
	"github.com/octet-ml/octet/internal/digits"
)

// sample is a model inside the command, with a picture to try it on.
type sample struct {
	name    string // what takes the place of a path
	model   func() []byte
	picture func() []byte
	title   string // of the picture
}

// samples are the models inside the command, the one that answers where there is neither model nor picture first.
var samples = []sample{
	{"digits", digits.Model, digits.Picture, "7.png (embedded)"},
	{"cifar10", cifar10.Model, cifar10.Picture, "ship.png (embedded)"},
}

// pictureModel is the model that names what is in a picture where no other is given.
const pictureModel = "cifar10"

// findSample returns the embedded model with the given name; a file of that name is reached by a path, ./digits.
func findSample(name string) (sample, bool) {
	for _, s := range samples {
		if s.name == name {
			return s, true
		}
	}
	return sample{}, false
}

// sampleNames lists the names of the embedded models for people: "digits or cifar10".
func sampleNames() string {
	names := make([]string, len(samples))
	for i, s := range samples {
		names[i] = s.name
	}
	return strings.Join(names, " or ")
}
