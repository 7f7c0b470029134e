package qr

import "math"

// warp maps modules to pixels by a projection: what a camera does to a plane.
type warp struct {
	m      [8]float64
	origin point
	scale  float64 // of modules, so that the equations are well conditioned
	reach  float64 // of pixels
}

// to is the pixel of a place in modules.
func (w warp) to(x, y float64) point {
	x, y = x/w.scale, y/w.scale
	d := w.m[6]*x + w.m[7]*y + 1
	return point{(w.m[0]*x+w.m[1]*y+w.m[2])/d*w.reach + w.origin.x, (w.m[3]*x+w.m[4]*y+w.m[5])/d*w.reach + w.origin.y}
}

// match is a place in modules that was seen at a pixel. weight is how far it is to be trusted.
type match struct {
	at, pixel point
	weight    float64
}

// fitWarp finds the projection that maps the matches with the least squared error.
func fitWarp(all []match, size int) (warp, bool) {
	w := warp{origin: all[0].pixel, scale: float64(size)}
	for _, m := range all {
		w.reach = max(w.reach, m.pixel.distance(w.origin))
	}
	var system [8][9]float64
	add := func(row [9]float64, weight float64) {
		for i := range 8 {
			for j := range row {
				system[i][j] += weight * row[i] * row[j]
			}
		}
	}
	for _, m := range all {
		x, y := m.at.x/w.scale, m.at.y/w.scale
		p := m.pixel.minus(w.origin).times(1 / w.reach)
		add([9]float64{x, y, 1, 0, 0, 0, -x * p.x, -y * p.x, p.x}, m.weight)
		add([9]float64{0, 0, 0, x, y, 1, -x * p.y, -y * p.y, p.y}, m.weight)
	}
	ok := solve(&system)
	for i := range w.m {
		w.m[i] = system[i][8]
		ok = ok && !math.IsNaN(w.m[i])
	}
	return w, ok
}

// solve leaves the solution of the equations in their last column (Gauss and Jordan).
func solve(s *[8][9]float64) bool {
	for i := range s {
		pivot := i
		for j := i + 1; j < len(s); j++ {
			if math.Abs(s[j][i]) > math.Abs(s[pivot][i]) {
				pivot = j
			}
		}
		s[i], s[pivot] = s[pivot], s[i]
		if math.Abs(s[i][i]) < 1e-12 {
			return false
		}
		for j := range s {
			if j == i {
				continue
			}
			factor := s[j][i] / s[i][i]
			for k := i; k < len(s[j]); k++ {
				s[j][k] -= factor * s[i][k]
			}
		}
	}
	for i := range s {
		s[i][8] /= s[i][i]
	}
	return true
}
