package load

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"net/url"
	"reflect"
	"strconv"
	"syscall"
	"time"
)

// client is the transport of the protocols over HTTP.
type client struct {
	options *Options
	base    string // URL without the slash at its end
	pool    *http.Transport
	inputs  []template
}

// template is a request but for its body's position.
type template struct {
	request *http.Request // without a body
	body    []byte
}

func newClient(o *Options, address *url.URL) *client {
	return &client{options: o, base: base(address), pool: &http.Transport{
		DialContext: dialTCP, TLSClientConfig: o.TLS, TLSHandshakeTimeout: dialTimeout, DisableCompression: true,
		MaxIdleConns: o.concurrent(), MaxIdleConnsPerHost: o.concurrent(), IdleConnTimeout: 90 * time.Second,
		WriteBufferSize: 64 << 10, ReadBufferSize: 16 << 10,
		ExpectContinueTimeout: time.Second, // for those who give that header
	}}
}

func (c *client) close() { c.pool.CloseIdleConnections() }

// path returns the URL of the model below an endpoint, with what comes between the names of model and version.
func (c *client) path(endpoint, between string) string {
	p := c.base + endpoint + url.PathEscape(c.options.Model)
	if c.options.Version != "" {
		p += between + url.PathEscape(c.options.Version)
	}
	return p
}

// maxDescription bounds the bytes of a model's description.
const maxDescription = 1 << 20

func (c *client) describe(ctx context.Context) ([]port, error) {
	ctx, cancel := context.WithTimeout(ctx, c.options.Timeout)
	defer cancel()
	where := c.path("/v2/models/", "/versions/")
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, where, nil)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrOption, err)
	}
	c.addHeader(req)
	res, err := c.pool.RoundTrip(req)
	if err != nil {
		return nil, fmt.Errorf("%w: %s: %w", ErrServer, where, err)
	}
	defer res.Body.Close()
	text, err := io.ReadAll(io.LimitReader(res.Body, maxDescription))
	if err != nil {
		return nil, fmt.Errorf("%w: %s: %w", ErrServer, where, err)
	}
	if res.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("%w: %s: status %s: %.300s", ErrServer, where, res.Status, text)
	}
	var model struct {
		Inputs []struct {
			Name, Datatype string
			Shape          []int64
		}
	}
	if err := json.Unmarshal(text, &model); err != nil {
		return nil, fmt.Errorf("%w: %s: %w", ErrServer, where, err)
	}
	if len(model.Inputs) == 0 {
		return nil, fmt.Errorf("%w: %s: no inputs in %.300s", ErrServer, where, text)
	}
	var ports []port
	for _, in := range model.Inputs {
		ports = append(ports, port{in.Name, in.Datatype, in.Shape})
	}
	return ports, nil
}

// addHeader adds the headers of the options.
func (c *client) addHeader(req *http.Request) {
	for name, values := range c.options.Header {
		req.Header[http.CanonicalHeaderKey(name)] = values
	}
	if host := req.Header.Get("Host"); host != "" {
		req.Host = host // where net/http looks for it
	}
}

func (c *client) prepare(in input) (err error) {
	header := make(http.Header)
	where := c.path("/v2/models/", "/versions/") + "/infer"
	var body []byte
	switch {
	case c.options.Protocol == Classify:
		where = c.path("/v1/classify/", "/")
		body, err = classifyBody(in.pictures, header)
	case c.options.Protocol == HTTPJSON:
		body, err = jsonBody(in.tensors, header)
	default:
		body, err = binaryBody(in.tensors, header)
	}
	if err != nil {
		return err
	}
	req, err := http.NewRequest(http.MethodPost, where, nil)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrOption, err)
	}
	req.Header, req.ContentLength = header, int64(len(body))
	c.addHeader(req)
	c.inputs = append(c.inputs, template{req, body})
	return nil
}

// classifyBody returns the body of a request for Octet's endpoint for pictures.
func classifyBody(pictures [][]byte, header http.Header) ([]byte, error) {
	if len(pictures) == 1 {
		header.Set("Content-Type", http.DetectContentType(pictures[0]))
		return pictures[0], nil
	}
	var body bytes.Buffer
	form := multipart.NewWriter(&body)
	for i, p := range pictures {
		part, err := form.CreateFormFile("picture", "picture"+strconv.Itoa(i))
		if err != nil {
			return nil, err
		}
		if _, err := part.Write(p); err != nil {
			return nil, err
		}
	}
	if err := form.Close(); err != nil {
		return nil, err
	}
	header.Set("Content-Type", form.FormDataContentType())
	return body.Bytes(), nil
}

// once is a body that the transport can neither get again nor copy: a request is sent once.
type once struct{ bytes.Reader }

func (*once) Close() error { return nil }

func (c *client) send(ctx context.Context, input int, body *bytes.Buffer) answer {
	t := &c.inputs[input]
	req := t.request.WithContext(ctx)
	reader := new(once)
	reader.Reset(t.body)
	req.Body = reader
	res, err := c.pool.RoundTrip(req)
	sent := len(t.body) // what the connection took is not known before the transport has done with the body
	if err != nil {
		return answer{code: failure(err), err: err, sent: sent}
	}
	defer res.Body.Close()
	if _, err := body.ReadFrom(res.Body); err != nil {
		return answer{code: CutOff, err: fmt.Errorf("status %s: body: %w", res.Status, err), header: res.Header, sent: sent}
	}
	return answer{code: strconv.Itoa(res.StatusCode), good: res.StatusCode == http.StatusOK, header: res.Header, sent: sent}
}

// failures are kinds of errors of connections. All that net/http says when a connection ends before an answer, but is not reset, is
// in closedConnection.
var failures = []struct {
	err  error
	code string
}{
	{syscall.ECONNREFUSED, Refused}, {syscall.ECONNRESET, Reset}, {syscall.EPIPE, Reset}, {io.EOF, Closed}, {io.ErrUnexpectedEOF, Closed},
}

// closedConnection is the text of net/http's error, which it does not export, for a connection that the server closes while a request
// is on its way there.
const closedConnection = "http: server closed idle connection"

// failure returns the outcome of a request that an error ended before its answer.
func failure(err error) string {
	for _, f := range failures {
		if errors.Is(err, f.err) {
			return f.code
		}
	}
	if err.Error() == closedConnection {
		return Closed
	}
	return Failed
}

// same compares bodies. Answers with pictures' classes tell times, which differ.
func (c *client) same(a, b []byte) bool {
	if bytes.Equal(a, b) || c.options.Protocol != Classify {
		return bytes.Equal(a, b)
	}
	var x, y map[string]any
	if json.Unmarshal(a, &x) != nil || json.Unmarshal(b, &y) != nil {
		return false
	}
	delete(x, "times")
	delete(y, "times")
	return reflect.DeepEqual(x, y)
}
