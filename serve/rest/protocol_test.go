package rest_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"reflect"
	"strconv"
	"strings"
	"testing"

	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/ops"
	"github.com/octet-ml/octet/serve/internal/servetest"
	"github.com/octet-ml/octet/serve/oip"
	"github.com/octet-ml/octet/serve/repository"
	"github.com/octet-ml/octet/serve/rest"
	"github.com/octet-ml/octet/vision"
)

// add serves a network in text form.
func add(t testing.TB, r *repository.Repository, name, text string, labels ...string) {
	t.Helper()
	g, err := graph.Parse(text, ops.NewAttrs)
	if err != nil {
		t.Fatal(err)
	}
	if err := r.Add(name, 1, g, vision.Labels(labels), repository.Config{}); err != nil {
		t.Fatal(err)
	}
}

// datatypes are the datatypes with their names in graphs.
var datatypes = map[oip.Datatype]string{
	oip.Bool: "bool", oip.Uint8: "u8", oip.Uint16: "u16", oip.Uint32: "u32", oip.Uint64: "u64",
	oip.Int8: "i8", oip.Int16: "i16", oip.Int32: "i32", oip.Int64: "i64",
	oip.FP16: "f16", oip.BF16: "bf16", oip.FP32: "f32", oip.FP64: "f64",
}

// models returns a service for models that return their inputs: "mymodel" of the protocol's examples; one for each datatype, of
// batches of 3 elements; and "classes" and "labels" of 4 scores without a batch.
func models(t testing.TB, o oip.Options) *oip.Service {
	t.Helper()
	r := servetest.Repository(t, repository.Options{})
	add(t, r, "mymodel", "input input0: u32[2 2]\ninput input1: bool[3]\noutput0 = Identity(input0)\noutput1 = Identity(input1)\noutput output0\noutput output1")
	for datatype, name := range datatypes {
		add(t, r, string(datatype), "input x: "+name+"[N 3]\ny = Identity(x)\noutput y")
	}
	add(t, r, "classes", "input input0: f32[4]\noutput0 = Identity(input0)\noutput output0")
	add(t, r, "labels", "input input0: f32[4]\noutput0 = Identity(input0)\noutput output0", "index_0_label", "index_1_label", "index_2_label", "index_3_label")
	add(t, r, "integers", "input input0: i32[1 4]\noutput0 = Identity(input0)\noutput output0")
	return oip.NewService(r, o)
}

