package qr

import "math"

type point struct{ x, y float64 }

func (p point) plus(q point) point       { return point{p.x + q.x, p.y + q.y} }
func (p point) minus(q point) point      { return point{p.x - q.x, p.y - q.y} }
func (p point) times(f float64) point    { return point{p.x * f, p.y * f} }
func (p point) cross(q point) float64    { return p.x*q.y - p.y*q.x }
func (p point) dot(q point) float64      { return p.x*q.x + p.y*q.y }
func (p point) length() float64          { return math.Hypot(p.x, p.y) }
func (p point) distance(q point) float64 { return p.minus(q).length() }
func (p point) angle() float64           { return math.Atan2(p.y, p.x) }
func middle(p, q point) point            { return p.plus(q).times(0.5) }

// line is all points p with normal·p = offset.
type line struct {
	normal point
	offset float64
}

func lineThrough(p, q point) line {
	d := q.minus(p)
	n := point{d.y, -d.x}.times(1 / d.length())
	return line{n, n.dot(p)}
}

func (l line) meet(m line) (point, bool) {
	d := l.normal.cross(m.normal)
	if math.Abs(d) < 1e-3 {
		return point{}, false
	}
	return point{(l.offset*m.normal.y - m.offset*l.normal.y) / d, (m.offset*l.normal.x - l.offset*m.normal.x) / d}, true
}

// turn brings an angle of few turns between 0 and a full turn.
func turn(angle float64) float64 {
	for angle < 0 {
		angle += 2 * math.Pi
	}
	for angle >= 2*math.Pi {
		angle -= 2 * math.Pi
	}
	return angle
}
