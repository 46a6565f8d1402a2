package serve_test

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"context"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"

	"go.uber.org/goleak"

	"github.com/octet-ml/octet/serve"
	"github.com/octet-ml/octet/serve/internal/servetest"
	"github.com/octet-ml/octet/serve/repository"
)

// target is a server with small limits that is attacked.
type target struct {
	*running
	picture string // file that the server can name
	threads goleak.Option
	heap    uint64
}

// most is how many bytes a request to a target may have.
const most = 4 << 20

// attacked starts a target.
func attacked(t *testing.T) *target {
	t.Helper()
	s := start(t, serve.Options{Models: repository.Options{Dir: servetest.Folder(t, "digits")}, AllowChange: true, MaxRequestBytes: most, MaxBytes: 16 * most})
	a := &target{running: s, picture: string(servetest.Digit(t, "7"))}
	for range 3 { // what is made once, is
		a.well(t)
	}
	http.DefaultClient.CloseIdleConnections()
	a.threads, a.heap = goleak.IgnoreCurrent(), heap()
	return a
}

// well checks that the server answers as ever.
func (a *target) well(t *testing.T) {
	t.Helper()
	if code, text := get(t, a.url("http", "/v1/classify/digits?top=1"), a.picture); code != 200 || !strings.Contains(text, `"label":"7"`) {
		t.Errorf("afterwards: %d %s", code, text)
	}
}

// unharmed checks that attacks have left nothing: neither bytes of the budget nor goroutines nor memory.
func (a *target) unharmed(t *testing.T) {
	t.Helper()
	a.well(t)
	http.DefaultClient.CloseIdleConnections()
	err := goleak.Find(a.threads)
	for i := 0; i < 10 && err != nil; i++ { // net/http keeps a connection for half a second whose client may still send
		err = goleak.Find(a.threads)
	}
	if err != nil {
		t.Error(err)
	}
	if n := a.Service().Budget().Used(); n != 0 {
		t.Errorf("%d bytes of the budget are lost", n)
	}
	if n := heap(); n > a.heap+8<<20 {
		t.Errorf("%d bytes of memory are used, %d before", n, a.heap)
	}
}

