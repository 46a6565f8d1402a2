//go:build unix

package main

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"math/big"
	"net"
	"net/http"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	"github.com/octet-ml/octet/internal/digits"
	"github.com/octet-ml/octet/serve/inference"
)

// certificate is one by its own authority, for this machine and for clients.
type certificate struct {
	pair      tls.Certificate
	cert, key []byte // PEM
}

// newCertificate makes a certificate.
func newCertificate(t *testing.T) *certificate {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	c := &x509.Certificate{
		SerialNumber: big.NewInt(1), IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth}, IsCA: true, BasicConstraintsValid: true,
		KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageDigitalSignature,
	}
	der, err := x509.CreateCertificate(rand.Reader, c, c, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	secret, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	out := &certificate{cert: pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), key: pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: secret})}
	if out.pair, err = tls.X509KeyPair(out.cert, out.key); err != nil {
		t.Fatal(err)
	}
	return out
}

// pool returns the certificate as the only authority.
func (c *certificate) pool() *x509.CertPool {
	p := x509.NewCertPool()
	p.AddCert(c.pair.Leaf)
	return p
}

// client returns a client that trusts an authority and has a certificate of its own, perhaps.
func client(t *testing.T, authority *certificate, own *certificate) *http.Client {
	c := &tls.Config{RootCAs: authority.pool()}
	if own != nil {
		c.Certificates = []tls.Certificate{own.pair}
	}
	transport := &http.Transport{TLSClientConfig: c}
	t.Cleanup(transport.CloseIdleConnections)
	return &http.Client{Transport: transport}
}

// guarded starts a server with certificates for both sides and tokens, and tries what it keeps from whom.
func guarded(t *testing.T, bin string) {
	ours, theirs := newCertificate(t), newCertificate(t)
	dir, models := t.TempDir(), t.TempDir()
	put(t, models, "m/1/model.onnx", digits.Model())
	for name, data := range map[string][]byte{"server.pem": ours.cert, "server.key": ours.key, "clients.pem": theirs.cert, "tokens": []byte("user\n"), "admins": []byte("boss\n")} {
		put(t, dir, name, data)
	}
	file := func(name string) string { return filepath.Join(dir, name) }
	p := launch(t, bin, "--repository", models, "--allow-change", "--tls-cert", file("server.pem"), "--tls-key", file("server.key"), "--client-ca", file("clients.pem"),
		"--token-file", file("tokens"), "--admin-token-file", file("admins"))
	known, url := client(t, ours, theirs), "https://"+p.addresses["http"]
	for name, c := range map[string]*http.Client{"no certificate": client(t, ours, nil), "the wrong certificate": client(t, ours, ours), "the wrong authority": client(t, theirs, theirs)} {
		if r, err := c.Get(url + "/v2/health/live"); err == nil {
			r.Body.Close()
			t.Errorf("%s: %d", name, r.StatusCode)
		}
	}
	for _, c := range []struct {
		path, token string
		body        []byte
		status      int
		text        string
	}{
		{"/v2/health/live", "", nil, 200, ""},
		{"/v2/health/ready", "", nil, 200, ""},
		{"/", "", nil, 200, "<html"},
		{"/v1/status", "", nil, 401, "error"},
		{"/v1/status", "guess", nil, 401, "error"},
		{"/v1/status", "user", nil, 200, `"m"`},
		{"/v1/classify/m?top=1", "", digits.Picture(), 401, "error"},
		{"/v1/classify/m?top=1", "user", digits.Picture(), 200, isSeven},
		{"/v1/classify/m?top=1", "boss", digits.Picture(), 200, isSeven},
		{"/v2/repository/models/m/unload", "", []byte("{}"), 401, "error"},
		{"/v2/repository/models/m/unload", "user", []byte("{}"), 403, "error"},
		{"/v2/repository/models/m/unload", "boss", []byte("{}"), 200, ""},
		{"/v1/classify/m?top=1", "user", digits.Picture(), 503, "no version that serves"},
		{"/v2/repository/models/m/load", "boss", []byte("{}"), 200, ""},
		{"/v1/classify/m?top=1", "user", digits.Picture(), 200, isSeven},
	} {
		var header []string
		if c.token != "" {
			header = []string{"Authorization", "Bearer " + c.token}
		}
		if got, said := asked(t, known, url+c.path, c.body, header...); got != c.status || !strings.Contains(said, c.text) {
			t.Errorf("%s with token %q: %d %.300s, want %d and %q", c.path, c.token, got, said, c.status, c.text)
		}
	}
	wants(t, p.url("metrics", "/metrics"), nil, 200, "octet_build_info")
	wants(t, p.url("admin", "/debug/pprof/cmdline"), nil, 401, "error")
	wants(t, p.url("admin", "/debug/pprof/cmdline"), nil, 401, "error", "Authorization", "Bearer user")
	wants(t, p.url("admin", "/debug/pprof/cmdline"), nil, 200, "serve", "Authorization", "Bearer boss")
	guardedRPC(t, p, &tls.Config{RootCAs: ours.pool(), Certificates: []tls.Certificate{theirs.pair}})
	if err := p.end(syscall.SIGTERM); err != nil {
		t.Errorf("after SIGTERM: %v", err)
	}
}

// guardedRPC tries the same on gRPC.
func guardedRPC(t *testing.T, p *process, config *tls.Config) {
	conn, err := grpc.NewClient(p.addresses["grpc"], grpc.WithTransportCredentials(credentials.NewTLS(config)))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	calls := inference.NewGRPCInferenceServiceClient(conn)
	health := func(ctx context.Context) error {
		_, err := grpc_health_v1.NewHealthClient(conn).Check(ctx, &grpc_health_v1.HealthCheckRequest{Service: "m"})
		return err
	}
	metadataOf := func(ctx context.Context) error {
		_, err := calls.ModelMetadata(ctx, &inference.ModelMetadataRequest{Name: "m"})
		return err
	}
	load := func(ctx context.Context) error {
		_, err := calls.RepositoryModelLoad(ctx, &inference.RepositoryModelLoadRequest{ModelName: "m"})
		return err
	}
	for _, c := range []struct {
		what  string
		call  func(context.Context) error
		token string
		want  codes.Code
	}{
		{"health", health, "", codes.OK}, {"metadata", metadataOf, "", codes.Unauthenticated}, {"metadata", metadataOf, "user", codes.OK},
		{"load", load, "", codes.Unauthenticated}, {"load", load, "user", codes.PermissionDenied}, {"load", load, "boss", codes.OK},
	} {
		ctx := context.Background()
		if c.token != "" {
			ctx = metadata.AppendToOutgoingContext(ctx, "authorization", "Bearer "+c.token)
		}
		if err := c.call(ctx); status.Code(err) != c.want {
			t.Errorf("%s with token %q: %v, want %v", c.what, c.token, err, c.want)
		}
	}
}
