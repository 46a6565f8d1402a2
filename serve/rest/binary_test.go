package rest_test

import (
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"math"
	"net/http"
	"strconv"
	"strings"
	"testing"

	"github.com/octet-ml/octet/serve/internal/servetest"
	"github.com/octet-ml/octet/serve/oip"
	"github.com/octet-ml/octet/serve/rest"
)

const lengthHeader = "Inference-Header-Content-Length"

// floats returns float32 in little-endian order.
func floats(v ...float32) string {
	var out []byte
	for _, f := range v {
		out = binary.LittleEndian.AppendUint32(out, math.Float32bits(f))
	}
	return string(out)
}

// The cases of Triton's binary tensor data extension, by its document, and what can be wrong with them.
func TestBinaryDataExtension(t *testing.T) {
	budget := oip.NewBudget(1 << 20)
	h := rest.New(models(t, oip.Options{Budget: budget}), rest.Options{})
	const example = `{"model_name":"mymodel","inputs":[
		{"name":"input0","shape":[2,2],"datatype":"UINT32","parameters":{"binary_data_size":16}},
		{"name":"input1","shape":[3],"datatype":"BOOL","parameters":{"binary_data_size":3}}],
		"outputs":[{"name":"output0","parameters":{"binary_data":true}}]}`
	const data = "\x01\x00\x00\x00\x02\x00\x00\x00\x03\x00\x00\x00\x04\x00\x00\x00" + "\x01\x00\x01"
	const answer = `{"model_name":"mymodel","model_version":"1","outputs":[
		{"name":"output0","datatype":"UINT32","shape":[2,2],"parameters":{"binary_data_size":16}}]}`
	const whole = "whole"
	for _, c := range []struct {
		name, model, json, data, length string // length: the header; "" for len(json), whole for none
		status                          int
		want, wantData                  string
	}{
		{"the example", "mymodel", example, data, "", 200, answer, data[:16]},
		{"outputs in JSON", "mymodel", strings.Replace(example, "true", "false", 1), data, "", 200,
			`{"model_name":"mymodel","model_version":"1","outputs":[{"name":"output0","datatype":"UINT32","shape":[2,2],"data":[1,2,3,4]}]}`, ""},
		{"all outputs", "mymodel", strings.Replace(example, `"outputs":[{"name":"output0","parameters":{"binary_data":true}}]`, `"parameters":{"binary_data_output":true}`, 1), data, "", 200,
			`{"model_name":"mymodel","model_version":"1","outputs":[{"name":"output0","datatype":"UINT32","shape":[2,2],"parameters":{"binary_data_size":16}},
			{"name":"output1","datatype":"BOOL","shape":[3],"parameters":{"binary_data_size":3}}]}`, data},
		{"all outputs but one", "mymodel", strings.Replace(example, `[{"name":"output0","parameters":{"binary_data":true}}]`,
			`[{"name":"output0","parameters":{"binary_data":false}},{"name":"output1"}],"parameters":{"binary_data_output":true}`, 1), data, "", 200,
			`{"model_name":"mymodel","model_version":"1","outputs":[{"name":"output0","datatype":"UINT32","shape":[2,2],"data":[1,2,3,4]},
			{"name":"output1","datatype":"BOOL","shape":[3],"parameters":{"binary_data_size":3}}]}`, data[16:]},
		{"one input in JSON", "mymodel", strings.Replace(example, `"parameters":{"binary_data_size":16}`, `"data":[[1,2],[3,4]]`, 1), data[16:], "", 200, answer, data[:16]},
		{"JSON alone, binary answer", "INT8", `{"inputs":[{"name":"x","shape":[1,3],"datatype":"INT8","data":[-1,0,1]}],"parameters":{"binary_data_output":true}}`, "", whole, 200,
			`{"model_name":"INT8","model_version":"1","outputs":[{"name":"y","datatype":"INT8","shape":[1,3],"parameters":{"binary_data_size":3}}]}`, "\xff\x00\x01"},
		{"FP16, which JSON has not", "FP16", `{"inputs":[{"name":"x","shape":[1,3],"datatype":"FP16","parameters":{"binary_data_size":6}}],"parameters":{"binary_data_output":true}}`,
			"\x00\x3c\x00\xc0\x00\x7c", "", 200,
			`{"model_name":"FP16","model_version":"1","outputs":[{"name":"y","datatype":"FP16","shape":[1,3],"parameters":{"binary_data_size":6}}]}`, "\x00\x3c\x00\xc0\x00\x7c"},
		{"FP16 in JSON", "FP16", `{"inputs":[{"name":"x","shape":[1,3],"datatype":"FP16","data":[1,2,3]}]}`, "", whole, 400, "binary", ""},
		{"FP16 as JSON", "FP16", `{"inputs":[{"name":"x","shape":[1,3],"datatype":"FP16","parameters":{"binary_data_size":6}}]}`, "\x00\x3c\x00\xc0\x00\x7c", "", 400, `output \"y\"`, ""},
		{"infinity", "FP32", `{"inputs":[{"name":"x","shape":[1,3],"datatype":"FP32","parameters":{"binary_data_size":12}}],"outputs":[{"name":"y","parameters":{"binary_data":true}}]}`,
			floats(1, float32(math.Inf(1)), -1), "", 200,
			`{"model_name":"FP32","model_version":"1","outputs":[{"name":"y","datatype":"FP32","shape":[1,3],"parameters":{"binary_data_size":12}}]}`, floats(1, float32(math.Inf(1)), -1)},
		{"infinity as JSON", "FP32", `{"inputs":[{"name":"x","shape":[1,3],"datatype":"FP32","parameters":{"binary_data_size":12}}]}`,
			floats(1, float32(math.Inf(1)), -1), "", 400, "element 1", ""},
		{"classes as binary data", "classes", `{"inputs":[{"name":"input0","shape":[4],"datatype":"FP32","parameters":{"binary_data_size":16}}],
			"outputs":[{"name":"output0","parameters":{"binary_data":true,"classification":1}}]}`, floats(1, 2, 3, 0), "", 200,
			`{"model_name":"classes","model_version":"1","outputs":[{"name":"output0","datatype":"BYTES","shape":[1],"parameters":{"binary_data_size":14}}]}`, "\x0a\x00\x00\x003.000000:2"},
		{"raw binary request", "classes", "", floats(1, 2, 3, 4), "0", 200,
			`{"model_name":"classes","model_version":"1","outputs":[{"name":"output0","datatype":"FP32","shape":[4],"parameters":{"binary_data_size":16}}]}`, floats(1, 2, 3, 4)},
		{"raw binary request of a batch of one", "FP32", "", floats(1, 2, 3), "0", 200,
			`{"model_name":"FP32","model_version":"1","outputs":[{"name":"y","datatype":"FP32","shape":[1,3],"parameters":{"binary_data_size":12}}]}`, floats(1, 2, 3)},
		{"raw binary request of a batch", "FP32", "", floats(1, 2, 3, 4, 5, 6), "0", 200,
			`{"model_name":"FP32","model_version":"1","outputs":[{"name":"y","datatype":"FP32","shape":[2,3],"parameters":{"binary_data_size":24}}]}`, floats(1, 2, 3, 4, 5, 6)},
		{"raw binary request for two inputs", "mymodel", "", data, "0", 400, "2 inputs", ""},
		{"raw binary request of half an example", "FP32", "", floats(1, 2, 3, 4), "0", 400, "16 bytes", ""},
		{"raw binary request of nothing", "FP32", "", "", "0", 400, "0 bytes", ""},
		{"raw binary request of another size", "classes", "", floats(1, 2, 3), "0", 400, "12 bytes", ""},
		{"a size that is negative", "mymodel", strings.Replace(example, "16", "-16", 1), data, "", 400, "input 0", ""},
		{"a size that overflows", "mymodel", strings.Replace(example, "16", "9223372036854775808", 1), data, "", 400, "input 0", ""},
		{"a size near overflow", "mymodel", strings.Replace(example, ":16", ":9223372036854775807", 1), data, "", 400, "input0", ""},
		{"a fraction as size", "mymodel", strings.Replace(example, ":16", ":16.0", 1), data, "", 400, "input 0", ""},
		{"a string as size", "mymodel", strings.Replace(example, ":16", `:"16"`, 1), data, "", 400, "input 0", ""},
		{"data too short", "mymodel", example, data[:18], "", 400, "input1", ""},
		{"data too long", "mymodel", example, data + "!", "", 400, "1 bytes after", ""},
		{"sizes that take from one another", "mymodel", strings.NewReplacer(":16", ":15", ":3}", ":4}").Replace(example), data, "", 400, "input0", ""},
		{"data twice", "mymodel", strings.Replace(example, `"parameters":{"binary_data_size":16}`, `"parameters":{"binary_data_size":16},"data":[1,2,3,4]`, 1), data, "", 400, "input0", ""},
		{"no header", "mymodel", example, data, whole, 400, "byte " + strconv.Itoa(len(example)), ""},
		{"no header and no data", "mymodel", example, "", whole, 400, lengthHeader, ""},
		{"a header over the body", "mymodel", example, data, "100000", 400, lengthHeader, ""},
		{"a negative header", "mymodel", example, data, "-1", 400, lengthHeader, ""},
		{"a header that overflows", "mymodel", example, data, "9223372036854775808", 400, lengthHeader, ""},
		{"a header in words", "mymodel", example, data, "all", 400, lengthHeader, ""},
		{"a header that cuts the JSON", "mymodel", example, data, "20", 400, "does not end", ""},
		{"binary_data in words", "mymodel", strings.Replace(example, "true", `"true"`, 1), data, "", 400, "output 0", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			header := map[string]string{lengthHeader: c.length}
			switch c.length {
			case "":
				header[lengthHeader] = strconv.Itoa(len(c.json))
			case whole:
				delete(header, lengthHeader)
			}
			w := call(t, h, "POST", "/v2/models/"+c.model+"/infer", header, c.json+c.data)
			if w.Code != c.status {
				t.Fatalf("status %d, want %d: %s", w.Code, c.status, w.Body)
			}
			body, kind := w.Body.String(), "application/json"
			switch {
			case c.status != 200:
				if !strings.HasPrefix(body, `{"error":"`) || !strings.Contains(body, c.want) {
					t.Errorf("error %s: want one that tells of %q", body, c.want)
				}
			case c.wantData == "":
				sameJSON(t, "response", body, c.want)
			default:
				kind = "application/octet-stream"
				n, err := strconv.Atoi(w.Header().Get(lengthHeader))
				if err != nil || n > len(body) {
					t.Fatalf("%s: %v", lengthHeader, w.Header())
				}
				sameJSON(t, "response", body[:n], c.want)
				if body[n:] != c.wantData {
					t.Errorf("data % x, want % x", body[n:], c.wantData)
				}
			}
			if got := w.Header().Get("Content-Type"); got != kind {
				t.Errorf("Content-Type %q, want %q", got, kind)
			}
			if used := budget.Used(); used != 0 {
				t.Errorf("the budget holds %d bytes in the end", used)
			}
		})
	}
}

