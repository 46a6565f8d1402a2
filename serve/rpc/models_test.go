package rpc

import (
	"strings"
	"testing"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/encoding/prototext"
	"google.golang.org/protobuf/proto"

	"github.com/octet-ml/octet/serve/inference"
	"github.com/octet-ml/octet/serve/internal/servetest"
	"github.com/octet-ml/octet/serve/oip"
	"github.com/octet-ml/octet/serve/repository"
)

// wantText checks a message against its text form.
func wantText(t *testing.T, got proto.Message, err error, text string) {
	t.Helper()
	want := got.ProtoReflect().New().Interface()
	if err := prototext.Unmarshal([]byte(text), want); err != nil {
		t.Fatal(err)
	}
	if err != nil || !proto.Equal(got, want) {
		t.Errorf("got %v, %v, want %v", got, err, want)
	}
}

// What the server says of itself and its models.
func TestMetadata(t *testing.T) {
	ctx, service := testContext(t), servetest.Service(t)
	f := start(t, service, Options{Version: "1.2.3"})
	live, err := f.client.ServerLive(ctx, new(inference.ServerLiveRequest))
	wantText(t, live, err, `live: true`)
	ready, err := f.client.ServerReady(ctx, new(inference.ServerReadyRequest))
	wantText(t, ready, err, `ready: true`)
	server, err := f.client.ServerMetadata(ctx, new(inference.ServerMetadataRequest))
	wantText(t, server, err, `name: "octet" version: "1.2.3" extensions: ["model_configuration", "classification", "model_repository", "statistics"]`)
	for _, c := range []struct {
		name, version, ready string
		code                 codes.Code
	}{
		{"digits", "", `ready: true`, codes.OK},
		{"digits", "1", `ready: true`, codes.OK},
		{"digits", "2", ``, codes.OK},
		{"none", "", ``, codes.OK},
		{"digits", "one", ``, codes.InvalidArgument},
	} {
		got, err := f.client.ModelReady(ctx, &inference.ModelReadyRequest{Name: c.name, Version: c.version})
		if status.Code(err) != c.code {
			t.Errorf("%v: got %v", c, err)
		} else if err == nil {
			wantText(t, got, err, c.ready)
		}
	}
	input, output := names(t, service)
	model, err := f.client.ModelMetadata(ctx, &inference.ModelMetadataRequest{Name: "digits", Version: "1"})
	wantText(t, model, err, `name: "digits" versions: "1" platform: "onnx_octet"
		inputs { name: "`+input+`" datatype: "FP32" shape: [-1, 1, 28, 28] }
		outputs { name: "`+output+`" datatype: "FP32" shape: [-1, 10] }`)
	if _, err := f.client.ModelMetadata(ctx, &inference.ModelMetadataRequest{Name: "none"}); status.Code(err) != codes.NotFound {
		t.Errorf("got %v", err)
	}
}

// A model's configuration in Triton's words follows its config.json.
func TestModelConfig(t *testing.T) {
	ctx, service := testContext(t), servetest.Service(t)
	f := start(t, service, Options{})
	input, output := names(t, service)
	body := ` name: "digits" platform: "onnx_octet" backend: "octet" default_model_filename: "model.onnx" model_transaction_policy {}
		instance_group { name: "digits" kind: KIND_CPU count: 1 } `
	batched := `input { name: "` + input + `" data_type: TYPE_FP32 dims: [1, 28, 28] } output { name: "` + output + `" data_type: TYPE_FP32 dims: 10 } `
	for _, c := range []struct{ config, want string }{
		{`{}`, `max_batch_size: 8 version_policy { latest { num_versions: 1 } } ` + batched + `
			dynamic_batching { default_queue_policy { default_timeout_microseconds: 30000000 allow_timeout_override: true max_queue_size: 256 } }`},
		{`{"max_batch": 3, "max_delay": "2ms", "max_queue": 5, "timeout": "1s", "versions": {"all": true}}`, `max_batch_size: 3 version_policy { all {} } ` + batched + `
			dynamic_batching { max_queue_delay_microseconds: 2000 default_queue_policy { default_timeout_microseconds: 1000000 allow_timeout_override: true max_queue_size: 5 } }`},
		{`{"max_batch": 1, "versions": {"specific": [1]}}`, `version_policy { specific { versions: 1 } }
			input { name: "` + input + `" data_type: TYPE_FP32 dims: [-1, 1, 28, 28] } output { name: "` + output + `" data_type: TYPE_FP32 dims: [-1, 10] }`},
	} {
		if err := service.Load(ctx, "digits", []byte(c.config)); err != nil {
			t.Fatal(err)
		}
		res, err := f.client.ModelConfig(ctx, &inference.ModelConfigRequest{Name: "digits"})
		wantText(t, res.GetConfig(), err, body+c.want)
	}
	if _, err := f.client.ModelConfig(ctx, &inference.ModelConfigRequest{Name: "none"}); status.Code(err) != codes.NotFound {
		t.Errorf("got %v", err)
	}
	inMemory := configOf(&repository.Version{Program: service.Repository().Serving()[0].Program, Format: "memory", Digest: "1234"}, "")
	if inMemory.GetDefaultModelFilename() != "" || inMemory.GetParameters()["digest"].GetStringValue() != "1234" {
		t.Errorf("got %v", inMemory)
	}
}

