package qr

import (
	"bytes"
	"fmt"
	"image"
	"math/rand/v2"
	"path/filepath"
	"strings"
	"testing"

	"github.com/makiuchi-d/gozxing"
	"github.com/makiuchi-d/gozxing/qrcode"
)

// zxing is what gozxing, a port of ZXing, reads in a picture that holds nothing but a code.
func zxing(t testing.TB, img image.Image) []byte {
	t.Helper()
	b, err := gozxing.NewBinaryBitmapFromImage(img)
	if err != nil {
		t.Fatal(err)
	}
	r, err := qrcode.NewQRCodeReader().Decode(b, map[gozxing.DecodeHintType]interface{}{
		gozxing.DecodeHintType_PURE_BARCODE: true, gozxing.DecodeHintType_CHARACTER_SET: "ISO-8859-1"})
	if err != nil {
		t.Fatalf("gozxing: %v", err)
	}
	text := make([]byte, 0, 2*len(r.GetText()))
	for _, c := range r.GetText() { // ISO 8859-1 is the first 256 characters of Unicode
		text = append(text, byte(c))
	}
	return text
}

// TestEncodeReadBack: in every version, level and mask, with random texts that fill it, what is written is read by
// gozxing, in part by zbarimg, and by Decode.
func TestEncodeReadBack(t *testing.T) {
	need(t, "zbarimg")
	random := rand.New(rand.NewPCG(18004, 2))
	for version := 1; version <= maxVersion; version++ {
		for mask := range 8 {
			level := Level(random.IntN(4))
			n := random.IntN(capacity(modeByte, version, level)) + 1
			text := letters(random, []string{"0123456789", alphanumeric, "\x00\xff otpauth://totp/ABC234567"}[mask%3], n)
			segments := split(text, version)
			c := encode(text, segments, version, level, mask)
			data := mustPNG(t, c, 1+mask%3)
			what := fmt.Sprintf("version %d-%s, mask %d, %q", version, level, mask, text)
			expect(t, what, data, string(text))
			if got := zxing(t, mustImage(t, data)); !bytes.Equal(got, text) {
				t.Errorf("%s: gozxing reads %q", what, got)
			}
			if mask == version%8 {
				name := writeFile(t, "code.png", mustPNG(t, c, 3))
				if got := zbar(t, name); got != string(text) {
					t.Errorf("%s: zbarimg reads %q", what, got)
				}
			}
		}
	}
}

// TestEncodeIsSmall: no code of qrencode's is smaller, and the level is M where that costs nothing.
func TestEncodeIsSmall(t *testing.T) {
	need(t, "qrencode")
	random := rand.New(rand.NewPCG(18004, 3))
	for range 60 {
		text := append(letters(random, "abc/:?%&=123", random.IntN(60)), letters(random, "ABCDEFGHIJ234567", 16+random.IntN(60))...)
		text = append(text, letters(random, "&=x0123456789", random.IntN(40))...)
		c := mustEncode(t, string(text))
		for level := L; level <= M; level++ {
			size := mustImage(t, run(t, text, "qrencode", "-8", "-l", level.String(), "-s", "1", "-m", "0", "-o", "-")).Bounds().Dx()
			if c.Width > size && level == L || level == M && c.Level == L && c.Width >= size {
				t.Errorf("%q: version %d-%s, qrencode makes %d modules at %s", text, c.Version, c.Level, size, level)
			}
		}
	}
}

func TestEncodeBounds(t *testing.T) {
	for _, mode := range []string{"7", "A", "a"} {
		fits := map[string]int{"7": 7089, "A": 4296, "a": 2953}[mode] // table 7, version 40-L
		if c := mustEncode(t, strings.Repeat(mode, fits)); c.Version != 40 || c.Level != L {
			t.Errorf("%d times %s: version %d-%s", fits, mode, c.Version, c.Level)
		}
		if _, err := Encode([]byte(strings.Repeat(mode, fits+1))); err == nil || strings.Contains(err.Error(), mode+mode) {
			t.Errorf("%d times %s: %v", fits+1, mode, err)
		}
	}
	for _, text := range []string{"", "x", "1", "A"} {
		c := mustEncode(t, text)
		expect(t, text, mustPNG(t, c, 2), text)
		if c.Version != 1 || c.Level != M || c.Width != 21 {
			t.Errorf("%q: version %d-%s", text, c.Version, c.Level)
		}
	}
}

// TestWrittenFiles: PNG and SVG, as zbarimg and gozxing see them.
func TestWrittenFiles(t *testing.T) {
	need(t, "zbarimg", "rsvg-convert")
	c := mustEncode(t, awsURI)
	dir := t.TempDir()
	for _, scale := range []int{2, 5, 13} {
		name := writeFile(t, filepath.Join(dir, "code.png"), mustPNG(t, c, scale))
		if got := zbar(t, name); got != awsURI {
			t.Errorf("scale %d: %q", scale, got)
		}
	}
	for _, scale := range []int{0, -1, 1 << 12, 1 << 40} {
		if _, err := c.PNG(scale); err == nil {
			t.Errorf("scale %d is taken", scale)
		}
	}
	svg, name := writeFile(t, filepath.Join(dir, "code.svg"), c.SVG()), filepath.Join(dir, "svg.png")
	run(t, nil, "rsvg-convert", "-o", name, svg)
	if got := zbar(t, name); got != awsURI {
		t.Errorf("SVG: zbarimg reads %q", got)
	}
	img := mustImage(t, readFile(t, name))
	if got := zxing(t, img); string(got) != awsURI {
		t.Errorf("SVG: gozxing reads %q", got)
	}
	if side := 8 * (c.Width + 2*QuietZone); img.Bounds().Dx() != side || img.Bounds().Dy() != side {
		t.Errorf("SVG: %v", img.Bounds())
	}
	if r, _, _, _ := img.At(4*8-1, 4*8-1).RGBA(); r>>8 != 255 {
		t.Error("SVG: the quiet zone is not light")
	}
}

// TestBlack: the modules that a drawing program asks for are those of the PNG.
func TestBlack(t *testing.T) {
	c := mustEncode(t, awsURI)
	img := mustImage(t, mustPNG(t, c, 1))
	for y := -QuietZone; y < c.Width+QuietZone; y++ {
		for x := -QuietZone; x < c.Width+QuietZone; x++ {
			if r, _, _, _ := img.At(x+QuietZone, y+QuietZone).RGBA(); c.Black(x, y) != (r == 0) {
				t.Fatalf("module %d, %d", x, y)
			}
		}
	}
	c.Wipe()
	for y := range c.Width {
		for x := range c.Width {
			if c.Black(x, y) {
				t.Fatal("the code is still there")
			}
		}
	}
}