// Tensors in JSON and as binary data are the same bits, for every datatype that has both forms.
func TestJSONAndBinaryDataAreTheSameBits(t *testing.T) {
	h := rest.New(models(t, oip.Options{}), rest.Options{})
	for _, c := range []struct {
		datatype   oip.Datatype
		data, json string
	}{
		{oip.Bool, "\x01\x00\x01", "[true,false,true]"},
		{oip.Uint8, "\x00\x7f\xff", "[0,127,255]"},
		{oip.Int8, "\x80\x00\x7f", "[-128,0,127]"},
		{oip.Uint16, "\x00\x00\xff\x00\xff\xff", "[0,255,65535]"},
		{oip.Int16, "\x00\x80\x00\x00\xff\x7f", "[-32768,0,32767]"},
		{oip.Uint32, "\x00\x00\x00\x00\x01\x00\x00\x00\xff\xff\xff\xff", "[0,1,4294967295]"},
		{oip.Int32, "\x00\x00\x00\x80\x01\x00\x00\x00\xff\xff\xff\x7f", "[-2147483648,1,2147483647]"},
		{oip.Uint64, "\x01\x00\x00\x00\x00\x00\x20\x00\xff\xff\xff\xff\xff\xff\xff\xff\x00\x00\x00\x00\x00\x00\x00\x00", "[9007199254740993,18446744073709551615,0]"},
		{oip.Int64, "\x00\x00\x00\x00\x00\x00\x00\x80\xff\xff\xff\xff\xff\xff\xff\x7f\xff\xff\xff\xff\xff\xff\xff\xff", "[-9223372036854775808,9223372036854775807,-1]"},
		{oip.FP32, floats(0.1, -1e-45, math.MaxFloat32), "[0.1,-1e-45,3.4028235e+38]"},
		{oip.FP64, "\x9a\x99\x99\x99\x99\x99\xb9\x3f\x01\x00\x00\x00\x00\x00\x00\x80\xff\xff\xff\xff\xff\xff\xef\x7f", "[0.1,-5e-324,1.7976931348623157e+308]"},
	} {
		for _, in := range []bool{false, true} {
			for _, out := range []bool{false, true} {
				t.Run(fmt.Sprintf("%s binary in %v out %v", c.datatype, in, out), func(t *testing.T) {
					data, tail := `"data":`+c.json, ""
					if in {
						data, tail = fmt.Sprintf(`"parameters":{"binary_data_size":%d}`, len(c.data)), c.data
					}
					text := fmt.Sprintf(`{"parameters":{"binary_data_output":%v},"inputs":[{"name":"x","shape":[1,3],"datatype":"%s",%s}]}`, out, c.datatype, data)
					w := call(t, h, "POST", "/v2/models/"+string(c.datatype)+"/infer", map[string]string{lengthHeader: strconv.Itoa(len(text))}, text+tail)
					body := w.Body.String()
					switch {
					case w.Code != 200:
						t.Errorf("%d %s", w.Code, body)
					case out && !strings.HasSuffix(body, c.data):
						t.Errorf("%q does not end in % x", body, c.data)
					case !out:
						sameJSON(t, "response", body, fmt.Sprintf(`{"model_name":"%[1]s","model_version":"1","outputs":[{"name":"y","datatype":"%[1]s","shape":[1,3],"data":%[2]s}]}`, c.datatype, c.json))
					}
				})
			}
		}
	}
}

