package qr

import (
	"bytes"
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/png"
)

// QuietZone is the light border that the standard asks for, in modules (section 6.3.8).
const QuietZone = 4

// Size is how many columns and lines Terminal takes.
func (c *Code) Size(quiet int) (columns, lines int) {
	return c.Width + 2*quiet, (above(quiet) + c.Width + quiet + 1) / 2
}

// above is the quiet zone over the code: an even number of modules, so that the first row of the code is the upper one
// of its line. Where the two halves of a line differ by a pixel, the finders keep their symmetry only so.
func above(quiet int) int { return quiet + quiet&1 }

// Fit is the widest quiet zone with which the code fits a terminal, and whether there is one: scanners get along with
// a quiet zone of 2, and most with 1.
func (c *Code) Fit(columns, lines int) (quiet int, ok bool) {
	for _, quiet = range []int{QuietZone, 2, 1} {
		if w, h := c.Size(quiet); w <= columns && h <= lines {
			return quiet, true
		}
	}
	return 0, false
}

// The colours of a terminal: foreground and background, as numbers of the palette of 256 that no theme redefines (16 is
// black, 231 is white), so that the code is dark on light everywhere.
const (
	darkOnLight = "\x1b[38;5;16;48;5;231m"
	lightOnDark = "\x1b[38;5;231;48;5;16m"
	plain       = "\x1b[0m"
)

// Terminal draws the code in lines of half blocks, two modules above each other in one character, for the caller to
// wipe. The upper module is always the background, and the lower one the background or a lower half block: upper half
// blocks and whole blocks do not fill their place in many fonts and sizes, and leave lines over which scanners stumble.
func (c *Code) Terminal(quiet int) []byte {
	columns, lines := c.Size(quiet)
	b := bytes.NewBuffer(make([]byte, 0, lines*columns*(len(darkOnLight)+3)))
	for line := range lines {
		colours := ""
		for x := -quiet; x < columns-quiet; x++ {
			y := 2*line - above(quiet)
			upper, lower := c.Black(x, y), c.Black(x, y+1)
			next := darkOnLight
			if upper {
				next = lightOnDark
			}
			if next != colours {
				colours = next
				b.WriteString(colours)
			}
			if lower == upper {
				b.WriteByte(' ')
			} else {
				b.WriteString("▄")
			}
		}
		b.WriteString(plain + "\n")
	}
	return b.Bytes()
}

// PNG draws the code with its quiet zone, scale pixels wide for each module. The caller wipes the bytes.
func (c *Code) PNG(scale int) ([]byte, error) {
	side := (c.Width + 2*QuietZone) * scale
	if scale < 1 || side > maxSide {
		return nil, errors.New("the scale of a QR code must be 1 or more, and its picture no wider than 16384 pixels")
	}
	img := image.NewPaletted(image.Rect(0, 0, side, side), color.Palette{color.White, color.Black})
	defer clear(img.Pix)
	for y := range side {
		for x := range side {
			if c.Black(x/scale-QuietZone, y/scale-QuietZone) {
				img.Pix[y*img.Stride+x] = 1
			}
		}
	}
	var b bytes.Buffer
	b.Grow(side*side/8 + 1<<12) // so that growing leaves no copy behind
	err := png.Encode(&b, img)
	return b.Bytes(), err
}

// SVG draws the code with its quiet zone, one unit wide for each module. The caller wipes the bytes.
func (c *Code) SVG() []byte {
	side := c.Width + 2*QuietZone
	b := bytes.NewBuffer(make([]byte, 0, 1<<9+8*side*side))
	fmt.Fprintf(b, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" width="%d" height="%d" shape-rendering="crispEdges">`,
		side, side, 8*side, 8*side)
	b.WriteString("\n<path fill=\"#fff\" d=\"M0 0h" + fmt.Sprint(side) + "v" + fmt.Sprint(side) + "H0z\"/>\n<path d=\"")
	for y := range c.Width {
		for x := 0; x < c.Width; x++ {
			start := x
			for c.Black(x, y) {
				x++
			}
			if n := x - start; n > 0 {
				fmt.Fprintf(b, "M%d %dh%dv1h-%dz", start+QuietZone, y+QuietZone, n, n)
			}
		}
	}
	b.WriteString("\"/>\n</svg>\n")
	return b.Bytes()
}
