package qr

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"image"
	"image/color"
	"image/color/palette"
	"image/draw"
	"image/gif"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// TestFormats: the same code in every format, recognised by what the file begins with.
func TestFormats(t *testing.T) {
	need(t, "convert-im6.q16")
	dir := t.TempDir()
	name := writeFile(t, filepath.Join(dir, "in.png"), mustPNG(t, mustEncode(t, awsURI), 4))
	for _, format := range []string{"png8:", "png24:", "png48:", "png64:", "gif:", "jpeg:", "webp:", "-interlace Plane|jpeg:", "-interlace PNG|png:",
		"-define webp:lossless=true|webp:", "-colorspace CMYK|jpeg:", "-colorspace Gray|jpeg:", "-transparent white|webp:", "-transparent white|gif:",
		"-negate -transparent black|gif:", "-transparent white -depth 16|png64:", "-negate -transparent black|png32:", "-transparent white|png8:"} {
		options, to, ok := strings.Cut(format, "|")
		if !ok {
			options, to = "", format
		}
		out := filepath.Join(dir, "out")
		magick(t, append(append([]string{name}, strings.Fields(options)...), to+out)...)
		expect(t, format, readFile(t, out), awsURI)
	}
	// ImageMagick writes no image/png of a picture whose rows do not begin at 0.
	img := image.NewGray(image.Rect(-100, -50, 500, 400))
	draw.Draw(img, img.Rect, image.White, image.Point{}, draw.Src)
	paste(t, img, image.Pt(0, 0), awsURI, 4)
	texts, err := Decode(context.Background(), img.SubImage(image.Rect(-3, -5, 400, 390)))
	if err != nil || len(texts) != 1 || string(texts[0]) != awsURI {
		t.Errorf("a part of a picture: %q, %v", texts, err)
	}
}

// TestAnimated: every frame of a GIF is read as it is shown, and a text that comes again counts once.
func TestAnimated(t *testing.T) {
	g := &gif.GIF{Config: image.Config{Width: 300, Height: 150}}
	for i, text := range []string{"first", "second", "first", "third"} {
		img := image.NewPaletted(image.Rect(150*(i%2), 0, 150*(i%2)+150, 150), palette.WebSafe)
		draw.Draw(img, img.Rect, image.White, image.Point{}, draw.Src)
		paste(t, img, img.Rect.Min, text, 5)
		g.Image, g.Delay = append(g.Image, img), append(g.Delay, 10)
		g.Disposal = append(g.Disposal, []byte{gif.DisposalNone, gif.DisposalPrevious, gif.DisposalBackground, 0}[i])
	}
	var b bytes.Buffer
	if err := gif.EncodeAll(&b, g); err != nil {
		t.Fatal(err)
	}
	expect(t, "four frames", b.Bytes(), "first", "second", "third")
	if n, err := gifPixels(b.Bytes()); n != 4*150*150 || err != nil {
		t.Errorf("%d pixels, %v", n, err)
	}
}

// TestRefusedFiles: what is no picture, or claims to be too large, costs next to nothing.
func TestRefusedFiles(t *testing.T) {
	frame := append([]byte{0x2c, 0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff, 0, 2}, 1, 0, 0) // 65535 x 65535
	gifBomb := []byte("GIF89a\x08\x00\x08\x00\x80\x00\x00\x00\x00\x00\xff\xff\xff")
	for _, c := range []struct {
		name, want string
		data       []byte
	}{
		{"nothing", "not a picture", nil},
		{"text", "not a picture", []byte("otpauth://totp/x")},
		{"a BMP", "not a picture", []byte("BM\x00\x00\x00\x00")},
		{"a large file", "larger than 64 MiB", make([]byte, MaxFile+1)},
		{"a PNG of 100000 x 100000", "too large", claim(100000, 100000)},
		{"a PNG of 70000 x 1", "too large", claim(70000, 1)},
		{"a PNG of 0 x 0", "", claim(0, 0)},
		{"a GIF with a huge frame", "too large", append(bytes.Clone(gifBomb), append(frame, 0x3b)...)},
		{"a GIF with many huge frames", "too large", append(append(bytes.Clone(gifBomb), bytes.Repeat(frame, 100)...), 0x3b)},
		{"a GIF cut short", "cut short", gifBomb},
		{"a PNG without a code", "no QR code", mustPNG(t, &Code{Width: 100, grid: newGrid(100)}, 1)},
	} {
		start := time.Now()
		texts, err := DecodeFile(context.Background(), c.data)
		if texts != nil || err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %q, %v", c.name, texts, err)
		}
		if d := time.Since(start); d > 5*time.Second {
			t.Errorf("%s: took %v", c.name, d)
		}
	}
}

