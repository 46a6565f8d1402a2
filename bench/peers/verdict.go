package main

import (
	"encoding/json"
	"fmt"
	"io"
	"math"
	"slices"
	"text/tabwriter"

	"github.com/octet-ml/octet/internal/dataset"
)

// verdict is what Octet and ONNX Runtime made of a model on a data set.
type verdict struct {
	Model    string       `json:"model"`
	Data     string       `json:"data"`
	Pictures int          `json:"pictures"`
	Counted  bool         `json:"counted"` // whether the classes of the data set are those of the model
	Right    int          `json:"right"`   // Octet's right answers, where they are counted
	Peers    []peerResult `json:"peers"`   // one for each of variants

	output *tensorSpec
	offset int // of the model's classes from those of the data set
}

// peerResult is what one variant of ONNX Runtime made of the pictures. Error is set where it refused the model or an input.
type peerResult struct {
	variant
	Error   string  `json:"error,omitempty"`
	Right   int     `json:"right"`
	Agree   int     `json:"agree"`    // pictures with Octet's first class, or one tied with it
	Tied    int     `json:"tied"`     // of these, pictures with another class that is tied with it
	MaxDiff float64 `json:"max_diff"` // largest difference of an element of the first output
}

// tieWidth is the share of the greatest score by which another one may be less and still be equal to it: after the last
// integers come sums of floats (a mean, a softmax), whose order is each engine's own.
const tieWidth = 1e-5

// tied reports whether a score is equal to the greatest one.
func tied(greatest, score float64) bool { return greatest-score <= tieWidth*math.Abs(greatest) }

// backgroundClasses is the number of outputs of a model of ImageNet's classes with one for the background before them.
const backgroundClasses = 1001

func newVerdict(path string, set *dataset.Set, output *tensorSpec) *verdict {
	v := &verdict{Model: modelName(path), Data: set.Name, output: output, Peers: make([]peerResult, len(variants))}
	for i := range variants {
		v.Peers[i].variant = variants[i]
	}
	classes := 1
	for _, d := range output.Shape {
		classes *= d
	}
	v.Counted = set.Len() > 0 && slices.Max(set.Labels) < classes
	if classes == backgroundClasses {
		v.offset = 1
	}
	return v
}

// add lets all engines classify one more picture. An engine of theirs that fails is out from then on: its entry becomes nil.
func (v *verdict) add(label int, input []byte, ours fed, theirs []fed) error {
	scores, errs := answers(input, append([]fed{ours}, theirs...), v.output)
	if errs[0] != nil {
		return errs[0]
	}
	v.Pictures++
	best := largest(scores[0])
	right := func(class int) int {
		if v.Counted && class-v.offset == label {
			return 1
		}
		return 0
	}
	v.Right += right(best)
	for i := range v.Peers {
		p := &v.Peers[i]
		if err := errs[i+1]; err != nil {
			p.Error, theirs[i] = fmt.Sprintf("picture %d: %v", v.Pictures-1, err), nil
		}
		if theirs[i] == nil {
			continue
		}
		class := largest(scores[i+1])
		p.Right += right(class)
		switch {
		case class == best:
			p.Agree++
		case tied(scores[0][best], scores[0][class]):
			p.Agree++
			p.Tied++
		}
		for k, y := range scores[i+1] {
			d := math.Abs(y - scores[0][k])
			if math.IsNaN(d) || math.IsInf(d, 0) {
				d = math.MaxFloat64 // which JSON has, and stays the largest
			}
			p.MaxDiff = max(p.MaxDiff, d)
		}
	}
	return nil
}

// fault says why the file cannot be said to mean the same in ONNX Runtime; "" where it can, or the variant is not judged.
func (v *verdict) fault(p *peerResult) string {
	switch {
	case p.Error != "":
		return "error: " + p.Error
	case !p.Judged:
		return ""
	case v.Counted && (v.Right-p.Right > mostApart || p.Right-v.Right > mostApart):
		return fmt.Sprintf("more than %d right answers apart", mostApart)
	case float64(p.Agree) < leastAgreement*float64(v.Pictures):
		return fmt.Sprintf("agrees on less than %v %%", 100*leastAgreement)
	}
	return ""
}

// verdicts are those of several models.
type verdicts []*verdict

// verdict returns an error where the variant that is judged answers otherwise than Octet, or any refuses a model.
func (r verdicts) verdict() error {
	faults := 0
	for _, v := range r {
		for i := range v.Peers {
			if v.fault(&v.Peers[i]) != "" {
				faults++
			}
		}
	}
	if faults > 0 {
		return fmt.Errorf("%d of %d comparisons failed", faults, len(r)*len(variants))
	}
	return nil
}

// text writes the verdicts for people.
func (r verdicts) text(w io.Writer) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "model\tpictures\tOctet right\tONNX Runtime\tright\tsame class\t\ttied\tlargest difference\t")
	for _, v := range r {
		for i := range v.Peers {
			p := &v.Peers[i]
			ours, theirs := "-", "-"
			if v.Counted {
				ours, theirs = fmt.Sprint(v.Right), fmt.Sprint(p.Right)
			}
			if p.Error != "" {
				fmt.Fprintf(t, "%s\t%d\t%s\t%s\t-\t-\t-\t-\t-\t%s\n", v.Model, v.Pictures, ours, p.Name, v.fault(p))
				continue
			}
			fmt.Fprintf(t, "%s\t%d\t%s\t%s\t%s\t%d\t%.2f %%\t%d\t%.3g\t%s\n", v.Model, v.Pictures, ours, p.Name, theirs, p.Agree,
				100*float64(p.Agree)/float64(max(v.Pictures, 1)), p.Tied, p.MaxDiff, v.fault(p))
		}
	}
	return t.Flush()
}

// json writes the verdicts for programs.
func (r verdicts) json(w io.Writer) error {
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	return e.Encode(r)
}
