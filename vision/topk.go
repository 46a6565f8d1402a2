package vision

import (
	"cmp"
	"math"
	"slices"
)

// Class is a class with its score.
type Class struct {
	Index int     `json:"index"`
	Score float32 `json:"score"`
}

// TopK returns the min(k, len(scores)) classes with the greatest scores, greatest first; among equal scores the lower
// index comes first, and a NaN comes after all numbers. It returns nil for k below 1.
func TopK(scores []float32, k int) []Class {
	if k < 1 {
		return nil
	}
	classes := make([]Class, len(scores))
	for i, s := range scores {
		classes[i] = Class{i, s}
	}
	slices.SortStableFunc(classes, func(a, b Class) int { return cmp.Compare(b.Score, a.Score) })
	return slices.Clip(classes[:min(k, len(classes))])
}

// Softmax writes exp(scores[i]) / Σ exp(scores[j]) to dst, which must be as long and may be scores itself. The greatest
// score is subtracted first, so that no exponential overflows; the sum is taken in double precision. Infinite scores
// share all probability among themselves; a NaN makes all results NaN. Nothing is written for no scores.
//
// Use it where a model ends in logits: see AreProbabilities.
func Softmax(dst, scores []float32) {
	if len(scores) == 0 {
		return
	}
	if len(dst) != len(scores) {
		panic("bug: softmax of slices of different lengths")
	}
	most := slices.Max(scores)
	sum := 0.0
	for i, s := range scores {
		e := 1.0
		if s != most {
			e = math.Exp(float64(s) - float64(most))
		}
		dst[i] = float32(e)
		sum += e
	}
	for i, e := range dst {
		dst[i] = float32(float64(e) / sum)
	}
}

// sumTolerance is how far quantized probabilities may sum from 1: a thousand of them in steps of 1/256 lose up to half
// a step each, but most of them are exactly 0.
const sumTolerance = 0.1

// AreProbabilities reports whether the scores look like the result of a softmax: none is negative and they sum to 1
// within the error that 8-bit quantization leaves. Logits seldom do.
func AreProbabilities(scores []float32) bool {
	sum := 0.0
	for _, s := range scores {
		if !(s >= 0) {
			return false
		}
		sum += float64(s)
	}
	return math.Abs(sum-1) <= sumTolerance
}

// Probabilities returns scores as probabilities: the scores themselves where AreProbabilities says that they are, else their
// Softmax.
func Probabilities(scores []float32) []float32 {
	if AreProbabilities(scores) {
		return scores
	}
	out := make([]float32, len(scores))
	Softmax(out, scores)
	return out
}
