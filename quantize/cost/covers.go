package cost

import (
	"math/rand/v2"
)

// patches cover a square of a picture each, at equal distances.
type patches struct {
	h, w       int
	side, step int
	rows, cols int // places of the square
}

// The square's side is a share of the picture's shorter one, its step a share of the square's side.
const (
	squareShare = 7
	stepShare   = 2
)

// newPatches returns the patches for a picture.
func newPatches(h, w int) patches {
	p := patches{h: h, w: w, side: max((min(h, w)+squareShare/2)/squareShare, 1)}
	p.step = max(p.side/stepShare, 1)
	p.rows, p.cols = places(h, p.side, p.step), places(w, p.side, p.step)
	return p
}

// places returns at how many places a square covers a length from end to end.
func places(length, side, step int) int { return (length-side+step-1)/step + 1 }

func (p *patches) len() int { return p.rows * p.cols }

// corner returns the first row and column that patch k covers. The last place of a row or column ends where the picture does.
func (p *patches) corner(k int) (y, x int) {
	return min(k/p.cols*p.step, p.h-p.side), min(k%p.cols*p.step, p.w-p.side)
}

func (p *patches) at(k, y, x int) float32 {
	top, left := p.corner(k)
	if y >= top && y < top+p.side && x >= left && x < left+p.side {
		return 0
	}
	return 1
}

// draw writes to each cell of a map the mean loss of probability, from whole, over the patches that cover its middle.
func (p *patches) draw(m *Map, probabilities []float64, whole float64) {
	m.fill(p.h, p.w, func(y, x int) float64 {
		var sum, n float64
		for k, prob := range probabilities {
			if p.at(k, y, x) == 0 {
				sum += whole - prob
				n++
			}
		}
		return sum / n
	})
}

// masks show random parts of a picture: a coarse grid of points that are seen or not, with what is between them interpolated,
// moved by a random part of a cell.
type masks struct {
	h, w   int
	grids  [][]float32 // points of each mask, (maskCells+1)²
	shifts [][2]float32
}

// maskCells is the number of cells of a mask along a side.
const maskCells = 7

// newMasks returns n masks for a picture; a point of the grid is seen with probability one half.
func newMasks(h, w, n int, seed uint64) masks {
	m := masks{h: h, w: w}
	random := rand.New(rand.NewPCG(seed, 0))
	const points = maskCells + 2
	for range n {
		grid := make([]float32, points*points)
		for i := range grid {
			grid[i] = float32(random.IntN(2))
		}
		m.grids = append(m.grids, grid)
		m.shifts = append(m.shifts, [2]float32{random.Float32(), random.Float32()})
	}
	return m
}

func (m *masks) len() int { return len(m.grids) }

func (m *masks) at(k, y, x int) float32 {
	const points = maskCells + 2
	gy := float32(y)*maskCells/float32(m.h) + m.shifts[k][0]
	gx := float32(x)*maskCells/float32(m.w) + m.shifts[k][1]
	iy, ix := int(gy), int(gx)
	fy, fx := gy-float32(iy), gx-float32(ix)
	g := m.grids[k][iy*points+ix:]
	top := g[0] + float32(fx*(g[1]-g[0]))
	bottom := g[points] + float32(fx*(g[points+1]-g[points]))
	return top + float32(fy*(bottom-top))
}

// draw writes to each cell of a map the mean probability over the masks, each counting as much as the cell's middle is seen.
func (m *masks) draw(to *Map, probabilities []float64) {
	to.fill(m.h, m.w, func(y, x int) float64 {
		var sum, seen float64
		for k, prob := range probabilities {
			v := float64(m.at(k, y, x))
			sum += v * prob
			seen += v
		}
		if seen == 0 {
			return 0
		}
		return sum / seen
	})
}

// fill writes f of the pixel in the middle of each cell of a picture h x w.
func (m *Map) fill(h, w int, f func(y, x int) float64) {
	for i := range m.Numbers {
		y, x := (2*(i/m.Width)+1)*h/(2*m.Height), (2*(i%m.Width)+1)*w/(2*m.Width)
		m.Numbers[i] = float32(f(y, x))
	}
}
