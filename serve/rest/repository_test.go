package rest_test

import (
	"encoding/base64"
	"encoding/json"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/octet-ml/octet/serve/internal/servetest"
	"github.com/octet-ml/octet/serve/oip"
	"github.com/octet-ml/octet/serve/repository"
	"github.com/octet-ml/octet/serve/rest"
)

// The cases of Triton's model repository extension, by its document: index, load and unload, in their order.
func TestModelRepositoryExtension(t *testing.T) {
	service := servetest.Service(t)
	h := rest.New(service, rest.Options{})
	const both = `[{"name":"digits","version":"1","state":"READY","reason":""},{"name":"other","version":"1","state":"READY","reason":""}]`
	model := base64.StdEncoding.EncodeToString(servetest.Digits(t))
	for _, c := range []struct {
		name, path, body string
		status           int
		want             string // of an error: a part of its text; "" for an empty body
	}{
		{"index", "index", `{}`, 200, both},
		{"index without a body", "index", ``, 200, both},
		{"index of those that are ready", "index", `{"ready":true}`, 200, both},
		{"index of garbage", "index", `{"ready":1}`, 400, "JSON"},
		{"index and more", "index", `{"ready":true} {}`, 400, "nothing more"},
		{"unload", "models/other/unload", ``, 200, ""},
		{"index shows it", "index", `{"ready":false}`, 200, `[{"name":"digits","version":"1","state":"READY","reason":""},{"name":"other","version":"1","state":"UNAVAILABLE","reason":"unloaded"}]`},
		{"index of those that are ready does not", "index", `{"ready":true}`, 200, `[{"name":"digits","version":"1","state":"READY","reason":""}]`},
		{"load", "models/other/load", ``, 200, ""},
		{"index shows it again", "index", ` `, 200, both},
		{"load again", "models/other/load", `{}`, 200, ""},
		{"load without parameters", "models/other/load", `{"parameters":{}}`, 200, ""},
		{"load with parameters null", "models/other/load", `{"parameters":null}`, 200, ""},
		{"load with a configuration", "models/other/load", `{"parameters":{"config":"{\"max_batch\":3,\"max_delay\":\"2ms\"}"}}`, 200, ""},
		{"load with a configuration of Triton's", "models/other/load", `{"parameters":{"config":"{\"backend\":\"onnxruntime\"}"}}`, 400, "backend"},
		{"load with a configuration that is no text", "models/other/load", `{"parameters":{"config":{"max_batch":3}}}`, 400, "config"},
		{"load of files", "models/other/load", `{"parameters":{"config":"{}","file:1/model.onnx":"` + model + `"}}`, 400, "file:1/model.onnx"},
		{"load of no model", "models/nothing/load", ``, 404, "nothing"},
		{"load of what cannot be a model", "models/..%2F..%2Fetc/load", ``, 400, "bad name"},
		{"unload with dependents", "models/other/unload", `{"parameters":{"unload_dependents":true}}`, 200, ""},
		{"unload without dependents", "models/digits/unload", `{"parameters":{"unload_dependents":false}}`, 200, ""},
		{"unload with something else", "models/digits/unload", `{"parameters":{"force":true}}`, 400, "force"},
		{"unload of no model", "models/nothing/unload", ``, 404, "nothing"},
	} {
		t.Run(c.name, func(t *testing.T) {
			servetest.Settled(t, service)
			w := call(t, h, "POST", "/v2/repository/"+c.path, nil, c.body)
			body := w.Body.String()
			switch {
			case w.Code != c.status:
				t.Errorf("status %d, want %d: %s", w.Code, c.status, body)
			case c.status != 200 && (!strings.HasPrefix(body, `{"error":"`) || !strings.Contains(body, c.want)):
				t.Errorf("error %s: want one that tells of %q", body, c.want)
			case c.status == 200 && c.want == "" && body != "":
				t.Errorf("body %q", body)
			case c.status == 200 && c.want != "":
				sameJSON(t, "response", body, c.want)
			}
		})
	}
}

