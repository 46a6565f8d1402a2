package guard

import (
	"bytes"
	"crypto/sha256"
	"crypto/subtle"
	"fmt"
	"log/slog"
	"os"
	"regexp"
	"strings"
	"sync/atomic"
)

// TokenOptions says which tokens there are.
type TokenOptions struct {
	// File holds a token a line; empty lines and those that begin with # count for nothing. It is read again when it changes.
	File   string
	Values []string     // further tokens, from an environment variable, say
	Logger *slog.Logger // default: nowhere
	// Changed is called after each attempt to use a changed file, with the error if what was used before goes on; nil: nobody is told.
	Changed func(error)
}

// tokenForm is what a bearer token looks like: b64token of RFC 6750, section 2.1.
var tokenForm = regexp.MustCompile(`^[A-Za-z0-9._~+/-]+=*$`)

// maxTokenFile is how large a file with tokens may be, in bytes.
const maxTokenFile = 1 << 20

// Tokens is a set of bearer tokens, of which only hashes are kept. It is safe for concurrent use.
type Tokens struct {
	options TokenOptions
	seen    []byte // hash of the content that was last tried; used by one goroutine at a time
	hashes  atomic.Pointer[[][sha256.Size]byte]
	stop    func()
}

// NewTokens returns the tokens of a file and of a list, one at least. Close ends the watching of the file. Errors wrap ErrToken and tell no
// token.
func NewTokens(o TokenOptions) (*Tokens, error) {
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	t := &Tokens{options: o, stop: func() {}}
	if _, err := t.reload(); err != nil {
		return nil, err
	}
	if o.File != "" {
		stop, err := watch([]string{o.File}, o.Logger, t.changed)
		if err != nil {
			return nil, fmt.Errorf("%w: %w", ErrToken, err)
		}
		t.stop = stop
	}
	return t, nil
}

// Close ends the watching of the file; the tokens stay.
func (t *Tokens) Close() { t.stop() }

// Has reports whether a token is one of the set, in a time that does not depend on which one, or on how much of one it has: all hashes
// are compared, and whole.
func (t *Tokens) Has(token string) bool {
	hash := sha256.Sum256([]byte(token))
	found := 0
	for _, h := range *t.hashes.Load() {
		found |= subtle.ConstantTimeCompare(h[:], hash[:])
	}
	return found == 1
}

// changed looks at the file again.
func (t *Tokens) changed() {
	fresh, err := t.reload()
	switch {
	case err != nil:
		t.options.Logger.Error("the file with tokens has changed, but the old ones stay in use", "error", err)
	case fresh:
		t.options.Logger.Info("tokens reloaded", "file", t.options.File, "tokens", len(*t.hashes.Load()))
	default:
		return
	}
	if t.options.Changed != nil {
		t.options.Changed(err)
	}
}

// reload reads the file; fresh tells whether it holds something that has not been tried before.
func (t *Tokens) reload() (fresh bool, err error) {
	var data []byte
	if t.options.File != "" {
		if data, err = os.ReadFile(t.options.File); err != nil {
			t.seen = nil
			return false, fmt.Errorf("%w: %w", ErrToken, err)
		}
		if len(data) > maxTokenFile {
			return false, fmt.Errorf("%w: %s: %d bytes: the limit is %d", ErrToken, t.options.File, len(data), maxTokenFile)
		}
	}
	hash := sha256.Sum256(data)
	if bytes.Equal(hash[:], t.seen) {
		return false, nil
	}
	t.seen = hash[:]
	var hashes [][sha256.Size]byte
	for i, line := range strings.Split(string(data), "\n") {
		line = strings.TrimSpace(line)
		if line == "" || line[0] == '#' {
			continue
		}
		if !tokenForm.MatchString(line) {
			return false, fmt.Errorf("%w: %s, line %d: want letters, digits and - . _ ~ + /, then =", ErrToken, t.options.File, i+1)
		}
		hashes = append(hashes, sha256.Sum256([]byte(line)))
	}
	for i, value := range t.options.Values {
		if !tokenForm.MatchString(value) {
			return false, fmt.Errorf("%w: number %d: want letters, digits and - . _ ~ + /, then =", ErrToken, i+1)
		}
		hashes = append(hashes, sha256.Sum256([]byte(value)))
	}
	if len(hashes) == 0 {
		return false, fmt.Errorf("%w: %s: there is none", ErrToken, t.options.File)
	}
	t.hashes.Store(&hashes)
	return true, nil
}
