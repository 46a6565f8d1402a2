package repository

import (
	"fmt"
	"io/fs"
	"syscall"
)

// identity tells a file from another one of the same name, size and time of modification, and from what it was before something was
// written to it: the inode and the time of its last change, which nobody can set.
func identity(info fs.FileInfo) string {
	s, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return ""
	}
	return fmt.Sprint(s.Dev, s.Ino, s.Ctim.Sec, s.Ctim.Nsec)
}
