package rpc

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/octet-ml/octet/serve/inference"
	"github.com/octet-ml/octet/serve/internal/servetest"
	"github.com/octet-ml/octet/serve/oip"
)

// Responses of a stream come in the order of the requests, with the bytes that ModelInfer gives; what is wrong with one is its
// error_message and does not end the stream.
func TestStreamsAnswerInOrder(t *testing.T) {
	const n = 40
	ctx, service := testContext(t), servetest.Service(t)
	f := start(t, service, Options{MaxStreamRequests: 4})
	stream, err := f.client.ModelStreamInfer(ctx)
	if err != nil {
		t.Fatal(err)
	}
	sent := make(chan error, 1)
	go func() {
		for i := range n {
			req := request(t, service, fmt.Sprint(i), i)
			if i%5 == 3 {
				req.ModelName = "none"
			}
			if err := stream.Send(req); err != nil {
				sent <- err
				return
			}
		}
		sent <- stream.CloseSend()
	}()
	for i := range n {
		res, err := stream.Recv()
		if err != nil {
			t.Fatal(err)
		}
		if got := res.GetInferResponse(); got.GetId() != fmt.Sprint(i) {
			t.Fatalf("got %v, want id %d", got, i)
		}
		if wrong := i%5 == 3; wrong != (res.GetErrorMessage() != "") || wrong && !strings.Contains(res.GetErrorMessage(), `"none"`) {
			t.Errorf("%d: got %q", i, res.GetErrorMessage())
		} else if !wrong {
			want, err := f.client.ModelInfer(ctx, request(t, service, "", i))
			if err != nil || !bytes.Equal(want.GetRawOutputContents()[0], res.GetInferResponse().GetRawOutputContents()[0]) {
				t.Errorf("%d: got %v, want %v, %v", i, res, want, err)
			}
		}
	}
	if _, err := stream.Recv(); !errors.Is(err, io.EOF) {
		t.Errorf("got %v, want the end", err)
	}
	if err := <-sent; err != nil {
		t.Error(err)
	}
}

// Of one stream no more requests than the limit are in the service.
func TestStreamsAreBounded(t *testing.T) {
	ctx, g := testContext(t), newGate()
	service := g.service(t, oip.Options{Budget: oip.NewBudget(1 << 20)})
	f := start(t, service, Options{MaxStreamRequests: 1})
	stream, err := f.client.ModelStreamInfer(ctx)
	if err != nil {
		t.Fatal(err)
	}
	for i := range 3 {
		if err := stream.Send(request(t, service, fmt.Sprint(i), i)); err != nil {
			t.Fatal(err)
		}
	}
	<-g.ran
	one := service.Budget().Used()
	if one < 28*28*4 || one > 2*28*28*4 {
		t.Errorf("%d bytes are taken", one)
	}
	close(g.open)
	for i := range 3 {
		if res, err := stream.Recv(); err != nil || res.GetInferResponse().GetId() != fmt.Sprint(i) {
			t.Errorf("got %v, %v", res, err)
		}
	}
	if err := stream.CloseSend(); err != nil {
		t.Error(err)
	}
	if _, err := stream.Recv(); !errors.Is(err, io.EOF) {
		t.Errorf("got %v", err)
	}
	if n := len(g.ran); n != 2 {
		t.Errorf("%d more batches, want one for each request", n)
	}
}

// A server that drains answers what it has read of a stream before it ends it.
func TestStreamsEndOnDrain(t *testing.T) {
	ctx, g := testContext(t), newGate()
	service := g.service(t, oip.Options{})
	f := start(t, service, Options{})
	stream, err := f.client.ModelStreamInfer(ctx)
	if err != nil {
		t.Fatal(err)
	}
	if err := stream.Send(request(t, service, "last", 1)); err != nil {
		t.Fatal(err)
	}
	<-g.ran
	f.Drain()
	f.Drain()
	close(g.open)
	if res, err := stream.Recv(); err != nil || res.GetInferResponse().GetId() != "last" || res.GetErrorMessage() != "" {
		t.Errorf("got %v, %v", res, err)
	}
	if _, err := stream.Recv(); status.Code(err) != codes.Unavailable {
		t.Errorf("got %v", err)
	}
	if stream, err = f.client.ModelStreamInfer(ctx); err != nil {
		t.Fatal(err)
	}
	if _, err := stream.Recv(); status.Code(err) != codes.Unavailable {
		t.Errorf("a new stream: got %v", err)
	}
	f.grpc.GracefulStop() // nothing is left to wait for
}

// What a client leaves behind when it goes away ends.
func TestStreamsEndWithTheirClient(t *testing.T) {
	g := newGate()
	service := g.service(t, oip.Options{})
	f := start(t, service, Options{})
	ctx, cancel := context.WithCancel(testContext(t))
	stream, err := f.client.ModelStreamInfer(ctx)
	if err != nil {
		t.Fatal(err)
	}
	if err := stream.Send(request(t, service, "", 1)); err != nil {
		t.Fatal(err)
	}
	<-g.ran
	cancel()
	if err := service.Drain(testContext(t)); err != nil {
		t.Error(err)
	}
	close(g.open)
	f.grpc.GracefulStop()
}

// Messages of a stream that are malformed or too large: the former fails alone, the latter ends the stream as gRPC has it.
func TestStreamsRefuseMessages(t *testing.T) {
	ctx, service := testContext(t), servetest.Service(t)
	f := start(t, service, Options{MaxMessage: 10000})
	stream, err := f.conn.NewStream(ctx, &grpc.StreamDesc{ClientStreams: true, ServerStreams: true}, inference.GRPCInferenceService_ModelStreamInfer_FullMethodName, rawCodec())
	if err != nil {
		t.Fatal(err)
	}
	res := new(inference.ModelStreamInferResponse)
	if err := stream.SendMsg([]byte("\x0a\x06digits\x1a\x02id\x2a\x02\x0a\x05")); err != nil {
		t.Fatal(err)
	}
	if err := stream.RecvMsg(res); err != nil || !strings.Contains(res.GetErrorMessage(), "message") || res.GetInferResponse().GetId() != "id" {
		t.Errorf("got %v, %v", res, err)
	}
	if err := stream.SendMsg(make([]byte, 10001)); err != nil {
		t.Fatal(err)
	}
	if err := stream.RecvMsg(res); status.Code(err) != codes.ResourceExhausted {
		t.Errorf("got %v", err)
	}
}