// digitsTensors returns the names of the input and the output of the classifier of digits.
func digitsTensors(t testing.TB, h http.Handler) (in, out string) {
	t.Helper()
	var model struct{ Inputs, Outputs []struct{ Name string } }
	if err := json.Unmarshal(call(t, h, "GET", "/v2/models/digits", nil, "").Body.Bytes(), &model); err != nil {
		t.Fatal(err)
	}
	return model.Inputs[0].Name, model.Outputs[0].Name
}

// What a network answers is the same to the bit in all forms, compressed or not, and at any place in memory.
func TestFormsOfARequestGiveTheSameBits(t *testing.T) {
	h := rest.New(servetest.Service(t), rest.Options{})
	const n = 2 * 28 * 28
	values := make([]float32, n)
	for i := range values {
		values[i] = float32(i*i%257) / 256
	}
	raw := floats(values...)
	numbers, err := json.Marshal(values)
	if err != nil {
		t.Fatal(err)
	}
	in, out := digitsTensors(t, h)
	var want string
	for pad := range 8 { // the tensor starts at any remainder of an address
		for _, form := range []string{"json", "binary", "raw", "gzip"} {
			data, tail := `"data":`+string(numbers), ""
			if form != "json" {
				data, tail = fmt.Sprintf(`"parameters":{"binary_data_size":%d}`, len(raw)), raw
			}
			text := strings.Repeat(" ", pad) + fmt.Sprintf(`{"inputs":[{"name":%q,"shape":[2,1,28,28],"datatype":"FP32",%s}],"outputs":[{"name":%q,"parameters":{"binary_data":true}}]}`, in, data, out)
			header := map[string]string{lengthHeader: strconv.Itoa(len(text))}
			body := text + tail
			switch form {
			case "raw":
				body, header[lengthHeader] = raw, "0"
			case "gzip":
				var b bytes.Buffer
				z := gzip.NewWriter(&b)
				z.Write([]byte(body))
				z.Close()
				body, header["Content-Encoding"] = b.String(), "gzip"
			}
			w := call(t, h, "POST", "/v2/models/digits/infer", header, body)
			got := w.Body.String()
			if w.Code != 200 {
				t.Fatalf("%s: %d %s", form, w.Code, got)
			}
			length, err := strconv.Atoi(w.Header().Get(lengthHeader))
			if err != nil || len(got)-length != 80 {
				t.Fatalf("%s: %v, %d bytes", form, w.Header(), len(got))
			}
			if want == "" {
				want = got[length:]
			}
			if got[length:] != want {
				t.Errorf("%s after %d spaces: % x, want % x", form, pad, got[length:], want)
			}
		}
	}
	// In JSON, the floats read back as the same bits.
	text := fmt.Sprintf(`{"inputs":[{"name":%q,"shape":[2,1,28,28],"datatype":"FP32","data":%s}]}`, in, numbers)
	var res struct{ Outputs []struct{ Data []float32 } }
	if err := json.Unmarshal(call(t, h, "POST", "/v2/models/digits/infer", nil, text).Body.Bytes(), &res); err != nil {
		t.Fatal(err)
	}
	if floats(res.Outputs[0].Data...) != want {
		t.Errorf("JSON: %v", res.Outputs[0].Data)
	}
}