// heap returns how much memory is reachable.
func heap() uint64 {
	var m runtime.MemStats
	runtime.GC()
	runtime.GC() // pools give up in the second
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

// answers sends bytes to a port and returns the statuses of the answers until the server ends the connection or, with n > 0, n answers
// came. The sending ends when it has been through or answers have.
func answers(t *testing.T, address string, send io.Reader, n int) []int {
	t.Helper()
	c, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	var sending sync.WaitGroup
	defer sending.Wait()
	defer c.Close()
	sending.Go(func() {
		if _, err := io.Copy(struct{ io.Writer }{c}, send); err == nil {
			_ = c.(*net.TCPConn).CloseWrite()
		}
	})
	var out []int
	for r := bufio.NewReader(c); n <= 0 || len(out) < n; {
		res, err := http.ReadResponse(r, nil)
		if err != nil {
			return out
		}
		_, _ = io.Copy(io.Discard, res.Body)
		res.Body.Close()
		out = append(out, res.StatusCode)
	}
	return out
}

// post returns a request with a body. Headers are lines, or one of Content-Length that lies.
func post(path, body string, headers ...string) string {
	lies := slices.ContainsFunc(headers, func(h string) bool {
		return strings.HasPrefix(h, "Content-Length:") || strings.HasPrefix(h, "Transfer-Encoding:")
	})
	if !lies {
		headers = append(headers, fmt.Sprintf("Content-Length: %d", len(body)))
	}
	return "POST " + path + " HTTP/1.1\r\nHost: h\r\nConnection: close\r\n" + strings.Join(headers, "\r\n") + "\r\n\r\n" + body
}

// zip returns n zeros by gzip.
func zip(t *testing.T, n int64) string {
	t.Helper()
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	if _, err := io.CopyN(z, zeros{}, n); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// zeros has no end.
type zeros struct{}

func (zeros) Read(p []byte) (int, error) { clear(p); return len(p), nil }

// endless repeats a text.
type endless struct {
	text string
	at   int
}

func (e *endless) Read(p []byte) (int, error) {
	n := copy(p, e.text[e.at:])
	e.at = (e.at + n) % len(e.text)
	return n, nil
}

// hugePNG returns the beginning of a PNG file with a picture of 30000 times 30000 pixels, hugeGIF and hugeBMP of others.
func hugePNG() string {
	head := append([]byte("IHDR"), 0, 0, 0x75, 0x30, 0, 0, 0x75, 0x30, 8, 0, 0, 0, 0)
	return "\x89PNG\r\n\x1a\n\x00\x00\x00\x0d" + string(binary.BigEndian.AppendUint32(head, crc32.ChecksumIEEE(head))) + "\x00\x00\x10\x00IDAT" + strings.Repeat("\x00", 4096)
}

func hugeGIF() string {
	return "GIF89a\xff\xff\xff\xff\x80\x00\x00\x00\x00\x00\xff\xff\xff,\x00\x00\x00\x00\x01\x00\x01\x00\x00\x02\x02\x44\x01\x00;"
}

func hugeBMP() string {
	return "BM\x46\x00\x00\x00\x00\x00\x00\x00\x36\x00\x00\x00\x28\x00\x00\x00\xff\xff\xff\x7f\xff\xff\xff\x7f\x01\x00\x18\x00" + strings.Repeat("\x00", 64)
}

// parts returns a form of n parts.
func parts(n int, part string) string { return strings.Repeat("--b\r\n"+part+"\r\n", n) + "--b--\r\n" }

const (
	classify = "/v1/classify/digits"
	infer    = "/v2/models/digits/infer"
	form     = "Content-Type: multipart/form-data; boundary=b"
	asJSON   = "Content-Type: application/json"
)

// inputs returns an inference request whose input has a shape, parameters and data.
func inputs(shape, parameters, data string) string {
	return `{"inputs":[{"name":"image","datatype":"FP32","shape":[` + shape + `],"parameters":{` + parameters + `},"data":` + data + `}]}`
}

// Bodies that are lies or much more than they seem are refused, and cost nothing that stays.
func TestHostileBodies(t *testing.T) {
	a := attacked(t)
	zipped := zip(t, 256<<20)
	header := func(n string) string { return "Inference-Header-Content-Length: " + n }
	tensor := func(shape, parameters string) string {
		return `{"inputs":[{"name":"image","datatype":"FP32","shape":[` + shape + `],"parameters":{` + parameters + `}}]}`
	}
	bytesInput := fmt.Sprintf(`{"inputs":[{"name":"image","datatype":"BYTES","shape":[1],"parameters":{"binary_data_size":%d}}]}`, 4+len(hugePNG()))
	for _, c := range []struct {
		name, request string
		want          int
	}{
		{"PNG of 900 megapixels", post(classify, hugePNG()), 413},
		{"GIF of 4 gigapixels", post(classify, hugeGIF()), 413},
		{"BMP of 4 exapixels", post(classify, hugeBMP()), 415},
		{"pictures among others", post(classify, parts(3, "Content-Disposition: form-data; name=f\r\n\r\n"+hugePNG()), form), 200}, // each fails alone
		{"PNG of 900 megapixels as BYTES", post(infer, bytesInput+string(binary.LittleEndian.AppendUint32(nil, uint32(len(hugePNG()))))+hugePNG(), header(fmt.Sprint(len(bytesInput)))), 413},
		{"gzip of 256 MiB", post(classify, zipped, "Content-Encoding: gzip"), 413},
		{"gzip of 256 MiB to infer", post(infer, zipped, "Content-Encoding: gzip"), 413},
		{"gzip of 256 MiB as a form", post(classify, zipped, "Content-Encoding: gzip", form), 413},
		{"gzip of 256 MiB to load", post("/v2/repository/models/digits/load", zipped, "Content-Encoding: gzip"), 413},
		{"gzip that is none", post(infer, strings.Repeat("x", 1000), "Content-Encoding: gzip"), 400},
		{"gzip cut short", post(infer, zipped[:100], "Content-Encoding: gzip"), 400},
		{"gzip of gzip", post(infer, zipped, "Content-Encoding: gzip, gzip"), 415},
		{"5000 parts", post(classify, parts(5000, "\r\nx"), form), 413},
		{"100000 empty parts", post(classify, parts(100_000, "\r\n"), form), 413},
		{"a part with 100000 headers", post(classify, parts(1, strings.Repeat("A: b\r\n", 100_000)+"\r\nx"), form), 400},
		{"a part with a long name", post(classify, parts(1, "Content-Disposition: form-data; name=f; filename="+strings.Repeat("x", 100_000)+"\r\n\r\nx"), form), 400},
		{"a form without an end", post(classify, "--b\r\n\r\nx", form), 400},
		{"a form without a boundary", post(classify, "x", "Content-Type: multipart/form-data"), 400},
		{"nested lists", post(infer, inputs("1,1,28,28", "", strings.Repeat("[", 100_000))), 400},
		{"nested lists that end", post(infer, inputs("1", "", strings.Repeat("[", 100_000)+strings.Repeat("]", 100_000))), 400},
		{"nested lists as a shape", post(infer, inputs(strings.Repeat("[", 100_000), "", "[]")), 400},
		{"nested objects under unknown keys", post(infer, strings.Repeat(`{"a":`, 100_000)), 400},
		{"nested lists for a picture", post(classify, strings.Repeat("[", 100_000), asJSON), 400},
		{"nested lists as pictures", post(classify, `{"images":`+strings.Repeat("[", 100_000), asJSON), 400},
		{"nested lists to load", post("/v2/repository/models/digits/load", `{"parameters":`+strings.Repeat("[", 100_000)), 400},
		{"nested lists as a config", post("/v2/repository/models/digits/load", `{"parameters":{"config":"`+strings.Repeat("[", 100_000)+`"}}`), 400},
		{"nested lists to the index", post("/v2/repository/index", strings.Repeat("[", 100_000)), 400},
		{"a giant string", post(infer, `{"id":"`+strings.Repeat("x", most-100)+`"}`), 400},
		{"a giant string as a name", post(infer, `{"inputs":[{"name":"`+strings.Repeat("x", most-100)+`","datatype":"FP32","shape":[1],"data":[1]}]}`), 400},
		{"a giant key", post(infer, `{"`+strings.Repeat("x", most-100)+`":1}`), 400},
		{"a giant string that does not end", post(infer, `{"id":"`+strings.Repeat("\\", most-100)), 400},
		{"many tiny inputs", post(infer, `{"inputs":[`+strings.TrimSuffix(strings.Repeat(`{"name":"a","datatype":"FP32","shape":[],"data":[]},`, 80_000), ",")+`]}`), 400},
		{"many outputs", post(infer, `{"outputs":[`+strings.TrimSuffix(strings.Repeat(`{"name":"a"},`, 300_000), ",")+`]}`), 400},
		{"many pictures", post(classify, `{"images":[`+strings.TrimSuffix(strings.Repeat(`"",`, 1_000_000), ",")+`]}`, asJSON), 413},
		{"a giant number", post(infer, inputs("1,1,28,28", "", "["+strings.Repeat("9", 1_000_000)+"]")), 400},
		{"a giant exponent", post(infer, inputs("1,1,28,28", "", "[1e999999999999]")), 400},
		{"a giant negative exponent", post(infer, inputs("1,1,28,28", "", "[1e-999999999999]")), 400},
		{"a shape of many dimensions", post(infer, inputs(strings.Repeat("1,", 1_000_000)+"1", "", "[1]")), 400},
		{"a negative shape", post(infer, inputs("-1,1,28,28", "", "[1]")), 400},
		{"a shape that overflows", post(infer, inputs("4294967296,4294967296,28,28", "", "[1]")), 400},
		{"a shape of too large a number", post(infer, inputs("9223372036854775808", "", "[1]")), 400},
		{"a shape of a fraction", post(infer, inputs("1.5,1,28,28", "", "[1]")), 400},
		{"a giant shape of nothing", post(infer, inputs("9223372036854775807,0", "", "[]")), 400},
		{"a giant batch of nothing", post(infer, inputs("0,1,28,28", "", "[]")), 400},
		{"a negative size", post(infer, tensor("1,1,28,28", `"binary_data_size":-1`)), 400},
		{"a size that overflows", post(infer, tensor("1,1,28,28", `"binary_data_size":9223372036854775808`)), 400},
		{"a size larger than the body", post(infer, tensor("1,1,28,28", `"binary_data_size":9223372036854775807`)), 400},
		{"a giant batch of binary data", post(infer, tensor("4611686018427387904,1,28,28", `"binary_data_size":0`)), 400},
		{"a negative length of the JSON", post(infer, "{}", header("-1")), 400},
		{"a length of the JSON that overflows", post(infer, "{}", header("18446744073709551616")), 400},
		{"a length of the JSON over the body's", post(infer, "{}", header("3")), 400},
		{"raw input of no example", post(infer, "", header("0")), 400},
		{"raw input of half an example", post(infer, "xxx", header("0")), 400},
		{"a body over the limit", post(infer, strings.Repeat("x", most+1)), 413},
		{"unknown classes", post(infer, `{"inputs":[],"outputs":[{"name":"probabilities","parameters":{"classification":9223372036854775807}}]}`), 400},
	} {
		t.Run(c.name, func(t *testing.T) {
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			if got := answers(t, a.Address("http").String(), strings.NewReader(c.request), 1); !slices.Equal(got, []int{c.want}) {
				t.Errorf("answered by %v, want %d", got, c.want)
			}
			runtime.ReadMemStats(&after)
			if n := after.TotalAlloc - before.TotalAlloc; n > 16*most {
				t.Errorf("took %d bytes of memory, one after another", n)
			}
			a.well(t)
		})
	}
	a.unharmed(t)
}

// Requests that are no HTTP, or too much of it, are refused.
func TestHostileRequests(t *testing.T) {
	a := attacked(t)
	refused := []int{400}
	for _, c := range []struct {
		name string
		send io.Reader
		want []int // statuses of answers
	}{
		{"less body than announced", strings.NewReader(post(classify, "x", "Content-Length: 1000")), []int{499}},
		{"much less body than announced", strings.NewReader(post(infer, "x", "Content-Length: 9223372036854775807")), []int{413}},
		{"a length that overflows", strings.NewReader(post(infer, "x", "Content-Length: 9223372036854775808")), refused},
		{"a negative length", strings.NewReader(post(infer, "x", "Content-Length: -1")), refused},
		{"two lengths", strings.NewReader(post(infer, "xx", "Content-Length: 1", "Content-Length: 2")), refused},
		{"more body than announced", strings.NewReader("POST " + classify + " HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\n\r\nxyz\r\n\r\n"), []int{415, 400}},
		{"another request as a body", strings.NewReader("POST /nothing HTTP/1.1\r\nHost: h\r\nContent-Length: 40\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET /v2 HTTP/1.1\r\nHost: h\r\n\r\n"), []int{404}},
		{"chunks without an end", io.MultiReader(strings.NewReader(post(classify, "", "Transfer-Encoding: chunked")), &endless{text: "400\r\n" + strings.Repeat("x", 1024) + "\r\n"}), []int{413}},
		{"chunks without an end, to nobody", io.MultiReader(strings.NewReader(post("/nothing", "", "Transfer-Encoding: chunked")), &endless{text: "400\r\n" + strings.Repeat("x", 1024) + "\r\n"}), []int{404}},
		{"tiny chunks with long extensions", io.MultiReader(strings.NewReader(post(infer, "", "Transfer-Encoding: chunked")), &endless{text: "1;" + strings.Repeat("x", 2000) + "\r\nx\r\n"}), refused},
		{"a chunk of too large a size", strings.NewReader(post(infer, "FFFFFFFFFFFFFFFFF\r\nx", "Transfer-Encoding: chunked")), refused},
		{"a chunk of a negative size", strings.NewReader(post(infer, "-1\r\nx", "Transfer-Encoding: chunked")), refused},
		{"an unknown transfer encoding", strings.NewReader(post(infer, "x", "Transfer-Encoding: lzw")), []int{501}},
		{"a long header", strings.NewReader("GET /v2 HTTP/1.1\r\nHost: h\r\nX: " + strings.Repeat("x", 100_000) + "\r\n\r\n"), []int{431}},
		{"headers without an end", io.MultiReader(strings.NewReader("GET /v2 HTTP/1.1\r\nHost: h\r\n"), &endless{text: "A: b\r\n"}), []int{431}},
		{"a line without an end", io.MultiReader(strings.NewReader("GET /"), &endless{text: "x"}), []int{431}},
		{"a header with NUL", strings.NewReader("GET /v2 HTTP/1.1\r\nHost: h\r\nA: \x00\r\n\r\n"), refused},
		{"a long id", strings.NewReader("GET /v2/health/live HTTP/1.1\r\nHost: h\r\nConnection: close\r\nX-Request-Id: " + strings.Repeat("x", 10_000) + "\r\n\r\n"), []int{200}},
		{"a timeout of ages", strings.NewReader(post(infer, "x", "X-Request-Timeout: 1e300")), refused},
		{"many trailers", io.MultiReader(strings.NewReader(post(infer, "1\r\nx\r\n0\r\n", "Transfer-Encoding: chunked")), &endless{text: "A: b\r\n"}), refused},
		{"TLS", strings.NewReader("\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + strings.Repeat("\x00", 512)), refused},
		{"the preface of HTTP/2", strings.NewReader("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"), refused},
		{"noise", io.LimitReader(&endless{text: "\x00\xff\r\n"}, 1<<20), refused},
		{"100 requests at once", strings.NewReader(strings.Repeat("GET /v2/health/live HTTP/1.1\r\nHost: h\r\n\r\n", 100)), slices.Repeat([]int{200}, 100)},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := answers(t, a.Address("http").String(), c.send, len(c.want)+1); !slices.Equal(got, c.want) {
				t.Errorf("answered by %v, want %v", got, c.want)
			}
			a.well(t)
		})
	}
	a.unharmed(t)
}

// No name leads out of the repository.
func TestHostilePaths(t *testing.T) {
	a := attacked(t)
	for _, name := range []string{
		"..", ".", "...", "%2e%2e", "%2E%2e%2F%2e%2e%2fetc%2fpasswd", "..%2f..%2fetc", "..%5c..%5cetc", "digits%2f..%2fdigits", "digits%2f1", "%2fetc", "digits%00", "%00",
		".hidden", "%c0%ae%c0%ae", "%ff", "digits%0a", "digits%20", "di%0d%0agits", strings.Repeat("x", 129), strings.Repeat("x", 10_000), "%25", "digits%3bx", "*", "~",
		"digits%2f..%2f..%2f..%2f..%2fv2%2fhealth%2flive",
	} {
		for _, pattern := range []string{
			"GET /v2/models/%s", "GET /v2/models/%s/ready", "GET /v2/models/%s/config", "GET /v2/models/%s/stats", "POST /v2/models/%s/infer", "GET /v2/models/digits/versions/%s",
			"POST /v2/models/digits/versions/%s/infer", "POST /v2/repository/models/%s/load", "POST /v2/repository/models/%s/unload", "POST /v1/classify/%s", "POST /v1/classify/digits/%s", "GET /%s", "GET /v1/%s",
		} {
			verb, path, _ := strings.Cut(fmt.Sprintf(pattern, name), " ")
			got := answers(t, a.Address("http").String(), strings.NewReader(verb+" "+path+" HTTP/1.1\r\nHost: h\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"), 1)
			if path == "/." {
				continue // is the page
			}
			if len(got) != 1 || got[0] < 300 || got[0] >= 500 && got[0] != 503 {
				t.Errorf("%s %.200s: %v", verb, path, got)
			}
		}
	}
	a.unharmed(t)
}

// What is not encrypted gets nowhere where it should be.
func TestHostileTLS(t *testing.T) {
	secure := httptest.NewTLSServer(http.NotFoundHandler())
	defer secure.Close()
	s := start(t, serve.Options{Models: repository.Options{Dir: servetest.Folder(t, "digits")}, TLS: secure.TLS})
	trust := secure.Client().Transport.(*http.Transport).Clone()
	trust.TLSClientConfig.ServerName = "example.com"
	defer trust.CloseIdleConnections()
	for name, send := range map[string]string{
		"HTTP": "GET /v2 HTTP/1.1\r\nHost: h\r\n\r\n", "noise": strings.Repeat("\x00\xff", 1000), "an alert": "\x15\x03\x01\x00\x02\x02\x00", "a giant record": "\x16\x03\x01\xff\xff" + strings.Repeat("x", 1<<16),
		"half a greeting": "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
	} {
		for _, port := range []string{"http", "grpc"} {
			if got := answers(t, s.Address(port).String(), strings.NewReader(send), 1); len(got) > 1 || len(got) == 1 && got[0] != 400 {
				t.Errorf("%s to %s: %v", name, port, got)
			}
		}
		u := url.URL{Scheme: "https", Host: s.Address("http").String(), Path: "/v2/health/ready"}
		q, err := http.NewRequestWithContext(context.Background(), http.MethodGet, u.String(), nil)
		if err != nil {
			t.Fatal(err)
		}
		res, err := trust.RoundTrip(q)
		if err != nil {
			t.Fatal(err)
		}
		res.Body.Close()
		if res.StatusCode != 200 {
			t.Errorf("after %s: %d", name, res.StatusCode)
		}
	}
}
