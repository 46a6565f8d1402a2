package main

import (
	"encoding/json"
	"errors"
	"maps"
	"strconv"
	"strings"

	"github.com/octet-ml/octet/graph"
	"github.com/octet-ml/octet/loader/onnx"
	"github.com/octet-ml/octet/vision"
)

// accuracyKey is the metadata key of accuracy.
const accuracyKey = "octet.accuracy"

// errModel is returned when a file is not the classifier in real numbers.
var errModel = errors.New("not the digits model in real numbers")

// accuracy is the JSON form of what stands at accuracyKey: how many unseen digits the model got right, and how many the one of
// real numbers that it comes from.
type accuracy struct {
	Data    string `json:"data"`
	Digits  int    `json:"digits"`
	Float32 int    `json:"float32"`
	Right   int    `json:"right"`
}

// constantOf returns the name that a graph has for the numbers called LAYER.weights or LAYER.bias.
func constantOf(name string) string { return strings.Replace(name, ".", "_", 1) }

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

// encode returns a model as a file that carries its preprocessing, its labels and its accuracy.
func encode(g *graph.Graph, a accuracy) ([]byte, error) {
	pictures, err := preprocess().Metadata()
	if err != nil {
		return nil, err
	}
	score, err := json.Marshal(a)
	if err != nil {
		return nil, err
	}
	g = g.Clone()
	g.Metadata = maps.Clone(g.Metadata)
	if g.Metadata == nil {
		g.Metadata = make(map[string]string)
	}
	g.Metadata[vision.MetadataKey], g.Metadata[accuracyKey] = pictures, string(score)
	return onnx.Encode(g, onnx.WriteOptions{})
}
