package pictures_test

import (
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/octet-ml/octet/serve/internal/servetest"
	"github.com/octet-ml/octet/serve/oip"
	"github.com/octet-ml/octet/serve/pictures"
)

// FuzzClassify sends bodies of any type: each is answered in JSON, with a status that is not 500, and gives back what it took.
func FuzzClassify(f *testing.F) {
	seven := servetest.Digit(f, "7")
	text := base64.StdEncoding.EncodeToString(seven)
	kind, body := form(f, "a.png", string(seven), "", "", "b", "x")
	f.Add("image/png", seven)
	f.Add("image/jpeg", jpg(f, seven))
	f.Add("image/png", header(30_000, 30_000))
	f.Add(kind, body)
	f.Add("multipart/form-data; boundary=x", []byte("--x\r\nContent-Disposition: form-data; name=a; filename=b\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n=41\r\n--x--\r\n"))
	f.Add("application/json", object(f, "image", text))
	f.Add("application/json", object(f, "images", []string{text, "data:;base64," + text, "\\/"}))
	f.Add("application/json", []byte(`{"images":[null,1,{"images":["\"]"]}],"image":"\u0041"}`))
	s := service(f, 4<<20, oip.Options{MaxPixels: 1 << 18})
	h := pictures.New(s, pictures.Options{MaxBody: 1 << 20, MaxPicture: 1 << 19, MaxPictures: 4})
	f.Fuzz(func(t *testing.T, kind string, body []byte) {
		w := httptest.NewRecorder()
		h.ServeHTTP(w, post("/v1/classify/digits", kind, body))
		var a answer
		if err := json.Unmarshal(w.Body.Bytes(), &a); err != nil {
			t.Fatalf("%v: %s", err, w.Body)
		}
		switch w.Code {
		case http.StatusOK:
			if n := len(a.Results); n < 1 || n > 4 || a.Error != "" {
				t.Errorf("%d results, error %q", n, a.Error)
			}
		case http.StatusBadRequest, http.StatusRequestEntityTooLarge, http.StatusUnsupportedMediaType:
			if a.Error == "" {
				t.Errorf("status %d without an error", w.Code)
			}
		default:
			t.Errorf("status %d: %s", w.Code, a.Error)
		}
		if used := s.Budget().Used(); used != 0 {
			t.Errorf("%d bytes of the budget are left taken", used)
		}
	})
}
