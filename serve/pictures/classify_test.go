package pictures_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"image"
	"image/jpeg"
	"image/png"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/iotest"

	"github.com/octet-ml/octet/internal/testkit"
	"github.com/octet-ml/octet/serve/internal/servetest"
	"github.com/octet-ml/octet/serve/oip"
	"github.com/octet-ml/octet/serve/pictures"
	"github.com/octet-ml/octet/serve/repository"
)

// answer is what classify answers with, as a client reads it.
type answer struct {
	Model   string
	Version string
	Results []struct {
		File    string
		Classes []struct {
			Label       string
			Index       int
			Probability float64
		}
		Error string
	}
	Times map[string]float64
	Error string
}

// ask sends a request and returns the answer, whose status is checked.
func ask(t testing.TB, h http.Handler, r *http.Request, status int) (answer, http.Header) {
	t.Helper()
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	if w.Code != status {
		t.Fatalf("%s %s: status %d, want %d: %s", r.Method, r.URL, w.Code, status, w.Body)
	}
	var a answer
	if err := json.Unmarshal(w.Body.Bytes(), &a); err != nil {
		t.Fatalf("%s %s: %v: %s", r.Method, r.URL, err, w.Body)
	}
	if (a.Error != "") != (status != http.StatusOK) {
		t.Fatalf("%s %s: status %d, error %q", r.Method, r.URL, status, a.Error)
	}
	return a, w.Header()
}

// post returns a request with a body of a type; an empty type is none.
func post(path, kind string, body []byte) *http.Request {
	r := httptest.NewRequest(http.MethodPost, path, bytes.NewReader(body))
	if kind != "" {
		r.Header.Set("Content-Type", kind)
	}
	return r
}

// best returns the most probable label, or the error, of each result.
func best(a answer) []string {
	var out []string
	for _, r := range a.Results {
		if r.Error != "" {
			out = append(out, "error")
			continue
		}
		out = append(out, r.Classes[0].Label)
	}
	return out
}

