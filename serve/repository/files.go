package repository

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/octet-ml/octet/vision"
)

// fingerprint tells whether files have changed: their names, sizes, times and identities. The one of a file that does not exist is
// empty.
type fingerprint string

// mostFiles bounds the files and folders of a version.
const mostFiles = 1 << 12

// markOf returns the fingerprint of one file; symbolic links are followed.
func markOf(path string) (fingerprint, error) {
	info, err := os.Stat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return "", nil
	}
	if err != nil {
		return "", err
	}
	return mark(path, info), nil
}

// mark returns the fingerprint of a file that info describes.
func mark(path string, info fs.FileInfo) fingerprint {
	return fingerprint(fmt.Sprintf("%q %d %d %s\n", path, info.Size(), info.ModTime().UnixNano(), identity(info)))
}

// marksOf returns the fingerprint of all regular files below a folder, since tensors may be stored beside the model. Links to files are
// followed; of a link to a folder it is the link that counts, as what it leads to is either below the folder or out of the loader's
// reach.
func marksOf(folder string) (fingerprint, error) {
	var b strings.Builder
	n := 0
	// With the separator, a folder that is itself a link is walked.
	err := filepath.WalkDir(folder+string(filepath.Separator), func(path string, e fs.DirEntry, err error) error {
		if n++; n > mostFiles {
			return fmt.Errorf("%w: %s: more than %d files", ErrConfig, folder, mostFiles)
		}
		if errors.Is(err, fs.ErrNotExist) && n > 1 || err == nil && e.IsDir() {
			return nil // removed meanwhile, or told by its files
		}
		if err != nil {
			return err
		}
		info, err := os.Stat(path)
		if err == nil && info.IsDir() {
			info, err = os.Lstat(path)
		}
		if errors.Is(err, fs.ErrNotExist) {
			return nil // a link to nowhere, or just removed
		}
		if err == nil {
			b.WriteString(string(mark(path, info)))
		}
		return err
	})
	return fingerprint(b.String()), err
}

// modelFiles are the names that a version's file may have.
var modelFiles = []string{"model.onnx", "model.tflite"}

// modelFile returns the path of the model in a version's folder.
func modelFile(folder string) (string, error) {
	for _, name := range modelFiles {
		path := filepath.Join(folder, name)
		info, err := os.Stat(path)
		switch {
		case err == nil && info.Mode().IsRegular():
			return path, nil
		case err == nil:
			return "", fmt.Errorf("%w: %s is no regular file", ErrNotFound, path)
		case !errors.Is(err, fs.ErrNotExist):
			return "", err
		}
	}
	return "", fmt.Errorf("%w: %s has none of %v", ErrNotFound, folder, modelFiles)
}

// versionsIn returns the numbers of the versions in a model's folder, ascending.
func versionsIn(folder string) ([]int64, error) {
	list, err := os.ReadDir(folder)
	if err != nil {
		return nil, err
	}
	var out []int64
	for _, e := range list {
		n, err := parseVersion(e.Name())
		if err != nil {
			continue
		}
		if info, err := os.Stat(filepath.Join(folder, e.Name())); err == nil && info.IsDir() {
			out = append(out, n)
		}
	}
	slices.Sort(out)
	return out, nil
}

// openIn opens a regular file below a folder, which links inside it cannot leave; the folder may be a link.
func openIn(folder, name string) (*os.File, error) {
	root, err := os.OpenRoot(folder)
	if err != nil {
		return nil, err
	}
	defer root.Close()
	// A pipe would block Open until somebody writes.
	info, err := root.Stat(name)
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, fmt.Errorf("%w: %s is no regular file", ErrConfig, name)
	}
	return root.Open(name)
}

// configFile is the name of a model's configuration in its folder.
const configFile = "config.json"

// readConfig reads the config.json of a model's folder; it is the zero Config where there is none.
func readConfig(folder string) (Config, error) {
	f, err := openIn(folder, configFile)
	if errors.Is(err, fs.ErrNotExist) {
		return Config{}, nil
	}
	if err != nil {
		return Config{}, err
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, maxConfigBytes+1))
	if err != nil {
		return Config{}, err
	}
	c, err := ParseConfig(data)
	if err != nil {
		return Config{}, fmt.Errorf("%s: %w", configFile, err)
	}
	return c, nil
}

// labelsFile is the name of the file with a model's labels in its folder.
func (c *Config) labelsFile() string {
	if c.Labels != "" {
		return c.Labels
	}
	return "labels.txt"
}

// readLabels reads the labels in a model's folder; the file may be missing unless the configuration names it.
func readLabels(folder string, c Config) (vision.Labels, error) {
	f, err := openIn(folder, c.labelsFile())
	if c.Labels == "" && errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("labels: %w", err)
	}
	defer f.Close()
	labels, err := vision.ReadLabels(f)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", c.labelsFile(), err)
	}
	return labels, nil
}
