package qr

import (
	"cmp"
	"math"
	"math/bits"
	"slices"
)

// triple is three finders that may belong to one code: in its corner, to the right of that, and below.
type triple struct {
	corner, right, below *finder
	misfit               float64
}

// Bounds of the work for one search: no picture of codes comes near them.
const (
	maxTriples  = 4000 // whose timing patterns are looked at
	maxAttempts = 200  // that are read
)

// neighbour is a finder in line with an edge of another.
type neighbour struct {
	f      *finder
	across point   // from the other's centre
	count  float64 // of modules between the centres, about
}

// triples are the ways in which finders can make a code, the most regular first.
func triples(all []finder) (found []triple) {
	for i := range all {
		corner := &all[i]
		near := corner.neighbours(all)
		for _, a := range near {
			for _, b := range near {
				if t, ok := corner.triple(a, b); ok {
					found = append(found, t)
				}
			}
		}
		if len(found) > 16*maxTriples {
			break
		}
	}
	slices.SortFunc(found, func(a, b triple) int { return cmp.Compare(a.misfit, b.misfit) })
	return found[:min(len(found), maxTriples)]
}

// neighbours are the finders of the same colour and about the same size that lie in the direction of f's edges.
func (f *finder) neighbours(all []finder) (near []neighbour) {
	for i := range all {
		g := &all[i]
		if g == f || f.used || g.used || g.ink != f.ink || g.module > 2.6*f.module || f.module > 2.6*g.module {
			continue
		}
		d := g.centre.minus(f.centre)
		count := f.modules(g)
		if count > 10 && count < 220 && f.aligned(d) {
			near = append(near, neighbour{g, d, count})
		}
	}
	return near
}

// modules is how many lie between the centres: along a line that a projection maps, the distance divided by the
// geometric mean of the widths at its ends.
func (f *finder) modules(g *finder) float64 {
	d := g.centre.minus(f.centre)
	return d.length() / math.Sqrt(f.along(d)*g.along(d))
}

// along is the width of a module in the direction of d.
func (f *finder) along(d point) float64 {
	u := middle(f.corners[1], f.corners[2]).minus(middle(f.corners[0], f.corners[3])).times(1. / 7)
	v := middle(f.corners[2], f.corners[3]).minus(middle(f.corners[0], f.corners[1])).times(1. / 7)
	if math.Abs(u.dot(d))/u.length() > math.Abs(v.dot(d))/v.length() {
		return u.length()
	}
	return v.length()
}

// aligned reports whether d runs along one of the edges, give or take 15 degrees.
func (f *finder) aligned(d point) bool {
	for i := range 4 {
		edge := f.corners[(i+1)%4].minus(f.corners[i])
		if edge.dot(d) > 0.96*edge.length()*d.length() {
			return true
		}
	}
	return false
}

// triple checks that two neighbours make a corner with f: b turned from a as down is from right.
func (f *finder) triple(a, b neighbour) (triple, bool) {
	sin := a.across.cross(b.across) / (a.across.length() * b.across.length())
	ratio := math.Abs(math.Log(a.count / b.count))
	if sin < 0.5 || ratio > 0.5 {
		return triple{}, false
	}
	sizes := math.Abs(math.Log(a.f.module/f.module)) + math.Abs(math.Log(b.f.module/f.module))
	return triple{f, a.f, b.f, 1 - sin + ratio + sizes}, true
}

// matches pairs the corners of the three finders with the modules that they are in a code of a size.
func (t triple) matches(size int) (all []match, ok bool) {
	u, v := t.right.centre.minus(t.corner.centre), t.below.centre.minus(t.corner.centre)
	far := float64(size - 7)
	for _, part := range []struct {
		f  *finder
		at point
	}{{t.corner, point{0, 0}}, {t.right, point{far, 0}}, {t.below, point{0, far}}} {
		taken := 0
		for _, c := range part.f.corners {
			d := c.minus(part.f.centre)
			at := part.at
			index := 0
			if d.cross(v) > 0 { // v is clockwise of u on the screen: to the right of v's line
				at.x, index = at.x+7, 1
			}
			if u.cross(d) > 0 {
				at.y, index = at.y+7, index+2
			}
			taken |= 1 << index
			all = append(all, match{at, c, 1})
		}
		if taken != 15 {
			return nil, false
		}
	}
	return all, true
}

// guess is a version that a triple may have, and how its grid lies.
type guess struct {
	version int
	warp    warp
	score   float64 // of the timing patterns: 1 when all their modules are as they should be
}

// guesses are the versions that agree with the timing patterns, the best first.
func (t triple) guesses(b bitmap) (all []guess) {
	count := (t.corner.modules(t.right) + t.corner.modules(t.below)) / 2
	middle := int(math.Round((count + 7 - 17) / 4))
	spread := 1 + middle/10
	for version := max(1, middle-spread); version <= min(maxVersion, middle+spread); version++ {
		size := sizeOf(version)
		matches, ok := t.matches(size)
		if !ok {
			return nil
		}
		if w, ok := fitWarp(matches, size); ok {
			if score := b.timing(w, size, t.corner.ink); score > 0.5 {
				all = append(all, guess{version, w, score})
			}
		}
	}
	slices.SortFunc(all, func(a, b guess) int { return cmp.Compare(b.score, a.score) })
	t.preferWritten(b, all)
	return all[:min(len(all), 2)]
}

// preferWritten moves the version to the front that the code itself says it has (section 7.10).
func (t triple) preferWritten(b bitmap, all []guess) {
	for i, g := range all {
		size := sizeOf(g.version)
		for copy := 0; copy < 2 && g.version >= 7; copy++ {
			seen := 0
			for bit := range 18 {
				x, y := versionPlace(size, copy, bit)
				p := g.warp.to(float64(x)+0.5, float64(y)+0.5)
				if b.dark(p.x, p.y) == t.corner.ink {
					seen |= 1 << bit
				}
			}
			if bits.OnesCount(uint(seen^versionBits(g.version))) <= 3 {
				all[0], all[i] = all[i], all[0]
				return
			}
		}
	}
}

// timing compares the two timing patterns with what they should be.
func (b bitmap) timing(w warp, size int, ink byte) float64 {
	score, n := 0, 0
	for i := 8; i < size-8; i++ {
		for _, p := range []point{w.to(float64(i)+0.5, 6.5), w.to(6.5, float64(i)+0.5)} {
			if n++; b.dark(p.x, p.y) == ink == (i&1 == 0) {
				score++
			} else {
				score--
			}
		}
	}
	return float64(score) / float64(n)
}
