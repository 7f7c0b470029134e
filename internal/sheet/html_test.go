package sheet

import (
	"bytes"
	"encoding/xml"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strings"
	"testing"
)

func makeHTML(t testing.TB, s *Sheet) []byte {
	t.Helper()
	data, err := s.HTML()
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// browse lets a browser print the file; the paper is named in the file as a person chooses it in the dialogue.
func browse(t testing.TB, html []byte, paper string) (pdf string) {
	t.Helper()
	sized := bytes.Replace(html, []byte("@page {"), []byte("@page { size: "+paper+";"), 1)
	pdf = write(t, "printed.pdf", nil)
	run(t, "chromium", "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
		"--disable-component-update", "--disable-sync", "--user-data-dir="+t.TempDir(), "--no-pdf-header-footer", "--print-to-pdf="+pdf,
		"file://"+write(t, "sheet.html", sized))
	return pdf
}

// What a browser prints has every code, every line, nothing outside the margins or over anything else, and as many
// pages as it says.
func TestHTMLPrinted(t *testing.T) {
	need(t, "chromium", "qrencode", "pdftoppm", "pdftotext", "zbarimg")
	for name, c := range map[string]struct {
		accounts []Account
		paper    string
	}{"thirty": {many(30), "A4"}, "hard": {hard(), "letter"}} {
		t.Run(name+"/"+c.paper, func(t *testing.T) {
			s := newSheet(t, c.accounts...)
			s.QR = qrencode
			html := makeHTML(t, s)
			pdf := browse(t, html, c.paper)
			if got := scan(t, pictures(t, pdf, 150), 1); !slices.Equal(got, printed(s)) {
				t.Errorf("got %q\nwant %q", got, printed(s))
			}
			b := boxes(t, pdf)
			apart(t, b, side)
			text := run(t, "pdftotext", "-layout", pdf, "-")
			pages := strings.Split(strings.TrimSuffix(text, "\f"), "\f")
			if want := bytes.Count(html, []byte("<section>")); len(pages) != want {
				t.Errorf("%d pages, want %d", len(pages), want)
			}
			for i, page := range pages {
				if number := fmt.Sprintf("Page %d of %d", i+1, len(pages)); !strings.Contains(page, warning) || !strings.Contains(page, number) {
					t.Errorf("page %d: no warning, or not %s", i+1, number)
				}
			}
			flat := strings.Join(strings.Fields(text), "") // browsers break lines at hyphens, too
			for _, want := range s.words(t) {
				if !strings.Contains(flat, strings.Join(strings.Fields(want), "")) {
					t.Errorf("no %q", want)
				}
			}
			if got, err := ParseTyped([]byte(typedLines(pages[0]))); err != nil || !bytes.Equal(got, s.Identity) {
				t.Errorf("the typed form is read as %q, %v", got, err)
			}
		})
	}
}

// The file is well formed, and needs nothing from elsewhere: no scripts, no addresses but in text.
func TestHTMLAlone(t *testing.T) {
	html := makeHTML(t, newSheet(t, hard()...))
	d := xml.NewDecoder(bytes.NewReader(html))
	known := strings.Fields("html head meta title style body section main footer p span b bdi code h1 h2 h3 dl dt dd br div table tr th td svg path")
	var text strings.Builder
	for {
		token, err := d.Token()
		if err == io.EOF {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		switch token := token.(type) {
		case xml.StartElement:
			if !slices.Contains(known, token.Name.Local) {
				t.Errorf("has a %s", token.Name.Local)
			}
			for _, a := range token.Attr {
				if strings.Contains(a.Value, "://") || strings.HasPrefix(a.Name.Local, "on") || a.Name.Local == "src" || a.Name.Local == "href" {
					t.Errorf("%s has %s=%q", token.Name.Local, a.Name.Local, a.Value)
				}
			}
		case xml.CharData:
			text.Write(token)
		}
	}
	if regexp.MustCompile(`url\(|@import`).Match(html) {
		t.Error("the style refers to something")
	}
	// Names are there as they are, but for what turns text around; nothing of them becomes HTML.
	for _, want := range []string{"日本語", "楽天: 田中", "emoji 👨‍👩‍👧 ok", "Žluťoučký kůň: zoë@müller.example", "turn[U+202E]around",
		`back\slash (and) <b>bold</b> & "quotes"`, "default-src 'none'"} {
		if !strings.Contains(text.String()+string(html[:400]), want) {
			t.Errorf("no %q", want)
		}
	}
}
