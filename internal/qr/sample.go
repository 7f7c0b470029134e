package qr

import "math"

// align moves the projection so that it also fits the alignment patterns: first the one that is farthest from all
// finders, with a wide search, then the others.
func (b bitmap) align(t triple, g guess) warp {
	size := sizeOf(g.version)
	at := alignments(g.version)
	if len(at) == 0 {
		return g.warp
	}
	matches, _ := t.matches(size)
	last := at[len(at)-1]
	w := g.warp
	for _, radius := range []float64{1, 2.5, 5} {
		m, ok := b.alignment(w, last, last, radius, t.corner.ink)
		if !ok {
			continue
		}
		m.weight = 4
		if next, ok := fitWarp(append(matches, m), size); ok {
			w = next
		}
		break
	}
	for i, y := range at {
		for j, x := range at {
			corner := i == 0 && (j == 0 || j == len(at)-1) || i == len(at)-1 && j == 0
			if m, ok := b.alignment(w, x, y, 1.25, t.corner.ink); ok && !corner {
				matches = append(matches, m)
			}
		}
	}
	if next, ok := fitWarp(matches, size); ok {
		w = next
	}
	return w
}

// alignment looks for an alignment pattern around its place. The match is the middle of the best places next to each
// other.
func (b bitmap) alignment(w warp, x, y int, radius float64, ink byte) (match, bool) {
	at := point{float64(x) + 0.5, float64(y) + 0.5}
	centre := w.to(at.x, at.y)
	u, v := w.to(at.x+1, at.y).minus(centre), w.to(at.x, at.y+1).minus(centre)
	step := max(0.25, 0.5/max(u.length(), v.length()))
	n := int(math.Ceil(radius / step))
	best, sum, count := 20, point{}, 0.0
	var first point
	for i := -n; i <= n; i++ {
		for j := -n; j <= n; j++ {
			p := centre.plus(u.times(float64(j) * step)).plus(v.times(float64(i) * step))
			score := b.ringScore(p, u, v, ink, best)
			if score > best {
				best, sum, count, first = score, point{}, 0, p
			}
			if score == best && count >= 0 && best > 20 && p.distance(first) < 1.5*max(u.length(), v.length()) {
				sum, count = sum.plus(p), count+1
			}
		}
	}
	if count == 0 {
		return match{}, false
	}
	return match{at, sum.times(1 / count), 1}, true
}

// ringScore counts the modules that are as in an alignment pattern around p. It gives up below least.
func (b bitmap) ringScore(p, u, v point, ink byte, least int) int {
	score := 25
	for dy := -2; dy <= 2; dy++ {
		for dx := -2; dx <= 2; dx++ {
			q := p.plus(u.times(float64(dx))).plus(v.times(float64(dy)))
			if (b.dark(q.x, q.y) == ink) != (ringAt(dx, dy, 2) == dark) {
				if score--; score < least {
					return 0
				}
			}
		}
	}
	return score
}

// sample reads the modules by the majority of five pixels around the middle of each.
func (b bitmap) sample(w warp, size int, ink byte) grid {
	g := newGrid(size)
	for y := range size {
		for x := range size {
			n := 0
			for _, d := range spots() {
				p := w.to(float64(x)+0.5+d.x, float64(y)+0.5+d.y)
				if b.dark(p.x, p.y) == ink {
					n++
				}
			}
			if n >= 3 {
				*g.at(x, y) = dark
			}
		}
	}
	return g
}

// spots are where a module is looked at, around its middle.
func spots() [5]point { return [5]point{{0, 0}, {-0.2, 0}, {0.2, 0}, {0, -0.2}, {0, 0.2}} }
