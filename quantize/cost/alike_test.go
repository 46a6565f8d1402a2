package cost

import (
	"math"
	"testing"
)

func TestRankCorrelationIsSpearmans(t *testing.T) {
	for _, c := range []struct {
		a, b []float32
		want float64
	}{
		{[]float32{1, 2, 3, 4}, []float32{10, 20, 30, 1000}, 1},
		{[]float32{1, 2, 3, 4}, []float32{4, 3, 2, 1}, -1},
		{[]float32{1, 2, 3, 4, 5}, []float32{2, 1, 4, 3, 5}, 0.8}, // 1 - 6*4/(5*24)
		{[]float32{1, 2, 2, 3}, []float32{1, 2, 2, 3}, 1},
		{[]float32{1, 2, 2, 3}, []float32{1, 3, 2, 4}, 4.5 / math.Sqrt(4.5*5)}, // ranks 0 1.5 1.5 3 and 0 2 1 3
		{[]float32{7, 7}, []float32{8, 8}, 1},
		{[]float32{7, 7}, []float32{8, 9}, 0},
	} {
		if got := rankCorrelation(c.a, c.b); math.Abs(got-c.want) > 1e-12 {
			t.Errorf("%v and %v: %v, want %v", c.a, c.b, got, c.want)
		}
	}
}

func TestOverlapIsOfTheGreatestFifth(t *testing.T) {
	a := []float32{9, 8, 1, 1, 1, 1, 1, 1, 1, 1}
	for _, c := range []struct {
		b    []float32
		want float64
	}{
		{a, 1},
		{[]float32{9, 1, 8, 1, 1, 1, 1, 1, 1, 1}, 1.0 / 3},
		{[]float32{1, 1, 8, 9, 1, 1, 1, 1, 1, 1}, 0},
		{[]float32{9, 1, 1, 1, 1, 1, 1, 1, 1, 1}, (1 + 1.0/9) / (2 + 8.0/9)}, // nine of them share the second place
		{[]float32{7, 7, 7, 7, 7, 7, 7, 7, 7, 7}, 0.4 / 3.6},
	} {
		if got := overlap(a, c.b); math.Abs(got-c.want) > 1e-12 {
			t.Errorf("%v: %v, want %v", c.b, got, c.want)
		}
	}
}

func TestPatchesCoverEveryPixel(t *testing.T) {
	for _, size := range [][2]int{{2, 2}, {14, 14}, {32, 32}, {28, 40}, {224, 224}, {7, 100}} {
		p := newPatches(size[0], size[1])
		covered := make([]bool, size[0]*size[1])
		for k := range p.len() {
			top, left := p.corner(k)
			for y := top; y < top+p.side; y++ {
				for x := left; x < left+p.side; x++ {
					covered[y*size[1]+x] = true // a patch beyond the picture is out of range
				}
			}
			if p.at(k, top, left) != 0 || p.at(k, top+p.side-1, left+p.side-1) != 0 || left+p.side < size[1] && p.at(k, top, left+p.side) != 1 {
				t.Errorf("%v: patch %d is not where it is drawn", size, k)
			}
		}
		for i, ok := range covered {
			if !ok {
				t.Fatalf("%v: pixel %d is never covered", size, i)
			}
		}
	}
}

func TestMasksShowHalfOfThePicture(t *testing.T) {
	m := newMasks(50, 30, 400, 1)
	var sum float64
	for k := range m.len() {
		for y := range 50 {
			for x := range 30 {
				v := m.at(k, y, x)
				if v < 0 || v > 1 {
					t.Fatalf("mask %d shows %v", k, v)
				}
				sum += float64(v)
			}
		}
	}
	const tolerance = 0.02 // 400 masks of about 60 points
	if mean := sum / (400 * 50 * 30); math.Abs(mean-0.5) > tolerance {
		t.Errorf("%v of the picture is seen", mean)
	}
}

func TestDistances(t *testing.T) {
	for _, c := range []struct {
		a, b         []float32
		sqnr, cosine float64
	}{
		{[]float32{3, 4}, []float32{3, 4}, MostDecibels, 1},
		{[]float32{0, 0}, []float32{0, 0}, MostDecibels, 1},
		{[]float32{0, 0}, []float32{0, 1}, -MostDecibels, 0},
		{[]float32{3, 4}, []float32{4, 3}, 10 * math.Log10(12.5), 24.0 / 25},
		{[]float32{1, 0}, []float32{-1, 0}, -10 * math.Log10(4), -1},
	} {
		var d distance
		d.add(c.a, c.b)
		if math.Abs(d.sqnr()-c.sqnr) > 1e-9 || math.Abs(d.cosine()-c.cosine) > 1e-9 {
			t.Errorf("%v and %v: %v dB, %v", c.a, c.b, d.sqnr(), d.cosine())
		}
	}
}

func TestInputsAreSpread(t *testing.T) {
	for _, c := range []struct {
		n, all int
		want   []int
	}{{2, 6, []int{0, 3}}, {3, 10, []int{0, 3, 6}}, {9, 2, []int{0, 1}}} {
		got := spread(c.n, c.all)
		if len(got) != len(c.want) {
			t.Fatalf("%d of %d: %v", c.n, c.all, got)
		}
		for i := range got {
			if got[i] != c.want[i] {
				t.Errorf("%d of %d: %v, want %v", c.n, c.all, got, c.want)
			}
		}
	}
}