// call sends a request to a handler.
func call(t testing.TB, h http.Handler, method, path string, header map[string]string, body string) *httptest.ResponseRecorder {
	t.Helper()
	r := httptest.NewRequest(method, path, strings.NewReader(body))
	for k, v := range header {
		r.Header.Set(k, v)
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	if got := w.Header().Get("Content-Length"); got != strconv.Itoa(w.Body.Len()) && w.Body.Len() > 0 {
		t.Errorf("%s %s: Content-Length %s of %d bytes", method, path, got, w.Body.Len())
	}
	return w
}

// sameJSON compares documents, in which numbers are compared as text.
func sameJSON(t testing.TB, what, got, want string) {
	t.Helper()
	var values [2]any
	for i, text := range []string{got, want} {
		d := json.NewDecoder(strings.NewReader(text))
		d.UseNumber()
		if err := d.Decode(&values[i]); err != nil {
			t.Errorf("%s: %v in %s", what, err, text)
			return
		}
	}
	if !reflect.DeepEqual(values[0], values[1]) {
		t.Errorf("%s: got\n%s\nwant\n%s", what, got, want)
	}
}

// The cases of the Open Inference Protocol's document for REST, by its headings.
func TestOpenInferenceProtocol(t *testing.T) {
	s := models(t, oip.Options{})
	h := rest.New(s, rest.Options{Version: "v1.2.3"})
	const one = `{"inputs":[{"name":"x","shape":[1,3],"datatype":"INT32","data":[1,2,3]}]}`
	const oneAnswer = `{"model_name":"INT32","model_version":"1","outputs":[{"name":"y","datatype":"INT32","shape":[1,3],"data":[1,2,3]}]}`
	for _, c := range []struct {
		name, method, path, body string
		status                   int
		want                     string // of an error: a part of its text
	}{
		{"server metadata", "GET", "/v2", "", 200, `{"name":"octet","version":"v1.2.3","extensions":["classification","model_repository","statistics",
			"model_repository(unload_dependents)","binary_tensor_data","model_configuration"]}`},
		{"server metadata as in the OpenAPI document", "GET", "/v2/", "", 200, `{"name":"octet","version":"v1.2.3","extensions":["classification","model_repository",
			"statistics","model_repository(unload_dependents)","binary_tensor_data","model_configuration"]}`},
		{"server live", "GET", "/v2/health/live", "", 200, `{"live":true}`},
		{"server ready", "GET", "/v2/health/ready", "", 200, `{"live":true,"ready":true}`},
		{"model ready", "GET", "/v2/models/mymodel/ready", "", 200, `{"name":"mymodel","ready":true}`},
		{"model ready of a version", "GET", "/v2/models/mymodel/versions/1/ready", "", 200, `{"name":"mymodel","ready":true}`},
		{"model ready of no model", "GET", "/v2/models/nothing/ready", "", 404, "nothing"},
		{"model ready of no version", "GET", "/v2/models/mymodel/versions/2/ready", "", 404, "version 2"},
		{"model metadata", "GET", "/v2/models/mymodel", "", 200, `{"name":"mymodel","versions":["1"],"platform":"memory_octet",
			"inputs":[{"name":"input0","datatype":"UINT32","shape":[2,2]},{"name":"input1","datatype":"BOOL","shape":[3]}],
			"outputs":[{"name":"output0","datatype":"UINT32","shape":[2,2]},{"name":"output1","datatype":"BOOL","shape":[3]}]}`},
		{"model metadata: variable dimensions are -1", "GET", "/v2/models/FP32/versions/1", "", 200, `{"name":"FP32","versions":["1"],"platform":"memory_octet",
			"inputs":[{"name":"x","datatype":"FP32","shape":[-1,3]}],"outputs":[{"name":"y","datatype":"FP32","shape":[-1,3]}]}`},
		{"model metadata error", "GET", "/v2/models/nothing", "", 404, "nothing"},
		{"model metadata of a version that is no number", "GET", "/v2/models/mymodel/versions/v10", "", 400, "v10"},
		{"inference request example", "POST", "/v2/models/mymodel/infer", `{"id":"42","inputs":[
			{"name":"input0","shape":[2,2],"datatype":"UINT32","data":[1,2,3,4]},
			{"name":"input1","shape":[3],"datatype":"BOOL","data":[true,false,true]}],"outputs":[{"name":"output0"}]}`, 200,
			`{"model_name":"mymodel","model_version":"1","id":"42","outputs":[{"name":"output0","datatype":"UINT32","shape":[2,2],"data":[1,2,3,4]}]}`},
		{"inference request example as printed: one element of three", "POST", "/v2/models/mymodel/infer", `{"id":"42","inputs":[
			{"name":"input0","shape":[2,2],"datatype":"UINT32","data":[1,2,3,4]},
			{"name":"input1","shape":[3],"datatype":"BOOL","data":[true]}],"outputs":[{"name":"output0"}]}`, 400, "input1"},
		{"tensor data in its natural form", "POST", "/v2/models/mymodel/versions/1/infer", `{"inputs":[
			{"name":"input1","shape":[3],"datatype":"BOOL","data":[true,false,true]},
			{"name":"input0","shape":[2,2],"datatype":"UINT32","data":[[1,2],[4,5]]}]}`, 200,
			`{"model_name":"mymodel","model_version":"1","outputs":[{"name":"output0","datatype":"UINT32","shape":[2,2],"data":[1,2,4,5]},
			{"name":"output1","datatype":"BOOL","shape":[3],"data":[true,false,true]}]}`},
		{"outputs in the order of the request", "POST", "/v2/models/mymodel/infer", `{"outputs":[{"name":"output1"},{"name":"output0"}],"inputs":[
			{"data":[1,2,3,4],"name":"input0","shape":[2,2],"datatype":"UINT32"},
			{"data":[true,false,true],"datatype":"BOOL","name":"input1","shape":[3]}]}`, 200,
			`{"model_name":"mymodel","model_version":"1","outputs":[{"name":"output1","datatype":"BOOL","shape":[3],"data":[true,false,true]},
			{"name":"output0","datatype":"UINT32","shape":[2,2],"data":[1,2,3,4]}]}`},
		{"one input", "POST", "/v2/models/INT32/infer", one, 200, oneAnswer},
		{"parameters that mean nothing", "POST", "/v2/models/INT32/infer", `{"parameters":{"my_custom_parameter":42,"s":"x","b":true,"priority":1},"more":[{"a":null}],
			"inputs":[{"name":"x","shape":[1,3],"datatype":"INT32","parameters":{"a":1},"tags":{},"data":[1,2,3]}],
			"outputs":[{"name":"y","parameters":{"a":1},"tags":[]}]}`, 200, oneAnswer},
		{"null is as good as nothing", "POST", "/v2/models/INT32/infer",
			`{"id":null,"parameters":null,"outputs":null,"inputs":[{"name":"x","shape":[1,3],"datatype":"INT32","parameters":null,"data":[1,2,3]}]}`, 200, oneAnswer},
		{"an id with anything in it", "POST", "/v2/models/INT32/infer", `{"id":"a\"<é\u0000",` + one[1:], 200, `{"id":"a\"<é\u0000",` + oneAnswer[1:]},
		{"keys with escapes", "POST", "/v2/models/INT32/infer", strings.Replace(one, "inputs", `\u0069nputs`, 1), 200, oneAnswer},
		{"no model", "POST", "/v2/models/nothing/infer", one, 404, "nothing"},
		{"no version", "POST", "/v2/models/INT32/versions/9/infer", one, 404, "version 9"},
		{"no inputs", "POST", "/v2/models/INT32/infer", `{}`, 400, "no inputs"},
		{"empty inputs", "POST", "/v2/models/INT32/infer", `{"inputs":[]}`, 400, "no inputs"},
		{"empty body", "POST", "/v2/models/INT32/infer", ``, 400, "ends too early"},
		{"an array", "POST", "/v2/models/INT32/infer", `[]`, 400, "'{'"},
		{"more after the object", "POST", "/v2/models/INT32/infer", one + "x", 400, "nothing more"},
		{"inputs are no array", "POST", "/v2/models/INT32/infer", `{"inputs":{}}`, 400, "'['"},
		{"an input is no object", "POST", "/v2/models/INT32/infer", `{"inputs":[1]}`, 400, "input 0"},
		{"a number as id", "POST", "/v2/models/INT32/infer", `{"id":42,` + one[1:], 400, "string"},
		{"an input without a name", "POST", "/v2/models/INT32/infer", strings.Replace(one, `"name":"x",`, "", 1), 400, "input 0 has no name"},
		{"an input without a shape", "POST", "/v2/models/INT32/infer", strings.Replace(one, `"shape":[1,3],`, "", 1), 400, `\"x\" has no shape`},
		{"an input without a datatype", "POST", "/v2/models/INT32/infer", strings.Replace(one, `"datatype":"INT32",`, "", 1), 400, `\"x\" has no datatype`},
		{"an input without data", "POST", "/v2/models/INT32/infer", strings.Replace(one, `,"data":[1,2,3]`, "", 1), 400, `\"x\" has no data`},
		{"an input of another name", "POST", "/v2/models/INT32/infer", strings.Replace(one, `"x"`, `"z"`, 1), 400, `no input \"z\"`},
		{"an input twice", "POST", "/v2/models/INT32/infer", strings.Replace(one, `]}`, `],"data":[1,2,3]}`, 1), 400, "data twice"},
		{"inputs twice", "POST", "/v2/models/INT32/infer", strings.TrimSuffix(one, "}") + `,"inputs":[]}`, 400, "inputs twice"},
		{"another datatype", "POST", "/v2/models/INT32/infer", strings.Replace(one, `INT32`, `INT16`, 1), 400, "want"},
		{"no such datatype", "POST", "/v2/models/INT32/infer", strings.Replace(one, `INT32`, `STRING`, 1), 400, "STRING"},
		{"another shape", "POST", "/v2/models/INT32/infer", strings.Replace(one, `[1,3]`, `[3]`, 1), 400, "shape [3]"},
		{"a negative dimension", "POST", "/v2/models/INT32/infer", strings.Replace(one, `[1,3]`, `[-1,3]`, 1), 400, `-1`},
		{"a fractional dimension", "POST", "/v2/models/INT32/infer", strings.Replace(one, `[1,3]`, `[1.0,3]`, 1), 400, `1.0`},
		{"a dimension over any limit", "POST", "/v2/models/INT32/infer", strings.Replace(one, `[1,3]`, `[18446744073709551616,3]`, 1), 400, `out of the range`},
		{"many dimensions", "POST", "/v2/models/INT32/infer", strings.Replace(one, `[1,3]`, `[3`+strings.Repeat(",1", 40)+`]`, 1), 400, `dimensions`},
		{"a batch over the limit", "POST", "/v2/models/INT32/infer", strings.NewReplacer(`[1,3]`, `[9,3]`, `[1,2,3]`, `[0`+strings.Repeat(",0", 26)+`]`).Replace(one), 400, "batch 9"},
		{"an output that there is not", "POST", "/v2/models/INT32/infer", `{"outputs":[{"name":"z"}],` + one[1:], 400, `no output \"z\"`},
		{"an output without a name", "POST", "/v2/models/INT32/infer", `{"outputs":[{}],` + one[1:], 400, `output 0 has no name`},
		{"shared memory", "POST", "/v2/models/INT32/infer", strings.Replace(one, `"data":[1,2,3]`, `"parameters":{"shared_memory_region":"r"}`, 1), 400, "shared memory"},
		{"shared memory for an output", "POST", "/v2/models/INT32/infer", `{"outputs":[{"name":"y","parameters":{"shared_memory_region":"r"}}],` + one[1:], 400, "shared memory"},
		{"schedule policy: a timeout that is long enough", "POST", "/v2/models/INT32/infer", `{"parameters":{"timeout":9223372036854775807},` + one[1:], 200, oneAnswer},
		{"schedule policy: no timeout", "POST", "/v2/models/INT32/infer", `{"parameters":{"timeout":0},` + one[1:], 200, oneAnswer},
		{"schedule policy: a negative timeout", "POST", "/v2/models/INT32/infer", `{"parameters":{"timeout":-1},` + one[1:], 400, "timeout"},
		{"schedule policy: a timeout in words", "POST", "/v2/models/INT32/infer", `{"parameters":{"timeout":"1s"},` + one[1:], 400, "timeout"},
		{"no such path", "GET", "/v2/nothing", "", 404, "/v2/nothing"},
		{"no such path beside the protocol", "GET", "/", "", 404, `\"/\"`},
		{"a path that leads elsewhere", "GET", "/v2/models/../models/mymodel", "", 404, "no such path"},
		{"a path with an empty segment", "GET", "/v2//models/mymodel", "", 404, "no such path"},
		{"a slash at the end", "GET", "/v2/models/mymodel/", "", 404, "no such path"},
		{"another method", "POST", "/v2/models/mymodel", "{}", 405, "GET, HEAD"},
		{"another method for inference", "GET", "/v2/models/mymodel/infer", "", 405, "POST"},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := call(t, h, c.method, c.path, nil, c.body)
			if w.Code != c.status {
				t.Fatalf("status %d, want %d: %s", w.Code, c.status, w.Body)
			}
			if kind := w.Header().Get("Content-Type"); kind != "application/json" {
				t.Errorf("Content-Type %q", kind)
			}
			if c.status == 200 {
				sameJSON(t, "response", w.Body.String(), c.want)
			} else if text := w.Body.String(); !strings.HasPrefix(text, `{"error":"`) || !strings.Contains(text, c.want) {
				t.Errorf("error %s: want one that tells of %q", text, c.want)
			}
			if allow := w.Header().Get("Allow"); (c.status == 405) != (allow != "") {
				t.Errorf("Allow: %q", allow)
			}
		})
	}
}

