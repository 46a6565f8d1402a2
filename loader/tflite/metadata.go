package tflite

import (
	"strconv"
	"strings"
)

// Keys of Graph.Metadata. Mean and standard deviation are decimal numbers with commas between, one for all channels or one
// for each: an element of the input is (pixel - mean) / std, pixels from 0 to 255. Labels are lines, by index of the class.
const (
	KeyDescription = "tflite.description"
	KeyRuntime     = "tflite.min_runtime_version"
	KeyName        = "tflite.name"
	KeyVersion     = "tflite.version"
	KeyAuthor      = "tflite.author"
	KeyLicense     = "tflite.license"
	KeyMean        = "tflite.mean"
	KeyStd         = "tflite.std"
	KeyLabels      = "tflite.labels"
)

// OwnPrefix begins the keys of Octet's own metadata: an entry of Model.metadata with such a name is text under that key.
const OwnPrefix = "octet."

// Field numbers of the tables of metadata_schema.fbs
// (https://github.com/tensorflow/tflite-support/blob/master/tensorflow_lite_support/metadata/metadata_schema.fbs).
const (
	metaIdentifier = "M001"

	metaName        = 0
	metaDescription = 1
	metaVersion     = 2
	metaSubgraphs   = 3
	metaAuthor      = 4
	metaLicense     = 5

	metaInputs  = 2 // of SubGraphMetadata
	metaOutputs = 3

	metaProcessUnits = 4 // of TensorMetadata
	metaFiles        = 6

	metaUnitType  = 0 // of ProcessUnit
	metaUnit      = 1
	normalization = 1 // value of ProcessUnitOptions

	metaMean = 0 // of NormalizationOptions
	metaStd  = 1

	metaFileName = 0 // of AssociatedFile
	metaFileType = 2
	axisLabels   = 2 // value of AssociatedFileType
)

// metadata returns what the file says about the model, nil where it says nothing.
func (m *model) metadata(l Limits) (map[string]string, error) {
	out := make(map[string]string)
	set := func(key, value string) {
		if value != "" {
			out[key] = value
		}
	}
	set(KeyDescription, m.description)
	v := m.root.tables(modelMetadata)
	for i := range min(v.n, maxMetadata) {
		t := v.table(i)
		name := t.string(metadataName)
		if m.err != nil {
			return nil, m.err
		}
		own := strings.HasPrefix(name, OwnPrefix)
		if name != "min_runtime_version" && name != "TFLITE_METADATA" && !own {
			continue
		}
		data, err := m.buffer(t.uint(metadataBuffer))
		if err != nil {
			return nil, err
		}
		if name == "min_runtime_version" {
			if m.spend(len(data)) {
				text, _, _ := strings.Cut(string(data), "\x00")
				set(KeyRuntime, text)
			}
			continue
		}
		if own {
			if m.spend(len(data)) {
				set(name, string(data))
			}
			continue
		}
		if err := m.described(data, l, set); err != nil {
			return nil, err
		}
	}
	if m.err != nil {
		return nil, m.err
	}
	if len(out) == 0 {
		return nil, nil
	}
	return out, nil
}

// maxMetadata bounds the number of entries that are looked at.
const maxMetadata = 64

// described reads a ModelMetadata flatbuffer. It is a help and no part of the network, so that a malformed one is passed
// over.
func (m *model) described(data []byte, l Limits, set func(key, value string)) error {
	if len(data) < 8 || string(data[4:8]) != metaIdentifier {
		return nil
	}
	f := &file{data: data, left: m.left}
	defer func() { m.left = f.left }()
	root := f.tableAt(f.follow(0))
	set(KeyName, root.string(metaName))
	set(KeyVersion, root.string(metaVersion))
	set(KeyAuthor, root.string(metaAuthor))
	set(KeyLicense, root.string(metaLicense))
	if text := root.string(metaDescription); text != "" {
		set(KeyDescription, text)
	}
	subgraphs := root.tables(metaSubgraphs)
	if subgraphs.n == 0 {
		return nil
	}
	g := subgraphs.table(0)
	if in := g.tables(metaInputs); in.n > 0 {
		mean, std := normalizationOf(in.table(0))
		set(KeyMean, mean)
		set(KeyStd, std)
	}
	if outputs := g.tables(metaOutputs); outputs.n > 0 {
		labels, err := m.labels(outputs.table(0), l)
		if err != nil {
			return err
		}
		set(KeyLabels, labels)
	}
	return nil
}

// normalizationOf returns mean and standard deviation of a TensorMetadata, empty where it states none or too many.
func normalizationOf(t table) (mean, std string) {
	units := t.tables(metaProcessUnits)
	for i := range min(units.n, maxMetadata) {
		u := units.table(i)
		if u.byte(metaUnitType) != normalization {
			continue
		}
		n := u.table(metaUnit)
		return numbers(n.floats(metaMean)), numbers(n.floats(metaStd))
	}
	return "", ""
}

// maxChannels bounds the numbers of a normalization.
const maxChannels = 16

func numbers(v []float32) string {
	if len(v) > maxChannels {
		return ""
	}
	parts := make([]string, len(v))
	for i, x := range v {
		parts[i] = strconv.FormatFloat(float64(x), 'g', -1, 32)
	}
	return strings.Join(parts, ",")
}
