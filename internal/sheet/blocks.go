package sheet

import "fmt"

// paragraph is a text, or a heading when it has a tag of HTML for that.
type paragraph struct {
	style
	before float64 // free space above
	text   string
	tag    string
	place  flow
}

var (
	body  = style{sans, 9.5, 12.5}
	small = style{sans, 8, 10}
	code  = style{monoBold, 9, 12.5}
)

func (b *paragraph) flow() flow { return b.place }

func (b *paragraph) height(width float64) float64 { return b.before + b.style.height(b.text, width) }

func (b *paragraph) draw(p *page, x, y, width float64) {
	p.lines(x, y+b.before, b.style, encode(b.text), width)
}

// facts are labels with values beside them.
type facts struct {
	before float64
	rows   []fact
}

type fact struct {
	label  string
	values []string
}

const labels = 92 // width of the column

func (b *facts) flow() flow { return plain }

func (b *facts) height(width float64) (sum float64) {
	sum = b.before
	for _, row := range b.rows {
		for _, v := range row.values {
			sum += max(body.leading, body.height(v, width-labels))
		}
	}
	return sum
}

func (b *facts) draw(p *page, x, y, width float64) {
	y += b.before
	for _, row := range b.rows {
		p.lines(x, y, style{sansBold, body.size, body.leading}, []byte(row.label), labels)
		for _, v := range row.values {
			y = max(y+body.leading, p.lines(x+labels, y, body, encode(v), width-labels))
		}
	}
}

// key is the identity, to scan and to type.
type key struct {
	code  Matrix
	typed [][]byte // see Typed
}

const (
	keySize = 142 // of the QR code with its margins
	keyGap  = 30
	keyRow  = 20
	keyHead = 10
)

func (b *key) flow() flow { return plain }

func (b *key) height(float64) float64 { return keySize + 2 }

// draw puts the modules of the code where the text begins: its left margin is in that of the page.
func (b *key) draw(p *page, x, y, _ float64) {
	p.code(b.code, x-margin(b.code, keySize), y, keySize)
	x += keySize + keyGap
	y += (keySize - keyHead - float64(len(b.typed)+1)*keyRow) / 2
	const chars, size = 26, 17.0
	wide := mono.width([]byte("Q"), size)
	check := x + chars + (perLine+2)*wide + 30
	p.text(x, y+8, small.font, small.size, []byte("line"))
	p.text(check, y+8, small.font, small.size, []byte("check"))
	y += keyHead
	p.text(x+chars, y+0.72*keyRow, monoBold, size, []byte(prefix))
	for i, line := range b.typed {
		y += keyRow
		middle, last := parts(line)
		p.text(x+6, y+0.72*keyRow, sans, 10, []byte{byte('1' + i)})
		p.text(x+chars, y+0.72*keyRow, monoBold, size, middle)
		p.text(check, y+0.72*keyRow, mono, size, last)
	}
}

// parts are the characters and the check characters of a typed line.
func parts(line []byte) (chars, check []byte) {
	return line[3 : len(line)-checks-2], line[len(line)-checks:]
}

// margin is the width of the margin of a code that has this size with it.
func margin(m Matrix, size float64) float64 { return quiet * size / float64(m.Width+2*quiet) }

// step is one thing to do, with the commands for it.
type step struct {
	n        int
	text     string
	commands []command
	after    string
}

type command struct {
	line string
	when string
}

const (
	stepIndent = 16
	stepGap    = 3.5
	whenAt     = 270 // where the second column of commands begins
)

func (b *step) flow() flow { return plain }

func (b *step) height(width float64) float64 {
	width -= stepIndent
	return stepGap + body.height(b.text, width) + float64(len(b.commands))*code.leading + body.height(b.after, width)
}

func (b *step) draw(p *page, x, y, width float64) {
	y += stepGap
	p.lines(x, y, style{sansBold, body.size, body.leading}, fmt.Appendf(nil, "%d.", b.n), stepIndent)
	x, width = x+stepIndent, width-stepIndent
	y = p.lines(x, y, body, encode(b.text), width)
	for _, c := range b.commands {
		p.lines(x+whenAt, y, body, encode(c.when), width-whenAt)
		y = p.lines(x, y, code, encode(c.line), whenAt)
	}
	p.lines(x, y, body, encode(b.after), width)
}
