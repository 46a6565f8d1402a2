package main

import (
	"encoding/json"
	"strconv"

	"github.com/octet-ml/octet/vision"
)

// accuracyKey is the metadata key of accuracy.
const accuracyKey = "octet.accuracy"

// accuracy is the JSON form of what stands at accuracyKey: how many unseen digits each arithmetic got right.
type accuracy struct {
	Data    string `json:"data"`
	Digits  int    `json:"digits"`
	Float32 int    `json:"float32"`
	Int8    int    `json:"int8"`
}

// preprocess describes how a picture of one white digit on black becomes the model's input, and what the classes are.
func preprocess() vision.Preprocess {
	p := vision.Preprocess{
		Size: [2]int{side, side}, Resize: vision.Stretch, Filter: vision.Bilinear,
		Channels: vision.Grey, Scale: 1.0 / 255, Layout: vision.NCHW,
	}
	for i := range classes {
		p.Labels = append(p.Labels, strconv.Itoa(i))
	}
	return p
}

// metadata returns the model's properties: preprocessing with labels, and accuracy.
func metadata(a accuracy) (map[string]string, error) {
	pictures, err := preprocess().Metadata()
	if err != nil {
		return nil, err
	}
	score, err := json.Marshal(a)
	if err != nil {
		return nil, err
	}
	return map[string]string{vision.MetadataKey: pictures, accuracyKey: string(score)}, nil
}