// The cases of Triton's classification extension, by its document.
func TestClassificationExtension(t *testing.T) {
	h := rest.New(models(t, oip.Options{}), rest.Options{})
	for _, c := range []struct {
		name, model, datatype, shape, data, count string
		want                                      string // the output
	}{
		{"the example without labels", "classes", "FP32", "[4]", "[1.1,3.3,0.5,2.4]", "2", `{"name":"output0","datatype":"BYTES","shape":[2],"data":["3.300000:1","2.400000:3"]}`},
		{"the example with labels", "labels", "FP32", "[4]", "[1.1,3.3,0.5,2.4]", "2",
			`{"name":"output0","datatype":"BYTES","shape":[2],"data":["3.300000:1:index_1_label","2.400000:3:index_3_label"]}`},
		{"the example of integers", "integers", "INT32", "[1,4]", "[1,5,10,4]", "2", `{"name":"output0","datatype":"BYTES","shape":[1,2],"data":["10:2","5:1"]}`},
		{"more than there are", "classes", "FP32", "[4]", "[1,2,3,4]", "9",
			`{"name":"output0","datatype":"BYTES","shape":[4],"data":["4.000000:3","3.000000:2","2.000000:1","1.000000:0"]}`},
		{"a batch", "FP32", "FP32", "[2,3]", "[1,2,3,9,8,7]", "1", `{"name":"y","datatype":"BYTES","shape":[2,1],"data":["3.000000:2","9.000000:0"]}`},
		{"none: the tensor", "classes", "FP32", "[4]", "[1.1,3.3,0.5,2.4]", "0", `{"name":"output0","datatype":"FP32","shape":[4],"data":[1.1,3.3,0.5,2.4]}`},
		{"a negative number", "classes", "FP32", "[4]", "[1,2,3,4]", "-1", ""},
		{"a fraction", "classes", "FP32", "[4]", "[1,2,3,4]", "1.5", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			in, out := "input0", "output0"
			if c.model == "FP32" {
				in, out = "x", "y"
			}
			w := call(t, h, "POST", "/v2/models/"+c.model+"/infer", nil, `{"inputs":[{"name":"`+in+`","shape":`+c.shape+`,"datatype":"`+c.datatype+`","data":`+c.data+
				`}],"outputs":[{"name":"`+out+`","parameters":{"classification":`+c.count+`}}]}`)
			if c.want == "" {
				if w.Code != 400 || !strings.Contains(w.Body.String(), "classification") {
					t.Errorf("%d %s", w.Code, w.Body)
				}
				return
			}
			sameJSON(t, "response", w.Body.String(), `{"model_name":"`+c.model+`","model_version":"1","outputs":[`+c.want+`]}`)
		})
	}
}

