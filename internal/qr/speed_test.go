package qr

import (
	"bytes"
	"context"
	"image"
	"image/color"
	"image/draw"
	"image/png"
	"math/rand/v2"
	"testing"

	"golang.org/x/image/font"
	"golang.org/x/image/font/basicfont"
	"golang.org/x/image/math/fixed"
)

// screenshot is a screen of 3840 x 2160 pixels, full of windows with text, dark and light.
func screenshot() *image.RGBA {
	img := image.NewRGBA(image.Rect(0, 0, 3840, 2160))
	random := rand.New(rand.NewPCG(1, 2))
	const letters = "abcdefghijklmnop qrstuvwxyz ABCDEF (){}[]:; 0123456789 +-=/\\"
	for i := range 6 {
		ground, ink := color.RGBA{250, 250, 245, 255}, color.RGBA{20, 20, 30, 255}
		if i%2 == 1 {
			ground, ink = ink, ground
		}
		window := image.Rect(i%3*1280, i/3*1080, i%3*1280+1280, i/3*1080+1080)
		draw.Draw(img, window, image.NewUniform(ground), image.Point{}, draw.Src)
		pen := font.Drawer{Dst: img, Src: image.NewUniform(ink), Face: basicfont.Face7x13}
		for y := window.Min.Y + 20; y < window.Max.Y; y += 15 {
			line := make([]byte, 170)
			for j := range line {
				line[j] = letters[random.IntN(len(letters))]
			}
			pen.Dot = fixed.P(window.Min.X+10, y)
			pen.DrawBytes(line)
		}
	}
	return img
}

func noise(w, h int) *image.Gray {
	random := rand.New(rand.NewPCG(3, 4))
	img := image.NewGray(image.Rect(0, 0, w, h))
	for i := range img.Pix {
		img.Pix[i] = byte(random.Uint32())
	}
	return img
}

// paste draws a code with its quiet zone onto a picture.
func paste(tb testing.TB, on draw.Image, at image.Point, text string, scale int) {
	tb.Helper()
	c, err := Encode([]byte(text))
	if err != nil {
		tb.Fatal(err)
	}
	data, err := c.PNG(scale)
	if err != nil {
		tb.Fatal(err)
	}
	img, err := png.Decode(bytes.NewReader(data))
	if err != nil {
		tb.Fatal(err)
	}
	draw.Draw(on, img.Bounds().Add(at), img, image.Point{}, draw.Src)
}

func BenchmarkScreenshot(b *testing.B) {
	plain, with := screenshot(), screenshot()
	paste(b, with, image.Pt(2000, 900), "otpauth://totp/ACME:alice?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&issuer=ACME", 4)
	for name, img := range map[string]image.Image{"plain": plain, "code": with, "noise": noise(3840, 2160)} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				_, err := Decode(context.Background(), img)
				if found := err == nil; found != (name == "code") {
					b.Fatal(err)
				}
			}
		})
	}
}
