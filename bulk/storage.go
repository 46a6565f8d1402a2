package bulk

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"slices"
	"strings"
	"sync"

	"github.com/apache/beam/sdks/v2/go/pkg/beam/io/filesystem"
)

// local is the scheme of paths without one.
const local = "default"

// scheme returns the part of a path that chooses the file system.
func scheme(path string) string {
	if before, _, ok := strings.Cut(path, "://"); ok && before != "" {
		return before
	}
	return local
}

// storage opens each file system once. It is safe for concurrent use.
type storage struct {
	mu      sync.Mutex
	systems map[string]filesystem.Interface
}

// of returns the file system of a path.
func (s *storage) of(path string) (filesystem.Interface, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	name := scheme(path)
	if system := s.systems[name]; system != nil {
		return system, nil
	}
	// Its context outlives the bundle that asks first: clients of object stores keep it.
	system, err := filesystem.New(context.Background(), path)
	if err != nil {
		return nil, err
	}
	if s.systems == nil {
		s.systems = make(map[string]filesystem.Interface)
	}
	s.systems[name] = system
	return system, nil
}

// close closes the file systems.
func (s *storage) close() (err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, system := range s.systems {
		err = errors.Join(err, system.Close())
	}
	s.systems = nil
	return err
}

// errBytes is the error for a file of more bytes than allowed.
var errBytes = errors.New("too many bytes")

// read returns the bytes of a file, of at most limit.
func (s *storage) read(ctx context.Context, path string, limit int64) ([]byte, error) {
	system, err := s.of(path)
	if err != nil {
		return nil, err
	}
	r, err := system.OpenRead(ctx, path)
	if err != nil {
		return nil, err
	}
	defer r.Close()
	data, err := io.ReadAll(io.LimitReader(r, limit+1))
	if err != nil {
		return nil, err
	}
	if int64(len(data)) > limit {
		return nil, fmt.Errorf("%w: more than %d", errBytes, limit)
	}
	return data, nil
}

// write writes a file in whole or not at all: object stores do so themselves; a local file gets its name when it is complete.
func (s *storage) write(ctx context.Context, path string, content func(io.Writer) error) error {
	system, err := s.of(path)
	if err != nil {
		return err
	}
	renamer, _ := system.(filesystem.Renamer)
	remover, _ := system.(filesystem.Remover)
	if renamer == nil || remover == nil || scheme(path) != local {
		err = put(ctx, system, path, content)
	} else {
		to := path + partial + rand.Text()
		if err = put(ctx, system, to, content); err == nil {
			err = renamer.Rename(ctx, to, path)
		}
		if err != nil {
			if left := remover.Remove(context.WithoutCancel(ctx), to); !errors.Is(left, fs.ErrNotExist) {
				err = errors.Join(err, left)
			}
		}
	}
	if err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	return nil
}

// put writes a file. What it writes when content fails, the system does not commit, if it can.
func put(ctx context.Context, system filesystem.Interface, path string, content func(io.Writer) error) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	w, err := system.OpenWrite(ctx, path)
	if err != nil {
		return err
	}
	if err = content(w); err != nil {
		cancel() // so that closing does not commit
	} else if f, ok := w.(interface{ Sync() error }); ok { // what says that a shard is complete must not outlive its files
		err = f.Sync()
	}
	return errors.Join(err, w.Close())
}

// exists reports whether there is a file.
func (s *storage) exists(ctx context.Context, path string) (bool, error) {
	system, err := s.of(path)
	if err != nil {
		return false, err
	}
	there, err := system.List(ctx, literal(path))
	return slices.Contains(there, path), err
}

// remove removes a file, if it is there and the file system can.
func (s *storage) remove(ctx context.Context, path string) error {
	system, err := s.of(path)
	if err != nil {
		return err
	}
	remover, ok := system.(filesystem.Remover)
	if found, err := s.exists(ctx, path); err != nil || !found || !ok {
		return err
	}
	return remover.Remove(ctx, path)
}

// partial is between a local file's name and a random text while it is written.
const partial = ".part-"

// sweep removes what writers that were killed have left of a local file.
func (s *storage) sweep(ctx context.Context, path string) error {
	system, err := s.of(path)
	if err != nil {
		return err
	}
	remover, ok := system.(filesystem.Remover)
	if !ok || scheme(path) != local {
		return nil
	}
	left, err := system.List(ctx, literal(path)+partial+"*")
	for _, name := range left {
		err = errors.Join(err, remover.Remove(ctx, name))
	}
	return err
}

// literal returns a pattern that matches a path alone, or among others.
func literal(path string) string {
	if scheme(path) != local {
		return path
	}
	return strings.NewReplacer(`\`, `\\`, `*`, `\*`, `?`, `\?`, `[`, `\[`).Replace(path)
}
