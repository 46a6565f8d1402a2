package guard

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"log/slog"
	"os"
	"sync/atomic"
	"time"
)

// TLSOptions says with which certificate a server speaks, and whom it believes.
type TLSOptions struct {
	CertFile string // PEM: the certificate, then those between it and the authority
	KeyFile  string // PEM
	// ClientCAFile, where set, asks clients for certificates of the authorities in this PEM file (mTLS), and refuses those without.
	ClientCAFile string
	MinVersion   uint16       // default tls.VersionTLS12, which is the least that is allowed
	Logger       *slog.Logger // default: nowhere
	// Changed is called after each attempt to use changed files, with the error if what was used before goes on; nil: nobody is told.
	Changed func(error)
}

// TLS returns a configuration for servers of HTTP/2, HTTP/1.1 and gRPC, and what ends the watching of its files. When they change, new
// connections get the new ones; those that live are left alone, and where the new ones cannot be used, the old ones go on. Errors wrap
// ErrTLS.
func TLS(o TLSOptions) (*tls.Config, func(), error) {
	if o.MinVersion == 0 {
		o.MinVersion = tls.VersionTLS12
	}
	if o.MinVersion < tls.VersionTLS12 {
		return nil, nil, fmt.Errorf("%w: %s: want TLS 1.2 at least", ErrTLS, tls.VersionName(o.MinVersion))
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	c := &credentials{options: o}
	if _, err := c.reload(); err != nil {
		return nil, nil, err
	}
	stop, err := watch(c.files(), o.Logger, c.changed)
	if err != nil {
		return nil, nil, fmt.Errorf("%w: %w", ErrTLS, err)
	}
	base := c.current.Load().Clone()
	base.Certificates = nil
	base.GetCertificate = func(*tls.ClientHelloInfo) (*tls.Certificate, error) { return &c.current.Load().Certificates[0], nil }
	base.GetConfigForClient = func(*tls.ClientHelloInfo) (*tls.Config, error) { return c.current.Load(), nil }
	return base, stop, nil
}

// credentials are the files' content.
type credentials struct {
	options TLSOptions
	seen    []byte // the content that was last tried; used by one goroutine at a time
	current atomic.Pointer[tls.Config]
}

// files returns the names of the files.
func (c *credentials) files() []string {
	out := []string{c.options.CertFile, c.options.KeyFile}
	if c.options.ClientCAFile != "" {
		out = append(out, c.options.ClientCAFile)
	}
	return out
}

// changed looks at the files again.
func (c *credentials) changed() {
	fresh, err := c.reload()
	switch {
	case err != nil:
		c.options.Logger.Error("TLS files have changed, but the old ones stay in use", "error", err)
	case fresh:
		leaf := c.current.Load().Certificates[0].Leaf
		c.options.Logger.Info("TLS files reloaded", "subject", leaf.Subject.String(), "not_after", leaf.NotAfter)
	default:
		return
	}
	if c.options.Changed != nil {
		c.options.Changed(err)
	}
}

// reload reads the files; fresh tells whether they hold something that has not been tried before.
func (c *credentials) reload() (fresh bool, err error) {
	var parts [3][]byte
	for i, name := range c.files() {
		if parts[i], err = os.ReadFile(name); err != nil {
			c.seen = nil
			return false, fmt.Errorf("%w: %w", ErrTLS, err)
		}
	}
	content := bytes.Join(parts[:], []byte{0})
	if bytes.Equal(content, c.seen) {
		return false, nil
	}
	c.seen = content
	next, err := c.options.config(parts[0], parts[1], parts[2])
	if err != nil {
		return false, err
	}
	c.current.Store(next)
	return true, nil
}

// config makes a configuration of PEM blocks.
func (o TLSOptions) config(cert, key, clientCA []byte) (*tls.Config, error) {
	pair, err := tls.X509KeyPair(cert, key)
	if err != nil {
		return nil, fmt.Errorf("%w: %s, %s: %w", ErrTLS, o.CertFile, o.KeyFile, err)
	}
	if now := time.Now(); now.After(pair.Leaf.NotAfter) || now.Before(pair.Leaf.NotBefore) {
		o.Logger.Warn("the certificate is not valid now", "file", o.CertFile, "not_before", pair.Leaf.NotBefore, "not_after", pair.Leaf.NotAfter)
	}
	c := &tls.Config{Certificates: []tls.Certificate{pair}, MinVersion: o.MinVersion, NextProtos: []string{"h2", "http/1.1"}}
	if o.ClientCAFile == "" {
		return c, nil
	}
	c.ClientCAs = x509.NewCertPool()
	if !c.ClientCAs.AppendCertsFromPEM(clientCA) {
		return nil, fmt.Errorf("%w: %s: no certificate", ErrTLS, o.ClientCAFile)
	}
	c.ClientAuth = tls.RequireAndVerifyClientCert
	c.SessionTicketsDisabled = true // a ticket would outlive the authority that its client was believed by
	return c, nil
}