// Statistics count what was answered and what was not.
func TestModelStatistics(t *testing.T) {
	ctx, service := testContext(t), servetest.Service(t)
	f := start(t, service, Options{})
	wrong := request(t, service, "", 1)
	wrong.RawInputContents[0] = nil
	for _, req := range []*inference.ModelInferRequest{request(t, service, "", 1), request(t, service, "", 2), wrong} {
		_, _ = f.client.ModelInfer(ctx, req)
	}
	res, err := f.client.ModelStatistics(ctx, &inference.ModelStatisticsRequest{Name: "digits"})
	if err != nil || len(res.GetModelStats()) != 1 {
		t.Fatalf("got %v, %v", res, err)
	}
	s := res.GetModelStats()[0]
	times := s.GetInferenceStats()
	if s.GetName() != "digits" || s.GetVersion() != "1" || s.GetInferenceCount() != 2 || s.GetExecutionCount() != 2 || s.GetLastInference() == 0 ||
		times.GetSuccess().GetCount() != 2 || times.GetSuccess().GetNs() == 0 || times.GetFail().GetCount() != 1 || times.GetQueue().GetCount() != 2 ||
		times.GetComputeInput().GetCount() != 2 || times.GetComputeInfer().GetNs() == 0 || times.GetComputeOutput().GetCount() != 2 ||
		times.GetCacheHit().GetCount() != 0 || len(s.GetBatchStats()) != 1 || s.GetBatchStats()[0].GetBatchSize() != 1 || s.GetBatchStats()[0].GetComputeInfer().GetCount() != 2 {
		t.Errorf("got %v", res)
	}
	if all, err := f.client.ModelStatistics(ctx, new(inference.ModelStatisticsRequest)); err != nil || len(all.GetModelStats()) != 2 || all.GetModelStats()[1].GetLastInference() != 0 {
		t.Errorf("got %v, %v", all, err)
	}
	if _, err := f.client.ModelStatistics(ctx, &inference.ModelStatisticsRequest{Name: "none"}); status.Code(err) != codes.NotFound {
		t.Errorf("got %v", err)
	}
}

