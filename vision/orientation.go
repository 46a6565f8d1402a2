package vision

// orientation is the value of Exif tag 0x0112: which side of the stored picture is up.
type orientation uint8

const upright orientation = 1

// turns says how the upright picture is read from the stored one: at (x, y), or (y, x) where swapped, counted from the
// right where flipX, from the bottom where flipY.
var turns = [...]struct{ swap, flipX, flipY bool }{
	1: {},
	2: {flipX: true},
	3: {flipX: true, flipY: true},
	4: {flipY: true},
	5: {swap: true},
	6: {swap: true, flipY: true},
	7: {swap: true, flipX: true, flipY: true},
	8: {swap: true, flipX: true},
}

// oriented returns m turned upright, as ImageOps.exif_transpose; it may be m itself.
func oriented(m *Image, o orientation) *Image {
	turn := turns[o]
	if o == upright {
		return m
	}
	out := &Image{Width: m.Width, Height: m.Height, Channels: m.Channels, Pix: make([]uint8, len(m.Pix))}
	base, stepX, stepY := 0, m.Channels, m.Width*m.Channels
	if turn.flipX {
		base += (m.Width - 1) * stepX
		stepX = -stepX
	}
	if turn.flipY {
		base += (m.Height - 1) * stepY
		stepY = -stepY
	}
	if turn.swap {
		out.Width, out.Height = m.Height, m.Width
		stepX, stepY = stepY, stepX
	}
	i := 0
	for y := range out.Height {
		at := base + y*stepY
		for range out.Width {
			if m.Channels == 1 {
				out.Pix[i] = m.Pix[at]
			} else {
				*(*[3]uint8)(out.Pix[i:]) = [3]uint8(m.Pix[at:])
			}
			i += m.Channels
			at += stepX
		}
	}
	return out
}
