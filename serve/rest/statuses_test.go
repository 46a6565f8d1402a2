package rest

import (
	"testing"

	"github.com/octet-ml/octet/serve/oip"
)

func TestEveryCodeHasAStatus(t *testing.T) {
	for code := range oip.Codes {
		if statuses[code] == 0 {
			t.Errorf("%v has no status", code)
		}
	}
}
