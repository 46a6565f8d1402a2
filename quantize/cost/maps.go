package cost

import (
	"fmt"
	"math"

	"github.com/octet-ml/octet/vision"
)

// Maps tell where two models look: which parts of a picture the probability of a class depends on.
type Maps struct {
	// Patch is the side of the grey square of occlusion maps and Step the distance between its places, in pixels.
	Patch int `json:"patch"`
	Step  int `json:"step"`
	// Masks is the number of random masks of a saliency map, Seed chose them.
	Masks    int          `json:"masks"`
	Seed     uint64       `json:"seed"`
	Pictures []PictureMap `json:"pictures"`
	// Occlusion and Saliency are means over the pictures.
	Occlusion Likeness `json:"occlusion"`
	Saliency  Likeness `json:"saliency"`
}

// PictureMap is the maps of one picture. All are about the class that A answers.
type PictureMap struct {
	Input int `json:"input"`
	Label int `json:"label"` // negative where it is unknown
	// A and B are what the models answer, with the probability that each gives to A's answer.
	A            int     `json:"a"`
	B            int     `json:"b"`
	ProbabilityA float64 `json:"a_probability"`
	ProbabilityB float64 `json:"b_probability"`
	// Occlusion is how much of the probability goes when a grey patch covers a place: the mean over patches (Zeiler and Fergus,
	// "Visualizing and Understanding Convolutional Networks", 2014).
	Occlusion MapPair `json:"occlusion"`
	// Saliency is the mean probability under random masks that leave a place visible (Petsiuk, Das and Saenko, "RISE: Randomized
	// Input Sampling for Explanation of Black-box Models", 2018).
	Saliency MapPair `json:"saliency"`
}

// MapPair is the maps of both models.
type MapPair struct {
	A Map `json:"a"`
	B Map `json:"b"`
	Likeness
}

// Likeness is how alike two maps are.
type Likeness struct {
	Rank    float64 `json:"rank_correlation"` // Spearman's
	Overlap float64 `json:"overlap"`          // of the greatest fifth of both maps: intersection over union
}

// Map is numbers over a picture, rows from the top.
type Map struct {
	Width   int       `json:"width"`
	Height  int       `json:"height"`
	Numbers []float32 `json:"numbers"`
}

// mostCells bounds the sides of a map.
const mostCells = 32

// newMap returns a map of nothing for a picture.
func newMap(h, w int) Map {
	cell := max((max(h, w)+mostCells-1)/mostCells, 1)
	m := Map{Width: (w + cell - 1) / cell, Height: (h + cell - 1) / cell}
	m.Numbers = make([]float32, m.Width*m.Height)
	return m
}

// artist makes the maps of pictures.
type artist struct {
	c          *comparison
	a, b       *canvas // of the picture at hand
	blends     [][]float32
	probA      []float64 // by cover
	probB      []float64
	patches    patches
	masks      masks
	class      int // that is looked for, among the outputs
	done, runs int
}

// drawMaps makes the maps of some of the inputs, where those are pictures.
func (c *comparison) drawMaps() error {
	if c.o.Pictures < 0 {
		return nil
	}
	x, err := vision.SpecOf(c.ma.program.Canonical().Inputs[0])
	if err == nil {
		_, err = vision.SpecOf(c.mb.program.Canonical().Inputs[0])
	}
	if err != nil || len(c.ma.program.Inputs()) != 1 || x.Height < 2 || x.Width < 2 {
		c.note("the models' inputs are no pictures of a known size: no maps")
		return nil
	}
	d := &artist{c: c, patches: newPatches(x.Height, x.Width), masks: newMasks(x.Height, x.Width, c.o.Masks, c.o.Seed)}
	for range c.o.Threads {
		d.blends = append(d.blends, make([]float32, x.Height*x.Width))
	}
	order := spread(c.o.Pictures, c.report.Inputs)
	d.runs = len(order) * (d.patches.len() + d.masks.len())
	m := &Maps{Patch: d.patches.side, Step: d.patches.step, Masks: c.o.Masks, Seed: c.o.Seed}
	for _, i := range order {
		p, err := d.picture(i)
		if err != nil {
			return err
		}
		m.Pictures = append(m.Pictures, *p)
		share := 1 / float64(len(order))
		m.Occlusion.plus(p.Occlusion.Likeness, share)
		m.Saliency.plus(p.Saliency.Likeness, share)
	}
	c.report.Maps = m
	return nil
}

