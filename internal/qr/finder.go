package qr

import (
	"math"
	"math/bits"
)

// finder is one of the three large squares in the corners of a code, as it was seen.
type finder struct {
	centre  point
	corners [4]point // of its outer edge, in the order of their angles
	module  float64  // width of a module, in pixels
	ink     byte     // the class of pixels that its dark modules are: 1, or 0 in an inverted code
	votes   int      // lines that crossed it as they should
	whole   bool     // its outline was found
	used    bool     // belongs to a code that was read
}

// maxFinders bounds what noise can pretend.
const maxFinders = 600

// finders looks along every row for runs of 1:1:3:1:1 pixels (section 6.3.3), in both colours, and checks what it finds
// in the other directions.
func (s *search) finders(b bitmap) (done []finder) {
	var live []finder
	for y := range b.h {
		if y%8 == 0 {
			if s.ctx.Err() != nil {
				return nil
			}
			live, done = settle(live, done, float64(y))
		}
		row := b.pix[y*b.w : (y+1)*b.w]
		var run [5]int
		start := 0
		for x := 1; x <= len(row); x++ {
			if x < len(row) && row[x] == row[start] {
				continue
			}
			run = [5]int{run[1], run[2], run[3], run[4], x - start}
			if run[0] > 0 && likeFinder(run) {
				middle := float64(x-run[4]-run[3]) - float64(run[2])/2
				live = b.consider(live, middle, y, run, row[start])
			}
			start = x
		}
	}
	_, done = settle(live, done, math.Inf(1))
	return done
}

// settle moves the finders that the rows from y on cannot cross any more from live to done, and forgets what turned
// out to be none: only one row saw it, or it has no outline.
func settle(live, done []finder, y float64) (stay, all []finder) {
	stay = live[:0]
	for _, f := range live {
		switch {
		case f.centre.y+3*f.module >= y:
			stay = append(stay, f)
		case f.whole && len(done) < maxFinders:
			done = append(done, f)
		}
	}
	return stay, done
}

// likeFinder compares five runs with 1:1:3:1:1. A threshold that is off makes the dark ones wider and the light ones
// narrower by the same, and an edge falls into one pixel or the next.
func likeFinder(run [5]int) bool {
	total := run[0] + run[1] + run[2] + run[3] + run[4]
	if total < 7 {
		return false
	}
	for i, r := range run {
		want, slack := total, total/2+4 // in sevenths of a pixel: half a module and half a pixel
		if i == 2 {
			want, slack = 3*total, total+4
		}
		if d := 7*r - want; d > slack || d < -slack {
			return false
		}
	}
	return true
}

// consider adds a finder at x in row y, or a vote to the one that is known there.
func (b bitmap) consider(all []finder, x float64, y int, run [5]int, ink byte) []finder {
	total := run[0] + run[1] + run[2] + run[3] + run[4]
	middle, height, ok := b.column(int(x), y, ink, total)
	if !ok {
		return all
	}
	centre := point{x, middle}
	for i := len(all) - 1; i >= 0; i-- {
		f := &all[i]
		if d := f.centre.minus(centre); f.ink == ink && d.dot(d) < 2.25*f.module*f.module {
			f.votes++
			if !f.whole && bits.OnesCount(uint(f.votes-1)) == 1 { // at 2, 3, 5, 9...: what is no finder costs little
				f.centre = centre
				f.whole = b.outline(f)
			}
			return all
		}
	}
	if len(all) == maxFinders {
		return all
	}
	return append(all, finder{centre: centre, module: float64(min(total, height)) / 7, ink: ink, votes: 1})
}

// column checks the runs above and below a pixel, and finds their middle. None is longer than the whole row was.
func (b bitmap) column(x, y int, ink byte, limit int) (middle float64, total int, ok bool) {
	limit *= 2
	count := func(from, step int, want byte) (n int) {
		for j := from; j >= 0 && j < b.h && n <= limit && b.pix[j*b.w+x] == want; j += step {
			n++
		}
		return n
	}
	up, down := count(y-1, -1, ink), count(y+1, 1, ink)
	run := [5]int{2: up + 1 + down}
	run[1] = count(y-1-up, -1, 1-ink)
	run[0] = count(y-1-up-run[1], -1, ink)
	run[3] = count(y+1+down, 1, 1-ink)
	run[4] = count(y+1+down+run[3], 1, ink)
	total = run[0] + run[1] + run[2] + run[3] + run[4]
	if run[0] == 0 || run[4] == 0 || total > limit || limit > 8*total || !likeFinder(run) {
		return 0, 0, false
	}
	return float64(y-up) + float64(run[2])/2, total, true
}

// rays is how many directions an outline is looked for in.
const rays = 64

