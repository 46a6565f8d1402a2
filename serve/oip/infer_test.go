package oip_test

import (
	"context"
	"testing"

	"github.com/octet-ml/octet/serve/internal/servetest"
	"github.com/octet-ml/octet/serve/oip"
)

func TestPicturesAndTensorsGiveTheSameClass(t *testing.T) {
	s := servetest.Service(t)
	info, err := s.Model("digits", "")
	if err != nil || len(info.Inputs) != 1 || len(info.Outputs) != 1 {
		t.Fatalf("got %+v, %v", info, err)
	}
	var files []byte
	for _, name := range []string{"3", "7", "8"} {
		files = oip.AppendBytes(files, string(servetest.Digit(t, name)))
	}
	res, err := s.Infer(context.Background(), &oip.Request{
		Model: "digits", ID: "one",
		Inputs:  []oip.Tensor{{Name: info.Inputs[0].Name, Datatype: oip.Bytes, Shape: []int64{3}, Data: files}},
		Outputs: []oip.Requested{{Name: info.Outputs[0].Name, Classification: 1}, {Name: info.Outputs[0].Name}},
	})
	if err != nil || res.ID != "one" || len(res.Outputs) != 2 {
		t.Fatalf("got %+v, %v", res, err)
	}
	classes, err := oip.SplitBytes(res.Outputs[0].Data)
	if err != nil || len(classes) != 3 {
		t.Fatalf("got %q, %v", classes, err)
	}
	for i, want := range []string{":3:3", ":7:7", ":8:8"} {
		if got := string(classes[i]); len(got) < 5 || got[len(got)-4:] != want {
			t.Errorf("picture %d: got %q, want %q at the end", i, got, want)
		}
	}
	got, err := s.Classify(context.Background(), &oip.ClassifyRequest{Model: "digits", Pictures: [][]byte{servetest.Digit(t, "7")}, Top: 2})
	if err != nil || len(got.Results) != 1 || len(got.Results[0].Classes) != 2 || got.Results[0].Classes[0].Label != "7" || got.Results[0].Classes[0].Probability < 0.9 {
		t.Errorf("got %+v, %v", got, err)
	}
}
