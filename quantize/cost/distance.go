package cost

import "math"

// MostDecibels stands for an error of nothing.
const MostDecibels = 200

// decibels returns the ratio of the energy of a signal to that of its noise, from -200 to 200.
func decibels(signal, noise float64) float64 {
	switch {
	case noise == 0:
		return MostDecibels
	case signal == 0:
		return -MostDecibels
	}
	return min(max(10*math.Log10(signal/noise), -MostDecibels), MostDecibels)
}

// distance is what is summed of two lists of numbers, a and b, to tell how far they are apart. The zero value is ready to use.
type distance struct{ signal, noise, product, energy float64 }

// add takes numbers in.
func (d *distance) add(a, b []float32) {
	for i, v := range a {
		x, y := float64(v), float64(b[i])
		d.signal += x * x
		d.noise += (x - y) * (x - y)
		d.product += x * y
		d.energy += y * y
	}
}

// plus adds the sums of another distance.
func (d *distance) plus(o distance) {
	d.signal += o.signal
	d.noise += o.noise
	d.product += o.product
	d.energy += o.energy
}

// sqnr returns the ratio of the mean square of a to that of the differences, in decibels.
func (d *distance) sqnr() float64 { return decibels(d.signal, d.noise) }

// cosine returns the cosine of the angle between a and b: 1 where both are nothing, 0 where one is.
func (d *distance) cosine() float64 {
	if d.noise == 0 {
		return 1
	}
	if d.signal == 0 || d.energy == 0 {
		return 0
	}
	return min(d.product/math.Sqrt(d.signal*d.energy), 1)
}
