package main

import (
	"encoding/json"
	"errors"
	"net/http"

	"github.com/octet-ml/octet/examples/embed/digits"
	"github.com/octet-ml/octet/vision"
)

// maxPicture bounds the bytes of a request.
const maxPicture = 10 << 20

// answer is one element of the JSON array that a picture is answered with, the most probable class first.
type answer struct {
	Label       string  `json:"label"`
	Probability float32 `json:"probability"`
}

// classify answers a picture with the three most probable digits.
func classify(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodPost {
		w.Header().Set("Allow", http.MethodPost)
		http.Error(w, "POST a picture", http.StatusMethodNotAllowed)
		return
	}
	scores, err := digits.TopKFile(http.MaxBytesReader(w, r.Body, maxPicture), 3)
	var tooLong *http.MaxBytesError
	switch {
	case errors.As(err, &tooLong), errors.Is(err, vision.ErrTooLarge):
		http.Error(w, err.Error(), http.StatusRequestEntityTooLarge)
		return
	case errors.Is(err, vision.ErrFormat):
		http.Error(w, err.Error(), http.StatusUnsupportedMediaType)
		return
	case err != nil:
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	var answers []answer
	for _, s := range scores {
		answers = append(answers, answer{s.Class.String(), s.Probability})
	}
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(answers) // a client that has gone needs no answer
}
