package vision

import (
	"fmt"
	"io"
	"strings"
)

// MaxLabels bounds the number of labels in a list.
const MaxLabels = 1 << 20

// maxLabelBytes bounds the size of a file of labels.
const maxLabelBytes = 64 << 20

// Labels are the names of classes by index.
type Labels []string

// background are the names that lists use for the class 0 of models with a background class, in lower case.
var background = []string{"background", "__background__", "dummy"}

// Background is the name that Align gives the class 0 of models with a background class.
const Background = "background"

// Name returns the name of class i, or "class i" where there is none. A nil list has none.
func (l Labels) Name(i int) string {
	if i >= 0 && i < len(l) && l[i] != "" {
		return l[i]
	}
	return fmt.Sprintf("class %d", i)
}

// Align returns the names for a model with the given number of outputs.
//
// TensorFlow's ImageNet models have 1001 outputs, the first for the background, so that class i of ImageNet's 1000 is
// output i+1. For one output more than labels, Align puts Background in front; for one output less, it takes away a
// first label that names the background. An empty list stays empty. Any other difference gives an error wrapping
// ErrLabels.
func (l Labels) Align(outputs int) (Labels, error) {
	switch {
	case len(l) == 0 || len(l) == outputs:
		return l, nil
	case len(l)+1 == outputs:
		return append(Labels{Background}, l...), nil
	case len(l) == outputs+1 && isBackground(l[0]):
		return l[1:], nil
	}
	return nil, fmt.Errorf("%w: %d labels for %d scores", ErrLabels, len(l), outputs)
}

// ClassOffset returns how far a model's output indices are above the class indices of a data set: 1 for one output more
// than classes (a background class at 0), 0 for as many. Any other difference gives an error wrapping ErrLabels.
func ClassOffset(outputs, classes int) (int, error) {
	if d := outputs - classes; d == 0 || d == 1 {
		return d, nil
	}
	return 0, fmt.Errorf("%w: %d outputs for %d classes", ErrLabels, outputs, classes)
}

func isBackground(name string) bool {
	for _, b := range background {
		if strings.EqualFold(name, b) {
			return true
		}
	}
	return false
}

// NamedLabels returns a built-in list: "cifar10" or "digits". An unknown name gives an error wrapping ErrLabels.
func NamedLabels(name string) (Labels, error) {
	switch name {
	case "cifar10":
		return Labels{"airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"}, nil
	case "digits":
		return Labels{"0", "1", "2", "3", "4", "5", "6", "7", "8", "9"}, nil
	}
	return nil, fmt.Errorf("%w: unknown list %q, want cifar10 or digits", ErrLabels, name)
}

// ReadLabels reads a list of labels in any of the forms of ParseLabels. A file of more than 64 MiB gives an error
// wrapping ErrTooLarge.
func ReadLabels(r io.Reader) (Labels, error) {
	data, err := io.ReadAll(io.LimitReader(r, maxLabelBytes+1))
	if err != nil {
		return nil, fmt.Errorf("read labels: %w", err)
	}
	if len(data) > maxLabelBytes {
		return nil, fmt.Errorf("labels: more than %d bytes: %w", maxLabelBytes, ErrTooLarge)
	}
	return ParseLabels(data)
}
