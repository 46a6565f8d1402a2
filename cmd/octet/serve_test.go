package main

import (
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/octet-ml/octet/serve"
	"github.com/octet-ml/octet/serve/guard"
)

// local makes a server open one port of this machine, unless its arguments say otherwise.
func local(args ...string) []string {
	return append([]string{"serve", "--http", "127.0.0.1:0", "--grpc", "off", "--metrics", "off"}, args...)
}

// What is wrong with the flags is told by name, and ends the command before it serves: by status 2 where the flags make no sense, by 1 where
// what they name is not usable.
func TestWrongServeArguments(t *testing.T) {
	dir := t.TempDir()
	empty, text := filepath.Join(dir, "empty"), filepath.Join(dir, "text")
	for path, data := range map[string]string{empty: "# none\n", text: "no certificate\n"} {
		if err := os.WriteFile(path, []byte(data), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	type wrong struct {
		status int
		want   string
		args   []string
	}
	cases := []wrong{
		{2, "unknown command", []string{"models"}},
		{2, "invalid argument", []string{"--max-batch", "two"}},
		{2, "invalid argument", []string{"--drain-delay", "5"}},
		{2, "--log-level loud", []string{"--log-level", "loud"}},
		{2, "--metrics-compat other", []string{"--metrics-compat", "other"}},
		{2, "--http and --grpc", []string{"--http", "off"}},
		{2, "--explicit", []string{"--explicit", "--allow-change"}},
		{2, "--explicit", []string{"--explicit", "--repository", dir}},
		{2, "--tls-cert", []string{"--tls-cert", text}},
		{2, "--tls-key", []string{"--tls-key", text}},
		{2, "--client-ca", []string{"--client-ca", text}},
		{1, "text", []string{"--tls-cert", text, "--tls-key", text}},
		{1, "none", []string{"--tls-cert", filepath.Join(dir, "none"), "--tls-key", text}},
		{1, "--token-file", []string{"--token-file", filepath.Join(dir, "none")}},
		{1, "--token-file", []string{"--token-file", empty}},
		{1, "--admin-token-file", []string{"--admin-token-file", empty}},
		{1, "none", []string{"--repository", filepath.Join(dir, "none")}},
		{1, "sse9", []string{"--kernels", "sse9"}},
		{1, "max_batch", []string{"--max-batch", "1000000"}},
		{1, "ratio", []string{"--otlp-endpoint", "http://127.0.0.1:9", "--trace-ratio", "2"}},
		{1, "http", []string{"--http", taken.Addr().String()}},
		{1, "metrics", []string{"--metrics", "nowhere:1:2"}},
	}
	for _, flag := range []string{"poll", "max-delay", "timeout", "max-timeout", "drain-delay", "drain-timeout"} {
		cases = append(cases, wrong{2, "--" + flag, []string{"--" + flag, "-1s"}})
	}
	for _, flag := range []string{"cores", "max-batch", "max-queue", "max-request-bytes", "max-bytes-in-flight", "max-pixels", "max-connections", "max-per-client"} {
		cases = append(cases, wrong{2, "--" + flag, []string{"--" + flag, "-1"}})
	}
	for _, c := range cases {
		status, out, errs := octet(nil, local(c.args...)...)
		if status != c.status || !strings.Contains(errs, c.want) || out != "" {
			t.Errorf("%v: status %d, want %d and %q: %s%s", c.args, status, c.status, c.want, out, errs)
		}
		if strings.Contains(errs, `"listening"`) {
			t.Errorf("%v: it listens: %s", c.args, errs)
		}
	}
}

// What the flags say of tokens arrives in the options; without flags everybody may.
func TestServeGuards(t *testing.T) {
	file := filepath.Join(t.TempDir(), "tokens")
	if err := os.WriteFile(file, []byte("secret\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		flags      guardFlags
		ask, admin bool
	}{
		{guardFlags{}, false, false},
		{guardFlags{tokenFile: file}, true, false},
		{guardFlags{adminTokens: file}, false, true},
	} {
		var o serve.Options
		closeAll, err := c.flags.set(&o)
		if err != nil {
			t.Fatal(err)
		}
		if (o.Tokens != nil) != c.ask || (o.AdminTokens != nil) != c.admin || o.TLS != nil {
			t.Errorf("%+v: got %v, %v, %v", c.flags, o.Tokens, o.AdminTokens, o.TLS)
		}
		for _, tokens := range []*guard.Tokens{o.Tokens, o.AdminTokens} {
			if tokens != nil && (!tokens.Has("secret") || tokens.Has("other")) {
				t.Errorf("%+v: the tokens are not those of the file", c.flags)
			}
		}
		closeAll()
	}
}
