package repository

import "errors"

// ErrConfig is returned when a config.json is malformed, or asks for what a model cannot do.
var ErrConfig = errors.New("bad configuration")

// ErrNotFound is returned when there is no such model or version.
var ErrNotFound = errors.New("not found")

// ErrNotReady is returned when a model or version is known but not served: it failed to load, is being loaded, or was unloaded.
var ErrNotReady = errors.New("not ready")

// ErrName is returned when a name cannot be that of a model or version.
var ErrName = errors.New("bad name")

// ErrClosed is returned when a repository is closed.
var ErrClosed = errors.New("repository is closed")