// compass has the directions of the rays.
func compass() *[rays]point {
	c := new([rays]point)
	for i := range c {
		sin, cos := math.Sincos(2 * math.Pi * float64(i) / rays)
		c[i] = point{cos, sin}
	}
	return c
}

// outline looks outwards from the centre in all directions: dark, light, dark, light. Where most of them have the right
// proportions, the ends of the last dark make the outer square, whose corners are set.
func (b bitmap) outline(f *finder) bool {
	var edge [rays]point
	var seen [rays]bool
	wrong := 0
	for i := range rays {
		at := i * 23 % rays // all around, so that what is no finder is given up early
		r, ok := b.ray(f, b.compass[at])
		if seen[at] = ok; !ok {
			if wrong++; wrong > 2+i/5 {
				return false
			}
			continue
		}
		edge[at] = b.compass[at].times(r)
	}
	return f.square(edge, seen)
}

// ray is the distance of the outer edge in a direction.
func (b bitmap) ray(f *finder, direction point) (float64, bool) {
	step := max(0.5, f.module/12)
	var radius [3]float64
	colour, n := f.ink, 0
	for r := step; r < 9*f.module+2; r += step {
		x, y := f.centre.x+r*direction.x, f.centre.y+r*direction.y
		seen := 1 - f.ink // beyond the picture lies the quiet zone
		if x >= 0 && y >= 0 && int(x) < b.w && int(y) < b.h {
			seen = b.pix[int(y)*b.w+int(x)]
		}
		if seen == colour {
			continue
		}
		radius[n] = r - step/2
		if n++; n == 3 {
			slack := 0.13*radius[2] + 0.6
			ok := math.Abs(radius[0]-radius[2]*3/7) < slack && math.Abs(radius[1]-radius[2]*5/7) < slack
			return radius[2], ok
		}
		colour = 1 - colour
	}
	return 0, false
}

// square fits four lines to the points of the outline. It starts from the directions in which a square with such an
// outline has its corners (the fourth harmonic of the radius), and lets the corners of each fit divide the points for the next.
func (f *finder) square(edge [rays]point, seen [rays]bool) bool {
	var re, im float64
	for i, p := range edge {
		sin, cos := math.Sincos(8 * math.Pi * float64(i) / rays)
		re, im = re+p.length()*cos, im+p.length()*sin
	}
	var corner [4]float64
	for i := range corner {
		corner[i] = math.Atan2(im, re)/4 + float64(i)*math.Pi/2
	}
	for range 4 {
		var side [4]line
		for i := range side {
			var ok bool
			if side[i], ok = fitSide(edge, seen, corner[i], corner[(i+1)%4]); !ok {
				return false
			}
		}
		for i := range corner {
			p, ok := side[(i+3)%4].meet(side[i])
			if !ok || p.length() > 9*f.module+2 {
				return false
			}
			f.corners[i], corner[i] = p.plus(f.centre), p.angle()
		}
	}
	return f.measure()
}

// measure takes centre and module from the corners, and refuses what is not convex or is too oblique.
func (f *finder) measure() bool {
	area := 0.0
	for i := range 4 {
		a, b, c := f.corners[i], f.corners[(i+1)%4], f.corners[(i+2)%4]
		turn := b.minus(a).cross(c.minus(b))
		if turn < 0.25*b.distance(a)*c.distance(b) { // less than 15 degrees
			return false
		}
		area += a.minus(f.centre).cross(b.minus(f.centre)) / 2
	}
	centre, ok := lineThrough(f.corners[0], f.corners[2]).meet(lineThrough(f.corners[1], f.corners[3]))
	f.module = math.Sqrt(area) / 7
	if !ok || centre.distance(f.centre) > 2*f.module || f.module < 0.7 {
		return false
	}
	f.centre = centre
	return true
}

// fitSide is the line through the points between two corners' directions (total least squares). Those next to the
// corners, which blur rounds off, are left out.
func fitSide(edge [rays]point, seen [rays]bool, from, to float64) (line, bool) {
	width := turn(to - from)
	var n, sx, sy, sxx, sxy, syy float64
	for i, p := range edge {
		part := turn(2*math.Pi*float64(i)/rays-from) / width
		if !seen[i] || part < 0.12 || part > 0.88 {
			continue
		}
		n, sx, sy = n+1, sx+p.x, sy+p.y
		sxx, sxy, syy = sxx+p.x*p.x, sxy+p.x*p.y, syy+p.y*p.y
	}
	if n < 3 {
		return line{}, false
	}
	sxx, sxy, syy = sxx-sx*sx/n, sxy-sx*sy/n, syy-sy*sy/n
	sin, cos := math.Sincos(math.Atan2(2*sxy, sxx-syy)/2 + math.Pi/2)
	normal := point{cos, sin}
	return line{normal, normal.dot(point{sx / n, sy / n})}, true
}
