package sheet

import (
	"bytes"
	"math"
)

// Lengths are in points, 72 to the inch, and y grows downwards from the top of the page.

// font is one of the fonts that every PDF reader has (ISO 32000-1 section 9.6.2.2).
type font int

const (
	sans font = iota
	sansBold
	mono
	monoBold
)

// width of a text in WinAnsiEncoding.
func (f font) width(text []byte, size float64) float64 {
	sum := 0
	for _, c := range text {
		switch {
		case f == mono || f == monoBold:
			sum += 600
		case c < ' ':
		case f == sans:
			sum += int(helvetica[c-' '])
		default:
			sum += int(helveticaBold[c-' '])
		}
	}
	return float64(sum) * size / 1000
}

// style is how a text is set.
type style struct {
	font    font
	size    float64
	leading float64 // from one line to the next
}

// wrap breaks a text into lines at blanks, and a word that is wider than a line where the line ends.
func (s style) wrap(text []byte, width float64) (lines [][]byte) {
	var line []byte
	for word := range bytes.FieldsSeq(text) {
		if longer := join(line, word); line == nil || s.font.width(longer, s.size) <= width {
			line = longer
		} else {
			lines, line = append(lines, line), word
		}
		for s.font.width(line, s.size) > width {
			n := s.fit(line, width)
			lines, line = append(lines, line[:n]), line[n:]
		}
	}
	if len(line) > 0 {
		lines = append(lines, line)
	}
	return lines
}

func join(line, word []byte) []byte {
	if line == nil {
		return word
	}
	return bytes.Join([][]byte{line, word}, []byte(" "))
}

// fit is the number of characters that a line takes, one at least.
func (s style) fit(line []byte, width float64) int {
	n := 1
	for n < len(line) && s.font.width(line[:n+1], s.size) <= width {
		n++
	}
	return n
}

// height of a text.
func (s style) height(text string, width float64) float64 {
	return float64(len(s.wrap(encode(text), width))) * s.leading
}

// encode is winAnsi where it does not matter whether something is lost.
func encode(s string) []byte {
	text, _ := winAnsi(s)
	return text
}

// block is a piece of the sheet that is not divided between pages.
type block interface {
	height(width float64) float64
	draw(p *page, x, y, width float64)
	html(o *buffer)
	flow() flow
}

// flow says on which page a block goes.
type flow int

const (
	plain    flow = iota
	withNext      // that of the next block
	newPage       // its own
)

// paginate fills pages of one size from top to bottom. It returns a block that is higher than a page, if there is one.
func paginate(blocks []block, width, height float64) (pages [][]block, tooHigh block) {
	used := math.Inf(1)
	for i, b := range blocks {
		need := b.height(width)
		if need > height {
			return nil, b
		}
		for j := i; blocks[j].flow() == withNext && j+1 < len(blocks); j++ {
			need += blocks[j+1].height(width)
		}
		if used+need > height || b.flow() == newPage {
			pages, used = append(pages, nil), 0
		}
		last := len(pages) - 1
		pages[last], used = append(pages[last], b), used+b.height(width)
	}
	return pages, nil
}
