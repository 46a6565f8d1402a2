package onnx

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"strconv"
	"strings"
)

// external reads size bytes of a tensor that is stored beside the model (onnx.proto, TensorProto.external_data: keys
// location, offset and length).
func (r *reader) external(entries map[string]string, size int) ([]byte, error) {
	location, ok := entries["location"]
	if !ok {
		return nil, formatErrorf("external data without a location")
	}
	offset, err := entryInt(entries, "offset", 0)
	if err != nil {
		return nil, err
	}
	length, err := entryInt(entries, "length", int64(size))
	if err != nil {
		return nil, err
	}
	if length != int64(size) {
		return nil, formatErrorf("external data of %d bytes: the tensor wants %d", length, size)
	}
	name := path.Clean(location)
	if !fs.ValidPath(name) || strings.ContainsAny(name, `\:`) {
		return nil, fmt.Errorf("%w %q: the path leaves the model's folder", ErrExternal, location)
	}
	if r.folder == nil {
		return nil, fmt.Errorf("%w %q: no folder to read it from is given", ErrExternal, location)
	}
	if r.outside += length; r.outside > r.limits.ExternalBytes {
		return nil, limitErrorf("more than %d bytes of external data", r.limits.ExternalBytes)
	}
	data, err := readAt(r.folder, name, offset, length)
	if err != nil {
		return nil, fmt.Errorf("%w %q: %w", ErrExternal, location, err)
	}
	return data, nil
}

// entryInt returns a non-negative number among the entries.
func entryInt(entries map[string]string, key string, missing int64) (int64, error) {
	text, ok := entries[key]
	if !ok {
		return missing, nil
	}
	v, err := strconv.ParseInt(text, 10, 64)
	if err != nil || v < 0 {
		return 0, formatErrorf("external data: %s is %q", key, text)
	}
	return v, nil
}

// readAt returns length bytes of a file from offset, after checking that it holds so many.
func readAt(folder fs.FS, name string, offset, length int64) ([]byte, error) {
	file, err := folder.Open(name)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, errors.New("not a regular file")
	}
	if offset > info.Size() || length > info.Size()-offset {
		return nil, fmt.Errorf("%d bytes at offset %d of a file of %d bytes", length, offset, info.Size())
	}
	data := make([]byte, length)
	if at, ok := file.(io.ReaderAt); ok {
		_, err = at.ReadAt(data, offset)
		if errors.Is(err, io.EOF) && length == 0 {
			err = nil
		}
		return data, err
	}
	if _, err := io.CopyN(io.Discard, file, offset); err != nil {
		return nil, err
	}
	_, err = io.ReadFull(file, data)
	return data, err
}
