package rest

import (
	"testing"

	"github.com/octet-ml/octet/serve/oip"
)

func TestEveryCodeHasAStatus(t *testing.T) {
	for code := oip.OK; code <= oip.Deadline; code++ {
		if statuses[code] == 0 {
			t.Errorf("code %d has no status", code)
		}
	}
}
