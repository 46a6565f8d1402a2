package check

import "errors"

var (
	// ErrManifest is returned when a file is no YAML, no object of Kubernetes, or does not build.
	ErrManifest = errors.New("manifest")
	// ErrSchema is returned when an object does not have the form that its schema asks for.
	ErrSchema = errors.New("schema")
	// ErrRule is returned when objects do not fit together, or break a rule of this project's deployment.
	ErrRule = errors.New("rule")
)
