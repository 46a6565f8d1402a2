package cost

import (
	"maps"
	"slices"

	"github.com/octet-ml/octet/vision"
)

// Score is how well a model's answers fit the labels.
type Score struct {
	Inputs  int     `json:"inputs"`   // that have a label
	Top1    int     `json:"top1"`     // whose label is the first answer
	Top5    int     `json:"top5"`     // whose label is one of the five best answers
	MacroF1 float64 `json:"macro_f1"` // see Tally.Score
}

// answers is how many of a model's answers for an input count.
const answers = 5

// Background returns the number of classes in front of those of the data set among so many outputs: 1 where there is one output
// more than ImageNet's 1000 classes, 0 otherwise.
func Background(outputs int) int {
	const imagenet = 1000
	if outputs == imagenet+1 {
		return 1
	}
	return 0
}

// Rank returns the five best classes of the scores, the best first, counted as the data set does: without a background class.
func Rank(scores []float32) []int {
	offset := Background(len(scores))
	ranks := make([]int, 0, answers)
	for _, c := range vision.TopK(scores, answers) {
		ranks = append(ranks, c.Index-offset)
	}
	return ranks
}

// Tally counts right and wrong answers. Its memory depends on the number of classes. The zero value is ready to use.
type Tally struct {
	score    Score
	outcomes map[int]*outcome
}

// outcome counts the true positives, false positives and false negatives of a class.
type outcome struct{ tp, fp, fn int }

// class returns the outcome of a class.
func (t *Tally) class(c int) *outcome {
	if t.outcomes == nil {
		t.outcomes = make(map[int]*outcome)
	}
	if t.outcomes[c] == nil {
		t.outcomes[c] = new(outcome)
	}
	return t.outcomes[c]
}

// Add counts the answers for an input, the best first, of which there is at least one.
func (t *Tally) Add(ranks []int, label int) {
	t.score.Inputs++
	if slices.Contains(ranks, label) {
		t.score.Top5++
	}
	if ranks[0] == label {
		t.score.Top1++
		t.class(label).tp++
		return
	}
	t.class(ranks[0]).fp++
	t.class(label).fn++
}

// Score returns the counts and macro-F1: the mean, over all classes that occur as a label or as a first answer, of
// 2*tp/(2*tp + fp + fn).
func (t *Tally) Score() Score {
	s := t.score
	for _, k := range slices.Sorted(maps.Keys(t.outcomes)) { // in order, so that the sum rounds alike every time
		c := t.outcomes[k]
		s.MacroF1 += 2 * float64(c.tp) / float64(2*c.tp+c.fp+c.fn)
	}
	if len(t.outcomes) > 0 {
		s.MacroF1 /= float64(len(t.outcomes))
	}
	return s
}
