package main

import (
	"bytes"
	"os"
	"testing"
)

func TestTheEmbeddedPictureIsASeven(t *testing.T) {
	digit, p, err := classify(picture)
	if err != nil || digit != "7" || p < 0.9 {
		t.Errorf("got %q with probability %v, %v", digit, p, err)
	}
}

func TestTheModelIsTheCommandsDefault(t *testing.T) {
	want, err := os.ReadFile("../../cmd/octet/internal/digits/digits.onnx")
	if err != nil || !bytes.Equal(model, want) {
		t.Errorf("the copies of the model differ (%v)", err)
	}
}

func TestABadPictureIsAnError(t *testing.T) {
	if _, _, err := classify([]byte("no picture")); err == nil {
		t.Error("no error")
	}
}
