package costpage

import (
	"bytes"
	"encoding/base64"
	"html/template"
	"image"
	"image/color"
	"image/png"
	"math"

	"github.com/octet-ml/octet/quantize/cost"
	"github.com/octet-ml/octet/vision"
)

// look is the maps of one picture as the page shows them.
type look struct {
	cost.PictureMap
	Picture              template.URL
	OcclusionA           template.URL
	OcclusionB           template.URL
	SaliencyA, SaliencyB template.URL
}

// looks draws the maps over their pictures.
func looks(p *Page) ([]look, error) {
	if p.Maps == nil || p.Picture == nil {
		return nil, nil
	}
	var list []look
	for _, m := range p.Maps.Pictures {
		picture, err := p.Picture(m.Input)
		if err != nil {
			return nil, err
		}
		l := look{PictureMap: m}
		for _, part := range []struct {
			to  *template.URL
			its *cost.Map
		}{{&l.Picture, nil}, {&l.OcclusionA, &m.Occlusion.A}, {&l.OcclusionB, &m.Occlusion.B}, {&l.SaliencyA, &m.Saliency.A}, {&l.SaliencyB, &m.Saliency.B}} {
			if *part.to, err = dataURI(overlay(picture, part.its)); err != nil {
				return nil, err
			}
		}
		list = append(list, l)
	}
	return list, nil
}

// overlay draws a picture, or a map over the picture in greys; nil is no map.
func overlay(v *vision.Image, m *cost.Map) image.Image {
	out := image.NewRGBA(image.Rect(0, 0, v.Width, v.Height))
	var lo, hi float32
	if m != nil {
		lo, hi = m.Numbers[0], m.Numbers[0]
		for _, n := range m.Numbers {
			lo, hi = min(lo, n), max(hi, n)
		}
	}
	for y := range v.Height {
		for x := range v.Width {
			i := (y*v.Width + x) * v.Channels
			r, g, b := v.Pix[i], v.Pix[i], v.Pix[i]
			if v.Channels == 3 {
				g, b = v.Pix[i+1], v.Pix[i+2]
			}
			if m == nil {
				out.Set(x, y, color.RGBA{r, g, b, 255})
				continue
			}
			n := float32(0)
			if hi > lo {
				n = (m.Numbers[y*m.Height/v.Height*m.Width+x*m.Width/v.Width] - lo) / (hi - lo)
			}
			out.Set(x, y, tint(float64(n), (299*float64(r)+587*float64(g)+114*float64(b))/255000))
		}
	}
	return out
}

// heat is colours from cold to hot, of even steps in lightness, that can be told apart without red or green.
var heat = [][3]float64{{0.10, 0.10, 0.35}, {0.33, 0.18, 0.55}, {0.72, 0.28, 0.47}, {0.96, 0.55, 0.25}, {0.99, 0.95, 0.55}}

// tint returns the colour of a number from 0 to 1 over a grey.
func tint(n, grey float64) color.RGBA {
	at := n * float64(len(heat)-1)
	i := min(int(at), len(heat)-2)
	var rgb [3]uint8
	const share = 0.65 // of the map
	for c := range rgb {
		v := heat[i][c] + (at-float64(i))*(heat[i+1][c]-heat[i][c])
		rgb[c] = uint8(math.Round(255 * (share*v + (1-share)*grey)))
	}
	return color.RGBA{rgb[0], rgb[1], rgb[2], 255}
}

// dataURI returns a picture as a part of a page.
func dataURI(m image.Image) (template.URL, error) {
	var out bytes.Buffer
	if err := png.Encode(&out, m); err != nil {
		return "", err
	}
	return template.URL("data:image/png;base64," + base64.StdEncoding.EncodeToString(out.Bytes())), nil
}
