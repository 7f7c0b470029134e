package qr

import (
	"bytes"
	"context"
	"image"
	"image/gif"
	"image/jpeg"
	"testing"
	"time"
)

// FuzzDecodeFile: no file makes it panic or hang; there are texts or an error, never both.
func FuzzDecodeFile(f *testing.F) {
	data := mustPNG(f, mustEncode(f, "otpauth://totp/x?secret=GEZDGNBV"), 2)
	f.Add(data)
	img := mustImage(f, data)
	for _, write := range []func(*bytes.Buffer, image.Image) error{
		func(b *bytes.Buffer, img image.Image) error { return gif.Encode(b, img, nil) },
		func(b *bytes.Buffer, img image.Image) error { return jpeg.Encode(b, img, nil) },
	} {
		var b bytes.Buffer
		if err := write(&b, img); err != nil {
			f.Fatal(err)
		}
		f.Add(b.Bytes())
	}
	f.Add([]byte("RIFF\x1a\x00\x00\x00WEBPVP8L\x0d\x00\x00\x00\x2f\x00\x00\x00\x10\x07\x10\x11\x11\x88\x88\xfe\x07\x00"))
	f.Add(claim(3, 3))
	f.Fuzz(func(t *testing.T, data []byte) {
		for _, f := range fileFormats() {
			if !f.matches(data) {
				continue
			}
			if size, err := f.config(bytes.NewReader(data)); err == nil && size.Width*size.Height > 1<<18 {
				return // large pictures have their own test
			}
		}
		ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
		defer cancel()
		texts, err := DecodeFile(ctx, data)
		if (err == nil) != (len(texts) > 0) || ctx.Err() != nil {
			t.Fatalf("%q, %v", texts, err)
		}
	})
}

// FuzzParse: every bit stream is read or refused; what is read can be written and read again.
func FuzzParse(f *testing.F) {
	f.Add(fromBits("0111 00011010 0100 00000001 11111111 0001 0000000100 0000001100 0101"), byte(0), false)
	f.Add(fromBits("1000 00000010 0110110011111 1101010101010"), byte(0), true)
	f.Add(fromBits("0010 000000101 00111001110 11100111001 000010"), byte(0), true)
	f.Fuzz(func(t *testing.T, data []byte, version byte, strict bool) {
		text, err := parse(data, 1+int(version)%maxVersion, strict)
		if err != nil {
			if text != nil {
				t.Fatalf("%q beside %v", text, err)
			}
			return
		}
		c, err := Encode(text)
		if err != nil {
			return
		}
		again, err := decodeGrid(newField(), c.grid, layout(c.Version))
		if err != nil || !bytes.Equal(again, text) {
			t.Fatalf("%q is read again as %q, %v", text, again, err)
		}
	})
}

// FuzzCorrect: a block that counts as repaired is valid, and differs in as many bytes as are said.
func FuzzCorrect(f *testing.F) {
	whole := append([]byte("0123456789"), newField().parity([]byte("0123456789"), 10)...)
	f.Add(whole, byte(10))
	f.Add(append([]byte{1, 2, 3}, whole[3:]...), byte(10))
	f.Fuzz(func(t *testing.T, block []byte, n byte) {
		parity := 7 + int(n)%24
		if len(block) <= parity || len(block) > 153 {
			return
		}
		field, seen := newField(), bytes.Clone(block)
		wrong, ok := field.correct(block, parity, parity/2)
		if !ok {
			return
		}
		for i := range block {
			if block[i] != seen[i] {
				wrong--
			}
		}
		if _, valid := field.syndromes(block, parity); !valid || wrong != 0 {
			t.Fatalf("%x is repaired as %x", seen, block)
		}
	})
}