// Health tells orchestrators what they need: a server that drains is alive and not ready.
func TestHealthOfAServerThatDrains(t *testing.T) {
	s := models(t, oip.Options{})
	h := rest.New(s, rest.Options{})
	if err := s.Drain(t.Context()); err != nil {
		t.Fatal(err)
	}
	if w := call(t, h, "GET", "/v2/health/live", nil, ""); w.Code != 200 {
		t.Errorf("live: %d %s", w.Code, w.Body)
	}
	w := call(t, h, "GET", "/v2/health/ready", nil, "")
	if w.Code != 503 {
		t.Errorf("ready: %d", w.Code)
	}
	sameJSON(t, "ready", w.Body.String(), `{"live":true,"ready":false}`)
	if w := call(t, h, "POST", "/v2/models/INT32/infer", nil, "{}"); w.Code != 503 || w.Header().Get("Retry-After") == "" {
		t.Errorf("infer: %d %v %s", w.Code, w.Header(), w.Body)
	}
}

// A request that will be refused is refused before its body is read.
func TestRefusalsComeBeforeTheBody(t *testing.T) {
	h := rest.New(models(t, oip.Options{}), rest.Options{})
	r := httptest.NewRequest("POST", "/v2/models/nothing/infer", nil)
	r.Body, r.ContentLength = unread{t}, 1<<30
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	if w.Code != 404 || w.Header().Get("Connection") != "close" {
		t.Errorf("%d %v", w.Code, w.Header())
	}
}

