package guard

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"io"
	"math/big"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"
)

// issued is a certificate with its key, as PEM and parsed.
type issued struct {
	cert, key []byte
	pair      tls.Certificate
}

// issue makes a certificate, by an authority or, without one, by itself and as an authority.
func issue(t *testing.T, name string, by *issued) issued {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	c := &x509.Certificate{
		SerialNumber: big.NewInt(time.Now().UnixNano()), Subject: pkix.Name{CommonName: name}, DNSNames: []string{"example.com"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
	}
	parent, signer := c, any(key)
	if by == nil {
		c.IsCA, c.BasicConstraintsValid, c.KeyUsage = true, true, x509.KeyUsageCertSign
	} else {
		parent, signer = by.pair.Leaf, by.pair.PrivateKey
	}
	der, err := x509.CreateCertificate(rand.Reader, c, parent, &key.PublicKey, signer)
	if err != nil {
		t.Fatal(err)
	}
	secret, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	out := issued{cert: pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), key: pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: secret})}
	if out.pair, err = tls.X509KeyPair(out.cert, out.key); err != nil {
		t.Fatal(err)
	}
	return out
}

// write replaces a file.
func write(t *testing.T, path string, data []byte) {
	t.Helper()
	if err := errors.Join(os.WriteFile(path+".part", data, 0o600), os.Rename(path+".part", path)); err != nil {
		t.Fatal(err)
	}
}

// secure starts a server with the files of o and returns where it is, and what becomes of changes.
func secure(t *testing.T, o TLSOptions) (url string, changes <-chan error) {
	t.Helper()
	told := make(chan error, 64)
	o.Changed = func(err error) { told <- err }
	c, stop, err := TLS(o)
	if err != nil {
		t.Fatal(err)
	}
	s := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { _, _ = io.WriteString(w, r.Proto) }))
	s.Config = Server(s.Config.Handler, ServerOptions{})
	s.TLS, s.EnableHTTP2 = c, true
	s.StartTLS()
	t.Cleanup(func() { s.Close(); stop() })
	return s.URL, told
}

// ask makes a connection, and a request on it, and returns the name in the server's certificate.
func ask(t *testing.T, url string, ca issued, own ...tls.Certificate) (string, error) {
	t.Helper()
	roots := x509.NewCertPool()
	roots.AddCert(ca.pair.Leaf)
	transport := &http.Transport{ForceAttemptHTTP2: true, TLSClientConfig: &tls.Config{RootCAs: roots, ServerName: "example.com", Certificates: own}}
	defer transport.CloseIdleConnections()
	res, err := (&http.Client{Transport: transport}).Get(url)
	if err != nil {
		return "", err
	}
	defer res.Body.Close()
	if body, err := io.ReadAll(res.Body); err != nil || string(body) != "HTTP/2.0" {
		t.Errorf("got %q, %v", body, err)
	}
	return res.TLS.PeerCertificates[0].Subject.CommonName, nil
}

// wantName fails unless the server shows a certificate of that name.
func wantName(t *testing.T, url string, ca issued, want string) {
	t.Helper()
	if got, err := ask(t, url, ca); got != want || err != nil {
		t.Errorf("got %q, %v, want %q", got, err, want)
	}
}

// settled waits until a change has brought err == nil or not.
func settled(t *testing.T, changes <-chan error, want bool) {
	t.Helper()
	for {
		err := <-changes // in between, the certificate may be new and its key old
		if err != nil && !errors.Is(err, ErrTLS) {
			t.Fatal(err)
		}
		if (err == nil) == want {
			return
		}
	}
}

func TestCertificateIsReplacedWhileRequestsRun(t *testing.T) {
	ca := issue(t, "ca", nil)
	first, second := issue(t, "first", &ca), issue(t, "second", &ca)
	o := TLSOptions{CertFile: filepath.Join(t.TempDir(), "tls.crt"), KeyFile: filepath.Join(t.TempDir(), "tls.key")}
	write(t, o.CertFile, first.cert)
	write(t, o.KeyFile, first.key)
	url, changes := secure(t, o)
	wantName(t, url, ca, "first")
	stop := make(chan struct{})
	var all sync.WaitGroup
	for range 3 {
		all.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
				}
				if _, err := ask(t, url, ca); err != nil {
					t.Error(err)
				}
			}
		})
	}
	write(t, o.CertFile, second.cert)
	write(t, o.KeyFile, second.key)
	settled(t, changes, true)
	close(stop)
	all.Wait()
	wantName(t, url, ca, "second")
}

