package quantize

import (
	"errors"
	"io/fs"
	"os"
)

// StateFile is the path of a file that keeps the state of one unfinished Quantize. A new state is written beside it, under the same
// name with unfinished behind, and then takes its place at once.
type StateFile string

const unfinished = ".new"

// Load returns what the file holds, nil where there is none.
func (f StateFile) Load() ([]byte, error) {
	data, err := os.ReadFile(string(f))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	return data, err
}

// Save writes the file anew.
func (f StateFile) Save(state []byte) error {
	t, err := os.OpenFile(string(f)+unfinished, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o644)
	if err != nil {
		return err
	}
	_, err = t.Write(state)
	if err := errors.Join(err, t.Sync(), t.Close()); err != nil {
		return errors.Join(err, os.Remove(t.Name()))
	}
	return os.Rename(t.Name(), string(f))
}

// Remove removes the file and what an interrupted Save left; it is no error that there is nothing.
func (f StateFile) Remove() error {
	var all error
	for _, path := range []string{string(f), string(f) + unfinished} {
		if err := os.Remove(path); !errors.Is(err, fs.ErrNotExist) {
			all = errors.Join(all, err)
		}
	}
	return all
}
