package generate

import (
	"fmt"
	"slices"

	"github.com/octet-ml/octet/digest"
	"github.com/octet-ml/octet/vision"
)

// The picture that the generated test classifies: wider than high, so that it is resized and cropped.
const goldenWidth, goldenHeight = 96, 64

// goldenClasses is the number of classes whose probabilities are pinned.
const goldenClasses = 3

// golden is what the generated test expects.
type golden struct {
	Width, Height int
	Scores        []vision.Class // most probable first
	Tolerance     string         // of a probability
}

// answer returns what the model says of the picture.
func answer(m Model, classes []class) (golden, error) {
	spec, err := vision.SpecOf(m.Program.Canonical().Inputs[0])
	if err != nil {
		return golden{}, err
	}
	pipeline, err := m.Preprocess.Bind(spec)
	if err != nil {
		return golden{}, err
	}
	picture, err := vision.FromImage(digest.Picture(goldenWidth, goldenHeight))
	if err != nil {
		return golden{}, err
	}
	session, err := m.Program.NewSession()
	if err != nil {
		return golden{}, err
	}
	if err := pipeline.Apply(picture, session.Input(0).Data, nil); err != nil {
		return golden{}, err
	}
	session.Run()
	scores := vision.Probabilities(session.Output(0).Reals(m.Program.Outputs()[0].Quant, nil))
	if slices.ContainsFunc(scores, func(v float32) bool { return v != v }) {
		return golden{}, fmt.Errorf("%w: scores that are no numbers", ErrModel)
	}
	g := golden{Width: goldenWidth, Height: goldenHeight, Scores: vision.TopK(scores, min(goldenClasses, len(classes))), Tolerance: "1e-6"}
	if m.Program.RequireInteger() != nil {
		g.Tolerance = "1e-3"
	}
	return g, nil
}
