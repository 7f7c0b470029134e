package qr

import (
	"cmp"
	"context"
	"image"
	"image/color"
	"slices"
)

// search is the reading of one picture.
type search struct {
	ctx     context.Context
	field   *field
	found   []reading
	damaged bool  // something had the shape of a code
	refused error // a code was read well, and is of a kind that is not supported
}

// reading is a code that was read, and where: its corners in pixels of the picture.
type reading struct {
	text    []byte
	corners [4]point
}

// view is the picture at some scale, and how many pixels of the picture one of its pixels is.
type view struct {
	plane
	unit float64
}

// Below these sizes, in pixels, a view holds no code; or is looked at enlarged.
const (
	leastSide = 21
	smallView = 2 << 20
)

// picture searches at falling resolution: the larger modules are, the better the coarse views show them. Small pictures
// in which nothing was found are enlarged.
func (s *search) picture(img image.Image, ground color.Color) error {
	v := view{brightness(img, ground), 1}
	first := v
	for {
		if err := s.view(v); err != nil {
			return err
		}
		if v.w < 2*leastSide || v.h < 2*leastSide {
			break
		}
		next := view{v.half(), 2 * v.unit}
		if v.unit > 1 {
			clear(v.pix)
		}
		v = next
	}
	for v = first; len(s.found) == 0 && len(v.pix) <= smallView && v.unit > 0.3; {
		v = view{v.double(), v.unit / 2}
		if err := s.view(v); err != nil {
			return err
		}
	}
	clear(v.pix)
	clear(first.pix)
	return s.ctx.Err()
}

// view searches one view with both thresholds.
func (s *search) view(v view) error {
	b := bitmap{v.w, v.h, make([]byte, v.w*v.h), compass()}
	defer clear(b.pix)
	for _, threshold := range []func(bitmap){v.local, v.global} {
		threshold(b)
		s.codes(b, v.unit, s.finders(b))
		if err := s.ctx.Err(); err != nil {
			return err
		}
	}
	return nil
}

// codes tries what the finders may make.
func (s *search) codes(b bitmap, unit float64, all []finder) {
	for i := range all {
		all[i].used = s.known(all[i].centre.times(unit))
	}
	attempts := 0
	for _, t := range triples(all) {
		if t.corner.used || t.right.used || t.below.used {
			continue
		}
		for _, g := range t.guesses(b) {
			if attempts++; attempts > maxAttempts || s.ctx.Err() != nil {
				return
			}
			if s.read(b, unit, t, g) {
				t.corner.used, t.right.used, t.below.used = true, true, true
				break
			}
		}
	}
}

// known reports whether a pixel lies in a code that was read.
func (s *search) known(p point) bool {
	return slices.ContainsFunc(s.found, func(r reading) bool {
		for i := range r.corners {
			if r.corners[(i+1)%4].minus(r.corners[i]).cross(p.minus(r.corners[i])) < 0 {
				return false
			}
		}
		return true
	})
}

// read reads the modules, as they are or as the mirror image of a code.
func (s *search) read(b bitmap, unit float64, t triple, g guess) bool {
	pattern := layout(g.version)
	w := b.align(t, g)
	seen := b.sample(w, pattern.size, t.corner.ink)
	defer clear(seen.cells)
	text, err := decodeGrid(s.field, seen, pattern)
	if err != nil && !refusal(err) {
		mirror := seen.transposed()
		defer clear(mirror.cells)
		text, err = decodeGrid(s.field, mirror, pattern)
	}
	if refusal(err) {
		s.refused = err
	} else if err != nil {
		s.damaged = s.damaged || g.score > 0.8
		return false
	}
	s.keep(text, w, float64(pattern.size), unit)
	return true
}

func (s *search) keep(text []byte, w warp, size, unit float64) {
	r := reading{text: text}
	for i, c := range []point{{0, 0}, {size, 0}, {size, size}, {0, size}} {
		r.corners[i] = w.to(c.x, c.y).times(unit)
	}
	s.found = append(s.found, r)
}

func (r reading) centre() point {
	return middle(middle(r.corners[0], r.corners[2]), middle(r.corners[1], r.corners[3]))
}

// take hands out the texts in the order of reading: those whose middle is within half a code's height of the topmost
// make a row.
func (s *search) take() (texts [][]byte) {
	left := s.found
	slices.SortFunc(left, func(a, b reading) int { return cmp.Compare(a.centre().y, b.centre().y) })
	for len(left) > 0 {
		limit := left[0].centre().y + left[0].corners[0].distance(left[0].corners[3])/2
		n := 1
		for n < len(left) && left[n].centre().y < limit {
			n++
		}
		row := left[:n]
		slices.SortFunc(row, func(a, b reading) int { return cmp.Compare(a.centre().x, b.centre().x) })
		for _, r := range row {
			texts = append(texts, r.text)
		}
		left = left[n:]
	}
	s.found = nil
	return texts
}

// wipe overwrites what was read and not handed out.
func (s *search) wipe() {
	for _, r := range s.found {
		clear(r.text)
	}
}
