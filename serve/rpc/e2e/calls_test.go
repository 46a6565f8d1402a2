package e2e

import (
	"context"
	"net"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/encoding/prototext"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/dynamicpb"

	"github.com/octet-ml/octet/serve/internal/servetest"
	"github.com/octet-ml/octet/serve/rpc"
)

// client calls the service as an official file describes it.
type client struct {
	*testing.T
	conn    *grpc.ClientConn
	service protoreflect.ServiceDescriptor
}

// start serves the digits classifier on loopback.
func start(t *testing.T, file protoreflect.FileDescriptor) *client {
	t.Helper()
	server := rpc.New(servetest.Service(t), rpc.Options{})
	g := grpc.NewServer(server.ServerOptions()...)
	server.Register(g)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	served := make(chan error, 1)
	go func() { served <- g.Serve(listener) }()
	conn, err := grpc.NewClient(listener.Addr().String(), grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := conn.Close(); err != nil {
			t.Error(err)
		}
		server.Close()
		g.GracefulStop()
		if err := <-served; err != nil {
			t.Error(err)
		}
	})
	return &client{t, conn, file.Services().Get(0)}
}

// messages returns a call's request, from its text form, and an empty response.
func (c *client) messages(name protoreflect.Name, text string) (path string, req, res *dynamicpb.Message) {
	c.Helper()
	m := c.service.Methods().ByName(name)
	if m == nil {
		c.Fatalf("the file has no %s", name)
	}
	req, res = dynamicpb.NewMessage(m.Input()), dynamicpb.NewMessage(m.Output())
	if err := prototext.Unmarshal([]byte(text), req); err != nil {
		c.Fatal(err)
	}
	return "/" + string(c.service.FullName()) + "/" + string(name), req, res
}

// call makes a call and checks that the text form of the response has each of the fragments.
func (c *client) call(name protoreflect.Name, text string, want ...string) {
	c.Helper()
	path, req, res := c.messages(name, text)
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	err := c.conn.Invoke(ctx, path, req, res)
	c.check(res, err, want)
}

// check checks a response, in which nothing may be unknown to the official file.
func (c *client) check(res *dynamicpb.Message, err error, want []string) {
	c.Helper()
	if err != nil {
		c.Error(err)
		return
	}
	got := strings.Join(strings.Fields(prototext.MarshalOptions{Multiline: true}.Format(res)), " ")
	for _, w := range want {
		if !strings.Contains(got, w) {
			c.Errorf("got %s, want %s", got, w)
		}
	}
	if len(res.GetUnknown()) > 0 {
		c.Errorf("the official file does not know all of %s", got)
	}
}

// quoted returns bytes as a string of the text form.
func quoted(data []byte) string {
	var b strings.Builder
	b.WriteByte('"')
	for _, v := range data {
		const hex = "0123456789abcdef"
		b.WriteString(`\x` + string(hex[v>>4]) + string(hex[v&15]))
	}
	b.WriteByte('"')
	return b.String()
}

// Every call of the protocol, as a client of its own file makes it.
func TestTheProtocolsFile(t *testing.T) {
	c := start(t, compile(t, protocol))
	c.protocol()
}

// protocol makes the calls that both files have.
func (c *client) protocol() {
	c.call("ServerLive", ``, "live: true")
	c.call("ServerReady", ``, "ready: true")
	c.call("ModelReady", `name: "digits" version: "1"`, "ready: true")
	c.call("ServerMetadata", ``, `name: "octet"`, `extensions: "classification"`)
	c.call("ModelMetadata", `name: "digits"`, `versions: "1"`, `inputs: { name: "image" datatype: "FP32" shape: -1 shape: 1 shape: 28 shape: 28 }`)
	seven := servetest.Digit(c, "7")
	outputs := `outputs { name: "probabilities" parameters { key: "classification" value { int64_param: 1 } } }`
	c.call("ModelInfer", `model_name: "digits" id: "a" inputs { name: "image" datatype: "BYTES" shape: 1 contents { bytes_contents: `+quoted(seven)+` } } `+outputs,
		`id: "a"`, `datatype: "BYTES" shape: 1 shape: 1`, `:7:7"`)
	zeros := `model_name: "digits" inputs { name: "image" datatype: "FP32" shape: [1, 1, 28, 28] `
	raw, typed := c.infer(zeros+`} raw_input_contents: `+quoted(make([]byte, 28*28*4))), c.infer(zeros+`contents { fp32_contents: [`+strings.Repeat("0, ", 28*28-1)+`0] } }`)
	if !proto.Equal(raw, typed) {
		c.Errorf("raw contents give %v, typed contents %v", raw, typed)
	}
	path, req, res := c.messages("ModelInfer", `model_name: "none"`)
	if err := c.conn.Invoke(context.Background(), path, req, res); status.Code(err) != codes.NotFound {
		c.Errorf("got %v", err)
	}
}

// infer returns a response.
func (c *client) infer(text string) proto.Message {
	c.Helper()
	path, req, res := c.messages("ModelInfer", text)
	c.check(res, c.conn.Invoke(context.Background(), path, req, res), []string{"raw_output_contents"})
	return res
}

// Every call of Triton's file that is served, and one that is not.
func TestTritonsFile(t *testing.T) {
	c := start(t, compile(t, triton))
	c.protocol()
	c.call("ModelConfig", `name: "digits"`, `max_batch_size: 8`, `data_type: TYPE_FP32`, `kind: KIND_CPU`, `dynamic_batching: {`)
	c.call("ModelStatistics", `name: "digits"`, `inference_count: 3`, `batch_size: 1`)
	c.call("RepositoryModelUnload", `model_name: "other" parameters { key: "unload_dependents" value { bool_param: true } }`)
	c.call("RepositoryIndex", ``, `name: "digits" version: "1" state: "READY"`, `name: "other" version: "1" state: "UN`)
	c.call("RepositoryModelLoad", `model_name: "other" parameters { key: "config" value { string_param: "{\"max_batch\": 2}" } }`)
	c.call("ModelConfig", `name: "other"`, `max_batch_size: 2`)
	path, req, res := c.messages("SystemSharedMemoryStatus", ``)
	if err := c.conn.Invoke(context.Background(), path, req, res); status.Code(err) != codes.Unimplemented {
		t.Errorf("got %v", err)
	}
	path, _, _ = c.messages("ModelStreamInfer", ``)
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	stream, err := c.conn.NewStream(ctx, &grpc.StreamDesc{ClientStreams: true, ServerStreams: true}, path)
	if err != nil {
		t.Fatal(err)
	}
	for _, call := range []struct{ text, want string }{
		{`model_name: "none" id: "x"`, `error_message: "not found`},
		{`model_name: "digits" id: "y" inputs { name: "image" datatype: "FP32" shape: [1, 1, 28, 28] } raw_input_contents: ` + quoted(make([]byte, 28*28*4)), `id: "y"`},
	} {
		_, req, res := c.messages("ModelStreamInfer", call.text)
		if err := stream.SendMsg(req); err != nil {
			t.Fatal(err)
		}
		c.check(res, stream.RecvMsg(res), []string{call.want})
	}
}
