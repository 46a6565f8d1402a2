package rpc

import (
	"context"
	"errors"
	"fmt"
	"io"
	"runtime/debug"
	"sync"

	"google.golang.org/grpc"

	"github.com/octet-ml/octet/serve/inference"
	"github.com/octet-ml/octet/serve/oip"
)

// ModelStreamInfer answers the requests of a stream. Up to Options.MaxStreamRequests run side by side; responses come in the order of
// their requests, so that clients need no ids. What is wrong with a request is the error_message of its response, which has the
// request's id where that could be read, and the stream goes on. When the server drains, the stream ends with UNAVAILABLE once every
// request that it has read is answered.
func (s *Server) ModelStreamInfer(stream grpc.BidiStreamingServer[inference.ModelInferRequest, inference.ModelStreamInferResponse]) error {
	ctx, cancel := context.WithCancel(stream.Context())
	r := &streamReader{server: s, stream: stream, slots: make(chan struct{}, s.options.MaxStreamRequests),
		order: make(chan chan *inference.ModelStreamInferResponse, s.options.MaxStreamRequests)}
	defer r.workers.Wait()
	defer cancel() // first, so that there is nothing to wait for where the client is gone
	go r.read(ctx)
	draining := s.stop.c
	for {
		select {
		case <-draining:
			draining = nil
			r.end(oip.ErrDraining)
		case response, more := <-r.order:
			if !more {
				return fail(ctx, r.err)
			}
			if err := stream.Send(<-response); err != nil {
				return err
			}
			<-r.slots
		}
	}
}

// streamReader reads the requests of a stream.
type streamReader struct {
	server  *Server
	stream  grpc.ServerStream
	slots   chan struct{} // one for each request that is read and not answered
	workers sync.WaitGroup

	mu    sync.Mutex
	ended bool
	err   error                                         // of the stream; read it after order is closed
	order chan chan *inference.ModelStreamInferResponse // the responses to come
}

// read reads until the stream ends. It may outlive the stream's handler, until gRPC has told it that the stream is over.
func (r *streamReader) read(ctx context.Context) {
	for {
		select {
		case r.slots <- struct{}{}:
		case <-ctx.Done():
			r.end(ctx.Err())
			return
		}
		m := new(message)
		if err := r.stream.RecvMsg(m); err != nil {
			if errors.Is(err, io.EOF) {
				err = nil
			}
			r.end(err)
			return
		}
		if !r.accept(ctx, m) {
			m.free()
			return
		}
	}
}

// accept starts to work on a request, unless the stream has ended.
func (r *streamReader) accept(ctx context.Context, m *message) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.ended {
		return false
	}
	response := make(chan *inference.ModelStreamInferResponse, 1)
	r.order <- response // it has room for each slot
	r.workers.Go(func() { response <- r.server.answerStreamed(ctx, m) })
	return true
}

// end takes no more requests; err is what the stream ends with.
func (r *streamReader) end(err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if !r.ended {
		r.ended, r.err = true, err
		close(r.order)
	}
}

// answerStreamed answers a request of a stream.
func (s *Server) answerStreamed(ctx context.Context, m *message) (res *inference.ModelStreamInferResponse) {
	defer m.free()
	at, _ := target(m.bytes()) // what is wrong with it is told below
	failed := &inference.ModelInferResponse{ModelName: at.model, ModelVersion: at.version, Id: at.id}
	defer func() {
		if p := recover(); p != nil {
			s.options.Logger.Error("panic", "method", inference.GRPCInferenceService_ModelStreamInfer_FullMethodName, "panic", fmt.Sprint(p), "stack", string(debug.Stack()))
			res = &inference.ModelStreamInferResponse{ErrorMessage: "internal error", InferResponse: failed}
		}
	}()
	out, err := s.answer(ctx, m)
	if err != nil {
		return &inference.ModelStreamInferResponse{ErrorMessage: err.Error(), InferResponse: failed}
	}
	return &inference.ModelStreamInferResponse{InferResponse: out}
}
