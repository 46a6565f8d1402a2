package rest

import (
	"encoding/binary"
	"math/rand/v2"
	"testing"

	"github.com/octet-ml/octet/serve/oip"
)

func TestNumbersAreWrittenToBeReadBack(t *testing.T) {
	const seed = 7
	r := rand.New(rand.NewPCG(seed, 1))
	for range 5000 {
		bits, wide := r.Uint32(), r.Uint64()
		tensor := oip.Tensor{Datatype: oip.FP32, Shape: []int64{1}, Data: binary.LittleEndian.AppendUint32(nil, bits)}
		if r.IntN(2) == 0 {
			tensor = oip.Tensor{Datatype: oip.FP64, Shape: []int64{1}, Data: binary.LittleEndian.AppendUint64(nil, wide)}
		}
		text, err := appendData(nil, &tensor)
		if err != nil {
			continue // not finite; another test's
		}
		got, err := readTensor(tensor, "["+string(text)+"]", false)
		if err != nil || string(got) != string(tensor.Data) {
			t.Fatalf("seed %d: %s % x became %s, then % x, %v", seed, tensor.Datatype, tensor.Data, text, got, err)
		}
	}
}