func TestLoadTakesTheConfiguration(t *testing.T) {
	h := rest.New(servetest.Service(t), rest.Options{})
	if w := call(t, h, "POST", "/v2/repository/models/digits/load", nil, `{"parameters":{"config":"{\"max_batch\":3}"}}`); w.Code != 200 {
		t.Fatalf("%d %s", w.Code, w.Body)
	}
	var c struct {
		MaxBatch int `json:"max_batch_size"`
	}
	if err := json.Unmarshal(call(t, h, "GET", "/v2/models/digits/config", nil, "").Body.Bytes(), &c); err != nil || c.MaxBatch != 3 {
		t.Errorf("max_batch_size %d, %v, want 3", c.MaxBatch, err)
	}
}

func TestLoadingThatIsOff(t *testing.T) {
	h := rest.New(models(t, oip.Options{}), rest.Options{})
	for _, path := range []string{"load", "unload"} {
		if w := call(t, h, "POST", "/v2/repository/models/FP32/"+path, nil, ""); w.Code != 403 {
			t.Errorf("%s: %d %s, want 403", path, w.Code, w.Body)
		}
	}
}

func TestIndexOfNoModels(t *testing.T) {
	h := rest.New(oip.NewService(servetest.Repository(t, repository.Options{}), oip.Options{}), rest.Options{})
	for path, want := range map[string]string{"/v2/repository/index": `[]`, "/v2/models/stats": `{"model_stats":[]}`} {
		method := "POST"
		if strings.HasSuffix(path, "stats") {
			method = "GET"
		}
		sameJSON(t, path, call(t, h, method, path, nil, "").Body.String(), want)
	}
}

// stat is what the tests read of a duration_stat.
type stat struct {
	Count uint64
	NS    int64
}

// modelStats is what the tests read of a model_stat.
type modelStats struct {
	Name, Version string
	Last          int64           `json:"last_inference"`
	Inferences    uint64          `json:"inference_count"`
	Executions    uint64          `json:"execution_count"`
	Inference     map[string]stat `json:"inference_stats"`
	Batches       []struct {
		Size   int  `json:"batch_size"`
		Input  stat `json:"compute_input"`
		Infer  stat `json:"compute_infer"`
		Output stat `json:"compute_output"`
	} `json:"batch_stats"`
}

// statsOf returns the statistics under a path.
func statsOf(t *testing.T, h http.Handler, path string) []modelStats {
	t.Helper()
	w := call(t, h, "GET", path, nil, "")
	var doc struct {
		Models []modelStats `json:"model_stats"`
	}
	d := json.NewDecoder(w.Body)
	if err := d.Decode(&doc); err != nil || w.Code != 200 {
		t.Fatalf("%s: %d, %v", path, w.Code, err)
	}
	return doc.Models
}

