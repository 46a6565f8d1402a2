package classify

import (
	"errors"
	"fmt"

	"github.com/octet-ml/octet/vision"
)

// ErrEmpty is returned for a drawing without a stroke.
var ErrEmpty = errors.New("nothing is drawn")

// ink is the least brightness of a pixel that counts as drawn.
const ink = 32

// Frame returns a square picture in which the drawing m, white on black, stands as the digits of MNIST do: 20 of the 28
// parts of a side are its longer side, and its centre of mass is the centre (http://yann.lecun.com/exdb/mnist/). Errors wrap
// ErrEmpty, or vision's for fields that do not agree.
func Frame(m *vision.Image) (*vision.Image, error) {
	if err := m.Check(); err != nil {
		return nil, fmt.Errorf("drawing: %w", err)
	}
	m = m.Grey()
	x0, y0, x1, y1 := m.Width, m.Height, -1, -1
	var mass, sumX, sumY int64
	for y := range m.Height {
		for x, v := range m.Pix[y*m.Width : (y+1)*m.Width] {
			if v < ink {
				continue
			}
			x0, y0, x1, y1 = min(x0, x), min(y0, y), max(x1, x), max(y1, y)
			mass, sumX, sumY = mass+int64(v), sumX+int64(v)*int64(x), sumY+int64(v)*int64(y)
		}
	}
	if mass == 0 {
		return nil, fmt.Errorf("drawing: %w", ErrEmpty)
	}
	side := (max(x1-x0, y1-y0) + 1) * 28 / 20
	dst, err := vision.NewImage(max(side, 28), max(side, 28), 1)
	if err != nil {
		return nil, fmt.Errorf("drawing: %w", err)
	}
	// Where in dst the bounding box begins, kept inside it.
	left := min(max(dst.Width/2-int(sumX/mass)+x0, 0), dst.Width-(x1-x0+1))
	top := min(max(dst.Height/2-int(sumY/mass)+y0, 0), dst.Height-(y1-y0+1))
	for y := y0; y <= y1; y++ {
		copy(dst.Pix[(top+y-y0)*dst.Width+left:], m.Pix[y*m.Width+x0:y*m.Width+x1+1])
	}
	return dst, nil
}
