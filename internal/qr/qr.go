// Package qr reads QR codes out of pictures and makes them, by ISO/IEC 18004:2015 ("the standard" in this package).
//
// Reading takes what people have: screenshots, also of terminals, photographs, exports of other programs. A picture is
// searched several times, at falling resolution and with two kinds of threshold, for dark codes on light and light codes
// on dark; see Decode. Writing makes the smallest code, for a terminal, a PNG, an SVG or any other drawing.
//
// What a picture says is trusted only when its error correction is consistent. Everything is bounded: a hostile picture
// costs at most about as much time as an honest one of its size. No table is made when the program starts.
package qr

import (
	"context"
	"errors"
	"image"
)

// ErrNone says that no QR code was seen.
var ErrNone = errors.New("no QR code in the picture")

// ErrDamaged says that something is a QR code by its shape, and none was readable.
var ErrDamaged = errors.New("no QR code in the picture is readable: one was seen, but it is damaged, blurred or covered")

// Decode returns what every QR code in the picture holds, from top to bottom and from left to right: bytes as they are,
// for the caller to wipe. A code of a kind that is refused (see parse) is an error for the whole picture, as what it
// holds would otherwise be missed.
func Decode(ctx context.Context, img image.Image) ([][]byte, error) {
	if err := checkSize(img.Bounds().Dx(), img.Bounds().Dy()); err != nil {
		return nil, err
	}
	s := search{ctx: ctx, field: newField()}
	defer s.wipe()
	err := s.picture(img, image.White)
	if err == nil && len(s.found) == 0 && !opaque(img) { // light modules may lie on a transparent ground
		err = s.picture(img, image.Black)
	}
	if err == nil {
		err = s.verdict()
	}
	if err != nil {
		return nil, err
	}
	return s.take(), nil
}

// verdict is the error when nothing may be returned.
func (s *search) verdict() error {
	switch {
	case s.refused != nil:
		return s.refused
	case len(s.found) == 0 && s.damaged:
		return ErrDamaged
	case len(s.found) == 0:
		return ErrNone
	}
	return nil
}

func opaque(img image.Image) bool {
	o, ok := img.(interface{ Opaque() bool })
	return !ok || o.Opaque()
}