// The cases of Triton's statistics extension, by its document.
func TestStatisticsExtension(t *testing.T) {
	h := rest.New(models(t, oip.Options{}), rest.Options{})
	before := time.Now().UnixMilli()
	infer := func(batch int, want int) {
		t.Helper()
		zeros := strings.TrimSuffix(strings.Repeat("0,", 3*batch), ",")
		text := `{"inputs":[{"name":"x","shape":[` + strconv.Itoa(batch) + `,3],"datatype":"INT8","data":[` + zeros + `]}]}`
		if w := call(t, h, "POST", "/v2/models/INT8/infer", nil, text); w.Code != want {
			t.Fatalf("%d %s", w.Code, w.Body)
		}
	}
	infer(1, 200)
	infer(2, 200)
	infer(2, 200)
	infer(9, 400)
	if n := len(statsOf(t, h, "/v2/models/stats")); n != len(datatypes)+4 {
		t.Errorf("statistics of %d models, want all %d", n, len(datatypes)+4)
	}
	if s := statsOf(t, h, "/v2/models/INT16/stats"); len(s) != 1 || s[0].Last != 0 || s[0].Inferences != 0 || len(s[0].Batches) != 0 {
		t.Errorf("a model without requests: %+v", s)
	}
	for _, path := range []string{"/v2/models/INT8/stats", "/v2/models/INT8/versions/1/stats"} {
		list := statsOf(t, h, path)
		if len(list) != 1 {
			t.Fatalf("%s: %d models", path, len(list))
		}
		s := list[0]
		if s.Name != "INT8" || s.Version != "1" || s.Inferences != 5 || s.Executions != 3 || s.Last < before || s.Last > time.Now().UnixMilli() {
			t.Errorf("%s: %+v", path, s)
		}
		for name, count := range map[string]uint64{
			"success": 3, "fail": 1, "queue": 3, "compute_input": 3, "compute_infer": 3, "compute_output": 3, "cache_hit": 0, "cache_miss": 0,
		} {
			got, ok := s.Inference[name]
			if !ok || got.Count != count || (name == "success" || name == "compute_infer") && got.NS <= 0 {
				t.Errorf("%s: %s: %+v, want a count of %d", path, name, got, count)
			}
		}
		if len(s.Batches) != 2 || s.Batches[0].Size != 1 || s.Batches[0].Infer.Count != 1 || s.Batches[1].Size != 2 || s.Batches[1].Infer.Count != 2 ||
			s.Batches[1].Input.Count != 2 || s.Batches[1].Output.Count != 2 {
			t.Errorf("%s: batches %+v", path, s.Batches)
		}
	}
	for path, want := range map[string]int{"/v2/models/nothing/stats": 404, "/v2/models/INT8/versions/7/stats": 404, "/v2/models/INT8/versions/x/stats": 400} {
		if w := call(t, h, "GET", path, nil, ""); w.Code != want {
			t.Errorf("%s: %d %s, want %d", path, w.Code, w.Body, want)
		}
	}
}

// The cases of Triton's model configuration extension.
func TestModelConfigurationExtension(t *testing.T) {
	h := rest.New(models(t, oip.Options{}), rest.Options{})
	const fixed = `{"name":"mymodel","platform":"memory_octet","backend":"octet","version_policy":{"latest":{"num_versions":1}},"max_batch_size":0,
		"input":[{"name":"input0","data_type":"TYPE_UINT32","dims":[2,2]},{"name":"input1","data_type":"TYPE_BOOL","dims":[3]}],
		"output":[{"name":"output0","data_type":"TYPE_UINT32","dims":[2,2]},{"name":"output1","data_type":"TYPE_BOOL","dims":[3]}]}`
	const batched = `{"name":"FP32","platform":"memory_octet","backend":"octet","version_policy":{"latest":{"num_versions":1}},"max_batch_size":8,
		"input":[{"name":"x","data_type":"TYPE_FP32","dims":[3]}],"output":[{"name":"y","data_type":"TYPE_FP32","dims":[3]}],
		"dynamic_batching":{"max_queue_delay_microseconds":0,"default_queue_policy":{"default_timeout_microseconds":30000000,"max_queue_size":0}}}`
	for path, want := range map[string]string{
		"/v2/models/mymodel/config": fixed, "/v2/models/mymodel/versions/1/config": fixed, "/v2/models/FP32/config": batched,
	} {
		sameJSON(t, path, call(t, h, "GET", path, nil, "").Body.String(), want)
	}
	for path, want := range map[string]int{"/v2/models/nothing/config": 404, "/v2/models/FP32/versions/2/config": 404} {
		if w := call(t, h, "GET", path, nil, ""); w.Code != want {
			t.Errorf("%s: %d %s, want %d", path, w.Code, w.Body, want)
		}
	}
	onDisk := rest.New(servetest.Service(t), rest.Options{})
	if w := call(t, onDisk, "GET", "/v2/models/digits/config", nil, ""); !strings.Contains(w.Body.String(), `"default_model_filename":"model.onnx"`) {
		t.Errorf("digits: %s", w.Body)
	}
}
