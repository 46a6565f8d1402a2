package rest_test

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/octet-ml/octet/serve/oip"
	"github.com/octet-ml/octet/serve/rest"
)

// Memory of bodies and tensors is used again by other requests: each must get the answer to its own.
func TestClientsAtOnceGetTheirOwnAnswers(t *testing.T) {
	budget := oip.NewBudget(1 << 26)
	srv := httptest.NewServer(rest.New(models(t, oip.Options{Budget: budget}), rest.Options{}))
	defer srv.Close()
	var clients sync.WaitGroup
	for c := range 8 {
		clients.Go(func() {
			for i := range 20 {
				if err := askOnce(srv, float32(100*c+i), i%2 == 0, i%3 == 0); err != nil {
					t.Errorf("client %d, request %d: %v", c, i, err)
					return
				}
			}
		})
	}
	clients.Wait()
	srv.Close()
	if used := budget.Used(); used != 0 {
		t.Errorf("the budget holds %d bytes in the end", used)
	}
}

// askOnce sends a tensor of three numbers, in JSON or as binary data, and expects it back, in JSON or as binary data.
func askOnce(srv *httptest.Server, v float32, binaryIn, binaryOut bool) error {
	data, tail := fmt.Sprintf(`"data":[%v,%v,%v]`, v, v+1, -v), ""
	if binaryIn {
		data, tail = `"parameters":{"binary_data_size":12}`, floats(v, v+1, -v)
	}
	text := fmt.Sprintf(`{"parameters":{"binary_data_output":%v},"inputs":[{"name":"x","shape":[1,3],"datatype":"FP32",%s}]}`, binaryOut, data)
	req, err := http.NewRequest("POST", srv.URL+"/v2/models/FP32/infer", strings.NewReader(text+tail))
	if err != nil {
		return err
	}
	req.Header.Set(lengthHeader, strconv.Itoa(len(text)))
	res, err := srv.Client().Do(req)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		return err
	}
	want := fmt.Sprintf(`"data":[%v,%v,%v]}]}`, v, v+1, -v)
	if binaryOut {
		want = floats(v, v+1, -v)
	}
	if res.StatusCode != 200 || !bytes.HasSuffix(body, []byte(want)) {
		return fmt.Errorf("%s: %q does not end in %q", res.Status, body, want)
	}
	return nil
}