// Pictures for a model of pictures come as BYTES: binary, or in JSON as base64.
func TestPicturesInRequests(t *testing.T) {
	h := rest.New(servetest.Service(t), rest.Options{})
	picture := servetest.Digit(t, "7")
	in, out := digitsTensors(t, h)
	encoded, err := json.Marshal(picture)
	if err != nil {
		t.Fatal(err)
	}
	element := oip.AppendBytes(nil, string(picture))
	for _, c := range []struct{ name, in, tail string }{
		{"base64", `"parameters":{"content_type":"base64"},"data":[` + string(encoded) + `]`, ""},
		{"binary", fmt.Sprintf(`"parameters":{"binary_data_size":%d}`, len(element)), string(element)},
	} {
		t.Run(c.name, func(t *testing.T) {
			text := fmt.Sprintf(`{"inputs":[{"name":%q,"shape":[1],"datatype":"BYTES",%s}],"outputs":[{"name":%q,"parameters":{"classification":1}}]}`, in, c.in, out)
			w := call(t, h, "POST", "/v2/models/digits/infer", map[string]string{lengthHeader: strconv.Itoa(len(text))}, text+c.tail)
			if w.Code != 200 || !strings.Contains(w.Body.String(), `:7:7"`) {
				t.Errorf("%d %s: want class 7", w.Code, w.Body)
			}
		})
	}
	plain := fmt.Sprintf(`{"inputs":[{"name":%q,"shape":[1],"datatype":"BYTES","data":["no picture"]}]}`, in)
	if w := call(t, h, "POST", "/v2/models/digits/infer", nil, plain); w.Code != 415 {
		t.Errorf("text for a picture: %d %s, want 415", w.Code, w.Body)
	}
}