// plus adds a share of another likeness.
func (l *Likeness) plus(o Likeness, share float64) {
	l.Rank += share * o.Rank
	l.Overlap += share * o.Overlap
}

// picture makes the maps of input i.
func (d *artist) picture(i int) (*PictureMap, error) {
	c := d.c
	if err := both(c.ma, c.mb, 0, i); err != nil {
		return nil, err
	}
	x, y, err := c.scores(0, i)
	if err != nil {
		return nil, err
	}
	p := &PictureMap{Input: i, Label: -1, A: Rank(x)[0], B: Rank(y)[0]}
	if c.o.Label != nil {
		p.Label = c.o.Label(i)
	}
	d.class = p.A + Background(len(x))
	p.ProbabilityA, p.ProbabilityB = float64(vision.Probabilities(x)[d.class]), float64(vision.Probabilities(y)[d.class])
	if d.a, err = newCanvas(c.ma); err != nil {
		return nil, err
	}
	if d.b, err = newCanvas(c.mb); err != nil {
		return nil, err
	}
	h, w := d.a.h, d.a.w
	p.Occlusion = MapPair{A: newMap(h, w), B: newMap(h, w)}
	if err := d.cover(&d.patches); err != nil {
		return nil, fmt.Errorf("input %d: %w", i, err)
	}
	d.patches.draw(&p.Occlusion.A, d.probA, p.ProbabilityA)
	d.patches.draw(&p.Occlusion.B, d.probB, p.ProbabilityB)
	p.Saliency = MapPair{A: newMap(h, w), B: newMap(h, w)}
	if err := d.cover(&d.masks); err != nil {
		return nil, fmt.Errorf("input %d: %w", i, err)
	}
	d.masks.draw(&p.Saliency.A, d.probA)
	d.masks.draw(&p.Saliency.B, d.probB)
	p.Occlusion.Likeness, p.Saliency.Likeness = p.Occlusion.alike(), p.Saliency.alike()
	return p, nil
}

// covers are ways to cover parts of a picture.
type covers interface {
	// len returns the number of ways.
	len() int
	// at returns how much is visible of the pixel in row y and column x in way k, from 0 to 1.
	at(k, y, x int) float32
}

// cover runs both models on the picture at hand, covered in every way, and keeps the probabilities of the class.
func (d *artist) cover(ways covers) error {
	n := ways.len()
	d.probA, d.probB = make([]float64, n), make([]float64, n)
	var bad [chunk]error
	for first := 0; first < n; first += chunk {
		count := min(chunk, n-first)
		parallel(d.c.o.Threads, count, func(worker, at int) { bad[at] = d.one(worker, first+at, ways) })
		for at := range count {
			if bad[at] != nil {
				return bad[at]
			}
		}
		d.done += count
		d.c.o.Progress("maps", d.done, d.runs)
	}
	return nil
}

// one runs both models on the picture covered in way k.
func (d *artist) one(worker, k int, ways covers) error {
	blend := d.blends[worker]
	for y := range d.a.h {
		for x := range d.a.w {
			blend[y*d.a.w+x] = ways.at(k, y, x)
		}
	}
	for _, side := range []struct {
		m    *machine
		c    *canvas
		prob []float64
	}{{d.c.ma, d.a, d.probA}, {d.c.mb, d.b, d.probB}} {
		s := side.m.sessions[worker]
		side.c.write(s.Input(0), blend)
		s.Run()
		p := float64(vision.Probabilities(side.m.output(worker, 0, nil))[d.class])
		if math.IsNaN(p) {
			return fmt.Errorf("%w: %s has NaN scores where a part of the picture is covered", ErrData, side.m.name)
		}
		side.prob[k] = p
	}
	return nil
}
