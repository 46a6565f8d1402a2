package vision

import (
	"fmt"
	"math"
	"slices"
)

// Filter is the kernel that Resize weighs source pixels with. The zero value is Bilinear.
type Filter uint8

// The filters, named as in Pillow. All but Nearest widen with the scale when they shrink a picture (antialiasing).
const (
	Bilinear Filter = iota
	Nearest
	Box
	Hamming
	Bicubic
	Lanczos
)

// filters describes each filter: its half width in source pixels at scale 1 and its weight at a distance.
var filters = [...]struct {
	name    string
	support float64
	weight  func(x float64) float64
}{
	Bilinear: {"bilinear", 1, triangle},
	Nearest:  {"nearest", 0, nil},
	Box:      {"box", 0.5, box},
	Hamming:  {"hamming", 1, hamming},
	Bicubic:  {"bicubic", 2, bicubic},
	Lanczos:  {"lanczos", 3, lanczos},
}

// Filters returns the names of all filters.
func Filters() []string {
	var names []string
	for _, f := range filters {
		names = append(names, f.name)
	}
	slices.Sort(names)
	return names
}

// ParseFilter returns the filter with the given name; an unknown one gives an error wrapping ErrPreprocess.
func ParseFilter(name string) (Filter, error) {
	for i, f := range filters {
		if f.name == name {
			return Filter(i), nil
		}
	}
	return 0, fmt.Errorf("%w: unknown filter %q, want one of %v", ErrPreprocess, name, Filters())
}

// String returns the filter's name.
func (f Filter) String() string {
	if int(f) >= len(filters) {
		return fmt.Sprintf("filter(%d)", uint8(f))
	}
	return filters[f].name
}

// MarshalText returns the name; an undefined filter gives an error wrapping ErrPreprocess.
func (f Filter) MarshalText() ([]byte, error) {
	if int(f) >= len(filters) {
		return nil, fmt.Errorf("%w: undefined %v", ErrPreprocess, f)
	}
	return []byte(f.String()), nil
}

// UnmarshalText sets f to the filter with the given name.
func (f *Filter) UnmarshalText(text []byte) error {
	g, err := ParseFilter(string(text))
	if err != nil {
		return err
	}
	*f = g
	return nil
}

func box(x float64) float64 {
	if x > -0.5 && x <= 0.5 {
		return 1
	}
	return 0
}

func triangle(x float64) float64 {
	x = math.Abs(x)
	if x < 1 {
		return 1 - x
	}
	return 0
}

// hamming is a sinc under a Hamming window of half width 1. Pillow writes the window's constants in single precision.
func hamming(x float64) float64 {
	const a0, a1 = float64(float32(0.54)), float64(float32(0.46))
	x = math.Abs(x)
	if x == 0 {
		return 1
	}
	if x >= 1 {
		return 0
	}
	x *= math.Pi
	return math.Sin(x) / x * (a0 + float64(a1*math.Cos(x)))
}

// bicubic is Keys' cubic convolution with a = -1/2 (https://doi.org/10.1109/TASSP.1981.1163711).
func bicubic(x float64) float64 {
	const a = -0.5
	x = math.Abs(x)
	if x < 1 {
		return float64(float64(float64(float64((a+2)*x)-(a+3))*x)*x) + 1
	}
	if x < 2 {
		return float64(float64(float64(float64(float64(x-5)*x)+8)*x)-4) * a
	}
	return 0
}

// lanczos is a sinc under the central lobe of a sinc three times as wide.
func lanczos(x float64) float64 {
	if x >= -3 && x < 3 {
		return sinc(x) * sinc(x/3)
	}
	return 0
}

func sinc(x float64) float64 {
	if x == 0 {
		return 1
	}
	x *= math.Pi
	return math.Sin(x) / x
}
