package rpc

import (
	"context"
	"testing"

	"google.golang.org/protobuf/proto"

	"github.com/octet-ml/octet/serve/inference"
	"github.com/octet-ml/octet/serve/internal/servetest"
	"github.com/octet-ml/octet/serve/oip"
	"github.com/octet-ml/octet/serve/repository"
)

// FuzzModelInfer answers arbitrary bytes as a request: with outputs or an error of the client's, and every byte back in the budget.
func FuzzModelInfer(f *testing.F) {
	service := oip.NewService(servetest.Repository(f, repository.Options{Dir: servetest.Folder(f, "digits")}), oip.Options{Budget: oip.NewBudget(1 << 20), MaxPixels: 1 << 16})
	s := New(service, Options{MaxMessage: 1 << 16})
	typed := request(f, service, "id", 1)
	typed.RawInputContents = nil
	typed.Inputs[0].Contents = &inference.InferTensorContents{Fp32Contents: pixels(1)}
	picture := request(f, service, "id", 1)
	picture.Inputs[0].Datatype, picture.Inputs[0].Shape = "BYTES", []int64{1}
	picture.RawInputContents[0] = oip.AppendBytes(nil, string(servetest.Digit(f, "7")))
	picture.Parameters = parameters{"timeout": {ParameterChoice: &inference.InferParameter_Int64Param{Int64Param: 1 << 40}}}
	for _, req := range []*inference.ModelInferRequest{request(f, service, "id", 1), typed, picture} {
		data, err := proto.Marshal(req)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
		f.Add(data[:len(data)-7])
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		m := new(message)
		if err := (codec{}).Unmarshal(buffers(data), m); err != nil {
			t.Fatal(err)
		}
		res, err := s.answer(context.Background(), m)
		m.free()
		switch code := oip.CodeOf(err); code {
		case oip.OK:
			if len(res.GetOutputs()) == 0 || len(res.GetOutputs()) != len(res.GetRawOutputContents()) {
				t.Errorf("got %v", res)
			}
		case oip.Internal, oip.Cancelled, oip.Forbidden, oip.Unauthenticated:
			t.Errorf("%v: %v", code, err)
		}
		if n := service.Budget().Used(); n != 0 {
			t.Errorf("%d bytes are still taken", n)
		}
	})
}
