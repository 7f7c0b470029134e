package sheet

import (
	"fmt"
	"strings"
)

// HTML returns the sheet as one file, for the caller to wipe. It has no scripts and needs nothing else, and is laid out
// in pages that fit on A4 and on Letter.
func (s *Sheet) HTML() ([]byte, error) {
	a4, _ := A4.size()
	_, letter := Letter.size()
	pages, err := s.pages(a4, letter-htmlSpare, false)
	if err != nil {
		return nil, err
	}
	defer wipe(pages)
	o := &buffer{}
	o.add("<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\"/>\n",
		"<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\"/>\n",
		"<meta name=\"viewport\" content=\"width=device-width\"/>\n<title>", title, "</title>\n<style>\n", css, "</style>\n</head>\n<body>\n")
	for i, blocks := range pages {
		o.add("<section>\n<p class=\"warning\">", warning, "</p>\n<main>\n")
		for _, b := range blocks {
			b.html(o)
		}
		o.add("</main>\n<footer><span class=\"about\">", escape(s.about()), "</span>",
			fmt.Sprintf("<b>Page %d of %d</b></footer>\n</section>\n", i+1, len(pages)))
	}
	o.add("</body>\n</html>\n")
	return o.b, nil
}

// htmlSpare is left free on a page, as browsers have other fonts, in which lines break elsewhere.
const htmlSpare = 24

// css has the measures of the PDF. A section is as high as Letter paper without its margins, and as wide as what it is
// printed on.
const css = `@page { margin: 40pt 54pt 36pt; }
* { box-sizing: border-box; margin: 0; padding: 0; }
body { font: 9.5pt/12.5pt Helvetica, Arial, "Liberation Sans", sans-serif; color: #000; background: #fff; }
section { min-height: 714pt; display: flex; flex-direction: column; break-after: page; overflow-wrap: anywhere; }
section:last-child { break-after: auto; }
main { flex: 1; }
.warning { border: 1.2pt solid #000; font-size: 11.5pt; font-weight: bold; line-height: 19.6pt; text-align: center; margin-bottom: 12pt; }
footer { display: flex; justify-content: space-between; gap: 12pt; font-size: 8pt; line-height: 10pt; }
.about { white-space: nowrap; overflow: hidden; text-overflow: ellipsis; }
h1 { font-size: 25pt; line-height: 30pt; }
h2 { font-size: 13pt; line-height: 17pt; margin-top: 10pt; }
h2.new { font-size: 18pt; line-height: 24pt; margin-top: 0; }
p.body { margin-top: 8pt; }
h2 + p.body { margin-top: 0; }
.small { font-size: 8pt; line-height: 10pt; }
p.small { margin-top: 4pt; }
code, .typed, .secret { font-family: Courier, "Courier New", "Liberation Mono", monospace; }
code { font-size: 9pt; font-weight: bold; }
dl { margin-top: 4pt; display: grid; grid-template-columns: 92pt 1fr; }
dt { font-weight: bold; }
svg { display: block; flex: none; shape-rendering: crispEdges; }
.key { display: flex; align-items: center; gap: 30pt; margin-bottom: 2pt; }
.typed td { font-size: 17pt; line-height: 20pt; font-weight: bold; white-space: pre; padding-right: 24pt; }
.typed th { font: 8pt/10pt Helvetica, Arial, "Liberation Sans", sans-serif; text-align: left; }
.typed td.n { font: 10pt/20pt Helvetica, Arial, "Liberation Sans", sans-serif; padding: 0 14pt 0 6pt; }
.typed td.check { font-weight: normal; padding: 0; }
.step { margin-top: 3.5pt; padding-left: 16pt; position: relative; }
.step > b { position: absolute; left: 0; }
.step > div { display: grid; grid-template-columns: 270pt 1fr; }
.account { display: flex; gap: 12pt; border-top: .5pt solid #000; margin-top: 6pt; padding-top: 6pt; }
.account > div { padding-top: 5pt; min-width: 0; }
.account > p { flex: none; padding-top: 5pt; }
h3 { font-size: 12pt; line-height: 15pt; }
.secret { font-size: 10.5pt; line-height: 14pt; font-weight: bold; margin: 4pt 0; }
@media screen {
body { background: #ddd; padding: 12pt; }
section { background: #fff; width: 595pt; height: auto; min-height: 792pt; margin: 0 auto 12pt; padding: 40pt 54pt 36pt; }
}
`

