package sheet

import (
	"bytes"
	"encoding/xml"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
)

var papers = map[string]Paper{"A4": A4, "Letter": Letter}

func makePDF(t testing.TB, s *Sheet, paper Paper) string {
	t.Helper()
	data, err := s.PDF(paper)
	if err != nil {
		t.Fatal(err)
	}
	return write(t, "sheet.pdf", data)
}

// What poppler renders, zbar reads: every code, byte by byte, at a low resolution and at a printer's.
func TestPDFCodes(t *testing.T) {
	need(t, "qrencode", "pdftoppm", "zbarimg", "qpdf")
	for name, accounts := range map[string][]Account{"none": nil, "one": many(1), "thirty": many(30), "hard": hard()} {
		for paper, size := range papers {
			t.Run(name+"/"+paper, func(t *testing.T) {
				s := newSheet(t, accounts...)
				s.QR = qrencode
				pdf := makePDF(t, s, size)
				if out := run(t, "qpdf", "--check", pdf); !strings.Contains(out, "No syntax or stream encoding errors") {
					t.Error(out)
				}
				if got := scan(t, pictures(t, pdf, 150), 1); !slices.Equal(got, printed(s)) {
					t.Errorf("150 dpi:\n got %q\nwant %q", got, printed(s))
				}
				if name == "thirty" { // takes long, and differs from one in nothing
					return
				}
				if got := scan(t, pictures(t, pdf, 300), 4); !slices.Equal(got, printed(s)) {
					t.Errorf("300 dpi:\n got %q\nwant %q", got, printed(s))
				}
			})
		}
	}
}

// words are what a page says in order, for comparing with the text of a rendered page.
func (s *Sheet) words(t testing.TB) (all []string) {
	t.Helper()
	all = append(all, s.Vault, s.date()+" by "+s.Program)
	for _, b := range s.firstPage(nil) {
		switch b := b.(type) {
		case *paragraph:
			all = append(all, b.text)
		case *step:
			all = append(all, fmt.Sprintf("%d. %s", b.n, b.text), b.after)
			for _, c := range b.commands {
				all = append(all, c.line+" "+c.when)
			}
		}
	}
	return append(all, s.Recipients...)
}

// Every line of the instructions is there as text, with what the sheet is of, and the typed form reads back.
func TestPDFText(t *testing.T) {
	need(t, "pdftotext")
	for paper, size := range papers {
		s := newSheet(t, many(7)...)
		pdf := makePDF(t, s, size)
		text := run(t, "pdftotext", "-layout", pdf, "-")
		flat := squeeze(text)
		for _, want := range s.words(t) {
			if !strings.Contains(flat, squeeze(want)) {
				t.Errorf("%s: no %q", paper, want)
			}
		}
		pages := strings.Split(strings.TrimSuffix(text, "\f"), "\f")
		if len(pages) != 3 {
			t.Errorf("%s: %d pages", paper, len(pages))
		}
		for i, page := range pages {
			for _, want := range []string{"Anyone who has this page can read your codes", fmt.Sprintf("Page %d of %d", i+1, len(pages)), "2026-11-25", s.Vault} {
				if !strings.Contains(page, want) {
					t.Errorf("%s, page %d: no %q", paper, i+1, want)
				}
			}
		}
		if got, err := ParseTyped([]byte(typedLines(pages[0]))); err != nil || !bytes.Equal(got, s.Identity) {
			t.Errorf("%s: the typed form is read as %q, %v", paper, got, err)
		}
		for _, a := range s.Accounts {
			for _, want := range []string{a.Name, a.Params.Issuer + ": " + a.Params.Account, "TOTP, SHA1, 6 digits, every 30 seconds", "Backup: " + a.Backup} {
				if !strings.Contains(flat, want) {
					t.Errorf("%s: no %q", paper, want)
				}
			}
		}
	}
}

// typedLines cuts the typed form out of the text of the first page, as a person does.
func typedLines(page string) string {
	_, form, _ := strings.Cut(page, "check\n")
	form, _, _ = strings.Cut(form, "There is no letter B")
	return form
}

// The secrets are there in groups of four, and with the terms that make their codes.
func TestPDFAccounts(t *testing.T) {
	need(t, "pdftotext")
	flat := squeeze(run(t, "pdftotext", "-layout", makePDF(t, newSheet(t, hard()...), A4), "-"))
	for _, want := range []string{
		"aws Amazon Web Services: alice@123456789012 TOTP, SHA1, 6 digits, every 30 seconds",
		"TOTP, SHA256, 8 digits, every 60 seconds", "HOTP, SHA1, 6 digits, counter 41", "TOTP, SHA512, 6 digits, every 30 seconds",
		// WinAnsi has Ž and ý and ë, also when written as two characters; ť, č, ů and ň lose their marks.
		"zoë Žlutoucký kun: zoë@müller.example", "Backup: pass:Zoë",
		"[U+65E5 U+672C U+8A9E] [U+697D U+5929]: [U+7530 U+4E2D]", "emoji [U+1F468 U+200D U+1F469 U+200D U+1F467] ok", "turn[U+202E]around",
		`back\slash (and) <b>bold</b> & "quotes"`,
		"Names: letters that the fonts of this page lack",
	} {
		if !strings.Contains(flat, want) {
			t.Errorf("no %q in %s", want, flat)
		}
	}
	for _, n := range []int{10, 20, 32, 64, 128} {
		var groups []string
		for part := range slices.Chunk(base32Of(secret(n)), 4) {
			groups = append(groups, string(part))
		}
		if want := strings.Join(groups, " "); !strings.Contains(flat, want) {
			t.Errorf("no %q", want)
		}
	}
	if plain := squeeze(run(t, "pdftotext", "-layout", makePDF(t, newSheet(t, many(2)...), A4), "-")); strings.Contains(plain, "Names:") {
		t.Error("a note about names that are all as they were")
	}
}