func TestABrokenCertificateIsNotUsed(t *testing.T) {
	ca := issue(t, "ca", nil)
	first, second := issue(t, "first", &ca), issue(t, "second", &ca)
	folder := t.TempDir()
	o := TLSOptions{CertFile: filepath.Join(folder, "tls.crt"), KeyFile: filepath.Join(folder, "tls.key")}
	write(t, o.CertFile, first.cert)
	write(t, o.KeyFile, first.key)
	url, changes := secure(t, o)
	write(t, o.CertFile, second.cert[:len(second.cert)/2])
	settled(t, changes, false)
	wantName(t, url, ca, "first")
	if err := os.Remove(o.CertFile); err != nil {
		t.Fatal(err)
	}
	settled(t, changes, false)
	wantName(t, url, ca, "first")
	write(t, o.KeyFile, second.key)
	write(t, o.CertFile, second.cert)
	settled(t, changes, true)
	wantName(t, url, ca, "second")
}

// Kubernetes puts the files of a Secret into a new folder, and moves the link ..data there in one step.
func TestASecretOfKubernetesIsFollowed(t *testing.T) {
	ca := issue(t, "ca", nil)
	folder := t.TempDir()
	publish := func(name string) {
		t.Helper()
		c := issue(t, name, &ca)
		if err := os.Mkdir(filepath.Join(folder, name), 0o755); err != nil {
			t.Fatal(err)
		}
		write(t, filepath.Join(folder, name, "tls.crt"), c.cert)
		write(t, filepath.Join(folder, name, "tls.key"), c.key)
		if err := errors.Join(os.Symlink(name, filepath.Join(folder, "..data_tmp")), os.Rename(filepath.Join(folder, "..data_tmp"), filepath.Join(folder, "..data"))); err != nil {
			t.Fatal(err)
		}
	}
	publish("one")
	for _, name := range []string{"tls.crt", "tls.key"} {
		if err := os.Symlink(filepath.Join("..data", name), filepath.Join(folder, name)); err != nil {
			t.Fatal(err)
		}
	}
	url, changes := secure(t, TLSOptions{CertFile: filepath.Join(folder, "tls.crt"), KeyFile: filepath.Join(folder, "tls.key")})
	wantName(t, url, ca, "one")
	for _, name := range []string{"two", "three"} {
		publish(name)
		settled(t, changes, true)
		wantName(t, url, ca, name)
	}
}

func TestClientsShowCertificates(t *testing.T) {
	ca, old, next := issue(t, "ca", nil), issue(t, "old", nil), issue(t, "next", nil)
	server, known, stranger := issue(t, "server", &ca), issue(t, "known", &old), issue(t, "later", &next)
	folder := t.TempDir()
	o := TLSOptions{CertFile: filepath.Join(folder, "tls.crt"), KeyFile: filepath.Join(folder, "tls.key"), ClientCAFile: filepath.Join(folder, "ca.crt")}
	write(t, o.CertFile, server.cert)
	write(t, o.KeyFile, server.key)
	write(t, o.ClientCAFile, old.cert)
	url, changes := secure(t, o)
	check := func(name string, want bool, own ...tls.Certificate) {
		t.Helper()
		if _, err := ask(t, url, ca, own...); (err == nil) != want {
			t.Errorf("%s: got %v", name, err)
		}
	}
	check("known", true, known.pair)
	check("of another authority", false, stranger.pair)
	check("without", false)
	write(t, o.ClientCAFile, next.cert)
	settled(t, changes, true)
	check("of the old authority", false, known.pair)
	check("of the new authority", true, stranger.pair)
}

func TestBadTLSOptions(t *testing.T) {
	c := issue(t, "ca", nil)
	folder := t.TempDir()
	path := func(name string, data []byte) string {
		write(t, filepath.Join(folder, name), data)
		return filepath.Join(folder, name)
	}
	cert, key, other := path("cert", c.cert), path("key", c.key), path("other", issue(t, "other", nil).key)
	for _, o := range []TLSOptions{
		{CertFile: cert, KeyFile: other}, {CertFile: cert, KeyFile: "missing"}, {CertFile: key, KeyFile: key},
		{CertFile: cert, KeyFile: key, ClientCAFile: key}, {CertFile: cert, KeyFile: key, MinVersion: tls.VersionTLS11},
	} {
		if _, _, err := TLS(o); !errors.Is(err, ErrTLS) {
			t.Errorf("%+v: got %v", o, err)
		}
	}
}

func TestOldTLSIsRefused(t *testing.T) {
	ca := issue(t, "ca", nil)
	server := issue(t, "server", &ca)
	folder := t.TempDir()
	o := TLSOptions{CertFile: filepath.Join(folder, "tls.crt"), KeyFile: filepath.Join(folder, "tls.key")}
	write(t, o.CertFile, server.cert)
	write(t, o.KeyFile, server.key)
	url, _ := secure(t, o)
	for version, want := range map[uint16]bool{tls.VersionTLS11: false, tls.VersionTLS12: true, tls.VersionTLS13: true} {
		c, err := tls.Dial("tcp", url[len("https://"):], &tls.Config{InsecureSkipVerify: true, MinVersion: version, MaxVersion: version})
		if (err == nil) != want {
			t.Errorf("%s: got %v", tls.VersionName(version), err)
		}
		if err == nil {
			c.Close()
		}
	}
}
