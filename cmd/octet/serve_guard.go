package main

import (
	"errors"
	"fmt"

	"github.com/spf13/pflag"

	"github.com/octet-ml/octet/serve"
	"github.com/octet-ml/octet/serve/guard"
)

// guardFlags are those of octet serve that say who may talk to it.
type guardFlags struct {
	cert, key, clientCA    string
	tokenFile, adminTokens string
}

// add adds the flags.
func (f *guardFlags) add(flags *pflag.FlagSet) {
	flags.StringVar(&f.cert, "tls-cert", "", "PEM file with the certificate for HTTP and gRPC; read again when it changes")
	flags.StringVar(&f.key, "tls-key", "", "PEM file with its key")
	flags.StringVar(&f.clientCA, "client-ca", "", "PEM file with the authorities whose certificates clients must have (mTLS)")
	flags.StringVar(&f.tokenFile, "token-file", "", "file with bearer tokens of those who may ask, one a line; read again when it changes")
	flags.StringVar(&f.adminTokens, "admin-token-file", "", "the same, of those who may load and unload models, and take profiles")
}

// set puts what the flags say into options, and returns what closes it.
func (f *guardFlags) set(o *serve.Options) (closeAll func(), err error) {
	var closers []func()
	closeAll = func() {
		for _, c := range closers {
			c()
		}
	}
	defer func() {
		if err != nil {
			closeAll()
		}
	}()
	if (f.cert == "") != (f.key == "") || f.clientCA != "" && f.cert == "" {
		return closeAll, usageError{errors.New("--tls-cert, --tls-key and --client-ca: want a certificate with its key")}
	}
	if f.cert != "" {
		config, stop, err := guard.TLS(guard.TLSOptions{CertFile: f.cert, KeyFile: f.key, ClientCAFile: f.clientCA, Logger: o.Logger})
		if err != nil {
			return closeAll, err
		}
		closers, o.TLS = append(closers, stop), config
	}
	for _, t := range []struct {
		flag, file string
		to         **guard.Tokens
	}{{"token-file", f.tokenFile, &o.Tokens}, {"admin-token-file", f.adminTokens, &o.AdminTokens}} {
		if t.file == "" {
			continue
		}
		tokens, err := guard.NewTokens(guard.TokenOptions{File: t.file, Logger: o.Logger})
		if err != nil {
			return closeAll, fmt.Errorf("--%s: %w", t.flag, err)
		}
		closers, *t.to = append(closers, tokens.Close), tokens
	}
	return closeAll, nil
}
