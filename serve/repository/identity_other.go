//go:build !linux

package repository

import "io/fs"

// identity tells nothing here: a file counts as changed with its size or its time of modification.
func identity(fs.FileInfo) string { return "" }