// unread is a body that nobody may read.
type unread struct{ t *testing.T }

func (u unread) Read([]byte) (int, error) {
	u.t.Error("the body was read")
	return 0, http.ErrBodyReadAfterClose
}

func (u unread) Close() error { return nil }

func TestTimeoutHeader(t *testing.T) {
	h := rest.New(models(t, oip.Options{}), rest.Options{})
	const one = `{"inputs":[{"name":"x","shape":[1,3],"datatype":"INT32","data":[1,2,3]}]}`
	for _, c := range []struct {
		value  string
		status int
	}{{"1h", 200}, {"1ns", 504}, {"soon", 400}} {
		if w := call(t, h, "POST", "/v2/models/INT32/infer", map[string]string{rest.TimeoutHeader: c.value}, one); w.Code != c.status {
			t.Errorf("%s: %d %s, want %d", c.value, w.Code, w.Body, c.status)
		}
	}
}

func TestHEADIsGETWithoutItsBody(t *testing.T) {
	srv := httptest.NewServer(rest.New(models(t, oip.Options{}), rest.Options{}))
	defer srv.Close()
	res, err := srv.Client().Head(srv.URL + "/v2/health/ready")
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if res.StatusCode != 200 || res.ContentLength <= 0 {
		t.Errorf("%s, Content-Length %d", res.Status, res.ContentLength)
	}
}