type bbox struct {
	Pages []struct {
		Width  float64 `xml:"width,attr"`
		Height float64 `xml:"height,attr"`
		Words  []word  `xml:"word"`
	} `xml:"body>doc>page"`
}

type word struct {
	XMin float64 `xml:"xMin,attr"`
	YMin float64 `xml:"yMin,attr"`
	XMax float64 `xml:"xMax,attr"`
	YMax float64 `xml:"yMax,attr"`
	Text string  `xml:",chardata"`
}

// boxes says where each word is.
func boxes(t testing.TB, pdf string) (b bbox) {
	t.Helper()
	text := run(t, "pdftotext", "-bbox", pdf, "-")
	d := xml.NewDecoder(strings.NewReader(text))
	d.Strict, d.Entity = false, xml.HTMLEntity
	if err := d.Decode(&b); err != nil || len(b.Pages) == 0 {
		t.Fatal(err, text)
	}
	return b
}

// apart checks that words are inside the margins, and none lies over another.
func apart(t testing.TB, b bbox, margin float64) {
	t.Helper()
	for i, p := range b.Pages {
		for j, w := range p.Words {
			if w.XMin < margin-1 || w.XMax > p.Width-margin+1 || w.YMin < 36 || w.YMax > p.Height-34 {
				t.Errorf("page %d: %q is outside at %.0f-%.0f, %.0f-%.0f", i+1, w.Text, w.XMin, w.XMax, w.YMin, w.YMax)
			}
			for _, v := range p.Words[:j] {
				if over := min(w.YMax, v.YMax) - max(w.YMin, v.YMin); over > 4 && min(w.XMax, v.XMax)-max(w.XMin, v.XMin) > 0.5 {
					t.Errorf("page %d: %q is over %q", i+1, w.Text, v.Text)
				}
			}
		}
	}
}

// Nothing is outside the margins: no word, and no black.
func TestPDFMargins(t *testing.T) {
	need(t, "pdftotext", "pdftoppm")
	crowd := newSheet(t, hard()...)
	crowd.Vault = "/srv/" + strings.Repeat("Zwölf Boxkämpfer jagen Viktor quer über den großen Sylter Deich/", 6)
	for i := range 12 {
		crowd.Recipients = append(crowd.Recipients, fmt.Sprintf("YubiKey %d", 10000000+i))
	}
	for paper, size := range papers {
		for name, s := range map[string]*Sheet{"hard": newSheet(t, hard()...), "many": newSheet(t, many(30)...), "crowd": crowd} {
			t.Run(name+"/"+paper, func(t *testing.T) {
				pdf := makePDF(t, s, size)
				apart(t, boxes(t, pdf), side)
				for i, file := range pictures(t, pdf, 72) {
					if x, y, ok := blackOutside(t, file, 36); ok {
						t.Errorf("page %d: black at %d, %d", i+1, x, y)
					}
				}
			})
		}
	}
}

// blackOutside looks for ink in the margins of a picture.
func blackOutside(t testing.TB, file string, margin int) (x, y int, found bool) {
	t.Helper()
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var width, height, top int
	if _, err := fmt.Sscanf(string(data[:20]), "P5\n%d %d\n%d", &width, &height, &top); err != nil {
		t.Fatal(err)
	}
	for i, c := range data[len(data)-width*height:] {
		if x, y := i%width, i/width; c < 0x80 && (x < margin || y < margin || x >= width-margin || y >= height-margin) {
			return x, y, true
		}
	}
	return 0, 0, false
}

// The key's page is one page, also on Letter, with the keys that people have.
func TestPDFOnePage(t *testing.T) {
	for paper, size := range papers {
		s := newSheet(t)
		s.Recipients = append(s.Recipients, "YubiKey 34567890", "YubiKey 45678901")
		s.Vault = "C:\\Users\\Žofie\\AppData\\Roaming\\ykmfa\\vault"
		data, err := s.PDF(size)
		if err != nil || !bytes.Contains(data, []byte("/Count 1 ")) {
			t.Errorf("%s: not one page: %v", paper, err)
		}
	}
}

// The same sheet is the same file.
func TestPDFSame(t *testing.T) {
	s := newSheet(t, many(3)...)
	one, err1 := s.PDF(A4)
	two, err2 := s.PDF(A4)
	if err1 != nil || err2 != nil || !bytes.Equal(one, two) {
		t.Error("two files differ", err1, err2)
	}
}

