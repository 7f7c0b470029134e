package sheet

import (
	"fmt"
	"time"
)

// Paper is a size of paper.
type Paper int

const (
	A4     Paper = iota // 210 x 297 mm
	Letter              // 8.5 x 11 inches
)

func (p Paper) size() (width, height float64) {
	if p == Letter {
		return 612, 792
	}
	return 595.28, 841.89
}

// document writes a PDF of version 1.4: text in the standard fonts and filled rectangles, not compressed. It stands
// here because the libraries for it make every start of a program that holds them slower, and know much that a page of
// text does not need. Numbers of sections are those of ISO 32000-1.
type document struct {
	buffer
	offsets []int // of each object, from number 1
}

// Objects with a fixed number; pages and what is on them follow.
const (
	objCatalog = iota + 1
	objPages
	objInfo
	objFonts // one for each font
	objFirst = objFonts + int(monoBold) + 1
)

func newDocument(pages int, title, program string, made time.Time) *document {
	d := &document{}
	d.add("%PDF-1.4\n%\xe2\xe3\xcf\xd3\n") // bytes above 127 say that the file is binary (7.5.2)
	d.object(fmt.Sprintf("<< /Type /Catalog /Pages %d 0 R /Lang (en) /ViewerPreferences << /DisplayDocTitle true >> >>", objPages))
	kids := ""
	for i := range pages {
		kids += fmt.Sprintf("%d 0 R ", objFirst+2*i)
	}
	d.object(fmt.Sprintf("<< /Type /Pages /Count %d /Kids [ %s] >>", pages, kids))
	d.begin()
	d.add("<< /Title ")
	d.literal(encode(title))
	d.add(" /Producer ")
	d.literal(encode(program))
	d.add(" /CreationDate (D:", made.UTC().Format("20060102150405"), "Z) >>\nendobj\n")
	for _, name := range []string{"Helvetica", "Helvetica-Bold", "Courier", "Courier-Bold"} {
		d.object("<< /Type /Font /Subtype /Type1 /BaseFont /" + name + " /Encoding /WinAnsiEncoding >>")
	}
	return d
}

// begin starts the next object (7.3.10).
func (d *document) begin() {
	d.offsets = append(d.offsets, len(d.b))
	d.add(fmt.Sprintf("%d 0 obj\n", len(d.offsets)))
}

func (d *document) object(body string) {
	d.begin()
	d.add(body, "\nendobj\n")
}

// literal writes a string (7.3.4.2).
func (o *buffer) literal(text []byte) {
	o.add("(")
	for _, c := range text {
		switch {
		case c == '(' || c == ')' || c == '\\':
			o.add("\\", string(rune(c)))
		case c < ' ' || c > '~':
			o.add(fmt.Sprintf("\\%03o", c))
		default:
			o.addBytes([]byte{c})
		}
	}
	o.add(")")
}

// addPage writes a page and what is on it, which is wiped.
func (d *document) addPage(p *page) {
	fonts := ""
	for f := sans; f <= monoBold; f++ {
		fonts += fmt.Sprintf("/F%d %d 0 R ", f, objFonts+int(f))
	}
	d.object(fmt.Sprintf("<< /Type /Page /Parent %d 0 R /MediaBox [0 0 %s %s] /Resources << /Font << %s>> >> /Contents %d 0 R >>",
		objPages, number(p.width), number(p.height), fonts, len(d.offsets)+2))
	d.begin()
	d.add(fmt.Sprintf("<< /Length %d >>\nstream\n", len(p.b)))
	d.addBytes(p.b)
	clear(p.b)
	d.add("\nendstream\nendobj\n")
}

// finish writes the table of objects (7.5.4) and the end of the file.
func (d *document) finish() []byte {
	table := len(d.b)
	d.add(fmt.Sprintf("xref\n0 %d\n0000000000 65535 f \n", len(d.offsets)+1))
	for _, at := range d.offsets {
		d.add(fmt.Sprintf("%010d 00000 n \n", at))
	}
	d.add(fmt.Sprintf("trailer\n<< /Size %d /Root %d 0 R /Info %d 0 R >>\nstartxref\n%d\n%%%%EOF\n",
		len(d.offsets)+1, objCatalog, objInfo, table))
	return d.b
}

// page is what is drawn on a page.
type page struct {
	buffer
	width, height float64
}

// text writes a line whose baseline is at y.
func (p *page) text(x, y float64, f font, size float64, text []byte) {
	p.add(fmt.Sprintf("BT /F%d %s Tf ", f, number(size)))
	p.numbers(x, p.height-y)
	p.add("Td ")
	p.literal(text)
	p.add(" Tj ET\n")
}

// lines writes a text from y downwards and returns where it ends.
func (p *page) lines(x, y float64, s style, text []byte, width float64) float64 {
	for _, line := range s.wrap(text, width) {
		p.text(x, s.baseline(y), s.font, s.size, line)
		y += s.leading
	}
	return y
}

// baseline of the line that begins at y: capitals, which have 0.7 of the size, are in the middle.
func (s style) baseline(y float64) float64 { return y + (s.leading+0.7*s.size)/2 }

// frame draws the outline of a rectangle.
func (p *page) frame(x, y, width, height, line float64) {
	p.numbers(line)
	p.add("w ")
	p.numbers(x, p.height-y-height, width, height)
	p.add("re S\n")
}

// rule draws a thin line.
func (p *page) rule(x, y, width float64) {
	p.numbers(x, p.height-y, width, 0.5)
	p.add("re f\n")
}

// code draws a QR code as one path, so that no fine lines show between its rows. A module has the length of one unit.
func (p *page) code(m Matrix, x, y, size float64) {
	unit := size / float64(m.Width+2*quiet)
	p.add("q ")
	p.add(fmt.Sprintf("%.5f 0 0 %.5f ", unit, -unit))
	p.numbers(x+quiet*unit, p.height-y-quiet*unit)
	p.add("cm\n")
	for y := range m.Width {
		runs(m, y, func(x, n int) { p.add(fmt.Sprintf("%d %d %d 1 re\n", x, y, n)) })
	}
	p.add("f Q\n")
}

// quiet is the width of the margin that belongs to a QR code, in modules (ISO 18004 section 6.3.8).
const quiet = 4

// runs calls f for each run of black modules in a row.
func runs(m Matrix, y int, f func(x, n int)) {
	for x := 0; x < m.Width; x++ {
		n := 0
		for x+n < m.Width && m.Black(x+n, y) {
			n++
		}
		if n > 0 {
			f(x, n)
			x += n
		}
	}
}