// form returns multipart/form-data with the given files, by name and content in turns, and its Content-Type.
func form(t testing.TB, files ...string) (string, []byte) {
	t.Helper()
	var b bytes.Buffer
	w := multipart.NewWriter(&b)
	for i := 0; i < len(files); i += 2 {
		part, err := w.CreateFormFile(fmt.Sprintf("field%d", i), files[i])
		if err != nil {
			t.Fatal(err)
		}
		if _, err := part.Write([]byte(files[i+1])); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return w.FormDataContentType(), b.Bytes()
}

// object returns a document in JSON.
func object(t testing.TB, key string, value any) []byte {
	t.Helper()
	data, err := json.Marshal(map[string]any{key: value})
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// grey returns a PNG file of one grey value.
func grey(t testing.TB, width, height int) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := png.Encode(&b, image.NewGray(image.Rect(0, 0, width, height))); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// header returns a PNG file that announces a size and holds next to nothing.
func header(width, height uint32) []byte {
	chunk := func(kind string, data []byte) []byte {
		out := binary.BigEndian.AppendUint32(nil, uint32(len(data)))
		out = append(append(out, kind...), data...)
		return binary.BigEndian.AppendUint32(out, crc32.ChecksumIEEE(out[4:]))
	}
	size := binary.BigEndian.AppendUint32(nil, width)
	size = binary.BigEndian.AppendUint32(size, height)
	out := append([]byte("\x89PNG\r\n\x1a\n"), chunk("IHDR", append(size, 8, 0, 0, 0, 0))...)
	return append(append(out, chunk("IDAT", bytes.Repeat([]byte{0}, 4096))...), chunk("IEND", nil)...)
}

// jpg returns the picture of a PNG file as a JPEG file.
func jpg(t testing.TB, file []byte) []byte {
	t.Helper()
	m, err := png.Decode(bytes.NewReader(file))
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	if err := jpeg.Encode(&b, m, nil); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestEveryFormOfABodyIsClassified(t *testing.T) {
	h := pictures.New(servetest.Service(t), pictures.Options{})
	three, seven, eight := servetest.Digit(t, "3"), servetest.Digit(t, "7"), servetest.Digit(t, "8")
	b64 := base64.StdEncoding.EncodeToString
	several, severalBody := form(t, "a.png", string(three), "b.txt", "no picture", "", string(seven), "c/d.png", string(eight))
	unchosen, unchosenBody := form(t, "", "", "8.png", string(eight))
	quoted := strings.Replace(several, "boundary=", `boundary="`, 1) + `"`
	for name, c := range map[string]struct {
		kind  string
		body  []byte
		want  []string
		files []string
	}{
		"png":                      {"image/png", three, []string{"3"}, []string{""}},
		"jpeg":                     {"image/jpeg", jpg(t, seven), []string{"7"}, []string{""}},
		"any type":                 {"application/x-www-form-urlencoded", seven, []string{"7"}, []string{""}},
		"no type":                  {"", eight, []string{"8"}, []string{""}},
		"malformed type":           {"image/png; x=\"", eight, []string{"8"}, []string{""}},
		"form":                     {several, severalBody, []string{"3", "error", "7", "8"}, []string{"a.png", "b.txt", "", "d.png"}},
		"form, quoted boundary":    {quoted, severalBody, []string{"3", "error", "7", "8"}, []string{"a.png", "b.txt", "", "d.png"}},
		"form, a file not chosen":  {unchosen, unchosenBody, []string{"8"}, []string{"8.png"}},
		"json":                     {"application/json", object(t, "image", b64(three)), []string{"3"}, []string{""}},
		"json, charset":            {"Application/JSON; charset=utf-8", object(t, "image", b64(three)), []string{"3"}, []string{""}},
		"json, data URL":           {"application/json", object(t, "image", "data:image/png;base64,"+b64(seven)), []string{"7"}, []string{""}},
		"json, no padding":         {"application/json", object(t, "image", base64.RawStdEncoding.EncodeToString(seven)), []string{"7"}, []string{""}},
		"json, lines":              {"application/json", object(t, "image", b64(seven)[:76]+"\n"+b64(seven)[76:]+"\r\n"), []string{"7"}, []string{""}},
		"json, escaped slashes":    {"application/json", bytes.ReplaceAll(object(t, "image", b64(seven)), []byte("/"), []byte(`\/`)), []string{"7"}, []string{""}},
		"json, list":               {"application/json", object(t, "images", []string{b64(three), b64(eight), "", b64(seven)}), []string{"3", "8", "error", "7"}, []string{"", "", "", ""}},
		"json, list, spaced":       {"application/json", []byte(" {\"images\" : [ \"" + b64(three) + "\" ,\n\t\"" + b64(eight) + "\" ] } "), []string{"3", "8"}, []string{"", ""}},
		"json, a key that is none": {"application/json", []byte(`{"id": [1, "]", {"images": []}], "image": "` + b64(three) + `"}`), []string{"3"}, []string{""}},
	} {
		t.Run(name, func(t *testing.T) {
			a, _ := ask(t, h, post("/v1/classify/digits", c.kind, c.body), http.StatusOK)
			var files []string
			for _, r := range a.Results {
				files = append(files, r.File)
				if n := len(r.Classes); r.Error == "" && (n != oip.DefaultTop || r.Classes[0].Probability < 0.5 || r.Classes[0].Probability < r.Classes[1].Probability) {
					t.Errorf("classes %+v", r.Classes)
				}
			}
			if got := best(a); !slices.Equal(got, c.want) || !slices.Equal(files, c.files) {
				t.Errorf("got %v of files %q, want %v of %q", got, files, c.want, c.files)
			}
			if a.Model != "digits" || a.Version != "1" {
				t.Errorf("model %q, version %q", a.Model, a.Version)
			}
			for _, part := range []string{"decode_ms", "preprocess_ms", "queue_ms", "infer_ms", "total_ms"} {
				if ms, ok := a.Times[part]; !ok || ms < 0 || part != "queue_ms" && ms == 0 {
					t.Errorf("%s: %v, %v", part, ms, ok)
				}
			}
		})
	}
}

func TestEveryFormatOfAPictureIsClassified(t *testing.T) {
	h := pictures.New(servetest.Service(t), pictures.Options{})
	for _, name := range []string{"lossy_48x32.webp", "rgb.bmp", "l.gif"} {
		data, err := os.ReadFile(filepath.Join(testkit.Root(), "vision", "testdata", "decode", name))
		if err != nil {
			t.Fatal(err)
		}
		a, _ := ask(t, h, post("/v1/classify/digits", "", data), http.StatusOK)
		if len(a.Results) != 1 || len(a.Results[0].Classes) != oip.DefaultTop {
			t.Errorf("%s: %+v", name, a.Results)
		}
	}
}

func TestTopAndVersionAreThoseOfThePath(t *testing.T) {
	h := pictures.New(servetest.Service(t), pictures.Options{})
	for query, want := range map[string]int{"": 5, "/1": 5, "?top=1": 1, "/1?top=10": 10} {
		a, _ := ask(t, h, post("/v1/classify/other"+query, "", servetest.Digit(t, "7")), http.StatusOK)
		if got := len(a.Results[0].Classes); got != want || a.Model != "other" {
			t.Errorf("%s: %d classes of %q, want %d", query, got, a.Model, want)
		}
	}
}

func TestCompressedBodiesAreRead(t *testing.T) {
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	if _, err := z.Write(object(t, "image", base64.StdEncoding.EncodeToString(servetest.Digit(t, "8")))); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	r := post("/v1/classify/digits", "application/json", b.Bytes())
	r.Header.Set("Content-Encoding", "gzip")
	a, _ := ask(t, pictures.New(servetest.Service(t), pictures.Options{}), r, http.StatusOK)
	if got := best(a); got[0] != "8" {
		t.Errorf("got %v", got)
	}
}

// service returns a service with a budget of bytes for the model "digits".
func service(t testing.TB, budget int64, o oip.Options) *oip.Service {
	t.Helper()
	o.Budget = oip.NewBudget(budget)
	return oip.NewService(servetest.Repository(t, repository.Options{Dir: servetest.Folder(t, "digits")}), o)
}

func TestRefusals(t *testing.T) {
	seven := servetest.Digit(t, "7")
	b64 := base64.StdEncoding.EncodeToString
	two, twoBody := form(t, "a", string(seven), "b", string(seven))
	four, fourBody := form(t, "a", "x", "b", "x", "c", "x", "d", "x")
	long, longBody := form(t, strings.Repeat("x", 2000), string(seven))
	large, largeBody := form(t, "a", strings.Repeat("x", 50_000))
	none, noneBody := form(t)
	photo := jpg(t, grey(t, 300, 300))
	const json = "application/json"
	for name, c := range map[string]struct {
		path   string
		kind   string
		body   []byte
		header string
		want   int
	}{
		"no such model":             {path: "/v1/classify/nobody", body: seven, want: 404},
		"no such version":           {path: "/v1/classify/digits/9", body: seven, want: 404},
		"bad version":               {path: "/v1/classify/digits/latest", body: seven, want: 400},
		"path in a model's name":    {path: "/v1/classify/..%2f..%2fetc%2fpasswd", body: seven, want: 404},
		"no such path":              {path: "/v1/classify/digits/1/x", body: seven, want: 404},
		"top 0":                     {path: "/v1/classify/digits?top=0", body: seven, want: 400},
		"top too large":             {path: "/v1/classify/digits?top=11", body: seven, want: 400},
		"top negative":              {path: "/v1/classify/digits?top=-1", body: seven, want: 400},
		"top no number":             {path: "/v1/classify/digits?top=x", body: seven, want: 400},
		"top empty":                 {path: "/v1/classify/digits?top=", body: seven, want: 400},
		"bad timeout":               {header: "X-Request-Timeout: soon", body: seven, want: 400},
		"timeout that has passed":   {header: "X-Request-Timeout: 1ns", body: seven, want: 504},
		"unknown encoding":          {header: "Content-Encoding: br", body: seven, want: 415},
		"no body":                   {body: nil, want: 415},
		"no picture":                {body: []byte("hello"), want: 415},
		"truncated JPEG":            {body: photo[:len(photo)-len(photo)/3], want: 415},
		"truncated header":          {body: photo[:20], want: 415},
		"picture of many pixels":    {body: header(30_000, 30_000), want: 413},
		"large picture":             {body: make([]byte, 50_000), want: 413},
		"form without boundary":     {kind: "multipart/form-data", body: twoBody, want: 400},
		"form that is cut":          {kind: two, body: twoBody[:len(twoBody)-40], want: 400},
		"form of nothing":           {kind: none, body: noneBody, want: 400},
		"form of no form":           {kind: two, body: seven, want: 400},
		"form with a long name":     {kind: long, body: longBody, want: 400},
		"form with a large file":    {kind: large, body: largeBody, want: 413},
		"form with many files":      {kind: four, body: fourBody, want: 413},
		"form that is too large":    {kind: two, body: make([]byte, 200_000), want: 413},
		"json, nothing":             {kind: json, want: 400},
		"json, no object":           {kind: json, body: []byte(`["x"]`), want: 400},
		"json, empty object":        {kind: json, body: []byte(`{}`), want: 400},
		"json, more after it":       {kind: json, body: []byte(`{"image":"` + b64(seven) + `"}{}`), want: 400},
		"json, null":                {kind: json, body: []byte(`{"image":null}`), want: 400},
		"json, a number":            {kind: json, body: []byte(`{"image":7}`), want: 400},
		"json, a list for one":      {kind: json, body: []byte(`{"image":["` + b64(seven) + `"]}`), want: 400},
		"json, one for a list":      {kind: json, body: object(t, "images", b64(seven)), want: 400},
		"json, empty list":          {kind: json, body: object(t, "images", []string{}), want: 400},
		"json, lists in a list":     {kind: json, body: []byte(`{"images":[["` + b64(seven) + `"]]}`), want: 400},
		"json, no base64":           {kind: json, body: object(t, "image", "%%%"), want: 400},
		"json, no picture":          {kind: json, body: object(t, "image", b64([]byte("hello"))), want: 415},
		"json, URL of another kind": {kind: json, body: object(t, "image", "data:image/svg+xml,<svg/>"), want: 400},
		"json, large picture":       {kind: json, body: object(t, "image", b64(make([]byte, 50_000))), want: 413},
		"json, many pictures":       {kind: json, body: object(t, "images", make([]string, 5)), want: 413},
		"json, many empty ones":     {kind: json, body: []byte(`{"images":[` + strings.Repeat(`"",`, 30_000) + `""]}`), want: 413},
	} {
		t.Run(name, func(t *testing.T) {
			s := service(t, 1<<20, oip.Options{MaxPixels: 1 << 20})
			h := pictures.New(s, pictures.Options{MaxBody: 100_000, MaxPicture: 40_000, MaxPictures: 3})
			if c.path == "" {
				c.path = "/v1/classify/digits"
			}
			r := post(c.path, c.kind, c.body)
			if key, value, ok := strings.Cut(c.header, ": "); ok {
				r.Header.Set(key, value)
			}
			ask(t, h, r, c.want)
			if used := s.Budget().Used(); used != 0 {
				t.Errorf("%d bytes of the budget are left taken", used)
			}
		})
	}
}

func TestWhatMustWait(t *testing.T) {
	seven := servetest.Digit(t, "7")
	s := service(t, 1<<20, oip.Options{})
	h := pictures.New(s, pictures.Options{})
	if err := s.Budget().Take(1 << 20); err != nil {
		t.Fatal(err)
	}
	_, header := ask(t, h, post("/v1/classify/digits", "", seven), http.StatusTooManyRequests)
	if header.Get("Retry-After") == "" {
		t.Error("429 without Retry-After")
	}
	s.Budget().Give(1 << 20)
	ask(t, h, post("/v1/classify/digits", "", seven), http.StatusOK)
	if err := s.Drain(context.Background()); err != nil {
		t.Fatal(err)
	}
	// The refusal comes before the body is read, which would give another status.
	unread := iotest.ErrReader(errors.New("the body was read"))
	ask(t, h, httptest.NewRequest(http.MethodPost, "/v1/classify/digits", unread), http.StatusServiceUnavailable)
}

func TestCancelledRequests(t *testing.T) {
	h := pictures.New(servetest.Service(t), pictures.Options{})
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	ask(t, h, post("/v1/classify/digits", "", servetest.Digit(t, "7")).WithContext(ctx), 499)
}

func TestPicturesThatPackWellAreTaken(t *testing.T) {
	bomb := grey(t, 4000, 4000)
	if len(bomb) > 100_000 {
		t.Fatalf("%d bytes", len(bomb))
	}
	h := pictures.New(servetest.Service(t), pictures.Options{})
	ask(t, h, post("/v1/classify/digits", "", bomb), http.StatusOK)
	kind, body := form(t, "well.png", string(bomb), "bomb.png", string(header(30_000, 30_000)))
	a, _ := ask(t, h, post("/v1/classify/digits", kind, body), http.StatusOK)
	if got := best(a); got[0] == "error" || got[1] != "error" || !strings.Contains(a.Results[1].Error, "too large") {
		t.Errorf("got %+v", a.Results)
	}
}

func TestCopiesAreCounted(t *testing.T) {
	plain := object(t, "image", base64.StdEncoding.EncodeToString(bytes.Repeat([]byte{0xff}, 20_000)))
	escaped := append([]byte(`{"image":"\/`), plain[len(`{"image":"/`):]...)
	// The body and what is decoded of it fit, another copy does not.
	s := service(t, int64(3*len(plain)), oip.Options{})
	h := pictures.New(s, pictures.Options{})
	ask(t, h, post("/v1/classify/digits", "application/json", plain), http.StatusUnsupportedMediaType)
	ask(t, h, post("/v1/classify/digits", "application/json", escaped), http.StatusTooManyRequests)
	if used := s.Budget().Used(); used != 0 {
		t.Errorf("%d bytes of the budget are left taken", used)
	}
}

func TestManyRequestsAtOnce(t *testing.T) {
	o := new(pictures.Observer)
	s := service(t, 64<<20, oip.Options{Observe: o.Observe})
	h := pictures.New(s, pictures.Options{Observer: o})
	three, seven, eight := servetest.Digit(t, "3"), servetest.Digit(t, "7"), servetest.Digit(t, "8")
	kind, body := form(t, "3", string(three), "x", "no picture", "8", string(eight))
	var group sync.WaitGroup
	for range 4 {
		group.Go(func() {
			for range 4 {
				for _, c := range []struct {
					kind string
					body []byte
					want []string
				}{
					{"", seven, []string{"7"}},
					{kind, body, []string{"3", "error", "8"}},
					{"application/json", object(t, "images", [][]byte{eight, three}), []string{"8", "3"}},
				} {
					w := httptest.NewRecorder()
					h.ServeHTTP(w, post("/v1/classify/digits", c.kind, c.body))
					var a answer
					if err := json.Unmarshal(w.Body.Bytes(), &a); err != nil || !slices.Equal(best(a), c.want) {
						t.Errorf("%v, status %d: %s, want %v", err, w.Code, w.Body, c.want)
					}
				}
				w := httptest.NewRecorder()
				h.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/v1/status", nil))
				if w.Code != http.StatusOK {
					t.Errorf("status: %s", w.Body)
				}
			}
		})
	}
	group.Wait()
	if used := s.Budget().Used(); used != 0 {
		t.Errorf("%d bytes of the budget are left taken", used)
	}
}

func TestMethods(t *testing.T) {
	h := pictures.New(servetest.Service(t), pictures.Options{})
	for path, method := range map[string]string{"/v1/classify/digits": "GET", "/v1/classify/digits/1": "PUT", "/v1/status": "POST", "/": "POST", "/page.js": "DELETE"} {
		_, header := ask(t, h, httptest.NewRequest(method, path, nil), http.StatusMethodNotAllowed)
		if header.Get("Allow") == "" {
			t.Errorf("%s %s: no Allow", method, path)
		}
	}
	ask(t, h, httptest.NewRequest("GET", "/v1/nothing", nil), http.StatusNotFound)
}