func TestSheetErrors(t *testing.T) {
	for name, c := range map[string]struct {
		change func(*Sheet)
		want   string
	}{
		"no identity":    {func(s *Sheet) { s.Identity = nil }, "not an age identity"},
		"recipient":      {func(s *Sheet) { s.Identity = []byte("age1xyz") }, "not an age identity"},
		"no QR encoder":  {func(s *Sheet) { s.QR = nil }, "encoder"},
		"QR fails":       {func(s *Sheet) { s.QR = func([]byte) (Matrix, error) { return pattern(make([]byte, 2000)) } }, "too long"},
		"endless secret": {func(s *Sheet) { s.Accounts[0].Params.Secret = make([]byte, 8<<10) }, "account-1: its secret of 8192 bytes does not fit"},
		"endless vault":  {func(s *Sheet) { s.Vault = strings.Repeat("/vault", 4000) }, "do not fit"},
	} {
		s := newSheet(t, many(1)...)
		c.change(s)
		pdf, err1 := s.PDF(Letter)
		html, err2 := s.HTML()
		for _, err := range []error{err1, err2} {
			if err == nil || !strings.Contains(err.Error(), c.want) || pdf != nil || html != nil {
				t.Errorf("%s: %v", name, err)
			}
		}
	}
}

// A secret that is too long for a QR code is printed to be typed.
func TestNoCode(t *testing.T) {
	need(t, "pdftotext")
	s := newSheet(t, many(1)...)
	s.Accounts[0].Params.Secret = secret(640)
	pdf := makePDF(t, s, Letter)
	if text := squeeze(run(t, "pdftotext", "-layout", pdf, "-")); !strings.Contains(text, noCode) {
		t.Error(text)
	}
	apart(t, boxes(t, pdf), side)
	html, err := s.HTML()
	if err != nil || !bytes.Contains(html, []byte(noCode)) {
		t.Error(err)
	}
}

// A QR code is wiped when it is drawn, and the caller's secrets are not.
func TestWiped(t *testing.T) {
	s := newSheet(t, many(2)...)
	wiped := 0
	s.QR = func(text []byte) (Matrix, error) {
		m, err := pattern(text)
		m.Wipe = func() { wiped++ }
		return m, err
	}
	if _, err := s.PDF(A4); err != nil || wiped != 3 {
		t.Error(wiped, err)
	}
	if _, err := s.HTML(); err != nil || wiped != 6 {
		t.Error(wiped, err)
	}
	if !slices.Equal(s.Accounts[0].Params.Secret, secret(20)) || !validIdentity(s.Identity[len(prefix):]) {
		t.Error("the caller's secrets are gone")
	}
}

// The widths are those of the fonts with which Ghostscript and poppler stand in for Helvetica.
func TestWidths(t *testing.T) {
	for f, file := range map[font]string{sans: "Regular", sansBold: "Bold"} {
		data, err := os.ReadFile("/usr/share/fonts/type1/urw-base35/NimbusSans-" + file + ".afm")
		if err != nil {
			need(t, "the package fonts-urw-base35")
		}
		seen := 0
		for line := range strings.Lines(string(data)) {
			// C 65 ; WX 667 ; N A ; B ...: code in Adobe's encoding, which is ASCII but for the quotes
			fields := strings.Fields(line)
			if len(fields) < 8 || fields[0] != "C" {
				continue
			}
			code, _ := strconv.Atoi(fields[1])
			if c, ok := latin(fields[7]); ok {
				code = c
			} else if code < ' ' || code > '~' || code == '\'' || code == '`' {
				continue
			}
			seen++
			if got := f.width([]byte{byte(code)}, 1000); fmt.Sprint(got) != fields[4] {
				t.Errorf("%s %s: %v, want %s", file, fields[7], got, fields[4])
			}
		}
		if seen < 120 {
			t.Errorf("%s: %d characters compared", file, seen)
		}
	}
}

// latin is the place in WinAnsiEncoding of some glyphs that are elsewhere in Adobe's encoding.
func latin(glyph string) (int, bool) {
	names := strings.Fields("Agrave Aacute Acircumflex Atilde Adieresis Aring AE Ccedilla Egrave Eacute Ecircumflex Edieresis Igrave " +
		"Iacute Icircumflex Idieresis Eth Ntilde Ograve Oacute Ocircumflex Otilde Odieresis multiply Oslash Ugrave Uacute Ucircumflex " +
		"Udieresis Yacute Thorn germandbls agrave aacute acircumflex atilde adieresis aring ae ccedilla")
	if i := slices.Index(names, glyph); i >= 0 {
		return 0xc0 + i, true
	}
	other := map[string]int{"Euro": 0x80, "ellipsis": 0x85, "Zcaron": 0x8e, "endash": 0x96, "emdash": 0x97, "trademark": 0x99, "zcaron": 0x9e,
		"quotesingle": '\'', "grave": '`', "guillemotleft": 0xab, "guillemotright": 0xbb, "section": 0xa7, "degree": 0xb0}
	code, ok := other[glyph]
	return code, ok
}