// claim is a PNG whose header speaks of a size and that holds next to nothing.
func claim(w, h uint32) []byte {
	header := []byte("IHDR")
	header = binary.BigEndian.AppendUint32(header, w)
	header = binary.BigEndian.AppendUint32(header, h)
	header = append(header, 8, 2, 0, 0, 0)
	data := append([]byte("\x89PNG\r\n\x1a\n\x00\x00\x00\x0d"), header...)
	return binary.BigEndian.AppendUint32(data, crc32.ChecksumIEEE(header))
}

// TestCutShort: a file that ends early is refused as such, wherever it ends.
func TestCutShort(t *testing.T) {
	need(t, "convert-im6.q16")
	dir := t.TempDir()
	name := writeFile(t, filepath.Join(dir, "in.png"), mustPNG(t, mustEncode(t, "HELLO"), 4))
	for _, format := range []string{"png", "gif", "jpeg", "webp"} {
		out := filepath.Join(dir, "out")
		magick(t, name, format+":"+out)
		whole := readFile(t, out)
		for i := range 40 {
			cut := whole[:len(whole)*i/42]
			texts, err := DecodeFile(context.Background(), cut)
			if texts != nil || err == nil {
				t.Errorf("%d bytes of %d of a %s: %q, %v", len(cut), len(whole), format, texts, err)
			}
			if i > 20 && !strings.Contains(err.Error(), "cut short") {
				t.Errorf("%d bytes of %d of a %s: %v", len(cut), len(whole), format, err)
			}
		}
	}
}

// TestNothingThere: pictures without a code, and one that is damaged.
func TestNothingThere(t *testing.T) {
	stripes := image.NewGray(image.Rect(0, 0, 700, 500))
	for i := range stripes.Pix {
		stripes.Pix[i] = []byte{0, 255, 0, 0, 0, 255, 0, 255, 255}[i%700/5%9]
	}
	for name, img := range map[string]image.Image{"noise": noise(640, 480), "stripes": stripes, "a plain surface": image.NewGray(image.Rect(0, 0, 500, 500)),
		"one pixel": image.NewGray(image.Rect(0, 0, 1, 1)), "a line": image.NewGray(image.Rect(0, 0, 2000, 1)), "a uniform": image.NewRGBA(image.Rect(0, 0, 64, 64)),
		"CMYK": image.NewCMYK(image.Rect(0, 0, 64, 64))} {
		if texts, err := Decode(context.Background(), img); texts != nil || !errors.Is(err, ErrNone) {
			t.Errorf("%s: %q, %v", name, texts, err)
		}
	}
	covered := image.NewGray(image.Rect(0, 0, 400, 400))
	paste(t, covered, image.Point{}, awsURI, 6)
	draw.Draw(covered, image.Rect(110, 110, 220, 220), image.NewUniform(color.White), image.Point{}, draw.Src)
	if texts, err := Decode(context.Background(), covered); texts != nil || !errors.Is(err, ErrDamaged) {
		t.Errorf("covered: %q, %v", texts, err)
	}
	if _, err := Decode(context.Background(), image.NewUniform(color.White)); err == nil || !strings.Contains(err.Error(), "too large") {
		t.Error(err)
	}
}

// TestDeadline: the search ends when it is told to.
func TestDeadline(t *testing.T) {
	ctx, cancel := context.WithTimeout(context.Background(), 50*time.Millisecond)
	defer cancel()
	img, start := noise(3840, 2160), time.Now()
	if _, err := Decode(ctx, img); !errors.Is(err, context.DeadlineExceeded) {
		t.Error(err)
	}
	if d := time.Since(start); d > 5*time.Second {
		t.Errorf("ended after %v", d)
	}
}
