package rpc

import (
	"context"
	"encoding/binary"
	"math"
	"net"
	"testing"
	"time"

	"go.uber.org/goleak"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/test/bufconn"

	"github.com/octet-ml/octet/serve/batch"
	"github.com/octet-ml/octet/serve/inference"
	"github.com/octet-ml/octet/serve/internal/servetest"
	"github.com/octet-ml/octet/serve/oip"
	"github.com/octet-ml/octet/serve/repository"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// fixture is a server in memory and a connection to it.
type fixture struct {
	*Server
	grpc   *grpc.Server
	dial   func(context.Context) (net.Conn, error)
	conn   *grpc.ClientConn
	client inference.GRPCInferenceServiceClient
}

// start serves a service until the test ends.
func start(t testing.TB, service *oip.Service, o Options, more ...grpc.ServerOption) *fixture {
	t.Helper()
	f := &fixture{Server: New(service, o)}
	f.grpc = grpc.NewServer(f.ServerOptions(more...)...)
	f.Register(f.grpc)
	listener := bufconn.Listen(1 << 20)
	f.dial = listener.DialContext
	served := make(chan error, 1)
	go func() { served <- f.grpc.Serve(listener) }()
	conn, err := grpc.NewClient("passthrough:///memory", grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithContextDialer(func(ctx context.Context, _ string) (net.Conn, error) { return listener.DialContext(ctx) }),
		grpc.WithDefaultCallOptions(grpc.MaxCallRecvMsgSize(math.MaxInt32)))
	if err != nil {
		t.Fatal(err)
	}
	f.conn, f.client = conn, inference.NewGRPCInferenceServiceClient(conn)
	t.Cleanup(func() {
		if err := conn.Close(); err != nil {
			t.Error(err)
		}
		f.Close()
		f.grpc.Stop()
		if err := <-served; err != nil {
			t.Error(err)
		}
	})
	return f
}

// testContext ends with the test, or when it hangs.
func testContext(t testing.TB) context.Context {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	t.Cleanup(cancel)
	return ctx
}

// gate holds requests back once their batch has run.
type gate struct {
	ran  chan struct{} // one for each batch
	open chan struct{} // closed to let all through
}

func newGate() gate { return gate{make(chan struct{}, 1000), make(chan struct{})} }

// service returns a service for model "digits" whose requests are answered when the gate is opened.
func (g gate) service(t testing.TB, o oip.Options) *oip.Service {
	return oip.NewService(servetest.Repository(t, repository.Options{Dir: servetest.Folder(t, "digits"),
		OnBatch: func(*repository.Version, batch.Batch) {
			g.ran <- struct{}{}
			<-g.open
		}}), o)
}

// pixels are 28 * 28 numbers that are no picture of anything, and differ by seed.
func pixels(seed int) []float32 {
	out := make([]float32, 28*28)
	for i := range out {
		out[i] = float32((i*7+seed*31)%256) / 255
	}
	return out
}

// little returns float32 numbers as the raw form has them.
func little(list []float32) []byte {
	var out []byte
	for _, v := range list {
		out = binary.LittleEndian.AppendUint32(out, math.Float32bits(v))
	}
	return out
}

// names of the digits classifier's input and output.
func names(t testing.TB, service *oip.Service) (input, output string) {
	t.Helper()
	info, err := service.Model("digits", "")
	if err != nil {
		t.Fatal(err)
	}
	return info.Inputs[0].Name, info.Outputs[0].Name
}

// request is a raw one of one example.
func request(t testing.TB, service *oip.Service, id string, seed int) *inference.ModelInferRequest {
	t.Helper()
	input, _ := names(t, service)
	return &inference.ModelInferRequest{
		ModelName: "digits", Id: id,
		Inputs:           []*inference.ModelInferRequest_InferInputTensor{{Name: input, Datatype: "FP32", Shape: []int64{1, 1, 28, 28}}},
		RawInputContents: [][]byte{little(pixels(seed))},
	}
}
