package vision

import (
	"fmt"
	"strconv"
	"strings"
)

// Keys under which a TensorFlow Lite model's own metadata reach us: loader/tflite names them KeyMean, KeyStd and KeyLabels.
const (
	tfliteMean   = "tflite.mean"
	tfliteStd    = "tflite.std"
	tfliteLabels = "tflite.labels"
)

// tflitePreprocess returns what the metadata of a TensorFlow Lite file say. It reports false where they tell no
// normalization; labels may be known all the same.
//
// NormalizationOptions of metadata_schema.fbs are in units of pixels, (pixel - mean) / std, so that Scale is 1. What they
// say of quantized inputs (https://ai.google.dev/edge/litert/models/metadata, "Normalization and quantization
// parameters") is what QuantizeValues does: normalize, then quantize.
func tflitePreprocess(metadata map[string]string) (Preprocess, bool, error) {
	var p Preprocess
	var err error
	if p.Labels, err = lineLabels(metadata[tfliteLabels]); err != nil {
		return Preprocess{}, false, fmt.Errorf("metadata %q: %w", tfliteLabels, err)
	}
	for _, field := range []struct {
		key string
		to  *[]float64
	}{{tfliteMean, &p.Mean}, {tfliteStd, &p.Std}} {
		if *field.to, err = numberList(metadata[field.key]); err != nil {
			return Preprocess{}, false, fmt.Errorf("metadata %q: %w", field.key, err)
		}
	}
	if p.Mean == nil && p.Std == nil {
		return p, false, nil
	}
	if err := p.Check(); err != nil {
		return Preprocess{}, false, fmt.Errorf("metadata %q and %q: %w", tfliteMean, tfliteStd, err)
	}
	return p, true, nil
}

// numberList reads decimal numbers with commas between, nil from empty text.
func numberList(text string) ([]float64, error) {
	if text == "" {
		return nil, nil
	}
	var out []float64
	for part := range strings.SplitSeq(text, ",") {
		v, err := strconv.ParseFloat(strings.TrimSpace(part), 64)
		if err != nil {
			return nil, fmt.Errorf("%w: %w", ErrPreprocess, err)
		}
		out = append(out, v)
	}
	return out, nil
}

// lineLabels reads one name a line, by index, nil from empty text. Unlike ParseLabels it knows no other form: a blank line
// is a class without a name, since the axis that the file labels counts it.
func lineLabels(text string) (Labels, error) {
	text = strings.TrimRight(strings.TrimPrefix(text, "\ufeff"), "\r\n\t ")
	if text == "" {
		return nil, nil
	}
	if n := strings.Count(text, "\n") + 1; n > MaxLabels {
		return nil, fmt.Errorf("%d labels, more than %d: %w", n, MaxLabels, ErrTooLarge)
	}
	var l Labels
	for line := range strings.SplitSeq(text, "\n") {
		l = append(l, strings.TrimSpace(line))
	}
	return l, nil
}
