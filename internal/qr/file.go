package qr

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"image"
	"image/draw"
	"image/gif"
	"image/jpeg"
	"image/png"
	"io"
	"slices"

	"golang.org/x/image/webp"
)

// MaxFile is the size of the largest file that DecodeFile reads, in bytes.
const MaxFile = 64 << 20

// fileFormat is a kind of file, recognised by what it begins with. "?" stands for any byte.
type fileFormat struct {
	name, magic string
	config      func(io.Reader) (image.Config, error)
	decode      func(io.Reader) (image.Image, error)
}

func fileFormats() []fileFormat {
	return []fileFormat{
		{"PNG", "\x89PNG\r\n\x1a\n", png.DecodeConfig, png.Decode},
		{"JPEG", "\xff\xd8\xff", jpeg.DecodeConfig, jpeg.Decode},
		{"GIF", "GIF8?a", gif.DecodeConfig, nil}, // has its own way: it may have several frames
		{"WebP", "RIFF????WEBP", webp.DecodeConfig, webp.Decode},
	}
}

// DecodeFile is Decode for the contents of a PNG, JPEG, GIF or WebP file. Of an animated GIF all frames are read, and a
// text that comes again is returned once.
func DecodeFile(ctx context.Context, data []byte) ([][]byte, error) {
	if len(data) > MaxFile {
		return nil, fmt.Errorf("the picture's file is larger than %d MiB", MaxFile>>20)
	}
	for _, f := range fileFormats() {
		if !f.matches(data) {
			continue
		}
		size, err := f.config(bytes.NewReader(data))
		if err != nil {
			return nil, f.broken(err)
		}
		if err := checkSize(size.Width, size.Height); err != nil {
			return nil, err
		}
		if f.decode == nil {
			return f.frames(ctx, data, size)
		}
		img, err := f.decode(bytes.NewReader(data))
		if err != nil {
			return nil, f.broken(err)
		}
		defer wipePixels(img)
		return Decode(ctx, img)
	}
	return nil, errors.New("not a picture in one of the formats that are read: PNG, JPEG, GIF, WebP")
}

func (f fileFormat) matches(data []byte) bool {
	if len(data) < len(f.magic) {
		return false
	}
	for i := range len(f.magic) {
		if f.magic[i] != '?' && data[i] != f.magic[i] {
			return false
		}
	}
	return true
}

// broken explains why a file cannot be read.
func (f fileFormat) broken(err error) error {
	if errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, io.EOF) {
		return fmt.Errorf("the %s file is cut short", f.name)
	}
	return fmt.Errorf("the %s file is damaged, cut short or of a kind that is not read: %w", f.name, err)
}

// frames reads a GIF frame by frame, each drawn over those before as the file asks.
func (f fileFormat) frames(ctx context.Context, data []byte, size image.Config) (texts [][]byte, err error) {
	if n, err := gifPixels(data); err != nil {
		return nil, f.broken(err)
	} else if n > maxPixels {
		return nil, fmt.Errorf("the GIF file is too large: its frames have %d million pixels, at most %d are read", n/1e6, int(maxPixels/1e6))
	}
	all, err := gif.DecodeAll(bytes.NewReader(data))
	if err != nil {
		return nil, f.broken(err)
	}
	if len(all.Image)*size.Width*size.Height > maxPixels {
		return nil, fmt.Errorf("the GIF file is too large: %d frames of %d x %d pixels", len(all.Image), size.Width, size.Height)
	}
	canvas := image.NewRGBA(image.Rect(0, 0, size.Width, size.Height))
	defer clear(canvas.Pix)
	var last error
	for i, frame := range all.Image {
		before := slices.Clone(canvas.Pix)
		draw.Draw(canvas, frame.Rect, frame, frame.Rect.Min, draw.Over)
		found, err := Decode(ctx, canvas)
		if last = err; err != nil && !errors.Is(err, ErrNone) && !errors.Is(err, ErrDamaged) {
			return nil, err
		}
		for _, text := range found {
			if !slices.ContainsFunc(texts, func(t []byte) bool { return bytes.Equal(t, text) }) {
				texts = append(texts, text)
			}
		}
		switch all.Disposal[i] {
		case gif.DisposalBackground:
			draw.Draw(canvas, frame.Rect, image.Transparent, image.Point{}, draw.Src)
		case gif.DisposalPrevious:
			copy(canvas.Pix, before)
		}
		clear(before)
		clear(frame.Pix)
	}
	if len(texts) == 0 {
		return nil, last
	}
	return texts, nil
}

// gifPixels adds up the pixels of all frames without reading them (GIF89a, sections 18 to 23): image/gif would make
// room for every frame that a small file claims to have.
func gifPixels(data []byte) (pixels int, err error) {
	r := bytes.NewReader(data)
	skip := func(n int) {
		if n > r.Len() {
			n, err = r.Len(), io.ErrUnexpectedEOF
		}
		_, _ = r.Seek(int64(n), io.SeekCurrent)
	}
	next := func() (b byte) {
		if b, err = r.ReadByte(); err != nil {
			err = io.ErrUnexpectedEOF
		}
		return b
	}
	blocks := func() {
		for n := next(); n > 0 && err == nil; n = next() {
			skip(int(n))
		}
	}
	colours := func(flags byte) {
		if flags&0x80 != 0 {
			skip(3 << (1 + flags&7))
		}
	}
	skip(10)
	flags := next()
	skip(2)
	colours(flags)
	for err == nil {
		switch next() {
		case 0x21: // an extension: its label, then blocks
			skip(1)
			blocks()
		case 0x2c: // a frame: its place and size, colours, a code size, then blocks
			skip(4)
			w := int(next()) | int(next())<<8
			h := int(next()) | int(next())<<8
			pixels += w * h
			colours(next())
			skip(1)
			blocks()
		default: // the end, or what image/gif refuses
			return pixels, err
		}
	}
	return pixels, err
}

// wipePixels overwrites the kinds of picture that the decoders make.
func wipePixels(img image.Image) {
	switch p := img.(type) {
	case *image.Gray:
		clear(p.Pix)
	case *image.Paletted:
		clear(p.Pix)
	case *image.RGBA:
		clear(p.Pix)
	case *image.NRGBA:
		clear(p.Pix)
	case *image.YCbCr:
		clear(p.Y)
	case *image.NYCbCrA:
		clear(p.Y)
	}
}
