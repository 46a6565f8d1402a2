package rpc

import (
	"testing"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/health/grpc_health_v1"
	reflectionv1 "google.golang.org/grpc/reflection/grpc_reflection_v1"
	reflectionv1alpha "google.golang.org/grpc/reflection/grpc_reflection_v1alpha"
	"google.golang.org/grpc/status"

	"github.com/octet-ml/octet/serve/inference"
	"github.com/octet-ml/octet/serve/internal/servetest"
)

const (
	serving    = grpc_health_v1.HealthCheckResponse_SERVING
	notServing = grpc_health_v1.HealthCheckResponse_NOT_SERVING
	unknown    = grpc_health_v1.HealthCheckResponse_SERVICE_UNKNOWN
)

// Check and List tell how things are without being told.
func TestHealthIsLive(t *testing.T) {
	ctx, service := testContext(t), servetest.Service(t)
	f := start(t, service, Options{})
	client := grpc_health_v1.NewHealthClient(f.conn)
	check := func(want map[string]grpc_health_v1.HealthCheckResponse_ServingStatus) {
		t.Helper()
		all, err := client.List(ctx, new(grpc_health_v1.HealthListRequest))
		if err != nil || len(all.GetStatuses()) != len(want) {
			t.Fatalf("got %v, %v", all, err)
		}
		for name, s := range want {
			one, err := client.Check(ctx, &grpc_health_v1.HealthCheckRequest{Service: name})
			if err != nil || one.GetStatus() != s || all.GetStatuses()[name].GetStatus() != s {
				t.Errorf("%q: got %v, %v, %v, want %v", name, one, err, all.GetStatuses()[name], s)
			}
		}
	}
	type statuses = map[string]grpc_health_v1.HealthCheckResponse_ServingStatus
	inferences := inference.GRPCInferenceService_ServiceDesc.ServiceName
	check(statuses{"": serving, inferences: serving, "digits": serving, "other": serving})
	if err := service.Unload("other"); err != nil {
		t.Fatal(err)
	}
	check(statuses{"": serving, inferences: serving, "digits": serving, "other": notServing})
	if _, err := client.Check(ctx, &grpc_health_v1.HealthCheckRequest{Service: "none"}); status.Code(err) != codes.NotFound {
		t.Errorf("got %v", err)
	}
	service.Leave()
	check(statuses{"": notServing, inferences: notServing, "digits": notServing, "other": notServing})
}

// Who watches a model or the server is told of changes, and let go when the server closes.
func TestHealthIsWatched(t *testing.T) {
	ctx, service := testContext(t), servetest.Service(t)
	f := start(t, service, Options{})
	watch := func(name string) func(want grpc_health_v1.HealthCheckResponse_ServingStatus) {
		stream, err := grpc_health_v1.NewHealthClient(f.conn).Watch(ctx, &grpc_health_v1.HealthCheckRequest{Service: name})
		if err != nil {
			t.Fatal(err)
		}
		return func(want grpc_health_v1.HealthCheckResponse_ServingStatus) {
			t.Helper()
			got, err := stream.Recv()
			if want < 0 {
				if status.Code(err) != codes.Unavailable {
					t.Errorf("%q: got %v, %v, want the end", name, got, err)
				}
			} else if err != nil || got.GetStatus() != want {
				t.Errorf("%q: got %v, %v, want %v", name, got, err, want)
			}
		}
	}
	server, model, none := watch(""), watch("digits"), watch("none")
	server(serving)
	model(serving)
	none(unknown)
	if err := service.Unload("digits"); err != nil {
		t.Fatal(err)
	}
	f.Sync()
	model(notServing)
	if _, err := f.client.RepositoryModelLoad(ctx, &inference.RepositoryModelLoadRequest{ModelName: "digits"}); err != nil {
		t.Fatal(err)
	}
	model(serving)
	f.Drain()
	server(notServing)
	model(notServing)
	f.Sync() // nothing serves again
	f.Close()
	for _, w := range []func(grpc_health_v1.HealthCheckResponse_ServingStatus){server, model, none} {
		w(-1)
	}
	f.grpc.GracefulStop() // nothing is left to wait for
}

// A server that closes at once tells those who watch before it lets them go.
func TestHealthEndsWithNotServing(t *testing.T) {
	ctx := testContext(t)
	f := start(t, servetest.Service(t), Options{})
	stream, err := grpc_health_v1.NewHealthClient(f.conn).Watch(ctx, new(grpc_health_v1.HealthCheckRequest))
	if err != nil {
		t.Fatal(err)
	}
	if got, err := stream.Recv(); err != nil || got.GetStatus() != serving {
		t.Fatalf("got %v, %v", got, err)
	}
	f.Close()
	if got, err := stream.Recv(); err != nil || got.GetStatus() != notServing {
		t.Errorf("got %v, %v", got, err)
	}
	if got, err := stream.Recv(); status.Code(err) != codes.Unavailable {
		t.Errorf("got %v, %v", got, err)
	}
}

// Both versions of reflection list the services, and end with the server.
func TestReflection(t *testing.T) {
	ctx := testContext(t)
	f := start(t, servetest.Service(t), Options{})
	want := map[string]bool{"inference.GRPCInferenceService": true, "grpc.health.v1.Health": true, "grpc.reflection.v1.ServerReflection": true, "grpc.reflection.v1alpha.ServerReflection": true}
	check := func(names []string) {
		t.Helper()
		for _, name := range names {
			if !want[name] {
				t.Errorf("%s is listed", name)
			}
		}
		if len(names) != len(want) {
			t.Errorf("got %v", names)
		}
	}
	v1, err := reflectionv1.NewServerReflectionClient(f.conn).ServerReflectionInfo(ctx)
	if err != nil {
		t.Fatal(err)
	}
	if err := v1.Send(&reflectionv1.ServerReflectionRequest{MessageRequest: &reflectionv1.ServerReflectionRequest_ListServices{}}); err != nil {
		t.Fatal(err)
	}
	res, err := v1.Recv()
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, s := range res.GetListServicesResponse().GetService() {
		names = append(names, s.GetName())
	}
	check(names)
	alpha, err := reflectionv1alpha.NewServerReflectionClient(f.conn).ServerReflectionInfo(ctx)
	if err != nil {
		t.Fatal(err)
	}
	if err := alpha.Send(&reflectionv1alpha.ServerReflectionRequest{MessageRequest: &reflectionv1alpha.ServerReflectionRequest_ListServices{}}); err != nil {
		t.Fatal(err)
	}
	old, err := alpha.Recv()
	if err != nil {
		t.Fatal(err)
	}
	names = nil
	for _, s := range old.GetListServicesResponse().GetService() {
		names = append(names, s.GetName())
	}
	check(names)
	f.Close()
	if _, err := v1.Recv(); status.Code(err) != codes.Unavailable {
		t.Errorf("got %v", err)
	}
	f.grpc.GracefulStop() // nothing is left to wait for
}