func escape(s string) string {
	return strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;", `"`, "&quot;", "'", "&#39;").Replace(visible(s))
}

// name is a text from outside: its direction does not change what is around it.
func name(s string) string { return "<bdi>" + escape(s) + "</bdi>" }

func (b *paragraph) html(o *buffer) {
	switch {
	case b.tag != "" && b.place == newPage:
		o.add("<", b.tag, ` class="new">`, escape(b.text), "</", b.tag, ">\n")
	case b.tag != "":
		o.add("<", b.tag, ">", escape(b.text), "</", b.tag, ">\n")
	case b.size == small.size:
		o.add(`<p class="small">`, escape(b.text), "</p>\n")
	default:
		o.add(`<p class="body">`, escape(b.text), "</p>\n")
	}
}

func (b *facts) html(o *buffer) {
	o.add("<dl>\n")
	for _, row := range b.rows {
		o.add("<dt>", escape(row.label), "</dt><dd>")
		for i, v := range row.values {
			if i > 0 {
				o.add("<br/>")
			}
			o.add(name(v))
		}
		o.add("</dd>\n")
	}
	o.add("</dl>\n")
}

func (b *key) html(o *buffer) {
	o.add(`<div class="key">`)
	o.svg(b.code, keySize)
	o.add("<table class=\"typed\">\n<tr><th>line</th><th></th><th>check</th></tr>\n<tr><td></td><td>", prefix, "</td></tr>\n")
	for i, line := range b.typed {
		o.add(fmt.Sprintf(`<tr><td class="n">%d</td><td>`, i+1))
		middle, check := parts(line)
		o.addBytes(middle)
		o.add(`</td><td class="check">`)
		o.addBytes(check)
		o.add("</td></tr>\n")
	}
	o.add("</table></div>\n")
}

func (b *step) html(o *buffer) {
	o.add(fmt.Sprintf(`<div class="step"><b>%d.</b> %s`, b.n, escape(b.text)), "\n")
	for _, c := range b.commands {
		o.add("<div><code>", escape(c.line), "</code> <span>", escape(c.when), "</span></div>\n")
	}
	o.add(escape(b.after), "</div>\n")
}

func (b *account) html(o *buffer) {
	o.add(`<div class="account">`)
	if b.code.Width > 0 {
		o.svg(b.code, b.size())
	} else {
		o.add(fmt.Sprintf(`<p class="small" style="width: %dpt">`, codeSize), noCode, "</p>")
	}
	o.add("<div>\n<h3>", name(b.name), "</h3>\n<p>", name(b.owner()), "</p>\n<p>", escape(b.terms()), "</p>\n<p class=\"secret\">")
	b.secretRows(func(row []byte) {
		o.addBytes(row)
		o.add("<br/>")
	})
	o.add("</p>\n<p class=\"small\">", escape(b.from()), "</p>\n</div></div>\n")
}

// svg draws a QR code as one path. Its left margin is that of the page, as in the PDF.
func (o *buffer) svg(m Matrix, size float64) {
	w := m.Width
	o.add(fmt.Sprintf(`<svg width="%spt" height="%spt" viewBox="0 %d %d %d" role="img" aria-label="QR code"><path d="`,
		number(size-margin(m, size)), number(size), -quiet, w+quiet, w+2*quiet))
	for y := range w {
		runs(m, y, func(x, n int) { o.add(fmt.Sprintf("M%d %dh%dv1h-%dz", x, y, n, n)) })
	}
	o.add(`"/></svg>`)
}
