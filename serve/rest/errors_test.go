package rest_test

import (
	"context"
	"errors"
	"fmt"
	"math"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/octet-ml/octet/serve/batch"
	"github.com/octet-ml/octet/serve/oip"
	"github.com/octet-ml/octet/serve/repository"
	"github.com/octet-ml/octet/serve/rest"
)

func TestWriteError(t *testing.T) {
	for _, c := range []struct {
		err    error
		status int
		retry  string
	}{
		{oip.ErrInvalid, 400, ""},
		{oip.ErrUnauthenticated, 401, ""},
		{oip.ErrForbidden, 403, ""},
		{repository.ErrNotFound, 404, ""},
		{rest.ErrRoute, 404, ""},
		{rest.ErrMethod, 405, ""},
		{rest.ErrSlow, 408, ""},
		{oip.ErrTooLarge, 413, ""},
		{rest.ErrEncoding, 415, ""},
		{oip.ErrBusy, 429, "1"},
		{&batch.FullError{Wait: 20 * time.Millisecond}, 429, "1"},
		{&batch.FullError{Wait: 2100 * time.Millisecond}, 429, "3"},
		{oip.ErrCancelled, 499, ""},
		{errors.New("anything <else>"), 500, ""},
		{oip.ErrDraining, 503, "1"},
		{repository.ErrNotReady, 503, "1"},
		{context.DeadlineExceeded, 504, ""},
	} {
		err := fmt.Errorf("somewhere: %w", c.err)
		w := httptest.NewRecorder()
		rest.WriteError(w, httptest.NewRequest("GET", "/", nil), err)
		h := w.Header()
		want := fmt.Sprintf("{\"error\":%q}\n", err.Error())
		if w.Code != c.status || h.Get("Retry-After") != c.retry || w.Body.String() != want ||
			h.Get("Content-Type") != "application/json" || h.Get("Content-Length") != fmt.Sprint(len(want)) {
			t.Errorf("%v: %d %v %s, want %d, Retry-After %q, %s", err, w.Code, h, w.Body, c.status, c.retry, want)
		}
	}
}

func TestWriteJSONOfWhatHasNoForm(t *testing.T) {
	w := httptest.NewRecorder()
	rest.WriteJSON(w, 200, []float64{1, math.NaN()})
	if w.Code != 500 || !strings.HasPrefix(w.Body.String(), `{"error":"`) {
		t.Errorf("%d %s", w.Code, w.Body)
	}
}
