package cost

import (
	"cmp"
	"fmt"
	"math"
	"slices"

	"github.com/octet-ml/octet/vision"
)

// Answers compares what two models answer.
type Answers struct {
	// Same is the number of inputs for which both have the same first answer.
	Same int `json:"same"`
	// Lost is how many labels only A finds, Won how many only B finds.
	Lost int `json:"lost"`
	Won  int `json:"won"`
	// Of says what is compared: "outputs", or "probabilities" where only one of the models ends in those.
	Of string `json:"of"`
	// Mean and Worst are of the magnitudes of the differences of outputs; WorstInput is where the worst one is.
	Mean       float64 `json:"mean_difference"`
	Worst      float64 `json:"worst_difference"`
	WorstInput int     `json:"worst_input"`
	// SQNR is the ratio of the mean square of A's outputs to that of the differences, in decibels.
	SQNR float64 `json:"sqnr_db"`
	// Confusions are the pairs of classes whose counts changed, those that changed most first.
	Confusions []Confusion `json:"confusions,omitempty"`
	// Disagreements are what B answers where A answers otherwise, the most frequent first.
	Disagreements []Disagreement `json:"disagreements,omitempty"`
}

// Confusion is how often each model takes a class for another one.
type Confusion struct {
	Label  int `json:"label"`
	Answer int `json:"answer"`
	A      int `json:"a"`
	B      int `json:"b"`
}

// Disagreement is how often A gives one answer and B another one.
type Disagreement struct {
	A     int `json:"a"`
	B     int `json:"b"`
	Count int `json:"count"`
}

// listed is how many pairs of classes a report lists.
const listed = 20

// answered is what both models say to one input.
type answered struct {
	a, b       []int // best classes
	distance   distance
	sum, worst float64
}

// answer runs both models on all inputs.
func (c *comparison) answer() error {
	r := &c.report.Answers
	probabilities, err := c.mixed()
	if err != nil {
		return err
	}
	r.Of = "outputs"
	if probabilities {
		r.Of = "probabilities"
	}
	var results [chunk]answered
	visit := func(worker, i, at int) error {
		if err := both(c.ma, c.mb, worker, i); err != nil {
			return err
		}
		x, y, err := c.scores(worker, i)
		if err != nil {
			return err
		}
		results[at] = answered{a: Rank(x), b: Rank(y)}
		if probabilities {
			x, y = vision.Probabilities(x), vision.Probabilities(y)
		}
		results[at].compare(x, y)
		return nil
	}
	var sum float64
	var apart distance
	k := newCounts(c.o.Label)
	err = each(c.o.Threads, c.report.Inputs, visit, func(i, at int) {
		a := &results[at]
		k.add(i, a.a, a.b)
		sum += a.sum
		apart.plus(a.distance)
		if a.worst > r.Worst {
			r.Worst, r.WorstInput = a.worst, i
		}
		c.o.Progress("answers", i+1, c.report.Inputs)
	})
	if err != nil {
		return err
	}
	r.Mean, r.SQNR = sum/float64(c.report.Inputs*c.ma.scores()), apart.sqnr()
	k.report(c.report)
	if k.labelled == 0 {
		c.note("no input has a label: accuracy and confusions are unknown")
	}
	return nil
}

// mixed reports, by the first input, whether only one of the models ends in probabilities.
func (c *comparison) mixed() (bool, error) {
	if err := both(c.ma, c.mb, 0, 0); err != nil {
		return false, err
	}
	x, y, err := c.scores(0, 0)
	return vision.AreProbabilities(x) != vision.AreProbabilities(y), err
}

// scores returns what both models computed from input i.
func (c *comparison) scores(worker, i int) (x, y []float32, err error) {
	x, y = c.ma.output(worker, 0, nil), c.mb.output(worker, 0, nil)
	for _, m := range []struct {
		name   string
		scores []float32
	}{{c.a.Name, x}, {c.b.Name, y}} {
		if slices.ContainsFunc(m.scores, func(v float32) bool { return v-v != 0 }) {
			return nil, nil, fmt.Errorf("%w: input %d: %s has NaN or infinite scores", ErrData, i, m.name)
		}
	}
	return x, y, nil
}

// compare takes the differences of scores in.
func (a *answered) compare(x, y []float32) {
	a.distance.add(x, y)
	for k, v := range x {
		d := math.Abs(float64(v) - float64(y[k]))
		a.sum += d
		a.worst = max(a.worst, d)
	}
}

// counts adds up answers. Their memory depends on the number of classes.
type counts struct {
	label      func(i int) int
	labelled   int
	a, b       Tally
	same, lost int
	won        int
	confused   map[[2]int]*Confusion // by label and answer
	apart      map[[2]int]int
}

func newCounts(label func(i int) int) *counts {
	if label == nil {
		label = func(int) int { return -1 }
	}
	return &counts{label: label, confused: make(map[[2]int]*Confusion), apart: make(map[[2]int]int)}
}

// add counts the answers to input i, the best first.
func (k *counts) add(i int, a, b []int) {
	if a[0] == b[0] {
		k.same++
	} else {
		k.apart[[2]int{a[0], b[0]}]++
	}
	label := k.label(i)
	if label < 0 {
		return
	}
	k.labelled++
	k.a.Add(a, label)
	k.b.Add(b, label)
	if a[0] == label && b[0] != label {
		k.lost++
	}
	if a[0] != label && b[0] == label {
		k.won++
	}
	if a[0] != label {
		k.pair(label, a[0]).A++
	}
	if b[0] != label {
		k.pair(label, b[0]).B++
	}
}

// pair returns the counts of a label and an answer.
func (k *counts) pair(label, answer int) *Confusion {
	at := [2]int{label, answer}
	if k.confused[at] == nil {
		k.confused[at] = &Confusion{Label: label, Answer: answer}
	}
	return k.confused[at]
}

// report writes the counts to a report.
func (k *counts) report(r *Report) {
	if k.labelled > 0 {
		x, y := k.a.Score(), k.b.Score()
		r.A.Score, r.B.Score = &x, &y
	}
	r.Answers.Same, r.Answers.Lost, r.Answers.Won = k.same, k.lost, k.won
	r.Answers.Confusions, r.Answers.Disagreements = k.confusions(), k.disagreements()
}

// confusions returns the pairs whose counts changed most.
func (k *counts) confusions() []Confusion {
	var list []Confusion
	for _, c := range k.confused {
		if c.A != c.B {
			list = append(list, *c)
		}
	}
	change := func(c Confusion) int { return max(c.A-c.B, c.B-c.A) }
	slices.SortFunc(list, func(x, y Confusion) int {
		return cmp.Or(cmp.Compare(change(y), change(x)), cmp.Compare(x.Label, y.Label), cmp.Compare(x.Answer, y.Answer))
	})
	return list[:min(len(list), listed)]
}

// disagreements returns the most frequent ones.
func (k *counts) disagreements() []Disagreement {
	var list []Disagreement
	for at, n := range k.apart {
		list = append(list, Disagreement{A: at[0], B: at[1], Count: n})
	}
	slices.SortFunc(list, func(x, y Disagreement) int {
		return cmp.Or(cmp.Compare(y.Count, x.Count), cmp.Compare(x.A, y.A), cmp.Compare(x.B, y.B))
	})
	return list[:min(len(list), listed)]
}
