package main

import (
	"encoding/json"
	"strconv"
)

// accuracy is the JSON form of the metadata key octet.accuracy: how many unseen digits each arithmetic got right.
type accuracy struct {
	Data    string `json:"data"`
	Digits  int    `json:"digits"`
	Float32 int    `json:"float32"`
	Int8    int    `json:"int8"`
}

// preprocess is the JSON form of the metadata key octet.vision.
type preprocess struct {
	Size   [2]int    `json:"size"`
	Mean   []float64 `json:"mean"`
	Std    []float64 `json:"std"`
	Layout string    `json:"layout"`
	Order  string    `json:"order"`
	Labels []string  `json:"labels"`
}

// metadata returns the model's properties: preprocessing with labels, and accuracy.
func metadata(a accuracy) ([]property, error) {
	p := preprocess{Size: [2]int{side, side}, Mean: []float64{0}, Std: []float64{255}, Layout: "NCHW", Order: "gray"}
	for i := range classes {
		p.Labels = append(p.Labels, strconv.Itoa(i))
	}
	vision, err := json.Marshal(p)
	if err != nil {
		return nil, err
	}
	score, err := json.Marshal(a)
	if err != nil {
		return nil, err
	}
	return []property{{"octet.vision", string(vision)}, {"octet.accuracy", string(score)}}, nil
}
