package qr

import (
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/draw"
)

// Bounds of a picture: larger than any screen and than most photographs, small enough to be held in memory.
const (
	maxPixels = 64e6
	maxSide   = 1 << 14
)

func checkSize(w, h int) error {
	switch {
	case w <= 0 || h <= 0:
		return errors.New("the picture is empty")
	case w > maxSide*4 || h > maxSide*4 || w*h > maxPixels:
		return fmt.Errorf("the picture is too large: %d x %d pixels, at most %d million are read", w, h, int(maxPixels/1e6))
	}
	return nil
}

// plane is the brightness of a picture's pixels: 0 is black.
type plane struct {
	w, h int
	pix  []byte
}

func newPlane(w, h int) plane { return plane{w, h, make([]byte, w*h)} }

func (p plane) row(y int) []byte { return p.pix[y*p.w : (y+1)*p.w] }

// brightness of a picture that lies on a ground, where it is transparent.
func brightness(img image.Image, ground color.Color) plane {
	b := img.Bounds()
	p := newPlane(b.Dx(), b.Dy())
	switch src := img.(type) {
	case *image.Gray:
		for y := range p.h {
			copy(p.row(y), src.Pix[src.PixOffset(b.Min.X, b.Min.Y+y):])
		}
	case *image.YCbCr:
		for y := range p.h {
			copy(p.row(y), src.Y[src.YOffset(b.Min.X, b.Min.Y+y):])
		}
	case *image.Paletted:
		p.fromPalette(src, ground)
	default:
		p.fromAny(img, ground)
	}
	return p
}

func (p plane) fromPalette(src *image.Paletted, ground color.Color) {
	swatch := image.NewRGBA(image.Rect(0, 0, 256, 1))
	draw.Draw(swatch, swatch.Rect, image.NewUniform(ground), image.Point{}, draw.Src)
	for i, c := range src.Palette {
		draw.Draw(swatch, image.Rect(i, 0, i+1, 1), image.NewUniform(c), image.Point{}, draw.Over)
	}
	var table [256]byte
	luma(table[:], swatch.Pix)
	for y := range p.h {
		from := src.Pix[src.PixOffset(src.Rect.Min.X, src.Rect.Min.Y+y):]
		for x, row := 0, p.row(y); x < p.w; x++ {
			row[x] = table[from[x]]
		}
	}
}

// fromAny goes through a few lines of RGBA at a time, for which image/draw is fast from most kinds of picture.
func (p plane) fromAny(img image.Image, ground color.Color) {
	const lines = 16
	strip := image.NewRGBA(image.Rect(0, 0, p.w, lines))
	defer clear(strip.Pix)
	back := image.NewUniform(ground)
	for y := 0; y < p.h; y += lines {
		n := min(lines, p.h-y)
		rect := image.Rect(0, 0, p.w, n)
		draw.Draw(strip, rect, back, image.Point{}, draw.Src)
		draw.Draw(strip, rect, img, img.Bounds().Min.Add(image.Pt(0, y)), draw.Over)
		luma(p.pix[y*p.w:(y+n)*p.w], strip.Pix)
	}
}

// luma weighs the colours as color.GrayModel does.
func luma(to, rgba []byte) {
	for i := range to {
		c := rgba[4*i : 4*i+4 : 4*i+4]
		to[i] = byte((19595*uint32(c[0]) + 38470*uint32(c[1]) + 7471*uint32(c[2]) + 1<<15) >> 16)
	}
}

// half is the plane at half its size, by a filter that is wider than two pixels (1 3 3 1): it takes noise out, and the
// thin lines that some terminals leave between rows of blocks.
func (p plane) half() plane {
	q := newPlane(p.w/2, p.h/2)
	sums := make([]uint16, p.w+2) // one more on each side
	for y := range q.h {
		above, below := p.row(max(2*y-1, 0)), p.row(min(2*y+2, p.h-1))
		a, b := p.row(2*y), p.row(2*y+1)
		for x := range a {
			sums[x+1] = uint16(above[x]) + 3*(uint16(a[x])+uint16(b[x])) + uint16(below[x])
		}
		sums[0], sums[p.w+1] = sums[1], sums[p.w]
		for x, row := 0, q.row(y); x < q.w; x++ {
			s := sums[2*x : 2*x+4 : 2*x+4]
			row[x] = byte((s[0] + 3*(s[1]+s[2]) + s[3] + 32) >> 6)
		}
	}
	clear(sums)
	return q
}

// double is the plane at twice its size, smooth between the pixels: thresholds then find edges inside of a pixel.
func (p plane) double() plane {
	q := newPlane(2*p.w, 2*p.h)
	for y := range q.h {
		a, b := p.row(y/2), p.row(min(max(y/2+2*(y&1)-1, 0), p.h-1))
		for x, row := 0, q.row(y); x < q.w; x++ {
			i, j := x/2, min(max(x/2+2*(x&1)-1, 0), p.w-1)
			row[x] = byte((9*int(a[i]) + 3*int(a[j]) + 3*int(b[i]) + int(b[j]) + 8) >> 4)
		}
	}
	return q
}