// Models are listed, unloaded and loaded, where that is allowed.
func TestRepositoryControl(t *testing.T) {
	ctx, service := testContext(t), servetest.Service(t)
	f := start(t, service, Options{})
	index := func(ready bool, want string) {
		t.Helper()
		servetest.Settled(t, service)
		got, err := f.client.RepositoryIndex(ctx, &inference.RepositoryIndexRequest{Ready: ready})
		wantText(t, got, err, want)
	}
	both := `models { name: "digits" version: "1" state: "READY" } models { name: "other" version: "1" state: "READY" }`
	index(false, both)
	if _, err := f.client.RepositoryModelUnload(ctx, &inference.RepositoryModelUnloadRequest{ModelName: "other", Parameters: map[string]*inference.ModelRepositoryParameter{
		"unload_dependents": {ParameterChoice: &inference.ModelRepositoryParameter_BoolParam{BoolParam: true}}}}); err != nil {
		t.Fatal(err)
	}
	index(false, `models { name: "digits" version: "1" state: "READY" } models { name: "other" version: "1" state: "UNAVAILABLE" reason: "unloaded" }`)
	index(true, `models { name: "digits" version: "1" state: "READY" }`)
	config := func(text string) map[string]*inference.ModelRepositoryParameter {
		return map[string]*inference.ModelRepositoryParameter{"config": {ParameterChoice: &inference.ModelRepositoryParameter_StringParam{StringParam: text}}}
	}
	if _, err := f.client.RepositoryModelLoad(ctx, &inference.RepositoryModelLoadRequest{ModelName: "other", Parameters: config(`{"max_batch": 2}`)}); err != nil {
		t.Fatal(err)
	}
	index(true, both)
	if c, err := f.client.ModelConfig(ctx, &inference.ModelConfigRequest{Name: "other"}); err != nil || c.GetConfig().GetMaxBatchSize() != 2 {
		t.Errorf("got %v, %v", c, err)
	}
	for _, c := range []struct {
		name string
		req  *inference.RepositoryModelLoadRequest
		code codes.Code
	}{
		{"unknown", &inference.RepositoryModelLoadRequest{ModelName: "none"}, codes.NotFound},
		{"path", &inference.RepositoryModelLoadRequest{ModelName: "../digits"}, codes.InvalidArgument},
		{"bad config", &inference.RepositoryModelLoadRequest{ModelName: "digits", Parameters: config(`{"max_batch": -1}`)}, codes.InvalidArgument},
		{"file", &inference.RepositoryModelLoadRequest{ModelName: "digits", Parameters: map[string]*inference.ModelRepositoryParameter{"file:1/model.onnx": nil}}, codes.InvalidArgument},
		{"repository", &inference.RepositoryModelLoadRequest{ModelName: "digits", RepositoryName: "two"}, codes.Unimplemented},
	} {
		if _, err := f.client.RepositoryModelLoad(ctx, c.req); status.Code(err) != c.code {
			t.Errorf("%s: got %v, want %v", c.name, err, c.code)
		}
	}
	if _, err := f.client.RepositoryModelUnload(ctx, &inference.RepositoryModelUnloadRequest{ModelName: "none"}); status.Code(err) != codes.NotFound {
		t.Errorf("got %v", err)
	}
	if _, err := f.client.RepositoryModelUnload(ctx, &inference.RepositoryModelUnloadRequest{RepositoryName: "two"}); status.Code(err) != codes.Unimplemented {
		t.Errorf("got %v", err)
	}
	if _, err := f.client.RepositoryIndex(ctx, &inference.RepositoryIndexRequest{RepositoryName: "two"}); status.Code(err) != codes.Unimplemented {
		t.Errorf("got %v", err)
	}
}

func TestRepositoryControlIsOffByDefault(t *testing.T) {
	ctx := testContext(t)
	f := start(t, oip.NewService(servetest.Repository(t, repository.Options{Dir: servetest.Folder(t, "digits")}), oip.Options{}), Options{})
	if _, err := f.client.RepositoryModelLoad(ctx, &inference.RepositoryModelLoadRequest{ModelName: "digits"}); status.Code(err) != codes.PermissionDenied {
		t.Errorf("got %v", err)
	}
	if _, err := f.client.RepositoryModelUnload(ctx, &inference.RepositoryModelUnloadRequest{ModelName: "digits"}); status.Code(err) != codes.PermissionDenied || !strings.Contains(err.Error(), "off") {
		t.Errorf("got %v", err)
	}
}

// A service that drains answers that it is not ready, and refuses requests so that clients try elsewhere.
func TestDraining(t *testing.T) {
	ctx, service := testContext(t), servetest.Service(t)
	f := start(t, service, Options{})
	req := request(t, service, "", 1)
	if err := service.Drain(ctx); err != nil {
		t.Fatal(err)
	}
	ready, err := f.client.ServerReady(ctx, new(inference.ServerReadyRequest))
	wantText(t, ready, err, ``)
	model, err := f.client.ModelReady(ctx, &inference.ModelReadyRequest{Name: "digits"})
	wantText(t, model, err, ``)
	if _, err := f.client.ModelInfer(ctx, req); status.Code(err) != codes.Unavailable || retryOf(status.Convert(err)) == 0 {
		t.Errorf("got %v", err)
	}
	if _, err := f.client.RepositoryModelLoad(ctx, &inference.RepositoryModelLoadRequest{ModelName: "digits"}); status.Code(err) != codes.Unavailable {
		t.Errorf("got %v", err)
	}
}
